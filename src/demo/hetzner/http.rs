//! The API over HTTP: tokens, the budget, faults, headers. What is answered is in `route`.

use super::{
    Shared,
    body::Body,
    error::ApiError,
    fault::Hit,
    kind::{Answer, Reply, Request},
    limit::Told,
    query::Query,
    route::route,
};
use futures::StreamExt;
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Response,
    body::{Bytes, Frame, Incoming},
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LINK},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use std::{
    borrow::Cow,
    io,
    sync::{Arc, PoisonError},
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinSet};

/// A request's body may be this long.
const MAX_BODY: usize = 1 << 20;
/// Connections at once.
const CONNECTIONS: usize = 256;
/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(30);

/// An answer's body: whole, or broken off.
type Sent = UnsyncBoxBody<Bytes, io::Error>;

/// Which of the tokens came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Full,
    ReadOnly,
    Small,
}

/// Serves the API until dropped.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => stream,
                // Out of descriptors, most likely: others end meanwhile.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Small answers must not wait for more.
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(shared.clone(), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), service);
            // A client that went away is none of the simulator's business.
            let _ = connection.await;
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Result<Response<Sent>, io::Error> {
    let (head, body) = request.into_parts();
    if let Some(what) = head.uri.path().strip_prefix("/simulator/") {
        return own(&shared, what);
    }
    let path = head.uri.path().strip_prefix("/v1").unwrap_or_default();
    let token = head
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.strip_prefix("Bearer "));
    let access = token.and_then(|token| shared.tokens.access(token));
    let told = shared.take(access == Some(Access::Small));
    let hit = shared.with(|world| world.plan.hit(head.method.as_str(), path));
    if hit.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(hit.delay_ms)).await;
    }
    let reply = match (access, &hit) {
        _ if !told.allowed => Err(ApiError::new(
            429,
            "rate_limit_exceeded",
            "limit of requests per hour reached",
        )),
        (None, _) => Err(ApiError::new(401, "unauthorized", "unable to authenticate")),
        (
            _,
            Hit {
                status: Some(status),
                after: false,
                ..
            },
        ) => Err(broken(*status, &hit)),
        (Some(Access::ReadOnly), _) if head.method != hyper::Method::GET => Err(ApiError::new(
            401,
            "token_readonly",
            "the token is only allowed to perform GET requests",
        )),
        (Some(_), _) => match Limited::new(body, MAX_BODY).collect().await {
            Err(_) => Err(ApiError::new(
                400,
                "json_error",
                "the body is too long or broken",
            )),
            Ok(bytes) => {
                let place = format!("{}{path}", shared.endpoint);
                let query = Query::parse(head.uri.query().unwrap_or_default());
                Body::parse(&bytes.to_bytes()).and_then(|body| {
                    let request = Request {
                        method: head.method.as_str(),
                        query: &query,
                        body,
                        place: &place,
                    };
                    shared.with(|world| route(world, path, request))
                })
            }
        },
    };
    // Woken for what the request may have begun or changed.
    shared.hurry.notify_one();
    let reply = match hit.status {
        Some(status) if hit.after && told.allowed => Err(broken(status, &hit)),
        _ => reply,
    };
    respond(&shared, reply, told, hit.cut)
}

/// What Hetzner does not have: where load balancers really listen, and whose word managed
/// certificates are to be taken on.
fn own(shared: &Shared, what: &str) -> Result<Response<Sent>, io::Error> {
    let text = match what {
        "listeners" => {
            let places = shared.places.lock().unwrap_or_else(PoisonError::into_inner);
            let shown: Vec<_> = places
                .iter()
                .map(|((id, port), place)| {
                    json!({"load_balancer": id, "listen_port": port, "address": place.to_string()})
                })
                .collect();
            json!({ "listeners": shown }).to_string()
        }
        "root.pem" => shared.with(|world| world.authority.pem().to_owned()),
        _ => {
            return Response::builder()
                .status(404)
                .body(whole(String::new()))
                .map_err(io::Error::other);
        }
    };
    Ok(Response::new(whole(text)))
}

fn whole(text: String) -> Sent {
    let body = Full::new(Bytes::from(text));
    body.map_err(|never| match never {}).boxed_unsync()
}

/// The error a fault plan asks for.
fn broken(status: u16, hit: &Hit) -> ApiError {
    let usual = match status {
        403 => "forbidden",
        409 => "conflict",
        423 => "locked",
        429 => "rate_limit_exceeded",
        502 => "bad_gateway",
        503 => "unavailable",
        504 => "timeout",
        _ => "server_error",
    };
    let code = hit.code.clone().map_or(Cow::Borrowed(usual), Cow::Owned);
    ApiError::new(status, code, "as the fault plan says")
}

fn respond(
    shared: &Shared,
    reply: Reply,
    told: Told,
    cut: Option<usize>,
) -> Result<Response<Sent>, io::Error> {
    let (status, body, link) = match reply {
        Ok(Answer { status, body, link }) => (status, body, link),
        Err(error) => (error.status, Some(error.body()), None),
    };
    let text = body.map(|body| body.to_string()).unwrap_or_default();
    let mut response = Response::builder()
        .status(status)
        .header("RateLimit-Limit", told.limit)
        .header("RateLimit-Remaining", told.remaining)
        .header("RateLimit-Reset", told.reset)
        .header("X-Correlation-Id", shared.correlation());
    if !text.is_empty() {
        response = response.header(CONTENT_TYPE, "application/json");
    }
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response = response.header(LINK, link);
    }
    let length = text.len();
    let body = match cut.filter(|cut| *cut < length) {
        None => whole(text),
        Some(cut) => {
            response = response.header(CONTENT_LENGTH, length);
            let part = Bytes::from(text).slice(..cut);
            let parts = [Ok(Frame::data(part)), Err(io::Error::other("cut"))];
            StreamBody::new(futures::stream::iter(parts).then(|part| async {
                // What was given is sent before the end is seen.
                tokio::task::yield_now().await;
                part
            }))
            .boxed_unsync()
        }
    };
    response.body(body).map_err(io::Error::other)
}

/// The tokens that are taken.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    pub(super) full: String,
    pub(super) read_only: String,
    /// With a small budget of its own.
    pub(super) small: String,
}

impl Tokens {
    fn access(&self, token: &str) -> Option<Access> {
        match token {
            token if token == self.full => Some(Access::Full),
            token if token == self.read_only => Some(Access::ReadOnly),
            token if token == self.small => Some(Access::Small),
            _ => None,
        }
    }
}
