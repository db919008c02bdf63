//! The simulated Hetzner, judged by Hetzner's own clients, and by what it promises itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod common;

use common::skip;
use quarterdeck::demo::{Hetzner, HetznerOptions, Plan};
use reqwest::{Certificate, Method, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// What hurries actions and checks.
const QUICK: &str = r#"{"pace": 0.02, "budget": 100000}"#;

async fn start(plan: &str, servers: usize) -> Hetzner {
    let options = HetznerOptions {
        seed: 1,
        servers,
        empty: true,
        plan: Plan::parse(plan).unwrap(),
    };
    Hetzner::start(options).await.unwrap()
}

/// A variable as the simulator prints it.
fn variable(hetzner: &Hetzner, name: &str) -> String {
    let text = hetzner.variables();
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    lines.find(|(key, _)| *key == name).unwrap().1.to_owned()
}

/// A client that knows one token.
struct Api {
    client: reqwest::Client,
    endpoint: String,
    token: String,
}

impl Api {
    fn new(hetzner: &Hetzner, token: &str) -> Api {
        Api {
            // Nothing between a test and what it asks.
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            endpoint: hetzner.endpoint().to_owned(),
            token: variable(hetzner, token),
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Response {
        let url = format!("{}{path}", self.endpoint);
        let request = self.client.request(method, url).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await;
        json_of(answer).await
    }

    /// Posts, waits for every action of the answer, and gives the answer.
    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.send(Method::POST, path, Some(body)).await;
        assert_eq!(answer.status(), StatusCode::CREATED, "{path}");
        let answer = json_of(answer).await;
        let mut actions = vec![answer["action"].clone()];
        actions.extend(
            answer["next_actions"]
                .as_array()
                .cloned()
                .unwrap_or_default(),
        );
        for action in actions.iter().filter_map(|action| action["id"].as_u64()) {
            loop {
                let now = self.get(&format!("/actions/{action}")).await;
                match now["action"]["status"].as_str().unwrap() {
                    "running" => tokio::time::sleep(Duration::from_millis(10)).await,
                    "success" => break,
                    _ => panic!("{path}: {now}"),
                }
            }
        }
        answer
    }
}

async fn json_of(answer: reqwest::Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// What checks requests and answers against Hetzner's description, where that is at hand.
struct Oracle {
    child: Child,
    endpoint: String,
}

impl Oracle {
    fn start(python: &Path, endpoint: &str) -> Option<Oracle> {
        let description = std::env::var_os("QD_HETZNER_OPENAPI")?;
        let mut child = Command::new(python)
            .arg(here("oracle.py"))
            .arg(description)
            .arg(here("later.txt"))
            .arg(endpoint)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        child.stdout = Some(out.into_inner());
        let endpoint = line.trim().strip_prefix("ENDPOINT=").unwrap().to_owned();
        Some(Oracle { child, endpoint })
    }

    /// Ends it; it must have found nothing.
    fn end(mut self) {
        drop(self.child.stdin.take());
        let mut found = String::new();
        let mut out = self.child.stdout.take().unwrap();
        out.read_to_string(&mut found).unwrap();
        assert!(self.child.wait().unwrap().success(), "{found}");
    }
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/hetzner")
        .join(name)
}

/// The Python that has Hetzner's client, as `make test` installs it.
fn python() -> Option<PathBuf> {
    let tools = match std::env::var_os("QD_TOOLS_DIR") {
        Some(place) => place.into(),
        None => Path::new(&std::env::var_os("HOME")?).join(".cache/quarterdeck-tools"),
    };
    let python = tools.join("hetzner/bin/python");
    python.is_file().then_some(python)
}

/// Has a program judge a simulator with an empty project.
async fn judge(program: &Path, args: &[PathBuf], oracle: Option<&Path>) {
    let hetzner = start(QUICK, 0).await;
    let oracle = oracle.and_then(|python| Oracle::start(python, hetzner.endpoint()));
    let endpoint = oracle
        .as_ref()
        .map_or(hetzner.endpoint(), |oracle| &oracle.endpoint);
    let output = tokio::process::Command::new(program)
        .args(args)
        .env("HCLOUD_ENDPOINT", endpoint)
        .env("HCLOUD_TOKEN", hetzner.token())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("judged: everything"), "{out}{err}");
    if let Some(oracle) = oracle {
        oracle.end();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_python_client_creates_reads_changes_and_deletes_everything() {
    require!(program "openssl");
    require!(program "ssh-keygen");
    let Some(python) = python() else {
        return skip("the Python client is not installed; `make test` installs it");
    };
    judge(&python, &[here("judge.py")], Some(&python)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_command_line_works() {
    require!(program "hcloud");
    require!(program "openssl");
    require!(program "ssh-keygen");
    judge(&here("judge-cli"), &[], python().as_deref()).await;
}

#[tokio::test]
async fn a_small_budget_is_told_and_kept() {
    let hetzner = start("{}", 0).await;
    let small = Api::new(&hetzner, "HCLOUD_RATE_LIMIT_TOKEN");
    for left in (0..20).rev() {
        let answer = small.send(Method::GET, "/servers", None).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["ratelimit-limit"], "20");
        assert_eq!(answer.headers()["ratelimit-remaining"], left.to_string());
    }
    let answer = small.send(Method::GET, "/servers", None).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("ratelimit-reset"));
    assert_eq!(
        json_of(answer).await["error"]["code"],
        "rate_limit_exceeded"
    );
    // The others have a budget of their own.
    let full = Api::new(&hetzner, "HCLOUD_TOKEN");
    let answer = full.send(Method::GET, "/servers", None).await;
    assert_eq!(answer.headers()["ratelimit-limit"], "3600");
}

#[tokio::test]
async fn refusals_have_the_documented_form() {
    let hetzner = start(QUICK, 0).await;
    let full = Api::new(&hetzner, "HCLOUD_TOKEN");
    let reader = Api::new(&hetzner, "HCLOUD_TOKEN_READONLY");
    let mut stranger = Api::new(&hetzner, "HCLOUD_TOKEN");
    stranger.token = "x".repeat(64);
    let volume = json!({"name": "a", "size": 10, "location": "fsn1"});
    let refused = async |api: &Api, method: Method, path: &str, body: Option<Value>| {
        let answer = api.send(method, path, body).await;
        let status = answer.status().as_u16();
        let error = json_of(answer).await["error"].clone();
        (status, error["code"].as_str().unwrap().to_owned(), error)
    };
    let (post, get) = (Method::POST, Method::GET);
    for (api, method, path, body, status, code) in [
        (&stranger, &get, "/servers", None, 401, "unauthorized"),
        (
            &reader,
            &post,
            "/volumes",
            Some(volume.clone()),
            401,
            "token_readonly",
        ),
        (
            &full,
            &get,
            "/datacenters",
            None,
            410,
            "deprecated_api_endpoint",
        ),
        (
            &full,
            &get,
            "/actions",
            None,
            410,
            "deprecated_api_endpoint",
        ),
        (&full, &get, "/servers/1", None, 404, "not_found"),
        (&full, &get, "/nonsense", None, 404, "not_found"),
        (
            &full,
            &Method::PUT,
            "/servers",
            None,
            405,
            "method_not_allowed",
        ),
        (
            &full,
            &get,
            "/servers?sort=size",
            None,
            422,
            "invalid_input",
        ),
        (&full, &post, "/volumes", Some(json!([])), 400, "json_error"),
    ] {
        let (is, said, error) = refused(api, method.clone(), path, body).await;
        assert_eq!(
            (is, said.as_str()),
            (status, code),
            "{method} {path}: {error}"
        );
    }
    let (_, _, error) = refused(
        &full,
        post.clone(),
        "/volumes",
        Some(json!({"size": 1, "labels": {"a": 1}})),
    )
    .await;
    let fields = error["details"]["fields"].as_array().unwrap();
    let names: HashSet<&str> = fields
        .iter()
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, HashSet::from(["name", "size", "labels"]), "{error}");
    full.post("/volumes", volume.clone()).await;
    let (status, _, error) = refused(&full, post, "/volumes", Some(volume)).await;
    assert_eq!(
        (status, &error["details"]["fields"][0]["name"]),
        (409, &json!("name"))
    );
}

#[tokio::test]
async fn every_server_is_on_one_page() {
    let options = HetznerOptions {
        seed: 1,
        servers: 120,
        ..HetznerOptions::default()
    };
    let hetzner = Hetzner::start(options).await.unwrap();
    let api = Api::new(&hetzner, "HCLOUD_TOKEN");
    let mut names = HashSet::new();
    let mut path =
        "/servers?per_page=50&sort=name:desc&label_selector=environment%3Dfleet".to_owned();
    loop {
        let answer = api.send(Method::GET, &path, None).await;
        let link = answer.headers()["link"].to_str().unwrap().to_owned();
        let page = json_of(answer).await;
        for server in page["servers"].as_array().unwrap() {
            assert!(names.insert(server["name"].as_str().unwrap().to_owned()));
        }
        assert_eq!(page["meta"]["pagination"]["total_entries"], 120);
        let next = link.split(", ").find(|link| link.ends_with("rel=\"next\""));
        let Some(next) = next else { break };
        let place = next.trim_start_matches('<').split('>').next().unwrap();
        path = place.strip_prefix(hetzner.endpoint()).unwrap().to_owned();
    }
    assert_eq!(names.len(), 120);
    assert_eq!(hetzner.requests(), 3);
}

#[tokio::test]
async fn a_fault_plan_breaks_requests_and_actions() {
    let plan = r#"{"pace": 0.02, "requests": [
        {"route": "GET /servers", "count": 1, "status": 502},
        {"route": "GET /servers", "count": 1, "cut": 20},
        {"route": "POST /volumes", "count": 1, "status": 504, "after": true}],
        "actions": [{"command": "create_volume", "skip": 1, "count": 1, "code": "no_space"}]}"#;
    let hetzner = start(plan, 0).await;
    let api = Api::new(&hetzner, "HCLOUD_TOKEN");
    let answer = api.send(Method::GET, "/servers", None).await;
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(json_of(answer).await["error"]["code"], "bad_gateway");
    let broken = api.send(Method::GET, "/servers", None).await;
    assert!(broken.bytes().await.is_err());
    assert!(api.get("/servers").await["servers"].is_array());
    // Answered as if it had failed, and done all the same.
    let body = |name: &str| Some(json!({"name": name, "size": 10, "location": "fsn1"}));
    let answer = api.send(Method::POST, "/volumes", body("a")).await;
    assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(api.get("/volumes?name=a").await["volumes"][0]["name"], "a");
    let answer = json_of(api.send(Method::POST, "/volumes", body("b")).await).await;
    let path = format!("/actions?id={}", answer["action"]["id"]);
    loop {
        let action = api.get(&path).await["actions"][0].clone();
        if action["status"] != "running" {
            assert_eq!(
                (&action["status"], &action["error"]["code"]),
                (&json!("error"), &json!("no_space"))
            );
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(api.get("/volumes?name=b").await["volumes"], json!([]));
}

/// A server's program: answers its health check with a status, anything else with its name.
async fn program(address: Ipv4Addr, port: u16, name: &'static str) -> (u16, Arc<AtomicU16>) {
    let listener = TcpListener::bind((address, port)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let status = Arc::new(AtomicU16::new(200));
    let told = status.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let status = told.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut buffer = [0; 1024];
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(count) => head.extend_from_slice(&buffer[..count]),
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let status = match head.starts_with("GET /healthz ") {
                    true => status.load(Ordering::SeqCst),
                    false => 200,
                };
                let proto = head.contains("x-forwarded-proto: https");
                let body = format!("{name} {proto}");
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (port, status)
}

/// A certificate that vouches for itself, and its key.
fn certificate(name: &str) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    (made.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// One request over a new connection to a load balancer, which must show one of the certificates;
/// which one it was.
async fn knock(place: SocketAddr, name: &str, known: &[&str]) -> (usize, String) {
    for (which, pem) in known.iter().enumerate() {
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([Certificate::from_pem(pem.as_bytes()).unwrap()])
            .resolve(name, place)
            .build()
            .unwrap();
        let asked = client
            .get(format!("https://{name}:{}/", place.port()))
            .send()
            .await;
        match asked {
            Ok(answer) => {
                assert_eq!(answer.status(), StatusCode::OK);
                return (which, answer.text().await.unwrap());
            }
            // Another certificate than this one; anything else is a gap.
            Err(error) => assert!(
                format!("{error:?}").contains("InvalidCertificate"),
                "{error:?}"
            ),
        }
    }
    panic!("{name} is answered with a certificate that nobody made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_balancer_listens_checks_and_changes_certificates_without_a_gap() {
    let hetzner = start(QUICK, 0).await;
    let api = Api::new(&hetzner, "HCLOUD_TOKEN");
    let mut healths = Vec::new();
    let mut ports = Vec::new();
    let mut ids = Vec::new();
    for name in ["one", "two"] {
        let body = json!({"name": name, "server_type": "cx23", "image": "debian-13",
                          "location": "fsn1", "labels": {"role": "web"}});
        let server = api.post("/servers", body).await["server"].clone();
        ids.push(server["id"].as_u64().unwrap());
        let ip: Ipv4Addr = server["public_net"]["ipv4"]["ip"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(ip.is_loopback());
        if cfg!(not(target_os = "linux")) {
            return skip("only Linux has all of 127.0.0.0/8");
        }
        // Both on one port, as a service wants it; each address has all of them.
        let port = ports.first().copied().unwrap_or(0);
        let (port, health) = program(ip, port, name).await;
        ports.push(port);
        healths.push(health);
    }
    let port = ports[0];
    let (first, second) = (certificate("web.example"), certificate("web.example"));
    let upload = async |name: &str, (pem, key): &(String, String)| {
        let body = json!({"name": name, "certificate": pem, "private_key": key});
        api.post("/certificates", body).await["certificate"]["id"]
            .as_u64()
            .unwrap()
    };
    let (old, new) = (upload("old", &first).await, upload("new", &second).await);
    let balancer = api
        .post(
            "/load_balancers",
            json!({
                "name": "web", "load_balancer_type": "lb11", "location": "fsn1",
                "services": [{"protocol": "https", "listen_port": 8443, "destination_port": port,
                    "proxyprotocol": false, "http": {"certificates": [old]},
                    "health_check": {"protocol": "http", "port": port, "interval": 3, "timeout": 2,
                                     "retries": 2, "http": {"path": "/healthz", "status_codes": ["2??"]}}}],
                "targets": [{"type": "label_selector", "label_selector": {"selector": "role=web"}}],
            }),
        )
        .await["load_balancer"]
        .clone();
    let path = format!("/load_balancers/{}", balancer["id"]);
    let wait_for = async |wanted: &dyn Fn(&[Value]) -> bool| loop {
        let now = api.get(&path).await;
        let targets = now["load_balancer"]["targets"][0]["targets"]
            .as_array()
            .unwrap()
            .clone();
        let health: Vec<Value> = targets
            .iter()
            .map(|t| t["health_status"][0].clone())
            .collect();
        if wanted(&health) {
            return health;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let well = |health: &Value| health["status"] == "healthy";
    wait_for(&|all| all.iter().all(well)).await;

    let listeners: Value = json_of(
        reqwest::get(format!(
            "{}/simulator/listeners",
            hetzner.endpoint().trim_end_matches("/v1")
        ))
        .await
        .unwrap(),
    )
    .await;
    let place: SocketAddr = listeners["listeners"][0]["address"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let known = [first.0.as_str(), second.0.as_str()];
    let mut seen = HashSet::new();
    for _ in 0..4 {
        let (which, text) = knock(place, "web.example", &known).await;
        assert_eq!(which, 0);
        seen.insert(text);
    }
    // In turn, and told what the client spoke.
    assert_eq!(
        seen,
        HashSet::from(["one true".to_owned(), "two true".to_owned()])
    );

    // One is not well, and says how.
    healths[1].store(503, Ordering::SeqCst);
    let health = wait_for(&|all| all.iter().any(|health| health["status"] == "unhealthy")).await;
    assert_eq!(health[1]["detail"], "unexpected_http_status");
    assert_eq!(health[1]["http_status_code"], 503);
    for _ in 0..4 {
        assert_eq!(knock(place, "web.example", &known).await.1, "one true");
    }
    healths[1].store(200, Ordering::SeqCst);
    wait_for(&|all| all.iter().all(well)).await;

    // Clients come all the time while the certificate is replaced.
    let done = Arc::new(AtomicBool::new(false));
    let (stop, pems) = (done.clone(), [first.0.clone(), second.0.clone()]);
    let clients = tokio::spawn(async move {
        let mut order = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            order.push(knock(place, "web.example", &[&pems[0], &pems[1]]).await.0);
        }
        order
    });
    let body = json!({"listen_port": 8443, "http": {"certificates": [new]}});
    api.post(&format!("{path}/actions/update_service"), body)
        .await;
    loop {
        if knock(place, "web.example", &known).await.0 == 1 {
            break;
        }
    }
    done.store(true, Ordering::SeqCst);
    let order = clients.await.unwrap();
    assert!(order.is_sorted(), "{order:?}");
    let used = api.get(&format!("/certificates/{old}")).await;
    assert_eq!(used["certificate"]["used_by"], json!([]));

    // Nothing answers for a server that is gone.
    for id in ids {
        let answer = api
            .send(Method::DELETE, &format!("/servers/{id}"), None)
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    wait_for(&|all| all.is_empty()).await;
}
