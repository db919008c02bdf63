//! `qd rebuild`: a host's `nixos-rebuild.service`, followed to its result.

use super::{
    Global, Run,
    context::{self, Session},
    operate,
};
use crate::ops::{self, Intent};
use crate::problem::Problem;
use crate::remote::ssh::Host;
use clap::Args;
use std::io::Write;

/// Rebuild a host: run nixos-rebuild.service and follow it to its result
///
/// Prints the lines of exactly this run. Where a rebuild is already running, attaches to it
/// instead of starting a second one. Survives a broken link; when qd itself was stopped, the next
/// `qd rebuild` tells how the run ended.
#[derive(Debug, Args)]
pub struct Rebuild {}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Rebuild) -> Run {
    let Rebuild {} = command;
    let session = Session::open(global)?;
    let host = session.one_host()?;
    let intent = Intent::Rebuild {
        host: host.id().clone(),
    };
    if !session.read_only
        && let Some(done) = earlier(global, &session, host, &intent).await?
    {
        return Ok(done);
    }
    operate::operate(global, &session, intent).await
}

/// What an earlier start of this program left behind on this host. `Some` when that was a run
/// that is still under way: its end is this command's result.
async fn earlier(
    global: &Global,
    session: &Session,
    host: &Host,
    intent: &Intent,
) -> Result<Option<u8>, Problem> {
    let pending = match ops::pending::list(&session.environment.name) {
        Ok(pending) => pending,
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "qd: runs left behind are not known: {error}"
            );
            return Ok(None);
        }
    };
    for pending in pending {
        if pending.host != host.id().as_str() {
            continue;
        }
        context::contact(host).await?;
        let running = ops::is_running(&session.fleet, &pending).await?;
        let _ = writeln!(
            std::io::stderr(),
            "qd: the rebuild begun at {} {}",
            pending.began,
            if running {
                "is still running"
            } else {
                "has ended meanwhile"
            }
        );
        if running {
            return operate::resume(global, session, pending, intent)
                .await
                .map(Some);
        }
        // Its end is told and recorded; the rebuild asked for now comes next.
        tell_end(session, pending).await;
    }
    Ok(None)
}

async fn tell_end(session: &Session, pending: ops::pending::Pending) {
    let (news, mut events) = tokio::sync::mpsc::channel(64);
    let drain = async { while events.recv().await.is_some() {} };
    let (outcome, ()) = tokio::join!(ops::resume(&session.fleet, pending, news), drain);
    let _ = writeln!(
        std::io::stderr(),
        "qd: it ended: {}",
        crate::text::clean(&outcome.summary)
    );
}
