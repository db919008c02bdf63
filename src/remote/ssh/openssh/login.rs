//! The master connection from its start until it is logged in, and the word of its end.

use super::{
    Master,
    askpass::Asks,
    client::{Client, arguments, attempt},
    known::Known,
    private::Private,
    said::{no_ssh, refusal},
};
use crate::config::Destination;
use crate::problem::{Exit, Problem};
use crate::remote::{
    HostId, Prompter,
    ssh::{Options, SshError, native::Accepted, resolve::Resolved},
};
use std::{
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::AsyncReadExt,
    net::UnixStream,
    process::{Child, Command},
    sync::{OnceCell, watch},
    time::sleep,
};

/// Connects. Fails with what ssh said, told apart by what can be done about it.
pub(in crate::remote::ssh) async fn connect(
    id: &HostId,
    destination: &Destination,
    options: &Options,
    prompter: &dyn Prompter,
    accepted: &Accepted,
) -> Result<Master, SshError> {
    let link = |code, text: String| {
        SshError::Link(Problem::new("ssh", code, Exit::Unreachable, text).on(id.as_str()))
    };
    let resolved = Resolved::ask(id, destination, options).await?;
    let directory = Private::new().map_err(|e| {
        link(
            "socket",
            format!("cannot make a directory for the connection: {e}"),
        )
    })?;
    let client = Client {
        directory: directory.into(),
        options: arguments(destination, options, &resolved),
        destination: destination.host.clone(),
    };
    let wait = attempt(options, &resolved);
    let known = Known::new(client.directory.path(), &resolved);
    let may_ask = can_ask().await && !resolved.yes("batchmode");
    let mut asks = match (may_ask, &known) {
        (true, Some(known)) => {
            let program = match &options.program {
                Some(program) => program.clone(),
                None => std::env::current_exe().unwrap_or_default(),
            };
            let shown = known.file.display().to_string();
            let name = resolved.known_as();
            let at = client.directory.path();
            Asks::new(at, &program, id, name, shown, accepted.clone())
                .map(Some)
                .map_err(|e| link("socket", format!("cannot listen for what ssh asks: {e}")))?
        }
        _ => None,
    };
    let files = known.as_ref().filter(|_| asks.is_some());
    let mut master = client.master(asks.as_ref(), files.map(|known| known.option.as_str()));
    let mut master =
        crate::job_control::start(|| master.spawn()).map_err(|e| SshError::Link(no_ssh(id, &e)))?;
    let stderr = master.stderr.take();
    let said = tokio::spawn(async move {
        let mut text = Vec::new();
        if let Some(stderr) = stderr {
            let _ = stderr.take(16 * 1024).read_to_end(&mut text).await;
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let socket = client.socket();
    let ready = async {
        while !socket.exists() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::pin!(ready);
    // ssh has a time-out of its own for the connection; the login comes on top. What the user
    // takes for an answer does not count.
    let mut left = wait * 2;
    let up = loop {
        let since = Instant::now();
        tokio::select! {
            () = &mut ready => break true,
            _ = master.wait() => break false,
            () = sleep(left) => {
                return Err(link("timeout", format!("no login at {} within {} s", destination.host, wait.as_secs() * 2)));
            }
            stream = next(asks.as_ref()) => {
                left = left.saturating_sub(since.elapsed());
                if let Some(asks) = &mut asks {
                    tokio::select! {
                        _ = master.wait() => break false,
                        () = asks.answer(stream, prompter) => {}
                    }
                }
            }
        }
    };
    if let Some(known) = files
        && asks.as_ref().is_some_and(|asks| !asks.once)
    {
        known.remember().map_err(|error| {
            let text = format!(
                "cannot add the host key to {}: {error}",
                known.file.display()
            );
            link("known-hosts", text)
        })?;
    }
    if !up {
        let said = said.await.unwrap_or_default();
        return Err(refusal(id, destination, &said));
    }
    let (tell, over) = watch::channel(None);
    let (name, to) = (id.clone(), destination.clone());
    tokio::spawn(async move { watch_over(master, said, name, to, tell).await });
    Ok(Master {
        id: id.clone(),
        client,
        over,
    })
}

async fn next(asks: Option<&Asks>) -> UnixStream {
    match asks {
        Some(asks) => asks.next().await,
        None => std::future::pending().await,
    }
}

/// Whether this ssh lets itself be asked by another program whatever terminal there is
/// (SSH_ASKPASS_REQUIRE, OpenSSH 8.4). An older one would ask on the console's terminal.
async fn can_ask() -> bool {
    static CAN: OnceCell<bool> = OnceCell::const_new();
    let ask = async {
        let said = crate::job_control::start(|| {
            Command::new("ssh").arg("-V").stdin(Stdio::null()).output()
        });
        let said = said.await.map(|output| output.stderr).unwrap_or_default();
        is_new_enough(&String::from_utf8_lossy(&said))
    };
    *CAN.get_or_init(|| ask).await
}

/// From `OpenSSH_10.0p2 Debian-7, OpenSSL …`.
fn is_new_enough(said: &str) -> bool {
    let version = said.split_once("OpenSSH_").map_or("", |(_, rest)| rest);
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (8, 4)
}

/// Waits for the master's end and tells it. Ends the master when nobody listens any more.
async fn watch_over(
    mut master: Child,
    said: tokio::task::JoinHandle<String>,
    id: HostId,
    destination: Destination,
    tell: watch::Sender<Option<SshError>>,
) {
    tokio::select! {
        _ = master.wait() => {
            let said = said.await.unwrap_or_default();
            let error = match refusal(&id, &destination, &said) {
                SshError::Refused(problem) => SshError::Link(problem),
                other => other,
            };
            tell.send_replace(Some(error));
        }
        () = tell.closed() => {
            let _ = master.kill().await;
        }
    }
}
