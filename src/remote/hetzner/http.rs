//! One request, sent until it is answered or there is no use: HTTP with bounds, the budget and
//! the retries.

use super::{
    access::Access,
    budget::Governor,
    error::{HetznerError, Refusal, problem},
    request::Request,
    retry::{self, Failure},
};
use crate::{
    problem::{Exit, Problem},
    remote::ConnState,
};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::{
    Client, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// Bytes of an answer: a page of fifty is a tenth of a megabyte.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of an answer that says no.
const MAX_REFUSAL: usize = 64 * 1024;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Until the connection stands.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub silence: Duration,
    /// The whole of an answer.
    pub whole: Duration,
    /// What a wait before another attempt is multiplied by; 1 but in tests.
    pub patience: f64,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(20),
            whole: Duration::from_secs(60),
            patience: 1.0,
        }
    }
}

/// Whether a token may change things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Not known: the API tells only when a change is tried.
    Unknown,
    /// It may.
    Write,
    /// It may not.
    Read,
}

/// An answer that is a success.
pub(super) struct Answer<T> {
    pub(super) value: T,
    /// The server's clock.
    pub(super) date: Option<Timestamp>,
}

/// The way to one endpoint with one token.
pub(super) struct Http {
    client: Client,
    access: Access,
    times: Times,
    pub(super) governor: Governor,
    pub(super) state: watch::Sender<ConnState>,
    pub(super) permission: watch::Sender<Permission>,
    /// How many seconds the server's clock is ahead of ours.
    ahead: AtomicI64,
}

impl Http {
    pub(super) fn new(access: Access, times: Times) -> Result<Http, Problem> {
        let mut builder = Client::builder()
            .user_agent(concat!("quarterdeck/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(times.connect)
            .read_timeout(times.silence)
            .timeout(times.whole)
            .https_only(access.endpoint.is_https());
        if !access.endpoint.is_https() {
            // What may only be said on loopback must not be said to a proxy.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            problem(
                "tls",
                Exit::Negative,
                format!("cannot prepare TLS: {}", chain(&error)),
            )
            .hint("see whether the system's certificates are installed (ca-certificates)")
        })?;
        Ok(Http {
            client,
            access,
            times,
            governor: Governor::new(),
            state: watch::Sender::new(ConnState::Idle),
            permission: watch::Sender::new(Permission::Unknown),
            ahead: AtomicI64::new(0),
        })
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// The server's clock now.
    pub(super) fn server_now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed));
        let now = Timestamp::now();
        now.checked_add(ahead).unwrap_or(now)
    }

    /// Sends a request and reads the answer with `read`, which says what it cannot understand.
    pub(super) async fn send<T>(
        &self,
        request: &Request,
        read: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<Answer<T>, HetznerError> {
        let mut attempt = 0;
        loop {
            let (failure, after) = {
                let _permit = self.governor.permit(request.priority).await;
                self.up_to(ConnState::Connecting {
                    attempt: attempt + 1,
                });
                let began = Instant::now();
                match self.once(request, &read).await {
                    Ok(answer) => {
                        self.went_well(request, began.elapsed());
                        return Ok(answer);
                    }
                    Err(failure) => failure,
                }
            };
            attempt += 1;
            tracing::debug!(request = %request.shown(), attempt, ?failure, "hetzner");
            if attempt > retry::RETRIES || !failure.again(request.repeat) {
                let endpoint = self.access.endpoint.shown();
                let error = failure.error(request.repeat, &endpoint);
                self.went_wrong(&error, request);
                return Err(error);
            }
            let mut delay = retry::wait(attempt, fastrand::f64()).mul_f64(self.times.patience);
            if let Some(after) = after {
                delay = delay.max(after.min(retry::LONGEST));
            }
            let why = Problem::from(failure.error(request.repeat, &self.access.endpoint.shown()));
            self.up_to(ConnState::Retrying {
                attempt,
                delay,
                why,
            });
            tokio::time::sleep(delay).await;
        }
    }

    /// One attempt; a failure comes with the time that the server asks to wait.
    async fn once<T>(
        &self,
        request: &Request,
        read: &impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<Answer<T>, (Failure, Option<Duration>)> {
        let answered = self.exchange(request).await;
        let response = answered.map_err(|failure| (failure, None))?;
        let status = response.status();
        let headers = response.headers().clone();
        self.hear(&headers);
        if status.is_redirection() {
            // The token goes to the endpoint and to nobody it names.
            let why = format!("HTTP status {status} sends us elsewhere");
            return Err((Failure::Strange(why), None));
        }
        if !status.is_success() {
            let after = seconds(&headers, RETRY_AFTER.as_str()).map(Duration::from_secs);
            let body = body(response, MAX_REFUSAL).await.unwrap_or_default();
            let Access { token, origin, .. } = &self.access;
            let refusal = Refusal::read(status.as_u16(), &body, token.expose(), origin);
            return Err((Failure::Refused(Box::new(refusal)), after));
        }
        let body = body(response, MAX_BYTES)
            .await
            .map_err(|failure| (failure, None))?;
        let value = read(&body).map_err(|why| {
            let json = headers
                .get(CONTENT_TYPE)
                .is_none_or(|kind| kind.as_bytes().starts_with(b"application/json"));
            let failure = match json {
                true => Failure::NoAnswer(why),
                false => Failure::Strange(why),
            };
            (failure, None)
        })?;
        let date = headers
            .get(DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(|date| rfc2822::parse(date).ok())
            .map(|date| date.timestamp());
        if let Some(date) = date {
            let ahead = date.as_second() - Timestamp::now().as_second();
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        Ok(Answer { value, date })
    }

    async fn exchange(&self, request: &Request) -> Result<Response, Failure> {
        let url = request.url(self.access.endpoint.url());
        let mut building = self
            .client
            .request(request.method.clone(), url)
            .header(AUTHORIZATION, self.bearer()?);
        if let Some(body) = &request.body {
            building = building
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(body.to_string());
        }
        building.send().await.map_err(|error| {
            let why = chain(&error);
            match error.is_connect() || error.is_builder() {
                true => Failure::NotSent {
                    why,
                    late: error.is_timeout(),
                },
                false => Failure::NoAnswer(why),
            }
        })
    }

    fn bearer(&self) -> Result<HeaderValue, Failure> {
        let text = zeroize::Zeroizing::new(format!("Bearer {}", self.access.token.expose()));
        let mut value = HeaderValue::from_str(&text).map_err(|_| Failure::NotSent {
            why: "the token has characters that no token has".to_owned(),
            late: false,
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn hear(&self, headers: &HeaderMap) {
        let number = |name| seconds(headers, name).and_then(|n| u32::try_from(n).ok());
        if let Some((limit, remaining)) =
            number("ratelimit-limit").zip(number("ratelimit-remaining"))
        {
            let full_at = seconds(headers, "ratelimit-reset")
                .and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok());
            self.governor.heard(limit, remaining, full_at);
        }
    }

    fn went_well(&self, request: &Request, took: Duration) {
        if request.repeat != retry::Repeat::Asks {
            self.permission.send_replace(Permission::Write);
        }
        self.state.send_replace(ConnState::Up { rtt: Some(took) });
    }

    fn went_wrong(&self, error: &HetznerError, request: &Request) {
        let state = match error {
            HetznerError::Refused(refusal)
                if refusal.status == 401 && !refusal.is_read_only_token() =>
            {
                ConnState::Failed(refusal.problem())
            }
            HetznerError::Refused(refusal) => {
                if refusal.is_read_only_token() {
                    self.permission.send_replace(Permission::Read);
                }
                // It answered: the way is fine.
                ConnState::Up { rtt: None }
            }
            _ if request.repeat == retry::Repeat::Asks => ConnState::Failed(error.clone().into()),
            HetznerError::Unreachable(_) | HetznerError::Unknown(_) => {
                ConnState::Failed(error.clone().into())
            }
        };
        self.state.send_replace(state);
    }

    /// Tells a way that is not up where it stands; one that is up stays so until it fails.
    fn up_to(&self, state: ConnState) {
        self.state.send_if_modified(|now| {
            let tell = !now.is_up() || matches!(state, ConnState::Retrying { .. });
            if tell {
                *now = state;
            }
            tell
        });
    }
}

fn seconds(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The body, as long as it is not too large.
async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, Failure> {
    let told = response.content_length().unwrap_or(0);
    if told > most as u64 {
        return Err(Failure::Strange(format!("an answer of {told} bytes")));
    }
    let mut body = Vec::with_capacity(usize::try_from(told).unwrap_or(0));
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= most => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                let why = format!("an answer of more than {most} bytes");
                return Err(Failure::Strange(why));
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err(Failure::NoAnswer(chain(&error))),
        }
    }
}

/// An error with its causes, without the address.
fn chain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    // The innermost one says what happened; those around it only where.
    causes
        .pop()
        .unwrap_or_else(|| "the request failed".to_owned())
}
