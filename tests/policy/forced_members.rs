//! Which members `ForcedMembers` sets and removes.

use serde_json::json;
use tower_dcr::policy::ForcedMembers;

use super::{assert_changed, assert_idempotent, stack};

#[tokio::test]
async fn members_are_set_whatever_the_client_asks_for() {
    let policy = stack(ForcedMembers::new([
        ("token_endpoint_auth_method", json!("none")),
        ("grant_types", json!(["authorization_code"])),
        ("logo_uri", json!(null)),
    ]));
    let forced =
        json!({"token_endpoint_auth_method": "none", "grant_types": ["authorization_code"]});
    for asked in [
        json!({}),
        json!({"token_endpoint_auth_method": "client_secret_basic", "logo_uri": "https://x/"}),
        json!({"grant_types": {"a": 1}}),
        json!({"logo_uri#fr": "https://x/", "logo_uri#": 1, "token_endpoint_auth_method#a": "b"}),
    ] {
        assert_changed(&policy, &asked, &forced).await;
    }
    // A language tag is removed, unless it is forced itself. A longer name is another member.
    let name = stack(ForcedMembers::new([
        ("client_name#fr", "Une application"),
        ("client_name", "An application"),
    ]));
    let asked = json!({
        "client_name": "x",
        "client_name#fr": "y",
        "client_name#de": "z",
        "client_name2": "a",
    });
    let forced = json!({
        "client_name": "An application",
        "client_name#fr": "Une application",
        "client_name2": "a",
    });
    assert_changed(&name, &asked, &forced).await;
}

#[tokio::test]
async fn second_run_changes_nothing() {
    let forced = ForcedMembers::new([("a", json!({"b": 1.0})), ("c", json!(null))]);
    assert_idempotent(&stack(forced), &json!({"a": 1, "c": 2})).await;
}
