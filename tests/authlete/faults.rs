//! What Authlete, and all that stands between, can do wrong. For each fault, over a real socket and for each operation:
//! the status that the client gets, the number of requests that Authlete saw, that nothing leaked, and that the next call
//! works. No register, update or delete is ever processed twice.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tower_dcr::DcrEndpoint;
use tower_dcr::authlete::AuthleteBackend;
use tower_dcr::operation::OperationKind;

use super::peer::{Behaviour, Peer, TOKEN, read_request, response, response_head};
use super::support::*;

const ALL: [OperationKind; 4] = [
    OperationKind::Register,
    OperationKind::Read,
    OperationKind::Update,
    OperationKind::Delete,
];

/// A fault, and what becomes of it.
struct Fault {
    name: String,
    behaviour: Behaviour,
    /// The status and the `error` of the answer.
    answer: (u16, &'static str),
    /// How many requests Authlete sees of a read, and of the others.
    requests: (usize, usize),
}

/// With an answer that is none: what is wrong will be wrong again.
fn fails(name: impl Into<String>, behaviour: Behaviour) -> Fault {
    Fault {
        name: name.into(),
        behaviour,
        answer: (500, "server_error"),
        requests: (1, 1),
    }
}

/// Without an answer: a read is tried again, the others never.
fn is_lost(name: impl Into<String>, behaviour: Behaviour) -> Fault {
    Fault {
        name: name.into(),
        behaviour,
        answer: (503, "temporarily_unavailable"),
        requests: (3, 1),
    }
}

fn answered(body: &Value) -> Behaviour {
    Behaviour::Instead(response(200, &body.to_string()))
}

fn faults() -> Vec<Fault> {
    let content = "{\"client_id\":\"SENTINEL\"}";
    let good = json!({"resultCode": "A1", "action": "CREATED", "responseContent": content});
    let with = |name: &str, value: Value| {
        let mut answer = good.clone();
        answer[name] = value;
        answer
    };
    let without = |name: &str| {
        let mut answer = good.clone();
        answer.as_object_mut().unwrap().remove(name);
        answer
    };
    let error = json!({"resultCode": "A001", "resultMessage": "[A001] SENTINEL"}).to_string();
    let numeric = json!({"resultCode": 404, "resultMessage": 7}).to_string();
    let head = response_head(200, "application/json", 100);
    let moved = |status: u16| {
        format!(
            "HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:1/SENTINEL\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .into_bytes()
    };

    let mut faults = vec![
        is_lost("reset before the headers", Behaviour::Reset(Vec::new())),
        is_lost("reset within the headers", Behaviour::Reset(b"HTTP/1.1 200 OK\r\nConte".to_vec())),
        is_lost("reset after the headers", Behaviour::Reset(head.clone().into_bytes())),
        is_lost("closed without an answer", Behaviour::Instead(Vec::new())),
        is_lost("not HTTP", Behaviour::Instead(b"SENTINEL\r\n\r\n".to_vec())),
        is_lost("hangs before the headers", Behaviour::Hang(Vec::new())),
        is_lost("hangs in the body", Behaviour::Hang(format!("{head}{{").into_bytes())),
        is_lost("drips slowly", Behaviour::Drip),
        is_lost("truncated body", Behaviour::Instead(format!("{head}{{\"action\":").into_bytes())),
        fails("malformed body", Behaviour::Instead(response(200, "{\"action\":SENTINEL"))),
        fails("empty body", Behaviour::Instead(response(200, ""))),
        fails("HTML body", Behaviour::Instead(response(200, "<html>SENTINEL</html>"))),
        fails("an array", Behaviour::Instead(response(200, "[]"))),
        fails("not UTF-8", Behaviour::Instead([response_head(200, "application/json", 2).as_bytes(), b"\xff\xfe"].concat())),
        fails("byte order mark", Behaviour::Instead(response(200, &format!("\u{feff}{good}")))),
        fails("201", Behaviour::Instead(response(201, &good.to_string()))),
        fails("204", Behaviour::Instead(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec())),
        fails("301", Behaviour::Instead(moved(301))),
        fails("307", Behaviour::Instead(moved(307))),
        fails("404 with a numeric code", Behaviour::Instead(response(404, &numeric))),
        fails("an unknown action", answered(&with("action", json!("SENTINEL")))),
        fails("no action", answered(&without("action"))),
        fails("an action that is no string", answered(&with("action", json!(["OK"])))),
        fails("no responseContent", answered(&json!({"action": "BAD_REQUEST"}))),
        fails("responseContent null", answered(&json!({"action": "BAD_REQUEST", "responseContent": null}))),
        fails("responseContent not JSON", answered(&json!({"action": "BAD_REQUEST", "responseContent": "SENTINEL"}))),
        fails("responseContent of an array", answered(&json!({"action": "BAD_REQUEST", "responseContent": "[\"SENTINEL\"]"}))),
        fails("responseContent that is an array", answered(&json!({"action": "BAD_REQUEST", "responseContent": ["SENTINEL"]}))),
        fails("10 MiB", Behaviour::Instead(response(200, &"x".repeat(10 << 20)))),
        fails(
            "10 MiB in chunks",
            Behaviour::Instead(
                format!(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                    10 << 20,
                    "x".repeat(10 << 20)
                )
                .into_bytes(),
            ),
        ),
        fails(
            "gzip that was not asked for",
            Behaviour::Instead(
                [
                    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\nConnection: close\r\n\r\n".as_slice(),
                    b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0",
                ]
                .concat(),
            ),
        ),
    ];
    for status in [400, 401, 403, 404, 409, 500, 502, 503, 504] {
        for body in [&error, "<html>SENTINEL</html>", ""] {
            let name = format!("{status} with {body:?}");
            let behaviour = Behaviour::Instead(response(status, body));
            let mut fault = match status {
                502..=504 => is_lost(name, behaviour),
                _ => fails(name, behaviour),
            };
            if status >= 500 {
                fault.requests = (3, 1);
            }
            faults.push(fault);
        }
    }
    faults
}

/// A client of the layer's in front of a peer.
struct Server {
    peer: Peer,
    endpoint: DcrEndpoint<AuthleteBackend>,
}

impl Server {
    fn new(peer: Peer) -> Self {
        let backend = AuthleteBackend::new(peer.builder().build().unwrap());
        Self {
            peer,
            endpoint: DcrEndpoint::new(backend),
        }
    }

    /// A registration that goes well: the next call works.
    async fn register(&self) -> (String, String) {
        self.peer.behave(Behaviour::Well);
        let answer = ask(&self.endpoint, register(CLIENT)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let client = answer.json();
        let issued = |name: &str| client[name].as_str().unwrap().to_owned();
        (issued("client_id"), issued("registration_access_token"))
    }

    /// One operation while the peer behaves so.
    async fn under(&self, behaviour: &Behaviour, kind: OperationKind) -> Answer {
        let (id, token) = self.register().await;
        let path = format!("/register/{id}");
        let body = json!({"client_id": id, "redirect_uris": ["https://client.example.org/cb"]})
            .to_string();
        self.peer.behave(behaviour.clone());
        let request = match kind {
            OperationKind::Register => register(CLIENT),
            OperationKind::Read => configure("GET", &path, &token, ""),
            OperationKind::Update => configure("PUT", &path, &token, body),
            OperationKind::Delete => configure("DELETE", &path, &token, ""),
        };
        ask(&self.endpoint, request).await
    }

    /// What was processed twice, if anything that must not be.
    fn assert_processed_once(&self, name: &str) {
        for kind in [
            OperationKind::Register,
            OperationKind::Update,
            OperationKind::Delete,
        ] {
            let processed = self.peer.processed();
            let count = processed
                .iter()
                .filter(|processed| **processed == kind)
                .count();
            assert!(count <= 1, "{name}: {kind} was processed {count} times");
        }
    }
}

#[track_caller]
fn assert_nothing_leaked(name: &str, answer: &Answer) {
    let mut text = format!("{answer:?} {:?}", answer.body);
    let mut cause = answer
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.cause())
        .map(|cause| cause as &(dyn std::error::Error + 'static));
    while let Some(error) = cause {
        write!(text, "{error} {error:?}").unwrap();
        cause = error.source();
    }
    assert!(
        !text.contains("SENTINEL") && !text.contains(TOKEN),
        "{name}: {text}"
    );
}

#[tokio::test]
async fn every_fault_for_every_operation() {
    let server = Server::new(Peer::start().await);
    let faults = faults();
    for fault in &faults {
        for kind in ALL {
            let name = format!("{} on {kind}", fault.name);
            let answer = server.under(&fault.behaviour, kind).await;
            let (status, error) = fault.answer;
            assert_eq!(
                (answer.status.as_u16(), &*answer.error()),
                (status, error),
                "{name}"
            );
            answer.assert_well_formed();
            assert_nothing_leaked(&name, &answer);
            assert_eq!(answer.header("retry-after"), None, "{name}");

            let (of_a_read, of_others) = fault.requests;
            let expected = if kind == OperationKind::Read {
                of_a_read
            } else {
                of_others
            };
            assert_eq!(server.peer.seen().len(), expected, "{name}");
            server.assert_processed_once(&name);
            server.register().await;
        }
    }
    println!("{} faults for 4 operations", faults.len());
}

#[tokio::test]
async fn an_action_of_another_operation() {
    let server = Server::new(Peer::start().await);
    for (action, answers) in [
        ("CREATED", OperationKind::Register),
        ("OK", OperationKind::Read),
        ("UPDATED", OperationKind::Update),
        ("DELETED", OperationKind::Delete),
    ] {
        for kind in ALL.into_iter().filter(|kind| *kind != answers) {
            let answer =
                json!({"action": action, "responseContent": "{\"client_id\":\"SENTINEL\"}"});
            let answer = server.under(&answered(&answer), kind).await;
            answer.assert_error(500, "server_error");
            assert_nothing_leaked(action, &answer);
            assert_eq!(server.peer.seen().len(), 1);
        }
    }
}

/// What is no fault, though others take it for one.
#[tokio::test]
async fn what_does_not_matter() {
    let server = Server::new(Peer::start().await);
    let content = "{\"client_id\":\"1\"}";
    let mut answer = json!({
        "action": "CREATED",
        "responseContent": content,
        "resultCode": 7,
        "somethingNew": {"a": [1, null]},
        "client": {"tokenAuthMethod": "AN_UNKNOWN_ENUM", "grantTypes": null, "clientType": [null], "clientId": 1e300},
    });
    for client in [answer["client"].clone(), json!(null), json!([]), json!("x")] {
        answer["client"] = client;
        let got = server
            .under(&answered(&answer), OperationKind::Register)
            .await;
        assert_eq!((got.status.as_u16(), &*got.body), (201, content.as_bytes()));
    }
    // A content type that is wrong, and an answer that is right.
    let text = answer.to_string();
    let head = response_head(200, "text/html; charset=iso-8859-1", text.len());
    let mistyped = Behaviour::Instead(format!("{head}{text}").into_bytes());
    assert_eq!(
        server
            .under(&mistyped, OperationKind::Register)
            .await
            .status,
        201
    );
}

/// 429: Authlete did nothing, so every operation is tried again, when Authlete says.
#[tokio::test]
async fn rate_limits() {
    let server = Server::new(Peer::start().await);
    let limited = |headers: &str| {
        Behaviour::Refuse(
            format!(
                "HTTP/1.1 429 Too Many\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
            .into_bytes(),
        )
    };
    for kind in ALL {
        for headers in ["", "RateLimit-Reset: 0\r\n", "Retry-After: 0\r\n"] {
            let answer = server.under(&limited(headers), kind).await;
            answer.assert_error(503, "temporarily_unavailable");
            assert_eq!(server.peer.seen().len(), 3, "{kind} {headers}");
            assert_eq!(server.peer.processed(), []);
        }
        // A wait that does not fit is the client's to make.
        for headers in [
            "Retry-After: 60\r\n",
            "X-RateLimit-Reset: 60\r\n",
            "RateLimit-Reset: 60\r\nRetry-After: 1\r\n",
        ] {
            let started = std::time::Instant::now();
            let answer = server.under(&limited(headers), kind).await;
            answer.assert_error(503, "temporarily_unavailable");
            assert_eq!(answer.header("retry-after"), Some("60"));
            assert_eq!(server.peer.seen().len(), 1, "{kind} {headers}");
            assert!(started.elapsed().as_secs() < 3);
        }
        server.register().await;
    }
    // After the wait, the call is made again.
    server.peer.behave(limited("Retry-After: 1\r\n"));
    let endpoint = server.endpoint.clone();
    let call = tokio::spawn(async move { ask(&endpoint, register(CLIENT)).await });
    while server.peer.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    server.peer.behave(Behaviour::Well);
    assert_eq!(call.await.unwrap().status, 201);
    assert_eq!(server.peer.processed(), [OperationKind::Register]);
}

/// A connection that was used before, and breaks once the next request is read: what HTTP clients send again by
/// themselves must not be this.
#[tokio::test]
async fn a_reused_connection_that_breaks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                // The first request on a connection is answered, and kept alive; the second is read, and no more.
                let answer = json!({"action": "CREATED", "responseContent": "{}"}).to_string();
                let length = answer.len();
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{answer}");
                for answer in [answer.as_str(), ""] {
                    if read_request(&mut stream).await.is_none() {
                        return;
                    }
                    count.fetch_add(1, Ordering::SeqCst);
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    let settings = Peer::start().await;
    let client = settings
        .builder()
        .base_url(format!("http://{address}"))
        .build()
        .unwrap();
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    for round in 1..=10 {
        assert_eq!(ask(&endpoint, register(CLIENT)).await.status, 201);
        assert_eq!(seen.swap(0, Ordering::SeqCst), 1, "{round}");
        let answer = ask(&endpoint, register(CLIENT)).await;
        answer.assert_error(503, "temporarily_unavailable");
        assert_eq!(seen.swap(0, Ordering::SeqCst), 1, "{round}");
    }
}

#[tokio::test]
async fn refused_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    // Its settings alone are used, until it is there.
    let elsewhere = Peer::start().await;
    let backend = elsewhere
        .builder()
        .base_url(format!("http://{address}"))
        .build()
        .unwrap();
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(backend));
    for request in [
        register(CLIENT),
        configure("GET", "/register/1", "token", ""),
        configure("PUT", "/register/1", "token", CLIENT),
        configure("DELETE", "/register/1", "token", ""),
    ] {
        let answer = ask(&endpoint, request).await;
        answer.assert_error(503, "temporarily_unavailable");
        // Nothing happened, so nothing is said to be unknown.
        assert!(!answer.json().to_string().contains("unknown"));
        assert_nothing_leaked("refused", &answer);
    }
    // It comes up, and the next call works.
    let peer = Peer::start_on(TcpListener::bind(address).await.unwrap());
    assert_eq!(ask(&endpoint, register(CLIENT)).await.status, 201);
    assert_eq!(peer.processed(), [OperationKind::Register]);
}
