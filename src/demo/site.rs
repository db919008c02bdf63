//! What the demo's web servers serve: a page, and whether they are well, for the load balancer.

use super::{host::Host, model::unit::Program};
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, net::Ipv4Addr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};

/// Where the sites listen.
const PORT: u16 = 8080;
/// Clients at once.
const CLIENTS: usize = 64;
/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(30);

/// Whether everything on a host runs: not where something crashes again and again.
fn well(host: &Host) -> bool {
    host.with(|world| {
        let now = world.now;
        !world
            .units
            .values()
            .filter_map(|unit| unit.service())
            .any(|service| service.program == Program::CrashLoop && service.healthy_until <= now)
    })
}

fn answer(host: &Host, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, text) = match request.uri().path() {
        "/healthz" if well(host) => (StatusCode::OK, "ok\n".to_owned()),
        "/healthz" => (
            StatusCode::SERVICE_UNAVAILABLE,
            "worker: not running\n".to_owned(),
        ),
        _ => (StatusCode::OK, format!("{}\n", host.name)),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response
}

/// Serves a host's site at its address until dropped; not at all where the address cannot be had.
pub(crate) async fn serve(host: Arc<Host>, address: Ipv4Addr) {
    let Ok(listener) = TcpListener::bind((address, PORT)).await else {
        return;
    };
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = clients.join_next(), if !clients.is_empty() => {}
            accepted = listener.accept(), if clients.len() < CLIENTS => {
                let Ok((stream, _)) = accepted else {
                    // Out of descriptors, most likely: others end meanwhile.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let host = host.clone();
                clients.spawn(async move {
                    let service = service_fn(|request| {
                        let response = answer(&host, &request);
                        async { Ok::<_, Infallible>(response) }
                    });
                    let connection = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEAD)
                        .serve_connection(TokioIo::new(stream), service);
                    // A client that went away is none of the demo's business.
                    let _ = connection.await;
                });
            }
        }
    }
}
