//! Rows 4 and 5 for registrations that require an initial access token.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::request::Parts;
use http::{Method, Request};
use tower_dcr::backend::Unavailable;
use tower_dcr::initial_access::{TokenList, TokenVerifier, Verdict};
use tower_dcr::{BearerToken, BoxError, DcrBuilder, DcrLayer};

use super::support::*;

const BARE: &str = r#"Bearer realm="client registration""#;
const INVALID_TOKEN: &str = r#"Bearer realm="client registration", error="invalid_token""#;

fn guarded(recorder: &RecordingBackend) -> DcrBuilder<RecordingBackend> {
    let tokens = TokenList::new(["good", "also-good=="]).unwrap();
    DcrLayer::builder(recorder.clone()).require_initial_access_token(tokens)
}

fn with_token<B>(mut request: Request<B>, token: &str) -> Request<B> {
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    request
}

#[tokio::test]
async fn registration_needs_a_valid_token() {
    let recorder = RecordingBackend::default();
    let endpoint = guarded(&recorder).build_endpoint().unwrap();
    for token in ["good", "also-good=="] {
        let response = send(&endpoint, with_token(registration_request(CLIENT), token)).await;
        assert_eq!(response.status, 201);
    }
    assert_eq!(recorder.calls(), 2);

    let none = send(&endpoint, registration_request(CLIENT)).await;
    none.assert_error(401, "invalid_token");
    assert_eq!(none.header("www-authenticate"), Some(BARE));
    for token in ["bad", "goo", "goodgood", "GOOD", "good="] {
        let bad = send(&endpoint, with_token(registration_request(CLIENT), token)).await;
        bad.assert_error(401, "invalid_token");
        assert_eq!(
            bad.header("www-authenticate"),
            Some(INVALID_TOKEN),
            "{token}"
        );
    }
    assert_eq!(recorder.calls(), 2);
}

#[tokio::test]
async fn empty_token_list_refuses_every_token() {
    let tokens = TokenList::new(Vec::<String>::new()).unwrap();
    let endpoint = DcrLayer::builder(RecordingBackend::default())
        .require_initial_access_token(tokens)
        .build_endpoint()
        .unwrap();
    let response = send(&endpoint, with_token(registration_request(CLIENT), "good")).await;
    response.assert_error(401, "invalid_token");
    assert!(TokenList::new(["not a token"]).is_err());
}

#[tokio::test]
async fn reads_updates_and_deletes_need_no_initial_access_token() {
    let recorder = RecordingBackend::default();
    let endpoint = guarded(&recorder).build_endpoint().unwrap();
    for (method, status) in [("GET", 200), ("PUT", 200), ("DELETE", 204)] {
        let response = send(
            &endpoint,
            configuration_request(method, "/register/1", "theirs", CLIENT),
        )
        .await;
        assert_eq!(response.status, status);
    }
    let tokens = recorder.operations();
    assert!(
        tokens
            .iter()
            .all(|operation| operation.token().unwrap().as_str() == "theirs")
    );
}

#[tokio::test]
async fn backend_sees_the_token_only_if_it_is_forwarded() {
    for forwarded in [false, true] {
        let recorder = RecordingBackend::default();
        let mut builder = guarded(&recorder);
        if forwarded {
            builder = builder.forward_initial_access_token(true);
        }
        let endpoint = builder.build_endpoint().unwrap();
        send(&endpoint, with_token(registration_request(CLIENT), "good")).await;
        let operation = &recorder.operations()[0];
        let token = operation.token().map(BearerToken::as_str);
        assert_eq!(token, forwarded.then_some("good"));
        assert!(!operation.parts().headers.contains_key("authorization"));
    }
}

/// The verifier received the token, so the challenge of a 401 from the backend names an error.
#[tokio::test]
async fn backend_refusal_after_a_valid_token_has_an_invalid_token_challenge() {
    let backend = tower_dcr::backend_fn(|_| async {
        Ok::<_, Infallible>(tower_dcr::Reply::unauthorized("{}"))
    });
    let endpoint = DcrLayer::builder(backend)
        .require_initial_access_token(TokenList::new(["good"]).unwrap())
        .build_endpoint()
        .unwrap();
    let response = send(&endpoint, with_token(registration_request(CLIENT), "good")).await;
    assert_eq!(response.header("www-authenticate"), Some(INVALID_TOKEN));
}

/// If the token is invalid, the body is neither read nor drained.
#[tokio::test]
async fn body_is_never_polled_without_a_valid_token() {
    let recorder = RecordingBackend::default();
    let endpoint = guarded(&recorder).build_endpoint().unwrap();
    for (method, uri, credentials, status) in [
        ("POST", "/register", &[][..], 401),
        ("POST", "/register", &["Bearer bad"], 401),
        ("POST", "/register", &["Basic good"], 401),
        ("POST", "/register", &["Bearer "], 400),
        ("POST", "/register", &["Bearer good", "Bearer good"], 400),
        ("POST", "/register?access_token=good", &[], 400),
        ("PUT", "/register", &[], 405),
    ] {
        let body = ScriptedBody::new([BodyStep::Data(CLIENT.into())]);
        let polls = body.polls();
        let mut request = Request::builder().method(method).uri(uri);
        for value in credentials {
            request = request.header("authorization", *value);
        }
        let request = request
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        assert_eq!(
            send(&endpoint, request).await.status,
            status,
            "{credentials:?}"
        );
        assert_eq!(
            polls.load(Ordering::SeqCst),
            0,
            "{method} {uri} {credentials:?}"
        );
    }
    // The same if the verifier fails, or is too slow.
    for delay in [None, Some(Duration::from_secs(60))] {
        let failing = move |_: BearerToken, _: &Parts| async move {
            if let Some(time) = delay {
                tokio::time::sleep(time).await;
            }
            Err::<bool, BoxError>("x".into())
        };
        let endpoint = DcrLayer::builder(recorder.clone())
            .require_initial_access_token(failing)
            .backend_timeout(Duration::from_millis(20))
            .build_endpoint()
            .unwrap();
        let body = ScriptedBody::new([BodyStep::Data(CLIENT.into())]);
        let polls = body.polls();
        let request = Request::post("/register")
            .header("content-type", "application/json")
            .body(body);
        let response = send(&endpoint, with_token(request.unwrap(), "good")).await;
        assert!(response.status.is_server_error());
        assert_eq!(polls.load(Ordering::SeqCst), 0);
    }
    // A refused request on the configuration endpoint is drained as usual.
    for (method, credentials) in [("PUT", "Basic x"), ("POST", "Bearer x")] {
        let body = ScriptedBody::new([BodyStep::Data(CLIENT.into())]);
        let taken = body.taken();
        let request = Request::builder()
            .method(method)
            .uri("/register/1")
            .header("authorization", credentials)
            .body(body);
        let response = send(&endpoint, request.unwrap()).await;
        assert!(response.status.is_client_error());
        assert_eq!(taken.load(Ordering::SeqCst), CLIENT.len());
    }
    // With a valid token the body is drained, even if the request is refused for another reason.
    let body = ScriptedBody::new([BodyStep::Data(CLIENT.into())]);
    let taken = body.taken();
    let request = Request::post("/register")
        .header("content-type", "text/plain")
        .body(body);
    let response = send(&endpoint, with_token(request.unwrap(), "good")).await;
    assert_eq!(response.status, 415);
    assert_eq!(taken.load(Ordering::SeqCst), CLIENT.len());
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn token_is_checked_before_the_content_headers_and_the_body() {
    let endpoint = guarded(&RecordingBackend::default())
        .build_endpoint()
        .unwrap();
    let wrong = || {
        Request::post("/register")
            .header("content-type", "text/plain")
            .header("content-encoding", "gzip")
            .header("content-length", "99999999")
            .body(String::from("{"))
            .unwrap()
    };
    send(&endpoint, wrong())
        .await
        .assert_error(401, "invalid_token");
    send(&endpoint, with_token(wrong(), "bad"))
        .await
        .assert_error(401, "invalid_token");
    send(&endpoint, with_token(wrong(), "good"))
        .await
        .assert_error(415, "invalid_request");
    let malformed = || registration_request("{");
    send(&endpoint, with_token(malformed(), "bad"))
        .await
        .assert_error(401, "invalid_token");
    send(&endpoint, with_token(malformed(), "good"))
        .await
        .assert_error(400, "invalid_client_metadata");
}

#[tokio::test]
async fn verifier_sees_the_token_and_the_request() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let to = Arc::clone(&seen);
    let endpoint = DcrLayer::builder(RecordingBackend::default())
        .require_initial_access_token(move |token: BearerToken, parts: &Parts| {
            let tenant = parts.headers["x-tenant"].to_str().unwrap().to_owned();
            // `Authorization` is still there.
            assert_eq!(parts.headers["authorization"], "Bearer t");
            assert_eq!(
                (&parts.method, parts.uri.path()),
                (&Method::POST, "/register")
            );
            let to = Arc::clone(&to);
            async move {
                tokio::task::yield_now().await;
                to.lock()
                    .unwrap()
                    .push(format!("{} of {tenant}", token.as_str()));
                Ok::<_, Infallible>(tenant == "one")
            }
        })
        .build_endpoint()
        .unwrap();
    for (tenant, status) in [("one", 201), ("two", 401)] {
        let mut request = with_token(registration_request(CLIENT), "t");
        request
            .headers_mut()
            .insert("x-tenant", tenant.parse().unwrap());
        assert_eq!(send(&endpoint, request).await.status, status);
    }
    assert_eq!(*seen.lock().unwrap(), ["t of one", "t of two"]);
}

#[tokio::test(start_paused = true)]
async fn verifier_failure_returns_5xx_and_never_an_unknown_outcome() {
    async fn respond(verifier: impl TokenVerifier) -> (TestResponse, usize) {
        let recorder = RecordingBackend::default();
        let endpoint = DcrLayer::builder(recorder.clone())
            .require_initial_access_token(verifier)
            .backend_timeout(Duration::from_secs(1))
            .build_endpoint()
            .unwrap();
        let response = send(
            &endpoint,
            with_token(registration_request(CLIENT), "sentinel"),
        )
        .await;
        let cause = response.outcome.as_ref().unwrap().cause().unwrap();
        assert!(!cause.to_string().contains("sentinel"));
        (response, recorder.calls())
    }

    let failed = |_: BearerToken, _: &Parts| async { Err::<bool, BoxError>("no database".into()) };
    let (response500, calls) = respond(failed).await;
    response500.assert_error(500, "server_error");
    assert!(!response500.json().to_string().contains("database"));
    assert_eq!(calls, 0);

    let wait = Duration::from_secs(7);
    let unavailable = move |_: BearerToken, _: &Parts| async move {
        Err::<bool, _>(Unavailable::new().with_retry_after(wait))
    };
    let (response503, _) = respond(unavailable).await;
    response503.assert_error(503, "temporarily_unavailable");
    assert_eq!(response503.header("retry-after"), Some("7"));

    // Nothing has happened, whatever the error of the verifier says. So the response does not say
    // that the outcome is unknown.
    let assert_nothing_happened = |(response503, calls): (TestResponse, usize)| {
        response503.assert_error(503, "temporarily_unavailable");
        assert!(!response503.json().to_string().contains("unknown"));
        let cause = response503.outcome.unwrap();
        let cause = cause.cause().unwrap().to_string();
        assert_eq!(cause, "the verifier of initial access tokens failed");
        assert_eq!(calls, 0);
    };
    let slow = |_: BearerToken, _: &Parts| std::future::pending::<Result<bool, Infallible>>();
    assert_nothing_happened(respond(slow).await);
    let unknown = |_: BearerToken, _: &Parts| async {
        Err::<bool, BoxError>(Box::new(WrappedError(
            Unavailable::outcome_unknown().into(),
        )))
    };
    assert_nothing_happened(respond(unknown).await);
    let timed_out = |_: BearerToken, _: &Parts| async {
        Err::<bool, BoxError>(tower::timeout::error::Elapsed::new().into())
    };
    assert_nothing_happened(respond(timed_out).await);
}

#[tokio::test]
async fn verifier_in_an_arc_is_shared_by_layers() {
    let tokens = Arc::new(TokenList::new(["good"]).unwrap());
    for _ in 0..2 {
        let endpoint = DcrLayer::builder(RecordingBackend::default())
            .require_initial_access_token(Arc::clone(&tokens))
            .build_endpoint()
            .unwrap();
        for (token, status) in [("good", 201), ("bad", 401)] {
            let response = send(&endpoint, with_token(registration_request(CLIENT), token)).await;
            assert_eq!(response.status, status);
        }
    }
}

#[tokio::test]
async fn struct_can_be_a_verifier() {
    struct Counting(AtomicUsize);

    impl TokenVerifier for Counting {
        type Error = Infallible;

        async fn verify(&self, _: &BearerToken, _: &Parts) -> Result<Verdict, Infallible> {
            Ok((self.0.fetch_add(1, Ordering::SeqCst) < 1).into())
        }
    }

    let endpoint = DcrLayer::builder(RecordingBackend::default())
        .require_initial_access_token(Counting(AtomicUsize::new(0)))
        .build_endpoint()
        .unwrap();
    for status in [201, 401] {
        let response = send(&endpoint, with_token(registration_request(CLIENT), "x")).await;
        assert_eq!(response.status, status);
    }
}

#[test]
fn debug_shows_no_token() {
    let tokens = TokenList::new(["sentinel"]).unwrap();
    let builder =
        DcrLayer::builder(RecordingBackend::default()).require_initial_access_token(tokens.clone());
    let (tokens, settings) = (format!("{tokens:?}"), format!("{builder:?}"));
    let text = format!(
        "{tokens} {settings} {:?}",
        builder.build_endpoint().unwrap()
    );
    assert!(!text.contains("sentinel"), "{text}");
}
