//! What listens on a simulated host's own loopback.

use crate::demo::host::Host;
use crate::demo::model::Event;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Echoes what it gets.
const ECHO: u32 = 7;
const HTTP: u32 = 80;
/// Starts a rebuild and holds the connection until it has ended.
const REBUILD: u32 = 4444;

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
