//! `qd tunnel`: the only thing that opens a listening port, because it was asked for.

use super::{
    Global, Run,
    context::{self, Session},
    output,
};
use crate::problem::{Exit, Problem};
use crate::remote::ssh::{Host, SshError, Stream};
use clap::Args;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};

/// A local port forwarded to something on or behind a host
///
/// Listens on the loopback address only, prints that address, and runs until interrupted. Each
/// connection is a channel of one SSH connection.
#[derive(Debug, Args)]
pub struct Tunnel {
    /// `[LOCAL:]TARGET`: a local port (a free one when absent), then `host:port` or `unix:/path`
    /// as the host sees it, or a name: `vault` (127.0.0.1:8200), `agent` (127.0.0.1:9443)
    #[arg(value_name = "[LOCAL:]TARGET", value_parser = parse)]
    route: Route,
}

/// From where to where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    /// 0: a free one.
    local: u16,
    target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Tcp(String, u16),
    Unix(String),
}

/// What `--json` prints once it listens.
#[derive(Debug, Serialize)]
struct Listening<'a> {
    version: u32,
    host: &'a str,
    address: String,
}

/// What has a name here: where it listens on a host.
const NAMES: [(&str, u16); 2] = [("vault", 8200), ("agent", 9443)];

fn named(text: &str) -> Option<Target> {
    let (_, port) = NAMES.iter().find(|(name, _)| *name == text)?;
    Some(Target::Tcp("127.0.0.1".to_owned(), *port))
}

fn parse(text: &str) -> Result<Route, String> {
    let (local, rest) = match text.split_once(':') {
        Some((first, rest)) if rest.contains(':') || named(rest).is_some() => match first.parse() {
            Ok(port) => (port, rest),
            Err(_) => (0, text),
        },
        _ => (0, text),
    };
    if let Some(target) = named(rest) {
        return Ok(Route { local, target });
    }
    if let Some(path) = rest.strip_prefix("unix:") {
        return match path.starts_with('/') {
            true => Ok(Route {
                local,
                target: Target::Unix(path.to_owned()),
            }),
            false => Err(format!("{path:?} is not an absolute path")),
        };
    }
    let wrong = || format!("{rest:?} is neither host:port, unix:/path, vault nor agent");
    let (host, port) = rest.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    // An IPv6 address stands in brackets.
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    if host.is_empty() || port == 0 {
        return Err(wrong());
    }
    Ok(Route {
        local,
        target: Target::Tcp(host.to_owned(), port),
    })
}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Tunnel) -> Run {
    let session = Session::open(global)?;
    let host = session.one_host()?;
    context::contact(host).await?;
    let Route { local, target } = command.route;
    let (listener, address) = listen(local).await.map_err(|error| {
        Problem::new(
            "cli",
            "listen",
            Exit::Negative,
            format!("cannot listen on 127.0.0.1:{local}: {error}"),
        )
        .hint("choose another port, or none for a free one")
    })?;
    if global.json {
        output::json(&Listening {
            version: 1,
            host: host.id().as_str(),
            address,
        })?;
    } else {
        output::print(&format!("{address}\n"))?;
    }
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                let (host, target) = (host.clone(), target.clone());
                tokio::spawn(async move {
                    if let Err(problem) = carry(&host, &target, client).await {
                        output::warn(&problem);
                    }
                });
            }
            // Too many open files, most likely: the next one may find room.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

/// A listener on the loopback address, and where it is.
async fn listen(port: u16) -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?.to_string();
    Ok((listener, address))
}

/// One connection, from the client to the target and back, until both have ended.
async fn carry(host: &Host, target: &Target, mut client: TcpStream) -> Result<(), Problem> {
    let opened: Result<Box<dyn Stream>, SshError> = match target {
        Target::Tcp(name, port) => host.open_tcp(name, *port).await,
        Target::Unix(path) => host.open_unix(path).await,
    };
    let mut remote = opened.map_err(Problem::from)?;
    let _ = client.set_nodelay(true);
    // A broken connection ends like a closed one: the client sees it for itself.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut remote).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(local: u16, host: &str, port: u16) -> Result<Route, String> {
        Ok(Route {
            local,
            target: Target::Tcp(host.to_owned(), port),
        })
    }

    #[test]
    fn routes() {
        assert_eq!(parse("localhost:5432"), tcp(0, "localhost", 5432));
        assert_eq!(parse("15432:db:5432"), tcp(15432, "db", 5432));
        assert_eq!(parse("[::1]:80"), tcp(0, "::1", 80));
        assert_eq!(parse("8080:[::1]:80"), tcp(8080, "::1", 80));
        assert_eq!(
            parse("8080:unix:/run/a.sock").unwrap().target,
            Target::Unix("/run/a.sock".to_owned())
        );
        assert_eq!(parse("vault"), tcp(0, "127.0.0.1", 8200));
        assert_eq!(parse("agent"), tcp(0, "127.0.0.1", 9443));
        assert_eq!(parse("8200:vault"), tcp(8200, "127.0.0.1", 8200));
        // With a port it is a host of that name.
        assert_eq!(parse("vault:80"), tcp(0, "vault", 80));
        assert_eq!(parse("8080:vault:80"), tcp(8080, "vault", 80));
        for wrong in [
            "", "5432", "db:", "db:0", "unix:run", ":80", "1:2:x", "x:vault", "valt",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
