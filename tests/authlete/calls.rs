//! The client on its own, and what it sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body_util::Full;
use serde_json::{Value, json};
use tower_dcr::authlete::{AuthleteBackend, Credentials, ErrorKind, RetryPolicy};
use tower_dcr::operation::{Delete, Read, Register, Update};
use tower_dcr::policy::{AnswerUnauthorized, HideUnusedSecret};
use tower_dcr::{
    Action, Backend, BearerToken, BoxError, ClientMetadata, DcrEndpoint, ErrorCode, Operation,
    Reply, backend_fn,
};

use super::peer::{Behaviour, Peer, SERVICE, TOKEN, response};
use super::support::*;

fn metadata(text: &str) -> ClientMetadata {
    ClientMetadata::parse(text).unwrap()
}

fn registration() -> Operation {
    Register::new(metadata("{ \"client_name\": \"My Dynamic Client\" }")).into()
}

fn token(text: &str) -> BearerToken {
    BearerToken::new(text).unwrap()
}

#[tokio::test]
async fn the_whole_answer_of_each_call() {
    let peer = Peer::start().await;
    let client = peer.builder().build().unwrap();
    let Operation::Register(register) = registration() else {
        unreachable!();
    };
    let created = client.register(register).await.unwrap();
    assert_eq!(created.action(), Action::Created);
    assert_eq!(created.result_code(), Some("A202001"));
    assert!(created.result_message().unwrap().starts_with("[A202001] "));
    let raw: Value = serde_json::from_str(created.client().unwrap().get()).unwrap();
    assert_eq!(raw["clientName"], "My Dynamic Client");
    assert_eq!(raw["tokenAuthMethod"], "CLIENT_SECRET_BASIC");
    let information: Value = serde_json::from_str(created.response_content().unwrap()).unwrap();
    let id = information["client_id"].as_str().unwrap();
    let rat = || token(information["registration_access_token"].as_str().unwrap());

    let read = client.read(Read::new(id, rat())).await.unwrap();
    assert_eq!(
        (read.action(), read.result_code()),
        (Action::Ok, Some("A217001"))
    );
    let update = Update::new(id, rat(), metadata(&json!({"client_id": id}).to_string()));
    let updated = client.update(update).await.unwrap();
    assert_eq!(
        (updated.action(), updated.result_code()),
        (Action::Updated, Some("A213001"))
    );
    let deleted = client.delete(Delete::new(id, rat())).await.unwrap();
    assert_eq!(
        (deleted.action(), deleted.result_code()),
        (Action::Deleted, Some("A216001"))
    );
    assert!(deleted.response_content().is_none() && deleted.client().is_none());
    let gone = client.call(&Read::new(id, rat()).into()).await.unwrap();
    assert_eq!(gone.action(), Action::Unauthorized);
    assert_eq!(
        format!("{gone:?}"),
        "Answer { action: Unauthorized, result_code: Some(\"E000401\"), .. }"
    );
}

#[tokio::test]
async fn what_an_api_error_says_is_behind_an_accessor() {
    let peer = Peer::start().await;
    let client = peer.builder().build().unwrap();
    let body = json!({"resultCode": "A001215", "resultMessage": "[A001215] The client is locked."});
    peer.behave(Behaviour::Instead(response(403, &body.to_string())));
    let error = client.call(&registration()).await.unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::Api { status, result_code: Some(code), .. } if status.as_u16() == 403 && code == "A001215"
    ));
    assert_eq!(
        error.result_message(),
        Some("[A001215] The client is locked.")
    );
    assert_eq!(error.to_string(), "Authlete answered 403 (A001215)");
    assert!(!format!("{error:?}").contains("locked"));

    // What does not look like a code is none: it goes into logs.
    for code in [
        "A1\nERROR forged",
        "SENTINEL ".repeat(10).as_str(),
        "\u{1b}[2J",
    ] {
        let body = json!({"resultCode": code});
        peer.behave(Behaviour::Instead(response(403, &body.to_string())));
        let error = client.call(&registration()).await.unwrap_err();
        assert_eq!(error.to_string(), "Authlete answered 403");
    }
}

#[tokio::test]
async fn the_client_of_an_answer_may_be_missing_or_null() {
    let peer = Peer::start().await;
    let client = peer.builder().build().unwrap();
    for (more, there) in [
        ("", false),
        (r#","client":null"#, false),
        (r#","client":{}"#, true),
    ] {
        let body = format!(r#"{{"action":"OK"{more}}}"#);
        peer.behave(Behaviour::Instead(response(200, &body)));
        let answer = client.call(&registration()).await.unwrap();
        assert_eq!(answer.client().is_some(), there, "{body}");
    }
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit() {
    let peer = Peer::start().await;
    let answer = json!({"action": "CREATED", "responseContent": "{}"}).to_string();
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{:x}\r\n{answer}\r\n0\r\n\r\n",
        answer.len()
    );
    for bytes in [response(200, &answer), chunked.into_bytes()] {
        peer.behave(Behaviour::Instead(bytes));
        let fits = peer.builder().answer_limit(answer.len()).build().unwrap();
        assert_eq!(
            fits.call(&registration()).await.unwrap().action(),
            Action::Created
        );
        let too_small = peer
            .builder()
            .answer_limit(answer.len() - 1)
            .build()
            .unwrap();
        let error = too_small.call(&registration()).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::TooLarge);
    }
}

#[tokio::test]
async fn an_initial_access_token_is_not_sent_unless_told_to() {
    let peer = Peer::start().await;
    let asked = || Register::new(metadata("{}")).with_initial_access_token(token("initial"));
    peer.builder()
        .build()
        .unwrap()
        .call(&asked().into())
        .await
        .unwrap();
    assert_eq!(peer.seen()[0].body, "{\"json\":\"{}\"}");
    peer.behave(Behaviour::Well);
    let told = peer.builder().send_initial_access_token().build().unwrap();
    told.call(&asked().into()).await.unwrap();
    assert_eq!(
        peer.seen()[0].body,
        "{\"json\":\"{}\",\"token\":\"initial\"}"
    );
}

#[tokio::test]
async fn headers_a_user_agent_and_a_base_url_with_a_path() {
    let peer = Peer::start().await;
    let client = peer
        .builder()
        .base_url(format!("http://{}/proxy/to/authlete/", peer.address))
        .header(
            HeaderName::from_static("x-trace"),
            HeaderValue::from_static("1"),
        )
        .user_agent(HeaderValue::from_static("mine/1"))
        .build()
        .unwrap();
    // The emulator is not behind such a path.
    client.call(&registration()).await.unwrap_err();
    let seen = peer.seen().remove(0);
    assert!(
        seen.head
            .starts_with("POST /proxy/to/authlete/api/715948317/client/registration HTTP/1.1\r\n")
    );
    assert!(seen.head.contains("\r\nx-trace: 1\r\n"));
    assert!(seen.head.contains("\r\nuser-agent: mine/1\r\n"));
    assert_eq!(seen.head.matches("authorization:").count(), 1);
    assert!(
        seen.head
            .contains(&format!("authorization: Bearer {TOKEN}"))
    );

    peer.behave(Behaviour::Well);
    peer.builder()
        .build()
        .unwrap()
        .call(&registration())
        .await
        .unwrap();
    assert!(
        peer.seen()[0]
            .head
            .contains(concat!("user-agent: tower-dcr/", env!("CARGO_PKG_VERSION")))
    );
}

#[derive(Clone)]
struct Tenant(&'static str);

#[tokio::test]
async fn credentials_from_a_function_that_sees_the_operation() {
    let peer = Peer::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let client = peer
        .builder()
        .credentials_fn(move |operation| {
            count.fetch_add(1, Ordering::SeqCst);
            let tenant = operation
                .parts()
                .extensions
                .get::<Tenant>()
                .map(|tenant| tenant.0);
            async move {
                let service = tenant.ok_or_else(|| BoxError::from("no tenant"))?;
                Ok(Credentials::new(service, TOKEN)?)
            }
        })
        .build()
        .unwrap();
    let of = |tenant| {
        let mut request = http::Request::new(());
        request.extensions_mut().insert(Tenant(tenant));
        registration().with_parts(request.into_parts().0)
    };
    assert_eq!(
        client.call(&of(SERVICE)).await.unwrap().action(),
        Action::Created
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(matches!(
        client.call(&of("2")).await.unwrap_err().kind(),
        ErrorKind::Api { .. }
    ));
    assert!(
        peer.seen()[1]
            .head
            .starts_with("POST /api/2/client/registration ")
    );

    // It fails, or gives what could leave the path: nothing is sent.
    peer.behave(Behaviour::Well);
    for bad in [registration(), of(".."), of("1/../2"), of("")] {
        let error = client.call(&bad).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Configuration);
    }
    assert!(peer.seen().is_empty());

    // What has not been sent in time has not been done: it is tried again, and not said to be unknown.
    let hanging = peer
        .builder()
        .attempt_timeout(Duration::from_millis(20))
        .credentials_fn(|_| std::future::pending())
        .build()
        .unwrap();
    let error = hanging.call(&registration()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Timeout);
    assert!(!error.is_outcome_unknown());
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(hanging));
    let answer = ask(&endpoint, register(CLIENT)).await;
    answer.assert_error(503, "temporarily_unavailable");
    assert!(!answer.json().to_string().contains("unknown"));
    assert!(peer.seen().is_empty());

    // Tokens rotate: each attempt asks anew.
    peer.behave(Behaviour::Refuse(response(429, "{}")));
    asked.store(0, Ordering::SeqCst);
    client.call(&of(SERVICE)).await.unwrap_err();
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn retries_can_be_switched_off_and_are_bounded_by_the_time_of_the_call() {
    let peer = Peer::start().await;
    let once = peer.builder().retry(RetryPolicy::never()).build().unwrap();
    peer.behave(Behaviour::Refuse(response(429, "{}")));
    once.call(&registration()).await.unwrap_err();
    assert_eq!(peer.seen().len(), 1);

    let slow = RetryPolicy::new(100, Duration::from_millis(200), Duration::from_millis(400));
    let bounded = peer
        .builder()
        .retry(slow)
        .timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    peer.behave(Behaviour::Refuse(response(429, "{}")));
    let started = std::time::Instant::now();
    let error = bounded.call(&registration()).await.unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::RateLimited { wait: None, .. }
    ));
    assert!((2..5).contains(&peer.seen().len()), "{}", peer.seen().len());
    assert!(started.elapsed() < Duration::from_secs(3));
}

/// No limit is no reason to panic.
#[tokio::test]
async fn the_longest_times_of_all() {
    let peer = Peer::start().await;
    let patient = peer
        .builder()
        .timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .retry(RetryPolicy::new(u32::MAX, Duration::ZERO, Duration::MAX));
    if let Ok(patient) = patient.build() {
        patient.call(&registration()).await.unwrap();
    }
    let patient = peer
        .builder()
        .timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .build()
        .unwrap();
    patient.call(&registration()).await.unwrap();
    for wait in ["18446744073709551615", "9999999999999"] {
        peer.behave(Behaviour::Refuse(
            format!("HTTP/1.1 429 Too Many\r\nRetry-After: {wait}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes(),
        ));
        let error = patient.call(&registration()).await.unwrap_err();
        assert!(matches!(
            error.kind(),
            ErrorKind::RateLimited { wait: Some(_), .. }
        ));
    }
}

/// The HTTP client is anybody's, and what its errors mean too.
#[tokio::test]
async fn an_http_client_of_ones_own() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let broken = tower::service_fn(move |request: http::Request<Full<Bytes>>| {
        // What logs requests does not show this one.
        assert!(request.headers()["authorization"].is_sensitive());
        count.fetch_add(1, Ordering::SeqCst);
        async { Err::<http::Response<Full<Bytes>>, _>("no route to host") }
    });
    let builder = Peer::start().await.builder().http_client(broken);
    let unknown = builder.clone().build().unwrap();
    let error = unknown.call(&registration()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Interrupted);
    assert_eq!(calls.load(Ordering::SeqCst), 1);

    let known = builder
        .connect_error(|error| error.to_string().contains("no route"))
        .build()
        .unwrap();
    let error = known.call(&registration()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Connect);
    assert_eq!(calls.load(Ordering::SeqCst), 1 + 3);
}

fn canned(reply: Reply) -> impl Backend {
    backend_fn(move |_: Operation| {
        let reply = reply.clone();
        async move { Ok::<_, BoxError>(reply) }
    })
}

#[tokio::test]
async fn a_secret_that_is_not_used_is_hidden_where_asked_for() {
    let content = |method: &str| {
        format!(
            r#"{{"client_id":"1","n":1.50,"client_secret":"s","client_secret_expires_at":0,"token_endpoint_auth_method":"{method}"}}"#
        )
    };
    for (method, hidden) in [("none", true), ("client_secret_basic", false)] {
        let replies = [
            Reply::created(content(method)),
            Reply::ok(content(method)),
            Reply::updated(content(method)),
        ];
        for (reply, request) in replies.into_iter().zip([
            register(CLIENT),
            configure("GET", "/register/1", "t", ""),
            configure("PUT", "/register/1", "t", CLIENT),
        ]) {
            let endpoint = DcrEndpoint::new(HideUnusedSecret::new(canned(reply.with_reason("A1"))));
            let answer = ask(&endpoint, request).await;
            assert!(answer.status.is_success());
            assert_eq!(answer.outcome.as_ref().unwrap().reason(), Some("A1"));
            let information = answer.json();
            for name in ["client_secret", "client_secret_expires_at"] {
                assert_eq!(
                    information.get(name).is_none(),
                    hidden,
                    "{name} with {method}"
                );
            }
            // The rest as it was, digits too.
            assert!(answer.body.windows(8).any(|bytes| bytes == b"\"n\":1.50"));
        }
    }
    // What is no client information is not looked at.
    let refused = Reply::bad_request(content("none"));
    let answer = ask(
        &DcrEndpoint::new(HideUnusedSecret::new(canned(refused))),
        register(CLIENT),
    )
    .await;
    assert_eq!(answer.body, content("none"));
}

#[tokio::test]
async fn a_bad_request_is_unauthorized_where_asked_for() {
    let invalid_token =
        || Reply::refuse(ErrorCode::InvalidToken, "x").with_action(Action::BadRequest);
    let invalid_metadata = || Reply::refuse(ErrorCode::InvalidClientMetadata, "x");
    for (method, path, reply, status) in [
        ("GET", "/register/1", invalid_metadata(), 401),
        ("DELETE", "/register/1", invalid_token(), 401),
        ("PUT", "/register/1", invalid_token(), 401),
        ("PUT", "/register/1", invalid_metadata(), 400),
        ("POST", "/register", invalid_token(), 400),
    ] {
        let content = reply.content().unwrap().clone();
        let plain = ask(
            &DcrEndpoint::new(canned(reply.clone())),
            configure(method, path, "t", CLIENT),
        )
        .await;
        assert_eq!(plain.status.as_u16(), 400);
        let mended = DcrEndpoint::new(AnswerUnauthorized::new(canned(reply)));
        let answer = ask(&mended, configure(method, path, "t", CLIENT)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body),
            (status, &content),
            "{method}"
        );
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
}

/// A service without the setting, and what mends it.
#[tokio::test]
async fn a_service_without_unauthorized_on_client_config() {
    use tower_dcr::authlete::AuthleteEmulator;
    use tower_dcr::registry::Registry;

    let embedded = Registry::in_memory("https://as.example.com/register").unwrap();
    let credentials = Credentials::new(SERVICE, TOKEN).unwrap();
    let emulator = AuthleteEmulator::without_unauthorized(embedded, credentials);
    let address = wire::serve(emulator).await;
    let client = Peer::start()
        .await
        .builder()
        .base_url(format!("http://{address}"))
        .build()
        .unwrap();
    let plain = DcrEndpoint::new(AuthleteBackend::new(client.clone()));
    let mended = DcrEndpoint::new(AnswerUnauthorized::new(AuthleteBackend::new(client)));
    for method in ["GET", "PUT", "DELETE"] {
        let wrong = || {
            configure(
                method,
                "/register/nobody",
                "wrong",
                "{\"client_id\":\"nobody\"}",
            )
        };
        assert_eq!(ask(&plain, wrong()).await.status, 400, "{method}");
        assert_eq!(ask(&mended, wrong()).await.status, 401, "{method}");
    }
}
