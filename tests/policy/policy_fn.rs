//! Policies that are closures.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tower_dcr::ErrorCode;
use tower_dcr::operation::OperationKind;
use tower_dcr::policy::{Proposal, Rejection, policy_fn};

use super::{assert_changed, assert_passes, assert_refused, stack};

#[tokio::test]
async fn closure_refuses_with_any_error_code() {
    for (code, status) in [
        (ErrorCode::InvalidRedirectUri, 400),
        (ErrorCode::InvalidClientMetadata, 400),
        (ErrorCode::InvalidSoftwareStatement, 400),
        (ErrorCode::UnapprovedSoftwareStatement, 400),
        (ErrorCode::InvalidRequest, 400),
        (ErrorCode::InvalidToken, 401),
        (ErrorCode::AccessDenied, 403),
        (ErrorCode::InsufficientScope, 403),
        (ErrorCode::ServerError, 500),
        (ErrorCode::TemporarilyUnavailable, 503),
    ] {
        let policy = policy_fn(move |_: &mut Proposal| Err(Rejection::new(code, "Not here.")));
        assert_refused(&stack(policy), &json!({}), status, code.as_str()).await;
        let policy = policy_fn(async move |_: &mut Proposal| {
            tokio::task::yield_now().await;
            Err(Rejection::new(code, "Not here."))
        });
        assert_refused(&stack(policy), &json!({}), status, code.as_str()).await;
    }
}

#[tokio::test]
async fn closure_sees_the_request_and_the_members() {
    let policy = policy_fn(|proposal: &mut Proposal| {
        let operation = proposal.operation();
        assert_eq!(operation.kind(), proposal.kind());
        assert_eq!(
            operation.client_id().is_some(),
            proposal.kind() == OperationKind::Update
        );
        assert_eq!(
            operation.parts().headers["content-type"],
            "application/json"
        );
        assert!(!operation.parts().headers.contains_key("authorization"));
        assert_eq!(proposal.get("a"), Some(json!({"b": [1, null]})));
        assert_eq!(proposal.get("c"), None);
        assert_eq!(
            proposal.names().collect::<Vec<_>>(),
            ["a", "d", "e", "f", "g"]
        );
        let omitted = ["a", "c", "d", "e", "f", "g"].map(|name| proposal.is_omitted(name));
        assert_eq!(omitted, [false, true, true, true, true, false]);
        assert!(!format!("{proposal:?}").contains("sentinel"));
        Ok(())
    });
    let metadata = json!({"a": {"b": [1, null]}, "d": null, "e": "", "f": [], "g": "sentinel"});
    assert_passes(&stack(policy), &metadata).await;
}

/// An `async` closure borrows the proposal across an `.await`, and what it captures.
#[tokio::test]
async fn async_closure_checks_and_changes() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let default = String::from("read");
    let policy = policy_fn(async move |proposal: &mut Proposal| {
        let is_omitted = proposal.is_omitted("scope");
        tokio::task::yield_now().await;
        count.fetch_add(1, Ordering::SeqCst);
        if is_omitted {
            proposal.set("scope", default.as_str());
        }
        Ok(())
    });
    let policies = stack(policy);
    assert_passes(&policies, &json!({"scope": "write"})).await;
    assert_changed(
        &policies,
        &json!({"a": 1}),
        &json!({"a": 1, "scope": "read"}),
    )
    .await;
    assert_eq!(calls.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn functions_are_closures_too() {
    fn immediate(proposal: &mut Proposal) -> Result<(), Rejection> {
        if proposal.is_omitted("a") {
            return Err(Rejection::new(ErrorCode::AccessDenied, "a is missing."));
        }
        Ok(())
    }

    async fn waiting(proposal: &mut Proposal) -> Result<(), Rejection> {
        tokio::task::yield_now().await;
        proposal.set("b", 2);
        Ok(())
    }

    let policies = stack(policy_fn(immediate)).with(policy_fn(waiting));
    assert_changed(&policies, &json!({"a": 1}), &json!({"a": 1, "b": 2})).await;
    assert_refused(&policies, &json!({}), 403, "access_denied").await;
}

/// A closure policy has a plain type: it can be chosen at run time and shared.
#[tokio::test]
async fn closures_of_both_kinds_have_one_type() {
    for waits in [false, true] {
        let policy = if waits {
            policy_fn(async |proposal: &mut Proposal| {
                proposal.set("waits", true);
                Ok(())
            })
        } else {
            policy_fn(|proposal: &mut Proposal| {
                proposal.set("waits", false);
                Ok(())
            })
        };
        let expected = json!({ "waits": waits });
        assert_changed(&stack(policy.clone()), &json!({}), &expected).await;
        assert_changed(&stack(Arc::new(policy)), &json!({}), &expected).await;
    }
}
