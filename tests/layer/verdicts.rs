//! Verdicts of a verifier.

use http::Request;
use http::request::Parts;
use http_body_util::Full;
use tower::Layer;
use tower_dcr::initial_access::{TokenLabel, TokenList, Verdict};
use tower_dcr::policy::{Policies, Proposal, Rejection, policy_fn};
use tower_dcr::{BearerToken, BoxError, DcrEndpoint, DcrLayer, ErrorCode};

use crate::support::{
    BodyStep, CLIENT, RecordingBackend, ScriptedBody, TestResponse, registration_request, send,
};

#[derive(Clone, Debug, PartialEq)]
struct Owner(&'static str);

fn endpoint(recorder: &RecordingBackend) -> DcrEndpoint<RecordingBackend> {
    DcrLayer::builder(recorder.clone())
        .require_initial_access_token(|token: BearerToken, _: &Parts| async move {
            Ok::<_, BoxError>(match token.as_str() {
                "alice" => Verdict::accepted().with(Owner("alice")),
                "read-only" => Verdict::InsufficientScope,
                _ => Verdict::Refused,
            })
        })
        .build_endpoint()
        .unwrap()
}

async fn register(endpoint: &DcrEndpoint<RecordingBackend>, token: &str) -> TestResponse {
    let request = Request::post("/register")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Full::<bytes::Bytes>::from(CLIENT))
        .unwrap();
    send(endpoint, request).await
}

#[tokio::test]
async fn extensions_reach_the_backend_and_the_outcome() {
    let recorder = RecordingBackend::default();
    let response = register(&endpoint(&recorder), "alice").await;
    assert_eq!(response.status, 201);
    let operation = recorder.operations().pop().unwrap();
    assert_eq!(operation.parts().extensions.get(), Some(&Owner("alice")));
    assert_eq!(
        response.outcome.unwrap().extensions().get(),
        Some(&Owner("alice"))
    );
}

#[tokio::test]
async fn insufficient_scope_is_answered_403_with_its_challenge() {
    let recorder = RecordingBackend::default();
    let response = register(&endpoint(&recorder), "read-only").await;
    response.assert_error(403, "insufficient_scope");
    let challenge = response.header("www-authenticate").unwrap();
    assert_eq!(
        challenge,
        "Bearer realm=\"client registration\", error=\"insufficient_scope\""
    );
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn insufficient_scope_reads_nothing_of_the_body() {
    let script = ScriptedBody::new([BodyStep::Data(CLIENT.into())]);
    let polls = script.polls();
    let request = Request::post("/register")
        .header("authorization", "Bearer read-only")
        .header("content-type", "application/json")
        .body(script)
        .unwrap();
    send(&endpoint(&RecordingBackend::default()), request)
        .await
        .assert_error(403, "insufficient_scope");
    assert_eq!(polls.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn refused_verdict_is_answered_401() {
    let response = register(&endpoint(&RecordingBackend::default()), "mallory").await;
    response.assert_error(401, "invalid_token");
}

#[tokio::test]
async fn label_of_a_token_list_reaches_the_backend_and_the_outcome() {
    let recorder = RecordingBackend::default();
    let tokens = [("ci", "token-1"), ("alice", "token-2"), ("bob", "token-3")];
    let endpoint = DcrLayer::builder(recorder.clone())
        .require_initial_access_token(TokenList::labeled(tokens).unwrap())
        .build_endpoint()
        .unwrap();
    for (label, token) in tokens {
        let response = register(&endpoint, token).await;
        assert_eq!(response.status, 201);
        let operation = recorder.operations().pop().unwrap();
        let seen = operation
            .parts()
            .extensions
            .get::<TokenLabel>()
            .unwrap()
            .clone();
        assert_eq!(seen.as_str(), label);
        assert_eq!(response.outcome.unwrap().extensions().get(), Some(&seen));
    }
    register(&endpoint, "token-4")
        .await
        .assert_error(401, "invalid_token");
}

#[test]
fn debug_of_a_verdict_shows_no_extension() {
    let verdict = Verdict::accepted().with(Owner("alice"));
    assert_eq!(format!("{verdict:?}"), "Accepted(..)");
}

/// So abuse with a valid token can be traced to its owner.
#[tokio::test]
async fn extensions_are_in_the_outcome_of_a_refusal_after_the_verdict() {
    let recorder = RecordingBackend::default();
    for (content_type, body, status) in [
        ("text/plain", "{}", 415),
        ("application/json", "[]", 400),
        ("application/json", "{\"a\":1,\"a\":2}", 400),
    ] {
        let request = Request::post("/register")
            .header("authorization", "Bearer alice")
            .header("content-type", content_type)
            .body(Full::<bytes::Bytes>::from(body))
            .unwrap();
        let response = send(&endpoint(&recorder), request).await;
        assert_eq!(response.status, status);
        let outcome = response.outcome.unwrap();
        assert_eq!(outcome.extensions().get(), Some(&Owner("alice")));
    }
    // A refused token has no owner.
    let refused = register(&endpoint(&recorder), "mallory").await;
    assert!(refused.outcome.unwrap().extensions().is_empty());
}

#[tokio::test]
async fn extensions_reach_policies() {
    let policy = policy_fn(|proposal: &mut Proposal| {
        let owner = proposal.operation().parts().extensions.get::<Owner>();
        match owner {
            Some(Owner("alice")) => Err(Rejection::new(ErrorCode::AccessDenied, "Not Alice.")),
            _ => Ok(()),
        }
    });
    let backend = Policies::new()
        .with(policy)
        .layer(RecordingBackend::default());
    let endpoint = DcrLayer::builder(backend)
        .require_initial_access_token(|token: BearerToken, _: &Parts| async move {
            let owner = if token.as_str() == "alice" {
                "alice"
            } else {
                "bob"
            };
            Ok::<_, BoxError>(Verdict::accepted().with(Owner(owner)))
        })
        .build_endpoint()
        .unwrap();
    for (token, status) in [("alice", 403), ("bob", 201)] {
        let mut request = registration_request(CLIENT);
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        assert_eq!(send(&endpoint, request).await.status, status);
    }
}
