//! Which members `OnlyMembers` lets pass.

use serde_json::{Value, json};
use tower_dcr::policy::OnlyMembers;

use super::{
    assert_changed, assert_described, assert_idempotent, assert_passes, assert_refused, check,
    stack,
};

const NAMES: [&str; 3] = ["scope", "redirect_uris", "token_endpoint_auth_method"];

/// Names that a reader without regard to case takes for one of [`NAMES`].
const VARIANTS: [(&str, &str); 7] = [
    ("Scope", "scope"),
    ("SCOPE", "scope"),
    ("scop\u{45}", "scope"),
    // Go's `encoding/json` folds U+017F to `s`, and U+212A to `k`.
    ("\u{17f}cope", "scope"),
    ("Redirect_uris", "redirect_uris"),
    ("redirect_uri\u{17f}", "redirect_uris"),
    (
        "to\u{212a}en_endpoint_auth_method",
        "token_endpoint_auth_method",
    ),
];

#[tokio::test]
async fn listed_members_pass_byte_for_byte() {
    let metadata = json!({"scope": "read", "redirect_uris": [1.0, {}]});
    for policy in [
        OnlyMembers::drop_others(NAMES),
        OnlyMembers::refuse_others(NAMES),
    ] {
        assert_passes(&stack(policy.clone()), &metadata).await;
        assert_passes(&stack(policy), &json!({})).await;
    }
}

#[tokio::test]
async fn other_members_are_dropped_or_refused() {
    let dropping = stack(OnlyMembers::drop_others(NAMES));
    let refusing = stack(OnlyMembers::refuse_others(NAMES));
    for name in [
        "logo_uri",
        "scopes",
        "scop",
        "scope ",
        "",
        "scope#fr",
        "software_version",
    ] {
        let metadata = json!({"scope": "read", name: "sentinel"});
        assert_changed(&dropping, &metadata, &json!({"scope": "read"})).await;
        assert_described(
            &refusing,
            &metadata,
            "invalid_client_metadata",
            "The metadata has a member that may not be registered here.",
        )
        .await;
        // An omitted member is dropped in both cases.
        for omitted in [json!(null), json!(""), json!([])] {
            let metadata = json!({"scope": "read", name: omitted});
            assert_changed(&dropping, &metadata, &json!({"scope": "read"})).await;
            assert_changed(&refusing, &metadata, &json!({"scope": "read"})).await;
        }
    }
}

/// A reader without regard to case would read the variant that no policy checked.
#[tokio::test]
async fn names_in_another_case_are_dropped_or_refused() {
    let dropping = stack(OnlyMembers::drop_others(NAMES));
    let refusing = stack(OnlyMembers::refuse_others(NAMES));
    for (variant, name) in VARIANTS {
        let metadata = json!({"scope": "read", variant: "admin"});
        assert_changed(&dropping, &metadata, &json!({"scope": "read"})).await;
        assert_described(
            &refusing,
            &metadata,
            "invalid_client_metadata",
            &format!("The name of the member {name} is in the wrong case."),
        )
        .await;
        // `null` resets a list in Go.
        let reset = json!({"scope": "read", variant: null});
        assert_changed(&refusing, &reset, &json!({"scope": "read"})).await;
    }
}

#[tokio::test]
async fn language_tags_pass_if_allowed() {
    let names = ["client_name", "logo_uri#fr"];
    let strict = stack(OnlyMembers::refuse_others(names));
    let tagged = stack(OnlyMembers::refuse_others(names).allow_language_tags(true));
    assert_passes(&strict, &json!({"client_name": "a", "logo_uri#fr": "b"})).await;
    for name in ["client_name#de", "client_name#ja-Hani-JP"] {
        assert_refused(&strict, &json!({name: "a"}), 400, "invalid_client_metadata").await;
        assert_passes(&tagged, &json!({name: "a"})).await;
    }
    for name in [
        "logo_uri",
        "logo_uri#de",
        "Client_name#de",
        "client_name#",
        "client_name# de",
        "client_name#de#fr",
        "client_name2#de",
    ] {
        assert_refused(&tagged, &json!({name: "a"}), 400, "invalid_client_metadata").await;
    }
}

/// An update sends back what was issued (RFC 7592 section 2.2). A registration does not.
#[tokio::test]
async fn issued_members_pass_in_updates_only() {
    for name in [
        "client_id",
        "client_secret",
        "client_id_issued_at",
        "client_secret_expires_at",
        "registration_access_token",
        "registration_client_uri",
    ] {
        let body = json!({"scope": "read", name: "x"}).to_string();
        let without = json!({"scope": "read"}).to_string();
        let refusing = stack(OnlyMembers::refuse_others(NAMES));
        let [registered, updated] = check(&refusing, &body).await;
        registered
            .answer
            .assert_error(400, "invalid_client_metadata");
        assert!(updated.answer.status.is_success());
        let dropping = stack(OnlyMembers::drop_others(NAMES));
        let [registered, updated_too] = check(&dropping, &body).await;
        assert_eq!(registered.metadata, Some(without));
        for updated in [updated, updated_too] {
            let metadata: Value = serde_json::from_str(&updated.metadata.unwrap()).unwrap();
            assert_eq!(metadata, json!({"scope": "read", name: "x"}));
        }
        // In another case it is no issued member.
        let variant = json!({name.to_uppercase(): "x"});
        assert_changed(&dropping, &variant, &json!({})).await;
        assert_refused(&refusing, &variant, 400, "invalid_client_metadata").await;
    }
}

#[tokio::test]
async fn second_run_changes_nothing() {
    let policies = stack(OnlyMembers::drop_others(NAMES));
    assert_idempotent(&policies, &json!({"scope": "read", "x": 1, "Scope": 2})).await;
}
