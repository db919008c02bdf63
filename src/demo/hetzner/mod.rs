//! Hetzner's Cloud API, simulated over HTTP on loopback: one project with everything in it.
//!
//! Reached through its socket only. Load balancers really listen and forward; what they and
//! servers have for public addresses is on loopback, too.

mod action;
mod balancer;
mod body;
mod catalogue;
mod certificate;
mod error;
mod fault;
mod http;
mod item;
mod kind;
mod kinds;
mod limit;
mod metrics;
mod net;
mod query;
mod route;
mod selector;
mod story;
mod world;

pub use fault::{Plan, PlanError};

use http::Tokens;
use limit::{Budget, Told};
use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
};
use world::World;

/// Requests an hour for the token that is there to try the limit.
const SMALL_BUDGET: u32 = 20;
/// The longest that the world sleeps, in microseconds.
const NAP: i64 = 1_000_000;

/// What a simulator begins with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Makes it repeatable.
    pub seed: u64,
    /// Servers beyond those of the story.
    pub servers: usize,
    /// An empty project instead of the demo's.
    pub empty: bool,
    /// What goes wrong.
    pub plan: Plan,
}

/// A running simulator. Ends when dropped.
pub struct Hetzner {
    shared: Arc<Shared>,
    _tasks: tokio::task::JoinSet<()>,
}

/// What the simulator's tasks share.
struct Shared {
    endpoint: String,
    tokens: Tokens,
    world: Mutex<World>,
    budgets: Mutex<(Budget, Budget)>,
    /// Something may be due earlier than it was.
    hurry: Notify,
    /// Something may be other than load balancers have it.
    changed: Notify,
    /// Where load balancers really listen.
    places: Mutex<balancer::Places>,
    /// What load balancers are up to date with.
    settled: watch::Sender<u64>,
    requests: AtomicU64,
}

impl Shared {
    /// Looks at the project, or changes it, at the present time.
    fn with<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(super::host::now());
        f(&mut world)
    }

    /// Takes a request out of a budget.
    fn take(&self, small: bool) -> Told {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = super::host::now();
        if small {
            budgets.1.take(now)
        } else {
            budgets.0.take(now)
        }
    }

    /// A name for an answer.
    fn correlation(&self) -> String {
        format!("{:016x}", self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// Lets time pass: what is due happens, and load balancers are told.
    async fn live(self: Arc<Self>) {
        loop {
            let next = self.with(|world| world.actions.next());
            let wait = next.map_or(NAP, |next| next - super::host::now());
            let wait = Duration::from_micros(wait.clamp(1000, NAP).unsigned_abs());
            // Also when nothing came: a load balancer's targets may be a selector's.
            let _ = tokio::time::timeout(wait, self.hurry.notified()).await;
            self.changed.notify_one();
        }
    }
}

impl Hetzner {
    /// Starts it on a free loopback port. Must be called within a tokio runtime.
    pub async fn start(options: Options) -> io::Result<Hetzner> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let now = super::host::now();
        let authority = certificate::Authority::new().map_err(io::Error::other)?;
        let budget = options.plan.budget();
        let mut world = World::new(options.seed, now, options.plan, authority);
        catalogue::fill(&mut world).map_err(|error| io::Error::other(error.message))?;
        if !options.empty {
            story::fill(&mut world, options.servers)
                .map_err(|error| io::Error::other(error.message))?;
        }
        let token = || -> String { (0..64).map(|_| fastrand::alphanumeric()).collect() };
        let shared = Arc::new(Shared {
            endpoint: format!("http://127.0.0.1:{port}/v1"),
            tokens: Tokens {
                full: token(),
                read_only: token(),
                small: token(),
            },
            world: Mutex::new(world),
            budgets: Mutex::new((Budget::new(budget, now), Budget::new(SMALL_BUDGET, now))),
            hurry: Notify::new(),
            changed: Notify::new(),
            places: Mutex::default(),
            settled: watch::Sender::new(0),
            requests: AtomicU64::new(0),
        });
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(http::serve(shared.clone(), listener));
        tasks.spawn(shared.clone().live());
        tasks.spawn(balancer::run(shared.clone()));
        Ok(Hetzner {
            shared,
            _tasks: tasks,
        })
    }

    /// Where the API is, with its version.
    pub fn endpoint(&self) -> &str {
        &self.shared.endpoint
    }

    /// The token that may do everything.
    pub fn token(&self) -> &str {
        &self.shared.tokens.full
    }

    /// What other programs need to use it, as `KEY=VALUE` lines.
    pub fn variables(&self) -> String {
        let Shared {
            endpoint, tokens, ..
        } = &*self.shared;
        format!(
            "HCLOUD_ENDPOINT={endpoint}\nHCLOUD_TOKEN={}\nHCLOUD_TOKEN_READONLY={}\nHCLOUD_RATE_LIMIT_TOKEN={}\n",
            tokens.full, tokens.read_only, tokens.small
        )
    }

    /// Where on this machine the programs of a server are to listen.
    pub fn address(&self, server: &str) -> Option<Ipv4Addr> {
        self.shared.with(|world| {
            let id = world.find("servers", server)?.id();
            kinds::server::loopback(world, id)
        })
    }

    /// Requests that were answered.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Changes what goes wrong from now on; the budget stays.
    pub fn plan(&self, plan: Plan) {
        self.shared.with(|world| world.plan = plan);
    }
}
