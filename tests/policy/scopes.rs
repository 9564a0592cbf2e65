//! Which scopes `Scopes` allows.

use serde_json::json;
use tower_dcr::policy::Scopes;

use super::{assert_changed, assert_idempotent, assert_passes, assert_refused, stack};

#[tokio::test]
async fn other_scopes_are_removed() {
    let policy = stack(Scopes::narrow_to(["read", "write"]));
    for taken in ["read", "write read"] {
        assert_passes(&policy, &json!({"scope": taken})).await;
    }
    for (asked, granted) in [
        ("read admin", "read"),
        ("admin write read", "write read"),
        ("read READ", "read"),
        ("read read\tadmin", "read"),
        ("  read   admin ", "read"),
        ("read read", "read"),
        ("write read write admin read", "write read"),
    ] {
        assert_changed(
            &policy,
            &json!({"scope": asked, "a": 1}),
            &json!({"scope": granted, "a": 1}),
        )
        .await;
    }
    // An empty scope may mean all scopes.
    for refused in ["admin", "READ", " ", "read,write", "\u{ff52}ead"] {
        assert_refused(
            &policy,
            &json!({"scope": refused}),
            400,
            "invalid_client_metadata",
        )
        .await;
    }
    for wrong in [json!(["read"]), json!(1), json!({"read": true})] {
        assert_refused(
            &policy,
            &json!({"scope": wrong}),
            400,
            "invalid_client_metadata",
        )
        .await;
    }
}

#[tokio::test]
async fn other_scopes_are_refused() {
    let policy = stack(Scopes::only(["read", "write"]));
    assert_passes(&policy, &json!({"scope": "write read"})).await;
    // A repeated scope is kept once.
    for repeated in ["write read write", "write write read read"] {
        let repeated = json!({"scope": repeated});
        assert_changed(&policy, &repeated, &json!({"scope": "write read"})).await;
    }
    for refused in [
        "read admin",
        "admin",
        "Read",
        "read\twrite",
        "read read admin",
    ] {
        assert_refused(
            &policy,
            &json!({"scope": refused}),
            400,
            "invalid_client_metadata",
        )
        .await;
    }
}

#[tokio::test]
async fn omitted_scope_becomes_the_default() {
    for policy in [
        Scopes::narrow_to(["read", "write"]),
        Scopes::only(["read", "write"]),
    ] {
        for omitted in [
            json!({}),
            json!({"scope": null}),
            json!({"scope": ""}),
            json!({"scope": []}),
        ] {
            let all = stack(policy.clone());
            assert_changed(&all, &omitted, &json!({"scope": "read write"})).await;
            let less = stack(policy.clone().with_default("read"));
            assert_changed(&less, &omitted, &json!({"scope": "read"})).await;
        }
    }
}

#[tokio::test]
async fn allowed_scopes_may_be_one_string() {
    let policy = stack(Scopes::only(["read  write"]));
    assert_passes(&policy, &json!({"scope": "write"})).await;
    assert_changed(&policy, &json!({}), &json!({"scope": "read write"})).await;
    let refused = json!({"scope": "read admin"});
    assert_refused(&policy, &refused, 400, "invalid_client_metadata").await;
}

/// A default is checked as if the client had asked for it. An empty scope is refused.
#[tokio::test]
async fn default_scope_is_checked() {
    let narrow = |default: &str| stack(Scopes::narrow_to(["read"]).with_default(default));
    assert_changed(&narrow("read admin"), &json!({}), &json!({"scope": "read"})).await;
    for refused in [
        narrow("admin"),
        narrow(""),
        stack(Scopes::narrow_to([""; 0])),
    ] {
        assert_refused(&refused, &json!({}), 400, "invalid_client_metadata").await;
    }
}

#[tokio::test]
async fn second_run_changes_nothing() {
    let policies = stack(Scopes::narrow_to(["read", "write"]));
    for scope in [json!("read admin read"), json!(null)] {
        assert_idempotent(&policies, &json!({ "scope": scope })).await;
    }
}
