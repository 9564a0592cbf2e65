//! What Authlete and the network can do wrong, over a real socket and for each operation.
//!
//! Each failure is checked for the status that the client receives, the number of requests that
//! Authlete saw, leaks, and whether the next call works. No register, update or delete is ever
//! processed twice.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tower_dcr::DcrEndpoint;
use tower_dcr::authlete::AuthleteBackend;
use tower_dcr::operation::OperationKind;

use super::peer::Behaviour::{self, Drip, ProcessThenHang, ProcessThenReset, ProcessThenSend};
use super::peer::{Peer, TOKEN, read_request, response, response_head};
use super::support::*;

const ALL: [OperationKind; 4] = [
    OperationKind::Register,
    OperationKind::Read,
    OperationKind::Update,
    OperationKind::Delete,
];

/// A failure of the peer, and what must follow.
struct Failure {
    name: String,
    behaviour: Behaviour,
    /// The status and the `error` that the client receives.
    expected: (u16, &'static str),
    /// How many requests Authlete sees for a read, and for another operation.
    requests: (usize, usize),
}

/// Returns a failure with an invalid response. It is not retried, because it would fail again.
fn fails(name: impl Into<String>, behaviour: Behaviour) -> Failure {
    Failure {
        name: name.into(),
        behaviour,
        expected: (500, "server_error"),
        requests: (1, 1),
    }
}

/// Returns a failure without a response. Only a read is retried.
fn is_lost(name: impl Into<String>, behaviour: Behaviour) -> Failure {
    Failure {
        name: name.into(),
        behaviour,
        expected: (503, "temporarily_unavailable"),
        requests: (3, 1),
    }
}

fn responds(body: &Value) -> Behaviour {
    ProcessThenSend(response(200, &body.to_string()))
}

fn failures() -> Vec<Failure> {
    let mut failures = broken_connections();
    failures.extend(invalid_statuses());
    failures.extend(invalid_bodies());
    failures.extend(invalid_members());
    failures.extend(api_errors());
    failures
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// Returns a response that would be valid.
fn good() -> Value {
    let content = "{\"client_id\":\"SENTINEL\"}";
    json!({"resultCode": "A1", "action": "CREATED", "responseContent": content})
}

fn broken_connections() -> Vec<Failure> {
    let head = response_head(200, "application/json", 100);
    vec![
        is_lost("reset before the head", ProcessThenReset(Vec::new())),
        is_lost(
            "reset within the head",
            ProcessThenReset(bytes("HTTP/1.1 200 OK\r\nConte")),
        ),
        is_lost("reset after the head", ProcessThenReset(bytes(&head))),
        is_lost("closed without a response", ProcessThenSend(Vec::new())),
        is_lost("not HTTP", ProcessThenSend(bytes("SENTINEL\r\n\r\n"))),
        is_lost("hangs before the head", ProcessThenHang(Vec::new())),
        is_lost(
            "hangs in the body",
            ProcessThenHang(bytes(&format!("{head}{{"))),
        ),
        is_lost("drips slowly", Drip),
        is_lost(
            "truncated body",
            ProcessThenSend(bytes(&format!("{head}{{\"action\":"))),
        ),
    ]
}

fn invalid_statuses() -> Vec<Failure> {
    let moved = |status: u16| {
        bytes(&format!(
            "HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:1/SENTINEL\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        ))
    };
    let no_content = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    vec![
        fails("201", ProcessThenSend(response(201, &good().to_string()))),
        fails("204", ProcessThenSend(bytes(no_content))),
        fails("301", ProcessThenSend(moved(301))),
        fails("307", ProcessThenSend(moved(307))),
    ]
}

fn invalid_bodies() -> Vec<Failure> {
    let head = response_head(200, "application/json", 2);
    let not_utf_8 = [head.as_bytes(), b"\xff\xfe"].concat();
    let ten_mebibytes = "x".repeat(10 << 20);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
         {:x}\r\n{ten_mebibytes}\r\n0\r\n\r\n",
        ten_mebibytes.len()
    );
    let gzip = [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n".as_slice(),
        b"Connection: close\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0",
    ]
    .concat();
    let mut failures = vec![
        fails("not UTF-8", ProcessThenSend(not_utf_8)),
        fails("10 MiB in chunks", ProcessThenSend(bytes(&chunked))),
        fails("gzip without Accept-Encoding", ProcessThenSend(gzip)),
    ];
    for (name, body) in [
        ("malformed body", "{\"action\":SENTINEL".to_owned()),
        ("empty body", String::new()),
        ("HTML body", "<html>SENTINEL</html>".to_owned()),
        ("an array", "[]".to_owned()),
        ("byte order mark", format!("\u{feff}{}", good())),
        ("10 MiB", ten_mebibytes),
    ] {
        failures.push(fails(name, ProcessThenSend(response(200, &body))));
    }
    failures
}

fn invalid_members() -> Vec<Failure> {
    let with = |name: &str, value: Value| {
        let mut body = good();
        body[name] = value;
        body
    };
    let without = |name: &str| {
        let mut body = good();
        body.as_object_mut().unwrap().remove(name);
        body
    };
    let refused = |content: Value| json!({"action": "BAD_REQUEST", "responseContent": content});
    let mut failures = Vec::new();
    for (name, body) in [
        ("an unknown action", with("action", json!("SENTINEL"))),
        ("no action", without("action")),
        ("action is an array", with("action", json!(["OK"]))),
        ("no responseContent", json!({"action": "BAD_REQUEST"})),
        ("responseContent is null", refused(json!(null))),
        ("responseContent is not JSON", refused(json!("SENTINEL"))),
        (
            "an array in responseContent",
            refused(json!("[\"SENTINEL\"]")),
        ),
        ("responseContent is an array", refused(json!(["SENTINEL"]))),
    ] {
        failures.push(fails(name, responds(&body)));
    }
    failures
}

fn api_errors() -> Vec<Failure> {
    let error = json!({"resultCode": "A001", "resultMessage": "[A001] SENTINEL"}).to_string();
    let numeric = json!({"resultCode": 404, "resultMessage": 7}).to_string();
    let mut failures = vec![fails(
        "404 with a numeric code",
        ProcessThenSend(response(404, &numeric)),
    )];
    for status in [400, 401, 403, 404, 409, 500, 502, 503, 504] {
        for body in [&error, "<html>SENTINEL</html>", ""] {
            let name = format!("{status} with {body:?}");
            let behaviour = ProcessThenSend(response(status, body));
            let mut failure = match status {
                502..=504 => is_lost(name, behaviour),
                _ => fails(name, behaviour),
            };
            if status >= 500 {
                failure.requests = (3, 1);
            }
            failures.push(failure);
        }
    }
    failures
}

/// An endpoint in front of a peer.
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

    /// Registers a client while the peer behaves well. Returns its ID and its token.
    async fn register(&self) -> (String, String) {
        self.peer.behave(Behaviour::Emulate);
        let answer = send(&self.endpoint, registration_request(CLIENT)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let client = answer.json();
        let issued = |name: &str| client[name].as_str().unwrap().to_owned();
        (issued("client_id"), issued("registration_access_token"))
    }

    /// Executes an operation while the peer behaves like this.
    async fn under(&self, behaviour: &Behaviour, kind: OperationKind) -> TestResponse {
        let (id, token) = self.register().await;
        let path = format!("/register/{id}");
        let body = json!({"client_id": id, "redirect_uris": ["https://client.example.org/cb"]})
            .to_string();
        self.peer.behave(behaviour.clone());
        let request = match kind {
            OperationKind::Register => registration_request(CLIENT),
            OperationKind::Read => configuration_request("GET", &path, &token, ""),
            OperationKind::Update => configuration_request("PUT", &path, &token, body),
            OperationKind::Delete => configuration_request("DELETE", &path, &token, ""),
        };
        send(&self.endpoint, request).await
    }

    /// Panics if a change was processed twice.
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
fn assert_nothing_leaked(name: &str, answer: &TestResponse) {
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
async fn each_failure_of_each_operation_has_its_status_and_is_never_processed_twice() {
    let server = Server::new(Peer::start().await);
    let failures = failures();
    for failure in &failures {
        for kind in ALL {
            let name = format!("{} on {kind}", failure.name);
            let answer = server.under(&failure.behaviour, kind).await;
            let (status, error) = failure.expected;
            assert_eq!(
                (answer.status.as_u16(), &*answer.error()),
                (status, error),
                "{name}"
            );
            answer.assert_well_formed();
            assert_nothing_leaked(&name, &answer);
            assert_eq!(answer.header("retry-after"), None, "{name}");

            let (for_read, for_change) = failure.requests;
            let expected = if kind == OperationKind::Read {
                for_read
            } else {
                for_change
            };
            assert_eq!(server.peer.seen().len(), expected, "{name}");
            server.assert_processed_once(&name);
            server.register().await;
        }
    }
    println!("{} failures for 4 operations", failures.len());
}

#[tokio::test]
async fn action_of_another_operation_returns_500() {
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
            let answer = server.under(&responds(&answer), kind).await;
            answer.assert_error(500, "server_error");
            assert_nothing_leaked(action, &answer);
            assert_eq!(server.peer.seen().len(), 1);
        }
    }
}

#[tokio::test]
async fn unknown_response_members_are_ignored() {
    let server = Server::new(Peer::start().await);
    let content = "{\"client_id\":\"1\"}";
    let mut answer = json!({
        "action": "CREATED",
        "responseContent": content,
        "resultCode": 7,
        "somethingNew": {"a": [1, null]},
        "client": {
            "tokenAuthMethod": "AN_UNKNOWN_ENUM",
            "grantTypes": null,
            "clientType": [null],
            "clientId": 1e300,
        },
    });
    for client in [answer["client"].clone(), json!(null), json!([]), json!("x")] {
        answer["client"] = client;
        let got = server
            .under(&responds(&answer), OperationKind::Register)
            .await;
        assert_eq!((got.status.as_u16(), &*got.body), (201, content.as_bytes()));
    }
    // The content type is wrong, but the body is right.
    let text = answer.to_string();
    let head = response_head(200, "text/html; charset=iso-8859-1", text.len());
    let mistyped = ProcessThenSend(format!("{head}{text}").into_bytes());
    assert_eq!(
        server
            .under(&mistyped, OperationKind::Register)
            .await
            .status,
        201
    );
}

/// After a 429 every operation is retried, because Authlete did nothing.
#[tokio::test]
async fn rate_limited_call_is_retried_after_the_wait_that_authlete_asks_for() {
    let server = Server::new(Peer::start().await);
    let limited = |headers: &str| {
        Behaviour::SendOnly(
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
        // If the wait is longer than the call's time, the client is told to wait.
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
    // After the wait, the call is retried.
    server.peer.behave(limited("Retry-After: 1\r\n"));
    let endpoint = server.endpoint.clone();
    let call = tokio::spawn(async move { send(&endpoint, registration_request(CLIENT)).await });
    while server.peer.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    server.peer.behave(Behaviour::Emulate);
    assert_eq!(call.await.unwrap().status, 201);
    assert_eq!(server.peer.processed(), [OperationKind::Register]);
}

/// Some HTTP clients resend a request if a connection that they used before breaks. Ours must not,
/// because the server has read the request.
#[tokio::test]
async fn register_is_not_resent_if_a_reused_connection_breaks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                // The first request on a connection is answered. The second is only read.
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
        assert_eq!(
            send(&endpoint, registration_request(CLIENT)).await.status,
            201
        );
        assert_eq!(seen.swap(0, Ordering::SeqCst), 1, "{round}");
        let answer = send(&endpoint, registration_request(CLIENT)).await;
        answer.assert_error(503, "temporarily_unavailable");
        assert_eq!(seen.swap(0, Ordering::SeqCst), 1, "{round}");
    }
}

#[tokio::test]
async fn refused_connection_returns_503_and_a_known_outcome() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    // Only its settings are used, until it listens on the address.
    let elsewhere = Peer::start().await;
    let backend = elsewhere
        .builder()
        .base_url(format!("http://{address}"))
        .build()
        .unwrap();
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(backend));
    for request in [
        registration_request(CLIENT),
        configuration_request("GET", "/register/1", "token", ""),
        configuration_request("PUT", "/register/1", "token", CLIENT),
        configuration_request("DELETE", "/register/1", "token", ""),
    ] {
        let answer = send(&endpoint, request).await;
        answer.assert_error(503, "temporarily_unavailable");
        // Nothing was sent, so the outcome is known.
        assert!(!answer.json().to_string().contains("unknown"));
        assert_nothing_leaked("refused", &answer);
    }
    // The server starts, and the next call works.
    let peer = Peer::start_on(TcpListener::bind(address).await.unwrap());
    assert_eq!(
        send(&endpoint, registration_request(CLIENT)).await.status,
        201
    );
    assert_eq!(peer.processed(), [OperationKind::Register]);
}
