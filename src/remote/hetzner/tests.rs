//! The client against a server that does everything wrong.

use super::{
    access::{Endpoint, Token},
    kinds::Server,
    *,
};
use secrecy::SecretString;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const TOKEN: &str = "very-s3cret-token";

/// What the server says to a request.
enum Say {
    /// These bytes, and closes.
    Bytes(Vec<u8>),
    /// Nothing, and keeps the connection.
    Nothing,
    /// These bytes one by one.
    Slowly(Vec<u8>),
}

type Answerer = dyn Fn(&str) -> Say + Send + Sync;

/// A server on loopback that answers by a function of the request's first line.
struct Hostile {
    address: std::net::SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hostile {
    async fn new(answer: impl Fn(&str) -> Say + Send + Sync + 'static) -> Hostile {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<Answerer> = Arc::new(answer);
        let seen = requests.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), seen.clone()));
            }
        });
        Hostile {
            address,
            requests,
            task,
        }
    }

    /// Answers in this order, the last one again and again.
    async fn saying(answers: Vec<Vec<u8>>) -> Hostile {
        let answers = Mutex::new(VecDeque::from(answers));
        Hostile::new(move |_| {
            let mut answers = answers.lock().unwrap();
            let next = match answers.len() {
                1 => answers[0].clone(),
                _ => answers.pop_front().unwrap(),
            };
            Say::Bytes(next)
        })
        .await
    }

    fn client(&self) -> Hetzner {
        let access = Access {
            endpoint: Endpoint::parse(&format!("http://{}/v1", self.address)).unwrap(),
            token: Token::new(SecretString::from(TOKEN)),
            origin: "a test".into(),
        };
        let times = Times {
            connect: Duration::from_secs(10),
            silence: Duration::from_millis(300),
            whole: Duration::from_secs(20),
            patience: 0.001,
        };
        Hetzner::with_times(access, times).unwrap()
    }

    fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn serve(mut stream: TcpStream, answer: Arc<Answerer>, seen: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk).await {
            Ok(n) if n > 0 => request.extend_from_slice(&chunk[..n]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let first = text.lines().next().unwrap_or_default().to_owned();
    seen.lock().unwrap().push(text);
    match answer(&first) {
        Say::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Say::Nothing => std::future::pending().await,
        Say::Slowly(bytes) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            let _ = stream.shutdown().await;
        }
    }
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         date: Mon, 23 Nov 2026 16:00:00 GMT\r\nconnection: close\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

fn ok(body: &str) -> Vec<u8> {
    http("200 OK", "", body)
}

fn refusal(status: &str, code: &str) -> Vec<u8> {
    let body = format!(r#"{{"error":{{"code":"{code}","message":"because"}}}}"#);
    http(status, "", &body)
}

/// A page of servers with these numbers.
fn page(ids: &[u64], number: u64, total: Option<u64>, next: Option<u64>) -> Vec<u8> {
    let items: Vec<String> = ids
        .iter()
        .map(|id| format!(r#"{{"id":{id},"name":"web-{id}","created":"2020-01-01T00:00:00Z"}}"#))
        .collect();
    let last = total.map(|total| total.div_ceil(50));
    ok(&format!(
        r#"{{"servers":[{}],"meta":{{"pagination":{{"page":{number},"per_page":50,
            "next_page":{},"last_page":{},"total_entries":{}}}}}}}"#,
        items.join(","),
        serde_json::json!(next),
        serde_json::json!(last),
        serde_json::json!(total),
    ))
}

fn number_of(first_line: &str) -> u64 {
    let (_, rest) = first_line.split_once("page=").unwrap();
    rest.split(['&', ' ']).next().unwrap().parse().unwrap()
}

/// A project whose servers change; answers list requests as the API does.
#[derive(Clone, Default)]
struct Project(Arc<Mutex<Vec<u64>>>);

impl Project {
    fn of(ids: impl IntoIterator<Item = u64>) -> Project {
        Project(Arc::new(Mutex::new(ids.into_iter().collect())))
    }

    fn page(&self, first_line: &str) -> Vec<u8> {
        let ids = self.0.lock().unwrap();
        let number = number_of(first_line);
        let from = ((number - 1) * 50) as usize;
        let here: Vec<u64> = ids.iter().skip(from).take(50).copied().collect();
        let total = ids.len() as u64;
        let next = (number * 50 < total).then_some(number + 1);
        page(&here, number, Some(total), next)
    }
}

async fn servers(client: &Hetzner) -> Result<Listing<Server>, HetznerError> {
    client.list(&Query::all(), Priority::Looking).await
}

fn ids(listing: &Listing<Server>) -> Vec<u64> {
    listing
        .items
        .iter()
        .map(|server| server.id.unwrap())
        .collect()
}

fn problem_of<T>(result: Result<T, HetznerError>) -> Problem {
    Problem::from(result.err().expect("a failure"))
}

#[tokio::test]
async fn a_list_takes_as_many_requests_as_it_has_pages() {
    let project = Project::of(1..=1234);
    let server = Hostile::new(move |line| Say::Bytes(project.page(line))).await;
    let mut first = None;
    let listing = server
        .client()
        .list_and_tell::<Server>(&Query::all(), Priority::Looking, |progress| {
            first.get_or_insert((progress.items.len(), progress.total));
        })
        .await
        .unwrap();
    assert_eq!(first, Some((50, Some(1234))));
    assert_eq!(ids(&listing), (1..=1234).collect::<Vec<_>>());
    assert_eq!((listing.requests, server.count()), (25, 25));
    assert!(listing.problems.is_empty());
}

#[tokio::test]
async fn what_is_deleted_while_the_list_is_read_makes_no_other_disappear() {
    let project = Project::of(1..=230);
    let changing = project.clone();
    // After the first page, a server of that page goes: all others move forward by one.
    let server = Hostile::new(move |line| {
        let answer = project.page(line);
        if number_of(line) == 1 {
            project.0.lock().unwrap().retain(|id| *id != 7);
        }
        Say::Bytes(answer)
    })
    .await;
    let listing = servers(&server.client()).await.unwrap();
    assert_eq!(ids(&listing), *changing.0.lock().unwrap());
    assert!(listing.problems.is_empty());
}

#[tokio::test]
async fn a_list_that_never_stands_still_is_right_all_the_same() {
    let project = Project::of(1..=230);
    let changing = project.clone();
    // Every reading of the first page deletes one of it, as somebody's clean-up would.
    let server = Hostile::new(move |line| {
        if !line.contains("page=") {
            let id: u64 = line.split(['/', ' ']).nth(4).unwrap().parse().unwrap();
            let there = project.0.lock().unwrap().contains(&id);
            return Say::Bytes(match there {
                true => ok(&format!(r#"{{"server":{{"id":{id}}}}}"#)),
                false => refusal("404 Not Found", "not_found"),
            });
        }
        let answer = project.page(line);
        if number_of(line) == 1 {
            project.0.lock().unwrap().remove(0);
        }
        Say::Bytes(answer)
    })
    .await;
    let listing = servers(&server.client()).await.unwrap();
    let there = changing.0.lock().unwrap().clone();
    let listed = ids(&listing);
    let missing: Vec<_> = there.iter().filter(|id| !listed.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let mut once = listed.clone();
    once.dedup();
    assert_eq!(once, listed);
    // The one that went while the last reading was under way may still be there.
    assert!(listed.len() <= there.len() + 1, "{}", listed.len());
}

#[tokio::test]
async fn without_totals_the_next_page_leads_on() {
    let server = Hostile::new(|line| {
        let number = number_of(line);
        let ids: Vec<u64> = ((number - 1) * 50 + 1..=number * 50).collect();
        Say::Bytes(page(&ids, number, None, (number < 3).then_some(number + 1)))
    })
    .await;
    let listing = servers(&server.client()).await.unwrap();
    assert_eq!(ids(&listing), (1..=150).collect::<Vec<_>>());
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn without_any_paging_full_pages_lead_on() {
    let server = Hostile::new(|line| {
        let number = number_of(line);
        let count = if number < 3 { 50 } else { 7 };
        let items: Vec<String> = (1..=count)
            .map(|i| format!("{{\"id\":{}}}", (number - 1) * 50 + i))
            .collect();
        Say::Bytes(ok(&format!("{{\"servers\":[{}]}}", items.join(","))))
    })
    .await;
    assert_eq!(servers(&server.client()).await.unwrap().items.len(), 107);
}

#[tokio::test]
async fn a_server_that_pages_without_end_is_not_followed() {
    let server = Hostile::new(|line| {
        let number = number_of(line);
        Say::Bytes(page(&[number], number, None, Some(1)))
    })
    .await;
    assert_eq!(servers(&server.client()).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn faults_that_pass_are_passed_over() {
    let good = page(&[1, 2], 1, Some(2), None);
    let mut cut = good.clone();
    cut.truncate(good.len() - 20);
    let no_length = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{}",
        r#"{"servers":[{"id":1},{"id"#
    );
    let faults = [
        refusal("429 Too Many Requests", "rate_limit_exceeded"),
        refusal("500 Internal Server Error", "server_error"),
        refusal("502 Bad Gateway", "bad_gateway"),
        http("503 Service Unavailable", "", "<html>"),
        refusal("504 Gateway Timeout", "timeout"),
        refusal("409 Conflict", "conflict"),
        cut,
        no_length.into_bytes(),
        Vec::new(),
        b"HTTP/1.1 200".to_vec(),
        ok("null"),
        ok("{\"servers\":7}"),
    ];
    for (i, fault) in faults.into_iter().enumerate() {
        let server = Hostile::saying(vec![fault.clone(), fault, good.clone()]).await;
        let listing = servers(&server.client()).await;
        let listing = listing.unwrap_or_else(|error| panic!("{i}: {error}"));
        assert_eq!(ids(&listing), [1, 2], "{i}");
        assert_eq!(server.count(), 3, "{i}");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_told_after_five_more_attempts() {
    let server = Hostile::saying(vec![refusal("502 Bad Gateway", "bad_gateway")]).await;
    let problem = problem_of(servers(&server.client()).await);
    assert_eq!((server.count(), problem.code), (6, "server-error"));
    let server = Hostile::new(|_| Say::Nothing).await;
    let problem = problem_of(servers(&server.client()).await);
    assert_eq!((server.count(), problem.code), (6, "no-answer"));
    assert!(problem.message.contains("too long"), "{problem}");
}

#[tokio::test]
async fn a_change_is_never_sent_twice_when_it_may_have_arrived() {
    let reboot = |repeat| {
        Request::post(
            &["servers", "1", "actions", "reboot"],
            serde_json::json!({}),
            repeat,
        )
    };
    let lost = || vec![Vec::new()];
    let server = Hostile::saying(lost()).await;
    let error = server
        .client()
        .change(&reboot(Repeat::Twice))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, HetznerError::Unknown(_)), "{error:?}");
    assert_eq!(server.count(), 1);
    let server = Hostile::saying(lost()).await;
    let error = server
        .client()
        .change(&reboot(Repeat::Same))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, HetznerError::Unknown(_)), "{error:?}");
    assert_eq!(server.count(), 6);
    // A no is a no: nothing was done, so it may be asked again.
    let done = http(
        "201 Created",
        "",
        r#"{"action":{"id":7,"status":"running"}}"#,
    );
    let busy = refusal("409 Conflict", "conflict");
    let server = Hostile::saying(vec![busy, done]).await;
    let reply = server
        .client()
        .change(&reboot(Repeat::Twice))
        .await
        .unwrap();
    assert_eq!(reply.actions[0].id, Some(7));
}

#[tokio::test]
async fn the_token_goes_nowhere_else_and_is_never_shown() {
    let elsewhere = Hostile::saying(vec![page(&[1], 1, Some(1), None)]).await;
    let to = format!("location: http://{}/v1/servers\r\n", elsewhere.address);
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let server = Hostile::saying(vec![http(status, &to, "")]).await;
        let problem = problem_of(servers(&server.client()).await);
        assert_eq!((problem.code, server.count()), ("strange-answer", 1));
    }
    assert_eq!(elsewhere.count(), 0);
    let echo = format!(r#"{{"error":{{"code":"unauthorized","message":"bad {TOKEN}"}}}}"#);
    let server = Hostile::saying(vec![http("401 Unauthorized", "", &echo)]).await;
    let client = server.client();
    let error = servers(&client).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(TOKEN));
    let state = client.states().borrow().clone();
    assert!(matches!(&state, crate::remote::ConnState::Failed(p) if p.code == "unauthorized"));
    assert!(!format!("{state:?}").contains(TOKEN));
    let sent = server.requests.lock().unwrap().concat();
    assert!(
        sent.contains(&format!("authorization: Bearer {TOKEN}")),
        "{sent}"
    );
}

#[tokio::test]
async fn answers_are_bounded() {
    let huge =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n{";
    let server = Hostile::saying(vec![huge.into()]).await;
    let problem = problem_of(servers(&server.client()).await);
    assert_eq!((problem.code, server.count()), ("strange-answer", 1));
    // Endless, without a length.
    let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"servers\":[".to_vec();
    endless.resize(20 << 20, b' ');
    let server = Hostile::saying(vec![endless]).await;
    let problem = problem_of(servers(&server.client()).await);
    assert_eq!((problem.code, server.count()), ("strange-answer", 1));
}

#[tokio::test]
async fn slow_bytes_are_waited_for() {
    let bytes = page(&[1, 2, 3], 1, Some(3), None);
    let server = Hostile::new(move |_| Say::Slowly(bytes.clone())).await;
    assert_eq!(servers(&server.client()).await.unwrap().items.len(), 3);
}

#[tokio::test]
async fn a_broken_item_is_told_and_the_others_are_kept() {
    let body = r#"{"servers":[{"id":1},null,{"name":"no number"},[],{"id":2,"name":{"a":1}},
        {"id":3,"memory":1e999,"name":"\ud800"}],"meta":{"pagination":{"total_entries":6,"last_page":1}}}"#;
    let server = Hostile::saying(vec![ok(body)]).await;
    let listing = servers(&server.client()).await.unwrap();
    assert_eq!(ids(&listing), [1, 2]);
    assert_eq!(listing.problems.len(), 1);
    assert!(
        listing.problems[0].message.starts_with("4 servers"),
        "{:?}",
        listing.problems
    );
    // With the JSON as it came.
    let raw: Listing<Raw<Server>> = server
        .client()
        .list(&Query::all(), Priority::Looking)
        .await
        .unwrap();
    assert_eq!(raw.items[1].json.get(), r#"{"id":2,"name":{"a":1}}"#);
}

#[tokio::test]
async fn the_budget_and_a_read_only_token_are_heard_of() {
    let headers =
        "ratelimit-limit: 3600\r\nratelimit-remaining: 3333\r\nratelimit-reset: 1700000000\r\n";
    let body = r#"{"error":{"code":"token_readonly","message":"the token is readonly"}}"#;
    let server = Hostile::saying(vec![http("401 Unauthorized", headers, body)]).await;
    let client = server.client();
    let request = Request::delete(&["servers", "1"]);
    let problem = problem_of(client.change(&request).await);
    assert_eq!(
        (problem.code, problem.exit),
        ("token-readonly", crate::problem::Exit::Refused)
    );
    let budget = client.budget().borrow().unwrap();
    assert_eq!((budget.limit, budget.remaining), (3600, 3333));
    assert_eq!(budget.full_at.unwrap().as_second(), 1_700_000_000);
    assert_eq!(*client.permission().borrow(), Permission::Read);
    // The way itself is fine.
    assert!(client.states().borrow().is_up());
}

#[tokio::test]
async fn all_actions_are_asked_about_in_one_request() {
    let asked = Arc::new(Mutex::new(0u64));
    let count = asked.clone();
    let server = Hostile::new(move |line| {
        let mut count = count.lock().unwrap();
        *count += 1;
        let actions: Vec<String> = (1..=3u64)
            .filter(|id| line.contains(&format!("id={id}")))
            .map(|id| {
                let status = match (*count > id, id) {
                    (false, _) => "running",
                    (true, 3) => "error",
                    (true, _) => "success",
                };
                format!(
                    r#"{{"id":{id},"status":"{status}","progress":{},"command":"reboot_server",
                        "error":{{"code":"action_failed","message":"no"}}}}"#,
                    count.min(100)
                )
            })
            .collect();
        Say::Bytes(ok(&format!(r#"{{"actions":[{}]}}"#, actions.join(","))))
    })
    .await;
    let client = server.client();
    let mut steps = 0;
    let (one, two, three) = tokio::join!(
        client.wait(1, |_| {}),
        client.wait(2, |_| {}),
        client.wait(3, |_| steps += 1),
    );
    assert_eq!(one.unwrap().status, ActionStatus::Success);
    assert_eq!(two.unwrap().status, ActionStatus::Success);
    assert_eq!(three.unwrap().status, ActionStatus::Error);
    assert!(steps >= 2);
    assert_eq!((server.count() as u64, *asked.lock().unwrap()), (4, 4));
    let requests = server.requests.lock().unwrap().clone();
    assert!(requests[0].contains("id=1&id=2&id=3"), "{}", requests[0]);
    assert!(!requests[3].contains("id=2"), "{}", requests[3]);
}

#[tokio::test]
async fn an_action_that_nobody_knows_is_told_as_unknown() {
    let server = Hostile::saying(vec![ok(r#"{"actions":[]}"#)]).await;
    let problem = problem_of(server.client().wait(9, |_| {}).await);
    assert_eq!(problem.code, "action-lost");
    assert!(problem.hint.unwrap().contains("qd actions show 9"));
}

#[tokio::test]
async fn nobody_s_list_costs_nothing_and_failures_are_told_once() {
    let project = Project::of(1..=70);
    let fails = Arc::new(Mutex::new(false));
    let failing = fails.clone();
    let server = Hostile::new(move |line| {
        Say::Bytes(match *failing.lock().unwrap() {
            true => refusal("403 Forbidden", "forbidden"),
            false => project.page(line),
        })
    })
    .await;
    let client = server.client();
    let mut watched = watch::<Server>(&client, Query::all(), Attention::Nobody);
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.count(), 0);
    watched.attend(Attention::Looking);
    let whole = watched
        .snapshots
        .wait_for(|s| s.complete)
        .await
        .unwrap()
        .clone();
    assert_eq!(
        (whole.items.len(), whole.total, server.count()),
        (70, Some(70), 2)
    );
    *fails.lock().unwrap() = true;
    watched.refresh();
    let failed = watched
        .snapshots
        .wait_for(|s| s.problem.is_some())
        .await
        .unwrap()
        .clone();
    assert_eq!(failed.problem.unwrap().code, "forbidden");
    assert_eq!(
        (failed.items.len(), failed.fetched_at),
        (70, whole.fetched_at)
    );
    *fails.lock().unwrap() = false;
    watched.refresh();
    let mended = watched
        .snapshots
        .wait_for(|s| s.problem.is_none())
        .await
        .unwrap()
        .clone();
    assert!(Arc::ptr_eq(&mended.items, &whole.items));
    assert!(mended.fetched_at >= whole.fetched_at);
}

#[test]
fn kinds_tell_themselves_apart() {
    fn told<K: Kind>() -> (&'static str, &'static str) {
        (K::LIST, K::ONE)
    }
    use super::kinds::*;
    let all = [
        told::<Server>(),
        told::<ServerType>(),
        told::<Image>(),
        told::<Volume>(),
        told::<Network>(),
        told::<LoadBalancer>(),
        told::<LoadBalancerType>(),
        told::<Certificate>(),
        told::<Firewall>(),
        told::<PrimaryIp>(),
        told::<FloatingIp>(),
        told::<SshKey>(),
        told::<PlacementGroup>(),
        told::<Iso>(),
        told::<Location>(),
        told::<Zone>(),
        told::<RrSet>(),
        told::<Action>(),
    ];
    for (list, one) in all {
        assert_eq!(format!("{one}s"), list);
        assert_eq!(
            all.iter().filter(|(other, _)| *other == list).count(),
            1,
            "{list}"
        );
    }
}
