//! Software statements, which all ready-made policies refuse by default.

use serde_json::{Value, json};
use tower_dcr::policy::{
    FetchedUris, ForcedMembers, MaxRedirectUris, OnlyMembers, Policy, RedirectUris, Scopes,
    SelfAssertedUris,
};

use super::{assert_refused, check, stack};

/// Its claims would override the members that were checked (RFC 7591 section 2.3).
#[tokio::test]
async fn software_statement_is_refused_unless_allowed() {
    fn with(statement: &Value) -> Value {
        json!({
            "grant_types": ["client_credentials"],
            "scope": "read",
            "software_statement": statement,
        })
    }

    async fn assert<P: Policy>(refusing: P, allowing: P) {
        let asked = with(&json!("a.b.c"));
        let refusing = stack(refusing);
        assert_refused(&refusing, &asked, 400, "unapproved_software_statement").await;
        for checked in check(&stack(allowing), &asked.to_string()).await {
            assert!(checked.answer.status.is_success());
        }
        for wrong in [json!({}), json!(0), json!(false), json!(" ")] {
            let asked = with(&wrong);
            assert_refused(&refusing, &asked, 400, "unapproved_software_statement").await;
        }
        for none in [json!(null), json!("")] {
            for checked in check(&refusing, &with(&none).to_string()).await {
                assert!(checked.answer.status.is_success());
            }
        }
    }
    macro_rules! assert_each {
        ($($policy:expr),* $(,)?) => {
            $(assert($policy, $policy.allow_software_statement(true)).await;)*
        };
    }

    assert_each![
        Scopes::only(["read"]),
        MaxRedirectUris::new(1),
        RedirectUris::none(),
        ForcedMembers::new([("a", "b")]),
        SelfAssertedUris::refuse_other_hosts(),
        FetchedUris::none(),
        OnlyMembers::drop_others(["scope", "grant_types"]),
        OnlyMembers::refuse_others(["scope", "grant_types"]),
        // The switch decides, not the list.
        OnlyMembers::refuse_others(["scope", "grant_types", "software_statement"]),
    ];
}
