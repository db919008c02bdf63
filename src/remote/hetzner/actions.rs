//! Changes, and the actions that they begin: all that are waited for are asked about in one
//! request, less often the longer they take.

use super::{
    Hetzner, Query,
    budget::Priority,
    error::{HetznerError, problem},
    kinds::Action,
    list::PER_PAGE,
    request::Request,
    wire::{One, Page},
};
use crate::problem::Exit;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use zeroize::Zeroizing;

/// The first wait, and the shortest.
const SHORTEST: Duration = Duration::from_millis(500);
/// The longest wait between two questions.
const LONGEST: Duration = Duration::from_secs(10);
/// Answers without an action until it is given up, and questions without an answer.
const PATIENCE: u32 = 3;
/// How far clocks may be apart when an action is looked for by its time.
const SKEW: SignedDuration = SignedDuration::from_secs(3);

/// What a change was answered with.
pub struct Reply {
    /// Wiped: passwords may be in it.
    body: Zeroizing<Vec<u8>>,
    /// Actions that it began.
    pub actions: Vec<Action>,
}

impl Reply {
    fn read(body: &[u8]) -> Result<Reply, String> {
        let mut actions = Vec::new();
        if !body.trim_ascii().is_empty() {
            let text = |error: serde_json::Error| error.to_string();
            let one = One::<Action>::read(body, "action").map_err(text)?;
            actions.extend(one.0.filter(|action| action.id.is_some()));
            for name in ["actions", "next_actions"] {
                let more = One::<Vec<Action>>::read(body, name).map_err(text)?;
                let more = more.0.unwrap_or_default();
                actions.extend(more.into_iter().filter(|action| action.id.is_some()));
            }
        }
        Ok(Reply {
            body: Zeroizing::new(body.to_vec()),
            actions,
        })
    }

    /// What was made, under its name in the answer.
    pub fn made<K: super::Kind>(&self) -> Option<K> {
        One::<K>::read(&self.body, K::ONE).ok()?.0
    }

    /// A hidden part of the answer: `root_password`, `password`.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        let text = One::<String>::read(&self.body, name).ok()?.0?;
        Some(SecretString::from(text))
    }

    /// A part of the answer that is no secret: `wss_url`.
    pub fn text(&self, name: &str) -> Option<String> {
        One::<String>::read(&self.body, name).ok()?.0
    }
}

/// What is known of an action that somebody waits for.
#[derive(Debug, Clone)]
enum News {
    Nothing,
    Of(Action),
    /// It cannot be found out.
    Lost(HetznerError),
}

#[derive(Debug)]
struct Waited {
    news: watch::Sender<News>,
    since: Instant,
    /// Answers that did not have it.
    missing: u32,
}

/// All actions that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    all: Mutex<BTreeMap<u64, Waited>>,
}

impl Waiting {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, Waited>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets those that nobody waits for any more; how long to wait, `None` when none is left.
    fn nap(&self) -> Option<Duration> {
        let mut all = self.all();
        all.retain(|_, waited| waited.news.receiver_count() > 0);
        let youngest = all.values().map(|waited| waited.since.elapsed()).min()?;
        Some((youngest / 2).clamp(SHORTEST, LONGEST))
    }
}

impl Hetzner {
    /// Sends a change. What it begins is in the reply: see [`Hetzner::wait`].
    ///
    /// # Errors
    /// [`HetznerError::Unknown`] when it may have been carried out: [`Hetzner::find_action`] tells.
    pub async fn change(&self, request: &Request) -> Result<Reply, HetznerError> {
        Ok(self.http().send(request, Reply::read).await?.value)
    }

    /// Waits until an action is over, also one that an earlier run of the program began. `tell`
    /// hears of every step. Whether it worked is in the action.
    ///
    /// # Errors
    /// When it cannot be found out what became of it.
    pub async fn wait(
        &self,
        id: u64,
        mut tell: impl FnMut(&Action),
    ) -> Result<Action, HetznerError> {
        let mut news = self.register(id);
        loop {
            let now = news.borrow_and_update().clone();
            match now {
                News::Nothing => {}
                News::Lost(error) => return Err(error),
                News::Of(action) => {
                    tell(&action);
                    if action.is_over() {
                        return Ok(action);
                    }
                }
            }
            if news.changed().await.is_err() {
                return Err(lost(id, "nobody asks about it any more"));
            }
        }
    }

    fn register(&self, id: u64) -> watch::Receiver<News> {
        let mut all = self.shared.actions.all();
        if let Some(waited) = all.get(&id) {
            return waited.news.subscribe();
        }
        let idle = all.is_empty();
        let (news, receiver) = watch::channel(News::Nothing);
        all.insert(
            id,
            Waited {
                news,
                since: Instant::now(),
                missing: 0,
            },
        );
        if idle {
            let hetzner = self.clone();
            tokio::spawn(async move { hetzner.keep_asking().await });
        }
        receiver
    }

    /// Ends when nobody waits any more.
    async fn keep_asking(&self) {
        let waiting = &self.shared.actions;
        let mut failures = 0;
        while let Some(nap) = waiting.nap() {
            sleep(nap).await;
            let ids: Vec<u64> = waiting.all().keys().copied().collect();
            for ids in ids.chunks(PER_PAGE) {
                match self.ask_about(ids).await {
                    Ok(actions) => {
                        failures = 0;
                        self.pass_on(ids, actions);
                    }
                    Err(error) => {
                        failures += 1;
                        let refused = matches!(error, HetznerError::Refused(_));
                        if refused || failures >= PATIENCE {
                            let mut all = waiting.all();
                            for id in ids {
                                if let Some(waited) = all.remove(id) {
                                    waited.news.send_replace(News::Lost(error.clone()));
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    async fn ask_about(&self, ids: &[u64]) -> Result<Vec<Action>, HetznerError> {
        let mut request =
            Request::get(&["actions"], Priority::Acting).with("per_page", PER_PAGE.to_string());
        for id in ids {
            request = request.with("id", id.to_string());
        }
        let read = |json: &[u8]| Page::<Action>::read(json).map_err(|error| error.to_string());
        Ok(self.http().send(&request, read).await?.value.items)
    }

    fn pass_on(&self, asked: &[u64], actions: Vec<Action>) {
        let mut all = self.shared.actions.all();
        let mut found: BTreeMap<u64, Action> = actions
            .into_iter()
            .filter_map(|action| Some((action.id?, action)))
            .collect();
        for id in asked {
            let Some(waited) = all.get_mut(id) else {
                continue;
            };
            let over = match found.remove(id) {
                Some(action) => {
                    waited.missing = 0;
                    let over = action.is_over();
                    waited.news.send_replace(News::Of(action));
                    over
                }
                None => {
                    waited.missing += 1;
                    let over = waited.missing >= PATIENCE;
                    if over {
                        let lost = lost(*id, "the API does not know it");
                        waited.news.send_replace(News::Lost(lost));
                    }
                    over
                }
            };
            if over {
                all.remove(id);
            }
        }
    }

    /// Looks for an action that a change began whose answer was lost: the newest one of this
    /// command on this resource, begun since then by the server's clock.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn find_action(
        &self,
        resource: &[&str],
        command: &str,
        since: Timestamp,
    ) -> Result<Option<Action>, HetznerError> {
        let query = Query::all().under(resource);
        let request = Request::get(&query.path::<Action>(), Priority::Acting)
            .with("sort", "id:desc")
            .with("per_page", PER_PAGE.to_string());
        let read = |json: &[u8]| Page::<Action>::read(json).map_err(|error| error.to_string());
        let page = self.http().send(&request, read).await?.value;
        let earliest = since.checked_sub(SKEW).unwrap_or(since);
        Ok(page.items.into_iter().find(|action| {
            action.command == command && action.started.is_some_and(|at| at >= earliest)
        }))
    }
}

fn lost(id: u64, why: &str) -> HetznerError {
    HetznerError::Unknown(
        problem(
            "action-lost",
            Exit::Unknown,
            format!("what became of action {id} is not known: {why}"),
        )
        .hint(format!("`qd actions show {id}` asks again")),
    )
}
