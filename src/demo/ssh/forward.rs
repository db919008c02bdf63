//! What listens on a simulated host's own loopback and on its Unix sockets.

use crate::demo::host::Host;
use crate::demo::model::Event;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Echoes what it gets.
const ECHO: u32 = 7;
const HTTP: u32 = 80;
/// Starts a rebuild and holds the connection until it has ended.
const REBUILD: u32 = 4444;

/// Where podman answers on a Unix socket.
pub(super) const PODMAN: &str = "/run/podman/podman.sock";

/// Whether something listens on a Unix socket.
pub(super) fn is_socket(host: &Host, path: &str) -> bool {
    path == PODMAN
        && host.with(|world| {
            let unit = world.units.get("podman.service");
            unit.is_some_and(|unit| unit.active == "active")
        })
}

/// Podman's interface: whether it is there, and its containers.
pub(super) async fn podman<S>(host: Arc<Host>, mut stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = vec![0; 4096];
    let count = stream.read(&mut request).await.unwrap_or(0);
    request.truncate(count);
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, body) = if path.ends_with("/_ping") {
        ("200 OK", "OK".to_owned())
    } else if path.contains("/containers/json") {
        ("200 OK", containers(&host).to_string())
    } else {
        ("404 Not Found", "{\"message\":\"Not Found\"}".to_owned())
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nServer: Libpod/5.6.2 (linux)\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // A client that has left needs no answer.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn containers(host: &Host) -> serde_json::Value {
    host.with(|world| {
        let containers = world.units.values().filter_map(|unit| {
            let name = unit.name.strip_prefix("podman-")?;
            let name = name.strip_suffix(".service")?;
            let running = unit.active == "active";
            Some(serde_json::json!({
                "Names": [name],
                "State": if running { "running" } else { "exited" },
            }))
        });
        containers.collect()
    })
}

/// Whether something listens there.
pub(super) fn is_open(host: &Host, port: u32) -> bool {
    match port {
        HTTP => host.with(|world| {
            world
                .units
                .get("nginx.service")
                .is_some_and(|unit| unit.active == "active")
        }),
        ECHO | REBUILD => true,
        _ => false,
    }
}

/// Serves one connection.
pub(super) async fn run<S>(host: Arc<Host>, port: u32, mut stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match port {
        ECHO => {
            let (mut from, mut to) = tokio::io::split(stream);
            // The client's end is the end.
            let _ = tokio::io::copy(&mut from, &mut to).await;
            let _ = to.shutdown().await;
            return;
        }
        HTTP => {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let body = format!("{}\n", host.name);
            let answer = format!(
                "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
        _ => {
            let mut events = host.events();
            let job = host.with(|world| world.start("nixos-rebuild.service", false));
            while let (Ok(job), Ok(event)) = (&job, events.recv().await) {
                if matches!(event, Event::JobRemoved(id, _, _) if id == *job) {
                    break;
                }
            }
        }
    }
    let _ = stream.shutdown().await;
}
