//! What a policy can do to the metadata.

use serde_json::json;
use tower::Layer;
use tower_dcr::DcrLayer;
use tower_dcr::policy::{Proposal, policy_fn};

use super::support::*;
use super::{assert_refused, check, serve, stack};

#[tokio::test]
async fn changed_members_leave_the_others_as_they_were_written() {
    let policies = stack(policy_fn(|proposal: &mut Proposal| {
        proposal.set("scope", "read");
        proposal.set("new", json!({"a": [1, 2]}));
        assert!(proposal.remove("logo_uri"));
        assert!(!proposal.remove("logo_uri"));
        Ok(())
    }));
    let body = concat!(
        r#"{"scope": "admin", "big": 123456789012345678901234567890, "f": 1.50, "logo_uri": 1, "#,
        r#""z": [ 1e2 ]}"#
    );
    for checked in check(&policies, body).await {
        assert_eq!(
            checked.metadata.unwrap(),
            concat!(
                r#"{"big":123456789012345678901234567890,"f":1.50,"new":{"a":[1,2]},"#,
                r#""scope":"read","z":[ 1e2 ]}"#
            )
        );
    }
}

#[tokio::test]
async fn removing_a_missing_member_keeps_the_text() {
    let policies = stack(policy_fn(|proposal: &mut Proposal| {
        proposal.remove("x");
        Ok(())
    }));
    let body = "{ \"b\" : 1.0,\n \"a\":[ 1e2 ] }";
    for checked in check(&policies, body).await {
        assert_eq!(checked.metadata.as_deref(), Some(body));
    }
}

#[tokio::test]
async fn raw_members_keep_their_digits() {
    let policies = stack(policy_fn(|proposal: &mut Proposal| {
        let member = proposal.get_raw("x").unwrap().to_owned();
        proposal.set_raw("y", member);
        assert!(proposal.get_raw("none").is_none());
        Ok(())
    }));
    let member = r#"{"n": 12345678901234567890123, "m": 1.10}"#;
    for checked in check(&policies, &format!(r#"{{"x": {member}}}"#)).await {
        let expected = format!(r#"{{"x":{member},"y":{member}}}"#);
        assert_eq!(checked.metadata, Some(expected));
    }
}

/// The operation keeps the metadata of the request.
#[tokio::test]
async fn operation_shows_what_the_client_sent() {
    let change = policy_fn(|proposal: &mut Proposal| {
        proposal.set("a", 2);
        Ok(())
    });
    let look = policy_fn(|proposal: &mut Proposal| {
        let sent = proposal.operation().metadata().unwrap();
        assert_eq!(sent.as_str(), r#"{"a": 1}"#);
        assert_eq!(proposal.get("a"), Some(json!(2)));
        Ok(())
    });
    for checked in check(&stack(change).with(look), r#"{"a": 1}"#).await {
        assert_eq!(checked.metadata.as_deref(), Some(r#"{"a":2}"#));
    }
}

#[tokio::test]
async fn changed_metadata_follows_the_body_limit() {
    let grow = |length: usize| {
        stack(policy_fn(move |proposal: &mut Proposal| {
            // `{"x":""}` takes 8 bytes.
            proposal.set("x", "y".repeat(length - 8));
            Ok(())
        }))
    };
    for (length, passes) in [(1_000, true), (1_001, false)] {
        for request in [
            registration_request("{}"),
            configuration_request("PUT", "/register/1", "token", "{}"),
        ] {
            let recorder = RecordingBackend::default();
            let layer = DcrLayer::builder(grow(length).layer(recorder.clone()))
                .body_limit(1_000)
                .build()
                .unwrap();
            let answer = send(&serve(&layer), request).await;
            if passes {
                assert!(answer.status.is_success());
            } else {
                answer.assert_error(400, "invalid_client_metadata");
                assert_eq!(answer.outcome.unwrap().reason(), Some("body_limit"));
            }
            assert_eq!(recorder.calls(), usize::from(passes));
        }
    }
    // The default limit.
    let grown = grow(64 * 1024 + 1);
    assert_refused(&grown, &json!({}), 400, "invalid_client_metadata").await;
}

/// A policy cannot make metadata that no client may send.
#[tokio::test]
async fn changed_metadata_follows_the_rules_of_a_body() {
    let mut deep = json!(1);
    for _ in 0..130 {
        deep = json!([deep]);
    }
    let too_deep = stack(policy_fn(move |proposal: &mut Proposal| {
        proposal.set("x", deep.clone());
        Ok(())
    }));
    let reserved = stack(policy_fn(|proposal: &mut Proposal| {
        proposal.set("$serde_json::private::Number", "1");
        Ok(())
    }));
    for policies in [too_deep, reserved] {
        assert_refused(&policies, &json!({}), 500, "server_error").await;
        for checked in check(&policies, "{}").await {
            let outcome = checked.answer.outcome.unwrap();
            let cause = outcome.cause().unwrap().to_string();
            assert_eq!(cause, "a policy made the client metadata invalid");
        }
    }
}
