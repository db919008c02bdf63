//! Watching the Hetzner project of an environment: its lists as far as somebody needs them, the
//! budget, the token; and questions about single resources.

use crate::{
    config::{
        Loaded,
        secrets::{Asking, Secrets},
        settings::Settings,
    },
    problem::{Exit, Problem},
    remote::hetzner::{
        Attention, Hetzner, Kind, Priority, Query, Request, Snapshot, Watch, access,
        kinds::{
            Action, Certificate, Firewall, FloatingIp, Image, LoadBalancer, Network, PrimaryIp,
            RrSet, Server, SshKey, Volume, Zone,
        },
        watch,
    },
    tui::{
        effect::CloudAsk,
        model::{
            CloudKind, EnvId,
            cloud::{CloudMsg, Read},
        },
        msg::{EnvMsg, Msg, Reply, RequestId},
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::mpsc;

/// Actions that are kept of all resources together.
const ACTIONS: usize = 500;

/// What is asked of a project.
enum Order {
    Look(Vec<(CloudKind, Attention)>),
    Again,
    Ask(RequestId, CloudAsk),
}

/// The projects of open environments.
pub(super) struct Projects {
    loaded: Arc<Loaded>,
    tx: mpsc::Sender<Msg>,
    open: HashMap<EnvId, mpsc::UnboundedSender<Order>>,
}

impl Projects {
    pub(super) fn new(loaded: Arc<Loaded>, tx: mpsc::Sender<Msg>) -> Projects {
        Projects {
            loaded,
            tx,
            open: HashMap::new(),
        }
    }

    /// Looks for the token; requests are made when somebody needs something.
    pub(super) fn open(&mut self, env: &EnvId) {
        if self.open.contains_key(env) {
            return;
        }
        let (orders, receiver) = mpsc::unbounded_channel();
        let keeper = Keeper {
            teller: Teller {
                env: env.clone(),
                tx: self.tx.clone(),
            },
            loaded: self.loaded.clone(),
            orders: receiver,
            looked_at: Vec::new(),
        };
        tokio::spawn(keeper.keep());
        self.open.insert(env.clone(), orders);
    }

    /// These lists are needed, and no others.
    pub(super) fn look(&self, env: &EnvId, lists: Vec<(CloudKind, Attention)>) {
        self.order(env, Order::Look(lists));
    }

    /// Reads what is needed again now; looks for the token again where there was none.
    pub(super) fn again(&self, env: &EnvId) {
        self.order(env, Order::Again);
    }

    /// Asks something; answered by [`Msg::Reply`].
    pub(super) fn ask(&self, env: &EnvId, id: RequestId, ask: CloudAsk) {
        self.order(env, Order::Ask(id, ask));
    }

    fn order(&self, env: &EnvId, order: Order) {
        if let Some(orders) = self.open.get(env) {
            // A keeper ends only with the console.
            let _ = orders.send(order);
        }
    }
}

/// Sends news of one environment.
#[derive(Clone)]
struct Teller {
    env: EnvId,
    tx: mpsc::Sender<Msg>,
}

impl Teller {
    /// False when nobody listens any more.
    async fn tell(&self, msg: CloudMsg) -> bool {
        let msg = Msg::Env(self.env.clone(), EnvMsg::Cloud(msg));
        self.tx.send(msg).await.is_ok()
    }
}

/// Keeps one project.
struct Keeper {
    teller: Teller,
    loaded: Arc<Loaded>,
    orders: mpsc::UnboundedReceiver<Order>,
    looked_at: Vec<(CloudKind, Attention)>,
}

impl Keeper {
    async fn keep(mut self) {
        let hetzner = loop {
            match self.connect().await {
                Ok(hetzner) => break hetzner,
                Err(problem) => {
                    let told = self.teller.tell(CloudMsg::NoAccess(problem.clone())).await;
                    if !told || !self.wait(&problem).await {
                        return;
                    }
                }
            }
        };
        let origin = hetzner.token_origin().to_owned();
        self.teller.tell(CloudMsg::Found(origin)).await;
        forward(hetzner.states(), self.teller.clone(), CloudMsg::Conn);
        forward(
            hetzner.permission(),
            self.teller.clone(),
            CloudMsg::Permission,
        );
        budget(&hetzner, self.teller.clone());
        let mut lists = Lists::new(&hetzner, &self.teller);
        lists.attend(&self.looked_at);
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Look(looked_at) => {
                    lists.attend(&looked_at);
                    self.looked_at = looked_at;
                }
                Order::Again => lists.refresh(),
                Order::Ask(id, ask) => {
                    let (hetzner, tx) = (hetzner.clone(), self.teller.tx.clone());
                    tokio::spawn(async move {
                        let reply = answer(&hetzner, ask).await;
                        let _ = tx.send(Msg::Reply(id, reply)).await;
                    });
                }
            }
        }
    }

    async fn connect(&self) -> Result<Hetzner, Problem> {
        let (settings, _) = Settings::load();
        let path = self.loaded.path();
        // The console draws on the terminal: nothing may ask there.
        let beside = || Secrets::beside(path, &settings, Asking::Never);
        let secrets = (!path.as_os_str().is_empty()).then(beside);
        let sources = access::Sources {
            secrets: secrets.as_ref(),
            command: &[],
            variable: &|name| std::env::var(name).ok(),
        };
        Hetzner::new(access::find(self.teller.env.as_str(), &sources).await?)
    }

    /// Until another attempt is wanted; false when nobody will want one.
    async fn wait(&mut self, problem: &Problem) -> bool {
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Look(looked_at) => self.looked_at = looked_at,
                Order::Again => return true,
                Order::Ask(id, _) => {
                    let reply = Msg::Reply(id, Err(problem.clone()));
                    if self.teller.tx.send(reply).await.is_err() {
                        return false;
                    }
                }
            }
        }
        false
    }
}

/// Tells each new value until nobody listens.
fn forward<T: Clone + Send + Sync + 'static>(
    mut values: tokio::sync::watch::Receiver<T>,
    teller: Teller,
    msg: impl Fn(T) -> CloudMsg + Send + 'static,
) {
    tokio::spawn(async move {
        loop {
            let value = values.borrow_and_update().clone();
            if !teller.tell(msg(value)).await || values.changed().await.is_err() {
                return;
            }
        }
    });
}

fn budget(hetzner: &Hetzner, teller: Teller) {
    let mut budget = hetzner.budget();
    tokio::spawn(async move {
        while budget.changed().await.is_ok() {
            let told = *budget.borrow_and_update();
            if let Some(told) = told
                && !teller.tell(CloudMsg::Budget(told)).await
            {
                return;
            }
        }
    });
}

/// A list of any kind that is kept up to date.
trait Kept: Send {
    fn attend(&self, attention: Attention);
    fn refresh(&self);
}

impl<K: Send + Sync> Kept for Watch<K> {
    fn attend(&self, attention: Attention) {
        Watch::attend(self, attention);
    }

    fn refresh(&self) {
        Watch::refresh(self);
    }
}

/// All lists of a project.
struct Lists {
    hetzner: Hetzner,
    teller: Teller,
    kept: BTreeMap<CloudKind, Box<dyn Kept>>,
    actions: Vec<Watch<Action>>,
    attended: BTreeMap<CloudKind, Attention>,
    /// Prices were asked for.
    priced: bool,
}

/// Resources whose actions the Deck needs.
const DECK_ACTIONS: [&str; 3] = ["servers", "load_balancers", "volumes"];
/// Resources whose actions are read when somebody begins to look.
const MORE_ACTIONS: [&str; 7] = [
    "networks",
    "firewalls",
    "primary_ips",
    "floating_ips",
    "images",
    "certificates",
    "zones",
];

impl Lists {
    fn new(hetzner: &Hetzner, teller: &Teller) -> Lists {
        let mut lists = Lists {
            hetzner: hetzner.clone(),
            teller: teller.clone(),
            kept: BTreeMap::new(),
            actions: Vec::new(),
            attended: BTreeMap::new(),
            priced: false,
        };
        let all = Query::all;
        // Hetzner's own images are none of the project's.
        let images = all().filter("type", "snapshot").filter("type", "backup");
        lists.keep::<Server>(CloudKind::Servers, all(), Read::Servers);
        lists.keep::<LoadBalancer>(CloudKind::LoadBalancers, all(), Read::LoadBalancers);
        lists.keep::<Volume>(CloudKind::Volumes, all(), Read::Volumes);
        lists.keep::<Network>(CloudKind::Networks, all(), Read::Networks);
        lists.keep::<Firewall>(CloudKind::Firewalls, all(), Read::Firewalls);
        lists.keep::<PrimaryIp>(CloudKind::PrimaryIps, all(), Read::PrimaryIps);
        lists.keep::<FloatingIp>(CloudKind::FloatingIps, all(), Read::FloatingIps);
        lists.keep::<Image>(CloudKind::Images, images, Read::Images);
        lists.keep::<SshKey>(CloudKind::Keys, all(), Read::Keys);
        lists.keep::<Zone>(CloudKind::Zones, all(), Read::Zones);
        lists.keep::<Certificate>(CloudKind::Certificates, all(), Read::Certificates);
        lists.actions();
        lists
    }

    fn keep<K: Kind>(&mut self, kind: CloudKind, query: Query, read: fn(Snapshot<K>) -> Read) {
        let list = watch::<K>(&self.hetzner, query, Attention::Nobody);
        let mut snapshots = list.snapshots.clone();
        let teller = self.teller.clone();
        tokio::spawn(async move {
            while snapshots.changed().await.is_ok() {
                let snapshot = snapshots.borrow_and_update().clone();
                if !teller.tell(CloudMsg::Read(read(snapshot))).await {
                    return;
                }
            }
        });
        self.kept.insert(kind, Box::new(list));
    }

    /// There is no list of all actions: the newest ones of each kind of resource are put
    /// together.
    fn actions(&mut self) {
        let parts: Arc<Mutex<BTreeMap<usize, Snapshot<Action>>>> = Arc::default();
        for (at, resource) in DECK_ACTIONS.iter().chain(&MORE_ACTIONS).enumerate() {
            let query = Query::newest().under(&[resource]);
            let list = watch::<Action>(&self.hetzner, query, Attention::Nobody);
            let mut snapshots = list.snapshots.clone();
            let (teller, parts) = (self.teller.clone(), parts.clone());
            tokio::spawn(async move {
                while snapshots.changed().await.is_ok() {
                    let snapshot = snapshots.borrow_and_update().clone();
                    let merged = {
                        let mut parts = parts.lock().unwrap_or_else(PoisonError::into_inner);
                        parts.insert(at, snapshot);
                        merged(&parts)
                    };
                    if !teller.tell(CloudMsg::Read(Read::Actions(merged))).await {
                        return;
                    }
                }
            });
            self.actions.push(list);
        }
    }

    fn attend(&mut self, looked_at: &[(CloudKind, Attention)]) {
        let wanted: BTreeMap<CloudKind, Attention> = looked_at.iter().copied().collect();
        let of = |all: &BTreeMap<CloudKind, Attention>, kind| {
            all.get(&kind).copied().unwrap_or(Attention::Nobody)
        };
        for (kind, list) in &self.kept {
            list.attend(of(&wanted, *kind));
        }
        let (before, now) = (
            of(&self.attended, CloudKind::Actions),
            of(&wanted, CloudKind::Actions),
        );
        for (at, list) in self.actions.iter().enumerate() {
            if at < DECK_ACTIONS.len() {
                list.attend(now.min(Attention::Deck));
            } else if now == Attention::Looking && before < now {
                list.refresh();
            }
        }
        self.attended = wanted;
        if !self.priced
            && looked_at
                .iter()
                .any(|(_, attention)| *attention == Attention::Looking)
        {
            self.priced = true;
            self.prices();
        }
    }

    /// Reads again what somebody needs.
    fn refresh(&mut self) {
        for (kind, attention) in &self.attended {
            if let (Some(list), true) = (self.kept.get(kind), *attention > Attention::Nobody) {
                list.refresh();
            }
        }
        match self.attended.get(&CloudKind::Actions) {
            Some(Attention::Looking) => self.actions.iter().for_each(Watch::refresh),
            Some(Attention::Deck) => {
                let deck = self.actions.iter().take(DECK_ACTIONS.len());
                deck.for_each(Watch::refresh);
            }
            _ => {}
        }
        if self.priced {
            self.prices();
        }
    }

    fn prices(&self) {
        let (hetzner, teller) = (self.hetzner.clone(), self.teller.clone());
        tokio::spawn(async move {
            match hetzner.pricing(Priority::Looking).await {
                Ok(prices) => {
                    teller.tell(CloudMsg::Prices(Arc::new(prices))).await;
                }
                // What cannot be reached is told by the lists; prices are left out.
                Err(error) => tracing::debug!(%error, "no prices"),
            }
        });
    }
}

/// The newest of all parts, each once.
fn merged(parts: &BTreeMap<usize, Snapshot<Action>>) -> Snapshot<Action> {
    let all = parts.values().flat_map(|part| part.items.iter().cloned());
    let mut by_number: BTreeMap<u64, Action> = BTreeMap::new();
    for action in all {
        by_number.insert(action.id.unwrap_or(0), action);
    }
    let mut items: Vec<Action> = by_number.into_values().rev().collect();
    items.truncate(ACTIONS);
    Snapshot {
        total: Some(items.len() as u64),
        items: Arc::new(items),
        complete: parts.values().all(|part| part.complete),
        fetched_at: parts.values().filter_map(|part| part.fetched_at).min(),
        problem: parts.values().find_map(|part| part.problem.clone()),
        notes: Vec::new(),
    }
}

async fn answer(hetzner: &Hetzner, ask: CloudAsk) -> Result<Reply, Problem> {
    let priority = Priority::Looking;
    match ask {
        CloudAsk::Json(kind, number) => {
            let number = number.to_string();
            let path = [path(kind), number.as_str()];
            let json = hetzner.json(Request::get(&path, priority)).await?;
            // The envelope has the resource as its only member.
            let inner = match json {
                serde_json::Value::Object(envelope) => envelope.into_iter().next(),
                _ => None,
            };
            match inner {
                Some((_, json)) => Ok(Reply::Json(json)),
                None => Err(strange()),
            }
        }
        CloudAsk::Records(zone) => {
            let zone = zone.to_string();
            let query = Query::all().under(&["zones", &zone]);
            let listing = hetzner.list::<RrSet>(&query, priority).await?;
            Ok(Reply::Records(listing.items))
        }
        CloudAsk::Metrics {
            of,
            types,
            start,
            end,
            samples,
        } => {
            let metrics = hetzner.metrics(of, types, start, end, samples, priority);
            Ok(Reply::CloudMetrics(metrics.await?))
        }
    }
}

fn strange() -> Problem {
    Problem::new(
        "hetzner",
        "not-understood",
        Exit::Negative,
        "the answer has no resource in it",
    )
}

/// Where the API keeps a kind.
fn path(kind: CloudKind) -> &'static str {
    match kind {
        CloudKind::Servers => Server::LIST,
        CloudKind::LoadBalancers => LoadBalancer::LIST,
        CloudKind::Volumes => Volume::LIST,
        CloudKind::Networks => Network::LIST,
        CloudKind::Firewalls => Firewall::LIST,
        CloudKind::PrimaryIps => PrimaryIp::LIST,
        CloudKind::FloatingIps => FloatingIp::LIST,
        CloudKind::Images => Image::LIST,
        CloudKind::Keys => SshKey::LIST,
        CloudKind::Zones => Zone::LIST,
        CloudKind::Certificates => Certificate::LIST,
        CloudKind::Actions => Action::LIST,
    }
}
