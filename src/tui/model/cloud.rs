//! What is known of an environment's Hetzner project: a list a kind, the budget, the token.
//! Known, not true: each list carries when it was read and why it is not newer. What is wrong
//! with what is in them is judged by the Deck.

use crate::{
    problem::Problem,
    remote::{
        ConnState,
        hetzner::{
            Budget, Kind, Permission, Snapshot,
            kinds::{
                Action, Certificate, Firewall, FloatingIp, Image, Labels, LoadBalancer, Network,
                Pricing, PrimaryIp, Server, SshKey, Volume, Zone,
            },
        },
    },
    tui::theme::Status,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// The label that says which environment something belongs to.
pub const LABEL: &str = "environment";

/// Under this key stands since when the budget has been low.
pub const BUDGET: &str = "budget";

/// One kind's list.
#[derive(Debug, Clone)]
pub struct Shelf<T> {
    snapshot: Snapshot<T>,
    /// Numbers in order, and where in the list each is.
    index: Vec<(u64, usize)>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf {
            snapshot: Snapshot::default(),
            index: Vec::new(),
        }
    }
}

impl<T: Kind<Id = u64>> Shelf<T> {
    /// Everything that is there, as the API listed it.
    pub fn items(&self) -> &[T] {
        &self.snapshot.items
    }

    /// The one of this number.
    pub fn find(&self, id: u64) -> Option<&T> {
        let at = self.index.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.items().get(self.index.get(at)?.1)
    }

    /// Takes what was read; whether anything of it is to be seen.
    fn take(&mut self, new: Snapshot<T>) -> bool {
        let same = Arc::ptr_eq(&new.items, &self.snapshot.items);
        let seen = !same
            || new.complete != self.snapshot.complete
            || new.problem != self.snapshot.problem
            || new.notes != self.snapshot.notes;
        if !same {
            self.index = (new.items.iter().enumerate())
                .filter_map(|(at, item)| Some((item.id()?, at)))
                .collect();
            self.index.sort_unstable();
        }
        self.snapshot = new;
        seen
    }
}

/// What holds for a list of any kind.
#[derive(Debug, Clone, Copy)]
pub struct Shelved<'a> {
    /// How many are there.
    pub count: usize,
    /// How many there are, where that is known.
    pub total: Option<u64>,
    /// Whether all of them are there.
    pub complete: bool,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// Why it is not newer.
    pub problem: Option<&'a Problem>,
    /// What was left out of it.
    pub notes: &'a [Problem],
}

impl<T> Shelf<T> {
    fn shelved(&self) -> Shelved<'_> {
        Shelved {
            count: self.snapshot.items.len(),
            total: self.snapshot.total,
            complete: self.snapshot.complete,
            read_at: self.snapshot.fetched_at,
            problem: self.snapshot.problem.as_ref(),
            notes: &self.snapshot.notes,
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $field:ident $model:ident),+ $(,)?) => {
        /// A kind of resource that has a list of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum CloudKind { $($(#[$doc])* $kind),+ }

        impl CloudKind {
            /// All of them, in the order of the lists.
            pub const ALL: &[CloudKind] = &[$(CloudKind::$kind),+];
        }

        /// The list of each kind.
        #[derive(Debug, Default)]
        pub struct Lists { $($(#[$doc])* pub $field: Shelf<$model>),+ }

        impl Lists {
            /// What holds for the list of this kind.
            pub fn of(&self, kind: CloudKind) -> Shelved<'_> {
                match kind { $(CloudKind::$kind => self.$field.shelved()),+ }
            }

            fn take(&mut self, read: Read) -> (CloudKind, bool) {
                match read {
                    $(Read::$kind(new) => (CloudKind::$kind, self.$field.take(new))),+
                }
            }
        }

        /// A list that was read.
        #[derive(Debug, Clone)]
        pub enum Read { $($(#[$doc])* $kind(Snapshot<$model>)),+ }
    };
}

kinds! {
    /// Servers.
    Servers servers Server,
    /// Load balancers.
    LoadBalancers load_balancers LoadBalancer,
    /// Volumes.
    Volumes volumes Volume,
    /// Private networks.
    Networks networks Network,
    /// Firewalls.
    Firewalls firewalls Firewall,
    /// Addresses of servers and load balancers.
    PrimaryIps primary_ips PrimaryIp,
    /// Addresses that move between servers.
    FloatingIps floating_ips FloatingIp,
    /// Snapshots and backups.
    Images images Image,
    /// SSH keys.
    Keys keys SshKey,
    /// DNS zones.
    Zones zones Zone,
    /// Certificates.
    Certificates certificates Certificate,
    /// Changes that take time: the newest ones.
    Actions actions Action,
}

/// News of the project.
#[derive(Debug, Clone)]
pub enum CloudMsg {
    /// There is a token, from there.
    Found(String),
    /// There is none, or it cannot be used.
    NoAccess(Problem),
    /// The way to the API changed its state.
    Conn(ConnState),
    /// The budget.
    Budget(Budget),
    /// What the token may do.
    Permission(Permission),
    /// What everything costs.
    Prices(Arc<Pricing>),
    /// A list.
    Read(Read),
}

/// Something that is wrong with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Tells it from others, the same as long as it lasts.
    pub key: String,
    /// How bad.
    pub status: Status,
    /// What.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
    /// Since when, where the API tells.
    pub since: Option<Timestamp>,
    /// Where it is seen: one resource, or a list narrowed by a filter.
    pub at: (CloudKind, Place),
}

/// Where a fault is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At the resource of this number.
    One(u64),
    /// In the list, narrowed by this filter.
    Filtered(String),
}

/// An environment's project.
#[derive(Debug)]
pub struct Cloud {
    /// Where the token came from; `None` before it was found.
    pub origin: Option<String>,
    /// Why there is no way to the project.
    pub no_access: Option<Problem>,
    /// How the way to it is.
    pub conn: ConnState,
    /// Since when it is so.
    pub conn_since: Timestamp,
    /// What the token may do, as far as that is known.
    pub permission: Permission,
    /// The budget as it was told last.
    pub budget: Option<Budget>,
    /// Tenths of the budget that are left, as shown; `None` while it is comfortable.
    pub tenths: Option<u8>,
    /// What everything costs.
    pub prices: Option<Arc<Pricing>>,
    /// The list of each kind.
    pub lists: Lists,
    /// Everything in the project belongs to the environment, whatever its labels.
    pub whole: bool,
    /// What is wrong, as of the last news.
    pub faults: Vec<Fault>,
    /// Since when each fault has been seen, by its key.
    pub since: BTreeMap<String, Timestamp>,
}

impl Default for Cloud {
    fn default() -> Self {
        Cloud {
            origin: None,
            no_access: None,
            conn: ConnState::Idle,
            conn_since: Timestamp::UNIX_EPOCH,
            permission: Permission::Unknown,
            budget: None,
            tenths: None,
            prices: None,
            lists: Lists::default(),
            whole: false,
            faults: Vec::new(),
            since: BTreeMap::new(),
        }
    }
}

/// What changed with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// Nothing that is to be seen.
    Nothing,
    /// The header, and what is said of the source.
    Source,
    /// This list.
    List(CloudKind),
}

impl Cloud {
    /// Takes news; what is to be seen of it.
    pub fn take(&mut self, msg: CloudMsg, now: Timestamp) -> Changed {
        let seen = match msg {
            CloudMsg::Found(origin) => {
                self.no_access = None;
                self.origin.replace(origin).is_none()
            }
            CloudMsg::NoAccess(problem) => {
                let new = self.no_access.as_ref() != Some(&problem);
                self.no_access = Some(problem);
                new
            }
            CloudMsg::Conn(conn) => return self.connection(conn, now),
            CloudMsg::Budget(budget) => {
                self.budget = Some(budget);
                let tenths = tenths(self.tenths, budget);
                std::mem::replace(&mut self.tenths, tenths) != tenths
            }
            CloudMsg::Permission(permission) => {
                std::mem::replace(&mut self.permission, permission) != permission
            }
            CloudMsg::Prices(prices) => {
                let new = self.prices.as_ref() != Some(&prices);
                self.prices = Some(prices);
                new
            }
            CloudMsg::Read(read) => {
                return match self.lists.take(read) {
                    (kind, true) => Changed::List(kind),
                    (_, false) => Changed::Nothing,
                };
            }
        };
        match seen {
            true => Changed::Source,
            false => Changed::Nothing,
        }
    }

    /// Requests come and go, each with its own round trip: only a way that breaks, or is there
    /// again, is to be seen.
    fn connection(&mut self, conn: ConnState, now: Timestamp) -> Changed {
        let same = match (&self.conn, &conn) {
            (old, new) if old.is_up() && new.is_up() => true,
            // The next attempt of what is known to be broken.
            (ConnState::Retrying { .. } | ConnState::Failed(_), ConnState::Connecting { .. }) => {
                return Changed::Nothing;
            }
            (old, new) => old == new,
        };
        if !same {
            self.conn_since = now;
        }
        self.conn = conn;
        match same {
            true => Changed::Nothing,
            false => Changed::Source,
        }
    }

    /// Whether the way to the project is configured at all.
    pub fn is_configured(&self) -> bool {
        let missing = |problem: &Problem| problem.code == "no-token";
        self.origin.is_some() || self.no_access.as_ref().is_some_and(|why| !missing(why))
    }

    /// Whether what has these labels belongs to this environment.
    pub fn owns(&self, environment: &str, labels: &Labels) -> bool {
        self.whole || labels.get(LABEL).is_some_and(|name| name == environment)
    }
}

/// Below this many tenths the budget is shown.
const COMFORTABLE: u8 = 5;

/// The tenths to show, which stay as they are while the budget moves around an edge.
fn tenths(shown: Option<u8>, budget: Budget) -> Option<u8> {
    let part = 10.0 * f64::from(budget.remaining) / f64::from(budget.limit.max(1));
    if let Some(shown) = shown {
        let low = f64::from(shown) - 0.3;
        if part >= low && part < f64::from(shown) + 1.3 {
            return Some(shown);
        }
    }
    let tenths = part.floor().clamp(0.0, 10.0) as u8;
    (tenths < COMFORTABLE).then_some(tenths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(remaining: u32) -> Budget {
        Budget {
            limit: 3600,
            remaining,
            full_at: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_budget_is_shown_when_it_is_low_and_does_not_flicker() {
        let mut cloud = Cloud::default();
        let mut tell = |remaining| {
            let seen = cloud.take(CloudMsg::Budget(budget(remaining)), Timestamp::UNIX_EPOCH);
            (seen == Changed::Source, cloud.tenths)
        };
        assert_eq!(tell(3590), (false, None));
        assert_eq!(tell(1700), (true, Some(4)));
        for around in [1801, 1799, 1850, 1440, 1430] {
            assert_eq!(tell(around), (false, Some(4)), "{around}");
        }
        assert_eq!(tell(1300), (true, Some(3)));
        assert_eq!(tell(0), (true, Some(0)));
        assert_eq!(tell(3600), (true, None));
    }

    #[test]
    fn only_what_is_other_than_before_is_news() {
        let mut cloud = Cloud::default();
        let server = |id, name: &str| Server {
            id: Some(id),
            name: name.into(),
            ..Server::default()
        };
        let items = Arc::new(vec![server(9, "b"), server(4, "a")]);
        let snapshot = |problem| Snapshot {
            items: items.clone(),
            complete: true,
            problem,
            ..Snapshot::default()
        };
        let mut take = |snapshot| {
            cloud.take(
                CloudMsg::Read(Read::Servers(snapshot)),
                Timestamp::UNIX_EPOCH,
            )
        };
        assert_eq!(take(snapshot(None)), Changed::List(CloudKind::Servers));
        assert_eq!(take(snapshot(None)), Changed::Nothing);
        let broke = Problem::new("hetzner", "x", crate::problem::Exit::Unreachable, "broke");
        assert_eq!(
            take(snapshot(Some(broke))),
            Changed::List(CloudKind::Servers)
        );
        assert_eq!(cloud.lists.servers.find(4).unwrap().name, "a");
        assert_eq!(cloud.lists.servers.find(9).unwrap().name, "b");
        assert!(cloud.lists.servers.find(5).is_none());
        // Round trips of requests are no news.
        let up = |ms| {
            CloudMsg::Conn(ConnState::Up {
                rtt: Some(std::time::Duration::from_millis(ms)),
            })
        };
        assert_eq!(cloud.take(up(20), Timestamp::UNIX_EPOCH), Changed::Source);
        assert_eq!(cloud.take(up(90), Timestamp::UNIX_EPOCH), Changed::Nothing);
    }
}
