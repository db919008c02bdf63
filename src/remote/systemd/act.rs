//! Changing a unit: the request, the wait for its job, the result.
//!
//! A request is sent once. It is sent again, as root, only when systemd has answered that the
//! user may not do it; when the answer never came the result is unknown.

use super::{
    Systemd, SystemdError,
    bridge::{Bridge, CallError, problem},
    manager::{self, MANAGER, PATH},
    names,
};
use crate::{problem::Exit, remote::HostId};
use futures::StreamExt;
use std::time::Duration;
use tokio::sync::mpsc;
use zbus::{MessageStream, OwnedObjectPath};

/// What can be done to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Stop and start it.
    Restart,
    /// Ask it to read its configuration again.
    Reload,
    /// Forget that it failed.
    ResetFailed,
    /// Start at boot.
    Enable,
    /// Do not start at boot.
    Disable,
}

impl Verb {
    /// As the command line writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Start => "start",
            Verb::Stop => "stop",
            Verb::Restart => "restart",
            Verb::Reload => "reload",
            Verb::ResetFailed => "reset-failed",
            Verb::Enable => "enable",
            Verb::Disable => "disable",
        }
    }

    /// The D-Bus method of the manager.
    pub fn method(self) -> &'static str {
        match self {
            Verb::Start => "StartUnit",
            Verb::Stop => "StopUnit",
            Verb::Restart => "RestartUnit",
            Verb::Reload => "ReloadUnit",
            Verb::ResetFailed => "ResetFailedUnit",
            Verb::Enable => "EnableUnitFiles",
            Verb::Disable => "DisableUnitFiles",
        }
    }
}

/// How a unit operation ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct JobResult {
    /// The job's number; 0 for verbs without a job (reset-failed, enable, disable).
    pub job: u32,
    /// `done`, `failed`, `canceled`, `timeout`, `dependency`, `skipped`.
    pub result: String,
    /// The unit's run after the job (32 hex digits).
    pub invocation_id: Option<String>,
}

/// News of an action under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The user may not do it; trying as root.
    AsRoot,
    /// systemd took the request as this job.
    Job(u32),
    /// The job waits or runs; the unit is in this state, e.g. `deactivating (stop-sigterm)`.
    State(String),
}

/// How often a waiting action looks at the unit's state.
const LOOK: Duration = Duration::from_secs(2);

/// The news channel, if anybody listens.
type News = Option<mpsc::Sender<Progress>>;

fn tell(news: &News, progress: Progress) {
    if let Some(news) = news {
        // Nobody has to read; what does not fit is not needed.
        let _ = news.try_send(progress);
    }
}

/// See [`Systemd::act`].
pub(super) async fn act(
    systemd: &Systemd,
    verb: Verb,
    unit: &str,
    news: News,
) -> Result<JobResult, SystemdError> {
    let host = systemd.host();
    match request(systemd.user(), verb, unit, &news).await {
        Err(Failure::Call(error)) if error.is_denied() => {}
        done => return finish(done, host, verb, unit),
    }
    tell(&news, Progress::AsRoot);
    let root = systemd.root().await?;
    finish(request(root, verb, unit, &news).await, host, verb, unit)
}

/// Why an action has no result.
enum Failure {
    /// Nothing was requested yet.
    Before(CallError),
    /// The request was answered with an error, or not answered.
    Call(CallError),
    /// The request was taken as this job, whose end was not seen.
    Job(u32, CallError),
    /// Not a call's failure.
    Other(SystemdError),
}

fn finish(
    done: Result<JobResult, Failure>,
    host: &HostId,
    verb: Verb,
    unit: &str,
) -> Result<JobResult, SystemdError> {
    let unknown = |what: String, code: &'static str| {
        SystemdError::Unknown(problem(host, code, Exit::Unknown, what).hint(format!(
            "`qd unit show {unit} --host {host}` tells its state"
        )))
    };
    match done {
        Ok(result) => Ok(result),
        Err(Failure::Before(error)) => Err(error.on(host)),
        // An answer that cannot be read is no refusal either.
        Err(Failure::Call(error))
            if error.is_open() || matches!(error, CallError::Malformed(_)) =>
        {
            Err(unknown(
                format!(
                    "whether the request to {} {unit} arrived is not known: {error}",
                    verb.as_str()
                ),
                "request-unknown",
            ))
        }
        Err(Failure::Call(error)) => Err(error.on(host)),
        Err(Failure::Job(job, error)) => Err(unknown(
            format!(
                "job {job} ({} {unit}) was started and its end was not seen: {error}",
                verb.as_str()
            ),
            "job-unknown",
        )),
        Err(Failure::Other(error)) => Err(error),
    }
}

async fn request(
    bridge: &Bridge,
    verb: Verb,
    unit: &str,
    news: &News,
) -> Result<JobResult, Failure> {
    match verb {
        Verb::Start | Verb::Stop | Verb::Restart | Verb::Reload => {
            job(bridge, verb, unit, news).await
        }
        Verb::ResetFailed => {
            call::<_, ()>(bridge, verb.method(), &unit).await?;
            without_job(bridge, unit).await
        }
        Verb::Enable => {
            let body = (vec![unit], false, false);
            let (install, _): (bool, Changes) = call(bridge, verb.method(), &body).await?;
            if !install {
                return Err(Failure::Other(SystemdError::Refused(
                    problem(
                        bridge.host(),
                        "no-install-section",
                        Exit::Negative,
                        format!("{unit} has no [Install] section: nothing to enable"),
                    )
                    .hint("it is started by other units or by hand only"),
                )));
            }
            call::<_, ()>(bridge, "Reload", &()).await?;
            without_job(bridge, unit).await
        }
        Verb::Disable => {
            let _: Changes = call(bridge, verb.method(), &(vec![unit], false)).await?;
            call::<_, ()>(bridge, "Reload", &()).await?;
            without_job(bridge, unit).await
        }
    }
}

/// The symbolic links that enabling made or removed: (kind, link, target).
type Changes = Vec<(String, String, String)>;

async fn call<B, R>(bridge: &Bridge, method: &str, body: &B) -> Result<R, Failure>
where
    B: serde::Serialize + zbus::DynamicType + Sync,
    R: serde::de::DeserializeOwned + zbus::Type,
{
    bridge
        .call(PATH, MANAGER, method, body)
        .await
        .map_err(Failure::Call)
}

async fn without_job(bridge: &Bridge, unit: &str) -> Result<JobResult, Failure> {
    Ok(JobResult {
        job: 0,
        result: "done".to_owned(),
        invocation_id: invocation(bridge, unit).await,
    })
}

/// Asks for a job and waits for its end.
async fn job(bridge: &Bridge, verb: Verb, unit: &str, news: &News) -> Result<JobResult, Failure> {
    // Listening starts before the request: a fast job ends before its number is known.
    let mut signals = MessageStream::from(bridge.connection());
    manager::subscribe(bridge, "JobRemoved")
        .await
        .map_err(Failure::Before)?;
    let path: OwnedObjectPath = call(bridge, verb.method(), &(unit, "replace")).await?;
    let id = path
        .as_str()
        .rsplit('/')
        .next()
        .and_then(|id| id.parse().ok())
        .unwrap_or(0);
    tell(news, Progress::Job(id));
    let result = ended(bridge, &mut signals, id, unit, news)
        .await
        .map_err(|error| Failure::Job(id, error))?;
    // Not drained any more: dropped before the next call, which its full queue would hold back.
    drop(signals);
    Ok(JobResult {
        job: id,
        result,
        invocation_id: invocation(bridge, unit).await,
    })
}

/// Waits for the job's end; says now and then what the unit is doing.
async fn ended(
    bridge: &Bridge,
    signals: &mut MessageStream,
    id: u32,
    unit: &str,
    news: &News,
) -> Result<String, CallError> {
    let looking = async {
        let mut before = String::new();
        loop {
            tokio::time::sleep(LOOK).await;
            if let Ok(reading) = manager::read(bridge, unit).await {
                let common = reading.common();
                let state = format!(
                    "{} ({})",
                    common.text("ActiveState").unwrap_or_default(),
                    common.text("SubState").unwrap_or_default()
                );
                if state != before {
                    tell(news, Progress::State(state.clone()));
                    before = state;
                }
            }
        }
    };
    tokio::select! {
        biased;
        result = wait(bridge, signals, id) => result,
        () = looking => Err(CallError::Late),
    }
}

/// See [`Systemd::attach`].
pub(super) async fn attach(bridge: &Bridge, job: u32) -> Result<Option<String>, CallError> {
    let mut signals = MessageStream::from(bridge.connection());
    manager::subscribe(bridge, "JobRemoved").await?;
    if !manager::has_job(bridge, job).await? {
        return Ok(None);
    }
    wait(bridge, &mut signals, job).await.map(Some)
}

/// Waits for the signal that a job has ended.
async fn wait(bridge: &Bridge, signals: &mut MessageStream, id: u32) -> Result<String, CallError> {
    while let Some(message) = signals.next().await {
        let Ok(message) = message else { break };
        if let Some((removed, result)) = job_removed(&message)
            && removed == id
        {
            return Ok(result);
        }
    }
    Err(CallError::Lost(bridge.closed().await))
}

/// The job and result of a JobRemoved signal.
fn job_removed(message: &zbus::Message) -> Option<(u32, String)> {
    let header = message.header();
    let is_ours = message.message_type() == zbus::message::Type::Signal
        && header.member().is_some_and(|member| member == "JobRemoved")
        && header
            .interface()
            .is_some_and(|interface| interface == MANAGER);
    if !is_ours {
        return None;
    }
    let body = message.body();
    let (id, _, _, result): (u32, OwnedObjectPath, String, String) = body.deserialize().ok()?;
    Some((id, result))
}

/// The id of the unit's run, if it can still be had.
async fn invocation(bridge: &Bridge, unit: &str) -> Option<String> {
    manager::invocation(bridge, &names::path_of(unit)).await
}
