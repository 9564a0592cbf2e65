//! Refusals: what the client receives, and what the operator sees.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tower::Layer;
use tower::ServiceExt as _;
use tower_dcr::backend::Unavailable;
use tower_dcr::policy::{
    FetchedUris, ForcedMembers, MaxRedirectUris, OnlyMembers, Policies, Policy, Proposal,
    RedirectUris, Rejection, Scopes, SelfAssertedUris, policy_fn,
};
use tower_dcr::{Action, DcrLayer, ErrorCode};

use super::support::*;
use super::{assert_refused, check, serve, stack};

fn refusing(rejection: Rejection) -> Policies {
    stack(policy_fn(move |_: &mut Proposal| Err(rejection.clone())))
}

#[tokio::test]
async fn temporarily_unavailable_returns_503_in_the_words_of_the_layer() {
    let description = "The approval service is not there.";
    for rejection in [
        Rejection::new(ErrorCode::TemporarilyUnavailable, description),
        Rejection::temporarily_unavailable().with_content(r#"{"error":"approval"}"#),
    ] {
        for checked in check(&refusing(rejection.clone()), "{}").await {
            checked.answer.assert_error(503, "temporarily_unavailable");
            assert!(!checked.answer.json().to_string().contains("approval"));
            assert_eq!(checked.metadata, None);
            assert_eq!(checked.answer.header("retry-after"), None);
            let cause = checked.answer.outcome.unwrap();
            let cause = cause.cause().unwrap().source().unwrap().to_string();
            assert_eq!(cause, "a policy cannot decide now");
        }
    }
}

/// The reason and the cause go to the log. The client learns only when to try again.
#[tokio::test]
async fn temporarily_unavailable_tells_the_log_why() {
    let cause = Unavailable::outcome_unknown().with_source("no route");
    let later = || {
        Unavailable::new()
            .with_retry_after(Duration::from_secs(7))
            .with_source("no route")
    };
    let policies = [
        // The wait of the cause.
        refusing(
            Rejection::new(ErrorCode::TemporarilyUnavailable, "Later.")
                .with_reason("approval")
                .with_cause(later().with_source(cause)),
        ),
        refusing(Rejection::from(later()).with_reason("approval")),
        // Its own wait comes first.
        refusing(
            Rejection::temporarily_unavailable()
                .with_reason("approval")
                .with_retry_after(Duration::from_millis(6_001))
                .with_cause(later().with_retry_after(Duration::from_secs(9))),
        ),
    ];
    for policies in policies {
        for checked in check(&policies, "{}").await {
            checked.answer.assert_error(503, "temporarily_unavailable");
            assert_eq!(checked.answer.header("retry-after"), Some("7"));
            let body = checked.answer.json().to_string();
            assert!(!body.contains("unknown") && !body.contains("approval"));
            let outcome = format!("{:?}", checked.answer.outcome.unwrap());
            assert!(
                outcome.contains(r#"the policy \"approval\" cannot decide now"#),
                "{outcome}"
            );
            assert!(outcome.contains("no route"), "{outcome}");
        }
    }
}

/// The backend was not called, whatever the cause says.
#[tokio::test]
async fn outcome_of_a_refusal_is_never_unknown() {
    let policies =
        refusing(Rejection::temporarily_unavailable().with_cause(Unavailable::outcome_unknown()));
    for checked in check(&policies, "{}").await {
        checked.answer.assert_error(503, "temporarily_unavailable");
        assert!(!checked.answer.json().to_string().contains("unknown"));
    }
}

/// A policy that calls another service writes `?`.
#[tokio::test]
async fn unavailable_becomes_a_rejection() {
    async fn call() -> Result<(), Unavailable> {
        tokio::task::yield_now().await;
        Err(Unavailable::new().with_retry_after(Duration::from_secs(3)))
    }

    let policies = stack(policy_fn(async |_: &mut Proposal| {
        call().await?;
        Ok(())
    }));
    for checked in check(&policies, "{}").await {
        checked.answer.assert_error(503, "temporarily_unavailable");
        assert_eq!(checked.answer.header("retry-after"), Some("3"));
    }
}

#[tokio::test]
async fn retry_after_is_ignored_with_other_errors() {
    let denied = Rejection::new(ErrorCode::AccessDenied, "No.");
    let policies = refusing(denied.with_retry_after(Duration::from_secs(3)));
    for checked in check(&policies, "{}").await {
        checked.answer.assert_error(403, "access_denied");
        assert_eq!(checked.answer.header("retry-after"), None);
    }
}

/// The reason says which ready-made policy refused.
#[tokio::test]
async fn ready_made_policies_have_written_reasons() {
    async fn assert(policy: impl Policy, metadata: Value, reason: &str) {
        for checked in check(&stack(policy), &metadata.to_string()).await {
            assert_eq!(checked.answer.status, 400);
            assert_eq!(checked.answer.outcome.unwrap().reason(), Some(reason));
        }
    }
    let uri =
        json!({"redirect_uris": ["https://evil.example/"], "logo_uri": "https://bank.example/"});
    assert(RedirectUris::none(), uri.clone(), "redirect_uris").await;
    assert(MaxRedirectUris::new(0), uri.clone(), "max_redirect_uris").await;
    let same_host = SelfAssertedUris::refuse_other_hosts();
    assert(same_host, uri.clone(), "self_asserted_uris").await;
    let listed = OnlyMembers::refuse_others(["redirect_uris"]);
    assert(listed, uri, "only_members").await;
    let keys = json!({"jwks_uri": "https://evil.example/"});
    assert(FetchedUris::none(), keys, "fetched_uris").await;
    assert(Scopes::only(["read"]), json!({"scope": "write"}), "scopes").await;
    let statement = json!({"software_statement": "a.b.c"});
    assert(
        ForcedMembers::new([("a", "b")]),
        statement,
        "forced_members",
    )
    .await;
}

#[tokio::test]
async fn refusal_keeps_words_reason_cause_and_extensions() {
    #[derive(Clone, Debug, PartialEq)]
    struct Ticket(u32);

    let mut rejection = Rejection::new(ErrorCode::AccessDenied, "Not today.")
        .with_reason("P17")
        .with_cause(io::Error::other("closed"));
    rejection.extensions_mut().insert(Ticket(7));
    assert_eq!(rejection.error(), ErrorCode::AccessDenied);
    assert_eq!(rejection.reason(), Some("P17"));

    let service = serve(&DcrLayer::new(
        refusing(rejection).layer(RecordingBackend::default()),
    ));
    let response = service
        .clone()
        .oneshot(registration_request("{}"))
        .await
        .unwrap();
    assert_eq!(response.extensions().get(), Some(&Ticket(7)));
    let answer = TestResponse::read(response).await;
    answer.assert_error(403, "access_denied");
    assert_eq!(answer.json()["error_description"], "Not today.");
    let outcome = answer.outcome.unwrap();
    assert_eq!(outcome.action(), Some(Action::Forbidden));
    assert_eq!(outcome.reason(), Some("P17"));
    assert_eq!(outcome.cause().unwrap().to_string(), "closed");
}

/// The content of a success does not make a success.
#[tokio::test]
async fn refusal_is_never_a_success() {
    for code in [
        ErrorCode::InvalidClientMetadata,
        ErrorCode::InvalidToken,
        ErrorCode::AccessDenied,
        ErrorCode::ServerError,
        ErrorCode::TemporarilyUnavailable,
    ] {
        let rejection = Rejection::new(code, "No.").with_content(r#"{"client_id":"1"}"#);
        for checked in check(&refusing(rejection), "{}").await {
            let status = checked.answer.status;
            assert!(status.is_client_error() || status.is_server_error());
            assert_eq!(checked.metadata, None);
            assert_eq!(checked.answer.outcome.unwrap().client_id(), None);
        }
    }
}

#[tokio::test]
async fn content_of_the_policy_replaces_the_body() {
    let own = r#"{"error":"own","error_description":"x"}"#;
    let rejection = Rejection::new(ErrorCode::ServerError, "Replaced.").with_content(own);
    assert_refused(&refusing(rejection), &json!({}), 500, "own").await;
}

#[test]
fn debug_shows_no_description() {
    let rejection = Rejection::new(ErrorCode::AccessDenied, "sentinel").with_reason("P17");
    assert_eq!(
        format!("{rejection:?}"),
        "Rejection { error: AccessDenied, reason: Some(\"P17\"), retry_after: None, .. }"
    );
}

#[tokio::test]
async fn too_many_requests_returns_429_with_retry_after() {
    let rejection = Rejection::too_many_requests(Duration::from_millis(59_001));
    let later = rejection.clone().with_retry_after(Duration::from_secs(90));
    for checked in check(&refusing(later), "{}").await {
        assert_eq!(checked.answer.header("retry-after"), Some("90"));
    }
    for checked in check(&refusing(rejection.with_reason("quota")), "{}").await {
        checked.answer.assert_error(429, "temporarily_unavailable");
        assert_eq!(checked.answer.header("retry-after"), Some("60"));
        assert_eq!(checked.metadata, None);
        let outcome = checked.answer.outcome.unwrap();
        assert_eq!(outcome.action(), Some(Action::TooManyRequests));
        assert_eq!(outcome.reason(), Some("quota"));
    }
}
