//! Verbs on units: what they would do, doing them, and looking whether it worked.

mod find_out;
mod prepare;
mod verify;

pub(super) use prepare::prepare;

use super::execute::{News, Outcome};
use crate::remote::{
    ssh::Host,
    systemd::{JobResult, Progress, Systemd, SystemdError, Unit, Verb},
};
use tokio::sync::mpsc;

/// What was the case before the request, to tell afterwards what it changed.
struct Before {
    unit: Unit,
    /// When the service manager started; `None` when it could not be asked.
    started: Option<u64>,
}

/// Does it, verifies it.
pub(super) async fn execute(host: &Host, unit: &str, verb: Verb, news: &News) -> Outcome {
    news.phase("connecting").await;
    let systemd = match Systemd::open(host).await {
        Ok(systemd) => systemd,
        Err(error) => return Outcome::of(error),
    };
    let (earlier, started) = tokio::join!(systemd.unit(unit), systemd.started());
    let before = match earlier {
        Ok(unit) => Before {
            unit,
            started: started.ok(),
        },
        Err(error) => return Outcome::of(error),
    };
    news.phase("sending").await;
    let mut job = None;
    match act(&systemd, verb, unit, news, &mut job).await {
        Ok(result) => verify::verify(host, &systemd, verb, &before, result, news).await,
        // systemd forgets idle units, and then has nothing to stop or reset.
        Err(SystemdError::Refused(problem))
            if problem.code == "no-such-unit"
                && matches!(verb, Verb::Stop | Verb::ResetFailed)
                && before.unit.load == "loaded"
                && before.unit.active == "inactive" =>
        {
            Outcome::succeeded(format!("{unit} is inactive already"), None)
        }
        Err(SystemdError::Unknown(problem)) => {
            find_out::find_out(host, verb, &before, job, problem, news).await
        }
        Err(error) => Outcome::of(error),
    }
}

/// Acts and passes the progress on; notes the job's number as soon as it is known.
async fn act(
    systemd: &Systemd,
    verb: Verb,
    unit: &str,
    news: &News,
    job: &mut Option<u32>,
) -> Result<JobResult, SystemdError> {
    let (tell, mut progress) = mpsc::channel(16);
    let telling = async {
        while let Some(progress) = progress.recv().await {
            match progress {
                Progress::AsRoot => {
                    news.phase("sending as root (sudo)").await;
                }
                Progress::Job(id) => {
                    *job = Some(id);
                    news.phase(format!("waiting for job {id}")).await;
                }
                Progress::State(state) => {
                    news.output(format!("{unit} is {state}")).await;
                }
            }
        }
    };
    let (result, ()) = tokio::join!(systemd.act_and_tell(verb, unit, tell), telling);
    result
}
