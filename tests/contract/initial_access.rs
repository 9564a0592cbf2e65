//! Rows 4 and 5 where registration is guarded.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::request::Parts;
use http::{Method, Request};
use tower_dcr::backend::Unavailable;
use tower_dcr::initial_access::{TokenList, TokenVerifier};
use tower_dcr::{BearerToken, BoxError, DcrBuilder, DcrLayer};

use super::support::*;

const BARE: &str = r#"Bearer realm="client registration""#;
const INVALID_TOKEN: &str = r#"Bearer realm="client registration", error="invalid_token""#;

fn guarded(recorder: &Recorder) -> DcrBuilder<Recorder> {
    let tokens = TokenList::new(["good", "also-good=="]).unwrap();
    DcrLayer::builder(recorder.clone()).require_initial_access_token(tokens)
}

fn with_token<B>(mut request: Request<B>, token: &str) -> Request<B> {
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    request
}

#[tokio::test]
async fn those_with_a_good_token_register() {
    let recorder = Recorder::default();
    let endpoint = guarded(&recorder).build_endpoint().unwrap();
    for token in ["good", "also-good=="] {
        let answer = ask(&endpoint, with_token(register(CLIENT), token)).await;
        assert_eq!(answer.status, 201);
    }
    assert_eq!(recorder.calls(), 2);

    let none = ask(&endpoint, register(CLIENT)).await;
    none.assert_error(401, "invalid_token");
    assert_eq!(none.header("www-authenticate"), Some(BARE));
    for token in ["bad", "goo", "goodgood", "GOOD", "good="] {
        let bad = ask(&endpoint, with_token(register(CLIENT), token)).await;
        bad.assert_error(401, "invalid_token");
        assert_eq!(
            bad.header("www-authenticate"),
            Some(INVALID_TOKEN),
            "{token}"
        );
    }
    assert_eq!(recorder.calls(), 2);
}

/// An empty list refuses everybody.
#[tokio::test]
async fn no_tokens_at_all() {
    let tokens = TokenList::new(Vec::<String>::new()).unwrap();
    let endpoint = DcrLayer::builder(Recorder::default())
        .require_initial_access_token(tokens)
        .build_endpoint()
        .unwrap();
    let answer = ask(&endpoint, with_token(register(CLIENT), "good")).await;
    answer.assert_error(401, "invalid_token");
    assert!(TokenList::new(["not a token"]).is_err());
}

#[tokio::test]
async fn clients_need_no_initial_access_token_for_themselves() {
    let recorder = Recorder::default();
    let endpoint = guarded(&recorder).build_endpoint().unwrap();
    for (method, status) in [("GET", 200), ("PUT", 200), ("DELETE", 204)] {
        let answer = ask(
            &endpoint,
            configure(method, "/register/1", "theirs", CLIENT),
        )
        .await;
        assert_eq!(answer.status, status);
    }
    let tokens = recorder.operations();
    assert!(
        tokens
            .iter()
            .all(|operation| operation.token().unwrap().as_str() == "theirs")
    );
}

#[tokio::test]
async fn a_good_token_is_kept_from_the_backend_unless_it_is_passed_on() {
    for passes_on in [false, true] {
        let recorder = Recorder::default();
        let mut builder = guarded(&recorder);
        if passes_on {
            builder = builder.forward_initial_access_token(true);
        }
        let endpoint = builder.build_endpoint().unwrap();
        ask(&endpoint, with_token(register(CLIENT), "good")).await;
        let operation = &recorder.operations()[0];
        let token = operation.token().map(BearerToken::as_str);
        assert_eq!(token, passes_on.then_some("good"));
        assert!(!operation.parts().headers.contains_key("authorization"));
    }
}

/// A token was sent, wherever it went: the challenge of a backend's 401 says so.
#[tokio::test]
async fn a_backend_that_refuses_after_all() {
    let backend = tower_dcr::backend_fn(|_| async {
        Ok::<_, Infallible>(tower_dcr::Reply::unauthorized("{}"))
    });
    let endpoint = DcrLayer::builder(backend)
        .require_initial_access_token(TokenList::new(["good"]).unwrap())
        .build_endpoint()
        .unwrap();
    let answer = ask(&endpoint, with_token(register(CLIENT), "good")).await;
    assert_eq!(answer.header("www-authenticate"), Some(INVALID_TOKEN));
}

/// Not one byte of the body: not for the verdict, and not to be thrown away.
#[tokio::test]
async fn the_body_of_who_may_not_register_is_not_read() {
    let recorder = Recorder::default();
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
            ask(&endpoint, request).await.status,
            status,
            "{credentials:?}"
        );
        assert_eq!(
            polls.load(Ordering::SeqCst),
            0,
            "{method} {uri} {credentials:?}"
        );
    }
    // A verifier that fails has not found it good.
    for verdict in [None, Some(Duration::from_secs(60))] {
        let failing = move |_: BearerToken, _: &Parts| async move {
            if let Some(time) = verdict {
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
        let answer = ask(&endpoint, with_token(request.unwrap(), "good")).await;
        assert!(answer.status.is_server_error());
        assert_eq!(polls.load(Ordering::SeqCst), 0);
    }
    // What the clients ask of their own endpoint is refused as ever: the answer comes when the body has.
    for (method, credentials) in [("PUT", "Basic x"), ("POST", "Bearer x")] {
        let body = ScriptedBody::new([BodyStep::Data(CLIENT.into())]);
        let taken = body.taken();
        let request = Request::builder()
            .method(method)
            .uri("/register/1")
            .header("authorization", credentials)
            .body(body);
        let answer = ask(&endpoint, request.unwrap()).await;
        assert!(answer.status.is_client_error());
        assert_eq!(taken.load(Ordering::SeqCst), CLIENT.len());
    }
    // With a good token it is, even where the request is refused for something else.
    let body = ScriptedBody::new([BodyStep::Data(CLIENT.into())]);
    let taken = body.taken();
    let request = Request::post("/register")
        .header("content-type", "text/plain")
        .body(body);
    let answer = ask(&endpoint, with_token(request.unwrap(), "good")).await;
    assert_eq!(answer.status, 415);
    assert_eq!(taken.load(Ordering::SeqCst), CLIENT.len());
    assert_eq!(recorder.calls(), 0);
}

/// BodyStep 5 before step 6, and so on.
#[tokio::test]
async fn the_token_comes_before_what_is_wrong_with_the_body() {
    let endpoint = guarded(&Recorder::default()).build_endpoint().unwrap();
    let wrong = || {
        Request::post("/register")
            .header("content-type", "text/plain")
            .header("content-encoding", "gzip")
            .header("content-length", "99999999")
            .body(String::from("{"))
            .unwrap()
    };
    ask(&endpoint, wrong())
        .await
        .assert_error(401, "invalid_token");
    ask(&endpoint, with_token(wrong(), "bad"))
        .await
        .assert_error(401, "invalid_token");
    ask(&endpoint, with_token(wrong(), "good"))
        .await
        .assert_error(415, "invalid_request");
    let malformed = || register("{");
    ask(&endpoint, with_token(malformed(), "bad"))
        .await
        .assert_error(401, "invalid_token");
    ask(&endpoint, with_token(malformed(), "good"))
        .await
        .assert_error(400, "invalid_client_metadata");
}

#[tokio::test]
async fn a_verifier_sees_the_token_and_the_request() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let to = Arc::clone(&seen);
    let endpoint = DcrLayer::builder(Recorder::default())
        .require_initial_access_token(move |token: BearerToken, parts: &Parts| {
            let tenant = parts.headers["x-tenant"].to_str().unwrap().to_owned();
            // The head is as it came.
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
        let mut request = with_token(register(CLIENT), "t");
        request
            .headers_mut()
            .insert("x-tenant", tenant.parse().unwrap());
        assert_eq!(ask(&endpoint, request).await.status, status);
    }
    assert_eq!(*seen.lock().unwrap(), ["t of one", "t of two"]);
}

#[tokio::test(start_paused = true)]
async fn a_verifier_that_cannot_say() {
    async fn answer(verifier: impl TokenVerifier) -> (Answer, usize) {
        let recorder = Recorder::default();
        let endpoint = DcrLayer::builder(recorder.clone())
            .require_initial_access_token(verifier)
            .backend_timeout(Duration::from_secs(1))
            .build_endpoint()
            .unwrap();
        let answer = ask(&endpoint, with_token(register(CLIENT), "sentinel")).await;
        let cause = answer.outcome.as_ref().unwrap().cause().unwrap();
        assert!(!cause.to_string().contains("sentinel"));
        (answer, recorder.calls())
    }

    let failed = |_: BearerToken, _: &Parts| async { Err::<bool, BoxError>("no database".into()) };
    let (answer500, calls) = answer(failed).await;
    answer500.assert_error(500, "server_error");
    assert!(!answer500.json().to_string().contains("database"));
    assert_eq!(calls, 0);

    let wait = Duration::from_secs(7);
    let unavailable = move |_: BearerToken, _: &Parts| async move {
        Err::<bool, _>(Unavailable::new().with_retry_after(wait))
    };
    let (answer503, _) = answer(unavailable).await;
    answer503.assert_error(503, "temporarily_unavailable");
    assert_eq!(answer503.header("retry-after"), Some("7"));

    // Nothing has happened, and the answer does not say that it may have, whatever the verifier says of itself.
    let assert_nothing_happened = |(answer503, calls): (Answer, usize)| {
        answer503.assert_error(503, "temporarily_unavailable");
        assert!(!answer503.json().to_string().contains("unknown"));
        let cause = answer503.outcome.unwrap();
        let cause = cause.cause().unwrap().to_string();
        assert_eq!(cause, "the verifier of initial access tokens failed");
        assert_eq!(calls, 0);
    };
    let slow = |_: BearerToken, _: &Parts| std::future::pending::<Result<bool, Infallible>>();
    assert_nothing_happened(answer(slow).await);
    let unknown = |_: BearerToken, _: &Parts| async {
        Err::<bool, BoxError>(Box::new(WrappedError(
            Unavailable::outcome_unknown().into(),
        )))
    };
    assert_nothing_happened(answer(unknown).await);
    let timed_out = |_: BearerToken, _: &Parts| async {
        Err::<bool, BoxError>(tower::timeout::error::Elapsed::new().into())
    };
    assert_nothing_happened(answer(timed_out).await);
}

/// One verifier for several layers.
#[tokio::test]
async fn a_verifier_that_is_shared() {
    let tokens = Arc::new(TokenList::new(["good"]).unwrap());
    for _ in 0..2 {
        let endpoint = DcrLayer::builder(Recorder::default())
            .require_initial_access_token(Arc::clone(&tokens))
            .build_endpoint()
            .unwrap();
        for (token, status) in [("good", 201), ("bad", 401)] {
            let answer = ask(&endpoint, with_token(register(CLIENT), token)).await;
            assert_eq!(answer.status, status);
        }
    }
}

/// A type with a name of its own.
#[tokio::test]
async fn a_verifier_that_is_a_struct() {
    struct Counting(AtomicUsize);

    impl TokenVerifier for Counting {
        type Error = Infallible;

        async fn verify(&self, _: &BearerToken, _: &Parts) -> Result<bool, Infallible> {
            Ok(self.0.fetch_add(1, Ordering::SeqCst) < 1)
        }
    }

    let endpoint = DcrLayer::builder(Recorder::default())
        .require_initial_access_token(Counting(AtomicUsize::new(0)))
        .build_endpoint()
        .unwrap();
    for status in [201, 401] {
        let answer = ask(&endpoint, with_token(register(CLIENT), "x")).await;
        assert_eq!(answer.status, status);
    }
}

#[test]
fn no_token_in_a_debug() {
    let tokens = TokenList::new(["sentinel"]).unwrap();
    let builder =
        DcrLayer::builder(Recorder::default()).require_initial_access_token(tokens.clone());
    let (tokens, settings) = (format!("{tokens:?}"), format!("{builder:?}"));
    let text = format!(
        "{tokens} {settings} {:?}",
        builder.build_endpoint().unwrap()
    );
    assert!(!text.contains("sentinel"), "{text}");
}
