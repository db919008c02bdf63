//! Forwarding to targets: bytes for tcp, requests for http and https.

use super::{
    super::Shared,
    Health,
    service::{Protocol, Service},
};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONNECTION, COOKIE, HOST, HeaderMap, HeaderValue, LOCATION, SET_COOKIE, UPGRADE},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    collections::HashMap,
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
    sync::watch,
    time::timeout,
};

/// How long a target may take to take a connection.
const CONNECT: Duration = Duration::from_secs(5);

type Sent = UnsyncBoxBody<Bytes, hyper::Error>;

/// Connections to each target, and whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<(usize, HashMap<Ipv4Addr, usize>)>);

/// A target in use.
struct Use<'a> {
    counts: &'a Counts,
    target: Ipv4Addr,
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.1.get_mut(&self.target) {
            *count = count.saturating_sub(1);
        }
    }
}

impl Counts {
    /// Takes one of the targets: by turns, or the least used.
    fn choose(&self, targets: &[Ipv4Addr], least: bool) -> Option<Use<'_>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = counts.0;
        counts.0 = turn.wrapping_add(1);
        let target = if least {
            targets
                .iter()
                .min_by_key(|target| counts.1.get(target).copied().unwrap_or_default())
        } else {
            targets.get(turn.checked_rem(targets.len())?)
        };
        let target = *target?;
        *counts.1.entry(target).or_default() += 1;
        drop(counts);
        Some(Use {
            counts: self,
            target,
        })
    }
}

/// The targets that are well.
fn healthy(shared: &Shared, service: &Service) -> Vec<Ipv4Addr> {
    shared.with(|world| {
        let well = |target: &&Ipv4Addr| {
            let key = (service.balancer, service.port, **target);
            world.health.get(&key) == Some(&Health::Healthy)
        };
        service.targets.iter().filter(well).copied().collect()
    })
}

async fn connect(target: Ipv4Addr, service: &Service, client: SocketAddr) -> Option<TcpStream> {
    let address = SocketAddr::from((target, service.to));
    let mut stream = timeout(CONNECT, TcpStream::connect(address))
        .await
        .ok()?
        .ok()?;
    let _ = stream.set_nodelay(true);
    if service.proxy {
        // The protocol's first version, which every reader of the second understands, too.
        let (from, port, to) = (client.ip(), client.port(), service.address);
        let line = format!("PROXY TCP4 {from} {to} {port} {}\r\n", service.port);
        stream.write_all(line.as_bytes()).await.ok()?;
    }
    Some(stream)
}

/// A connection, byte by byte.
pub(super) async fn tcp(
    shared: &Shared,
    counts: &Counts,
    service: &Service,
    mut stream: TcpStream,
    client: SocketAddr,
) {
    let targets = healthy(shared, service);
    let Some(used) = counts.choose(&targets, service.least) else {
        return;
    };
    if let Some(mut target) = connect(used.target, service, client).await {
        // Either side may end it at any time.
        let _ = copy_bidirectional(&mut stream, &mut target).await;
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Sent> {
    let body = Full::new(Bytes::from_static(text.as_bytes()));
    let mut response = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

/// Answers every request with where to go instead.
pub(super) async fn redirect(service: Arc<Service>, stream: TcpStream) {
    let answer = service_fn(|request: Request<Incoming>| {
        let host = request
            .headers()
            .get(HOST)
            .and_then(|host| host.to_str().ok());
        let host = host.map_or("", |host| host.split(':').next().unwrap_or(host));
        let port = match service.to {
            443 => String::new(),
            port => format!(":{port}"),
        };
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let place = HeaderValue::from_str(&format!("https://{host}{port}{path}"));
        let mut response = plain(StatusCode::MOVED_PERMANENTLY, "");
        if let Ok(place) = place {
            response.headers_mut().insert(LOCATION, place);
        }
        async { Ok::<_, Infallible>(response) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(service.idle)
        .serve_connection(TokioIo::new(stream), answer);
    // A client that went away is none of the simulator's business.
    let _ = connection.await;
}

/// A connection's requests, each to a target.
pub(super) async fn http<S>(
    shared: &Shared,
    counts: &Counts,
    service: &watch::Receiver<Arc<Service>>,
    stream: S,
    client: SocketAddr,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let idle = service.borrow().idle;
    let answer = service_fn(|request| {
        // As it is now: a connection may last longer than what it began with.
        let service = service.borrow().clone();
        async move {
            let response = pass(shared, counts, &service, request, client).await;
            Ok::<_, Infallible>(response)
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    // A client that went away is none of the simulator's business.
    let _ = connection.await;
}

/// The target that a client's cookie names, if it is well.
fn remembered(headers: &HeaderMap, name: &str, targets: &[Ipv4Addr]) -> Option<Ipv4Addr> {
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    let bits = u32::from_str_radix(value, 16).ok()?;
    targets
        .iter()
        .find(|target| target.to_bits() == bits)
        .copied()
}

/// Passes a request on, and its answer back.
async fn pass(
    shared: &Shared,
    counts: &Counts,
    service: &Service,
    mut request: Request<Incoming>,
    client: SocketAddr,
) -> Response<Sent> {
    let well = healthy(shared, service);
    let sticky = service.cookie.as_ref();
    let known = sticky.and_then(|(name, _)| remembered(request.headers(), name, &well));
    let targets = known.map_or(well, |known| vec![known]);
    let Some(used) = counts.choose(&targets, service.least) else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "no healthy target\n");
    };
    let Some(stream) = connect(used.target, service, client).await else {
        return plain(StatusCode::BAD_GATEWAY, "the target does not answer\n");
    };
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let Ok((mut sender, connection)) = handshake else {
        return plain(StatusCode::BAD_GATEWAY, "the target does not answer\n");
    };
    // Ends with the answer, or with the upgraded connection.
    tokio::spawn(connection.with_upgrades());
    let wants_upgrade = request.headers().contains_key(UPGRADE);
    let upgrade = wants_upgrade.then(|| hyper::upgrade::on(&mut request));
    forwarded(request.headers_mut(), service, client);
    let answer = timeout(service.idle, sender.send_request(request)).await;
    let mut response = match answer {
        Err(_) => return plain(StatusCode::GATEWAY_TIMEOUT, "the target does not answer\n"),
        Ok(Err(_)) => return plain(StatusCode::BAD_GATEWAY, "the target does not answer\n"),
        Ok(Ok(response)) => response,
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if let Some(upgrade) = upgrade {
            let other = hyper::upgrade::on(&mut response);
            tokio::spawn(async move {
                if let (Ok(near), Ok(far)) = (upgrade.await, other.await) {
                    let _ =
                        copy_bidirectional(&mut TokioIo::new(near), &mut TokioIo::new(far)).await;
                }
            });
        }
    } else {
        // Between the two hops only.
        response.headers_mut().remove(CONNECTION);
    }
    if let (Some((name, lasts)), None) = (sticky, known) {
        let cookie = format!(
            "{name}={:08x}; Path=/; Max-Age={lasts}; HttpOnly",
            used.target.to_bits()
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    response.map(BodyExt::boxed_unsync)
}

/// Tells the target whom it answers.
fn forwarded(headers: &mut HeaderMap, service: &Service, client: SocketAddr) {
    let scheme = match service.protocol {
        Protocol::Https => "https",
        _ => "http",
    };
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put("x-forwarded-for", &client.ip().to_string());
    put("x-forwarded-proto", scheme);
    put("x-forwarded-port", &service.port.to_string());
}
