//! Health checks, really made.

use super::{
    super::Shared,
    Health,
    service::{Check, HttpCheck, Service},
    tls,
};
use futures::future::join_all;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, body::Bytes, header::HOST};
use hyper_util::rt::TokioIo;
use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::rustls::pki_types::ServerName;

/// Of an answer, so much is looked at.
const LOOKED_AT: usize = 64 * 1024;

const NO_CONNECTION: Health = unhealthy("layer4_no_connection");

const fn unhealthy(detail: &'static str) -> Health {
    Health::Unhealthy { detail, code: None }
}

/// Checks a service's targets again and again.
pub(super) async fn run(shared: Arc<Shared>, mut service: watch::Receiver<Arc<Service>>) {
    let mut failures: HashMap<Ipv4Addr, u64> = HashMap::new();
    loop {
        let now = service.borrow_and_update().clone();
        let probes = now
            .targets
            .iter()
            .map(|target| async { (*target, probe(*target, &now.check).await) });
        let found = join_all(probes).await;
        shared.with(|world| {
            let key = (now.balancer, now.port);
            world.health.retain(|(id, port, target), _| {
                (*id, *port) != key || now.targets.contains(target)
            });
            for (target, health) in found {
                let failed = failures.entry(target).or_default();
                *failed = if health == Health::Healthy {
                    0
                } else {
                    *failed + 1
                };
                let known = (key.0, key.1, target);
                // A target that was well is given some more tries.
                let patient = world.health.get(&known) == Some(&Health::Healthy);
                if health == Health::Healthy || !patient || *failed >= now.check.retries {
                    world.health.insert(known, health);
                }
            }
        });
        tokio::select! {
            () = sleep(now.check.interval) => {}
            changed = service.changed() => if changed.is_err() { return },
        }
    }
}

/// Looks at a target once.
async fn probe(target: Ipv4Addr, check: &Check) -> Health {
    // Others than those on this machine are out of the simulator's reach.
    if !target.is_loopback() {
        return unhealthy("layer4_timeout");
    }
    let address = SocketAddr::from((target, check.port));
    let stream = match timeout(check.timeout, TcpStream::connect(address)).await {
        Err(_) => return unhealthy("layer4_timeout"),
        Ok(Err(_)) => return NO_CONNECTION,
        Ok(Ok(stream)) => stream,
    };
    let Some(http) = &check.http else {
        return Health::Healthy;
    };
    if !http.tls {
        return ask(stream, target, http, check.timeout).await;
    }
    let name = ServerName::try_from(http.domain.clone().unwrap_or_else(|| target.to_string()));
    let (Ok(connector), Ok(name)) = (tls::connector(), name) else {
        return unhealthy("unspecified");
    };
    match timeout(check.timeout, connector.connect(name, stream)).await {
        Err(_) => unhealthy("layer7_timeout"),
        Ok(Err(_)) => unhealthy("unspecified"),
        Ok(Ok(stream)) => ask(stream, target, http, check.timeout).await,
    }
}

/// Asks as the check says, and judges the answer.
async fn ask<S>(stream: S, target: Ipv4Addr, check: &HttpCheck, patience: Duration) -> Health
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .ok()?;
        // Driven on its own: an answer must not be lost because the connection ends with it. Ends
        // with this check.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let host = check.domain.clone().unwrap_or_else(|| target.to_string());
        let request = Request::get(&check.path)
            .header(HOST, host)
            .body(Empty::<Bytes>::new())
            .ok()?;
        let answer = sender.send_request(request).await.ok()?;
        let status = answer.status().as_u16();
        let body = match check.response {
            None => Bytes::new(),
            Some(_) => Limited::new(answer, LOOKED_AT)
                .collect()
                .await
                .ok()?
                .to_bytes(),
        };
        Some((status, body))
    };
    match timeout(patience, answer).await {
        Err(_) => unhealthy("layer7_timeout"),
        Ok(None) => unhealthy("unspecified"),
        Ok(Some((status, body))) => judge(check, status, &body),
    }
}

fn judge(check: &HttpCheck, status: u16, body: &[u8]) -> Health {
    let text = status.to_string();
    let fits = |pattern: &String| {
        pattern.len() == text.len()
            && pattern
                .chars()
                .zip(text.chars())
                .all(|(want, is)| want == '?' || want == is)
    };
    if !check.codes.iter().any(fits) {
        return Health::Unhealthy {
            detail: "unexpected_http_status",
            code: Some(status),
        };
    }
    let wanted = check.response.as_deref().unwrap_or_default();
    if !wanted.is_empty() && memchr::memmem::find(body, wanted.as_bytes()).is_none() {
        return unhealthy("unexpected_http_content");
    }
    Health::Healthy
}
