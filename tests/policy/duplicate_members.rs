//! Members that are named twice.

use tower_dcr::policy::{
    FetchedUris, ForcedMembers, MaxRedirectUris, OnlyMembers, Policy, RedirectUris, Scopes,
    SelfAssertedUris,
};

use super::{check, stack};

/// A policy might check one of two members of the same name, and the backend read the other.
#[tokio::test]
async fn duplicate_member_never_reaches_a_policy() {
    async fn assert<P: Policy>(policy: P, good: &str, bad: &str) {
        let policies = stack(policy);
        let name = &good[1..good.find("\":").unwrap()];
        let escaped = bad.replacen(
            name,
            &format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]),
            1,
        );
        for text in [
            format!("{{{good},{bad}}}"),
            format!("{{{bad},{good}}}"),
            format!("{{{good},{escaped}}}"),
        ] {
            for checked in check(&policies, &text).await {
                checked.answer.assert_error(400, "invalid_client_metadata");
                assert_eq!(checked.metadata, None, "{text}");
            }
        }
        // An escaped name is the same name.
        for checked in check(&policies, &format!("{{{escaped}}}")).await {
            assert_ne!(checked.metadata, Some(format!("{{{escaped}}}")));
        }
    }

    let scopes = [r#""scope":"read""#, r#""scope":"admin""#];
    assert(Scopes::only(["read"]), scopes[0], scopes[1]).await;
    assert(
        ForcedMembers::new([("scope", "read")]),
        scopes[0],
        scopes[1],
    )
    .await;
    let good = r#""redirect_uris":["https://app.example.com/cb"]"#;
    let bad = r#""redirect_uris":["https://evil.example/cb","https://app.example.com/cb"]"#;
    let hosts = RedirectUris::none().allow_hosts(["app.example.com"]);
    assert(hosts, good, bad).await;
    assert(MaxRedirectUris::new(1), good, bad).await;
    let uris = [
        r#""logo_uri":null"#,
        r#""logo_uri":"https://bank.example/logo""#,
    ];
    assert(SelfAssertedUris::refuse_other_hosts(), uris[0], uris[1]).await;
    let keys = [
        r#""jwks_uri":null"#,
        r#""jwks_uri":"https://127.0.0.1/jwks""#,
    ];
    assert(FetchedUris::none(), keys[0], keys[1]).await;
    let others = OnlyMembers::refuse_others(["scope"]);
    assert(others, r#""x":null"#, r#""x":1"#).await;
}
