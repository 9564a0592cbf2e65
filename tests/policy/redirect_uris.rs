//! Which redirect URIs `RedirectUris` allows, and which clients need one.

use serde_json::{Value, json};
use tower_dcr::policy::RedirectUris;

use super::{assert_described, assert_passes, assert_refused, stack};

fn uris(uris: &[&str]) -> Value {
    json!({"redirect_uris": uris})
}

#[tokio::test]
async fn hosts_are_allowed_by_name() {
    let policy =
        stack(RedirectUris::none().allow_hosts(["App.example.com", "[2001:DB8::1]", "192.0.2.1"]));
    for taken in [
        &["https://app.example.com/cb"][..],
        &["https://APP.example.com:8443/cb", "HTTPS://app.example.com"],
        &["https://[2001:db8:0:0:0:0:0:1]/cb"],
        &["https://[2001:db8::1]:8443/cb"],
        &["https://192.0.2.1/cb"],
    ] {
        assert_passes(&policy, &uris(taken)).await;
    }
    for refused in [
        "https://evil.example/cb",
        "https://app.example.com.evil.example/cb",
        "https://sub.app.example.com/cb",
        "https://example.com/cb",
        "https://app.example.com./cb",
        "https://app%2eexample.com/cb",
        "https://app.example.com@evil.example/cb",
        "https://app.example.com\\@evil.example/cb",
        "https://evil.example#@app.example.com/",
        "https://evil.example/?https://app.example.com",
        "https://[2001:db8::2]/cb",
        "https://[::ffff:192.0.2.1]/cb",
        "https://192.0.2.01/cb",
        "https:app.example.com/cb",
        "https:///app.example.com",
        "https:/app.example.com/cb",
        "https://:443/app.example.com",
        "//app.example.com/cb",
        "/cb",
        "",
        "http://app.example.com/cb",
        "http://localhost/cb",
        "com.example.app:/cb",
        "javascript://app.example.com/%0aalert(1)",
        "https://\u{ff41}pp.example.com/cb",
    ] {
        assert_refused(&policy, &uris(&[refused]), 400, "invalid_redirect_uri").await;
        let mixed = uris(&["https://app.example.com/cb", refused]);
        assert_refused(&policy, &mixed, 400, "invalid_redirect_uri").await;
    }
    for wrong in [
        json!("https://app.example.com/cb"),
        json!({}),
        json!([1]),
        json!([null]),
        json!([["https://app.example.com/cb"]]),
    ] {
        assert_refused(
            &policy,
            &json!({"redirect_uris": wrong}),
            400,
            "invalid_redirect_uri",
        )
        .await;
    }
}

/// An empty list in the environment may become an empty name.
#[tokio::test]
async fn empty_host_and_empty_scheme_allow_nothing() {
    let policy = stack(RedirectUris::none().allow_hosts([""]).allow_schemes([""]));
    for refused in [
        "https:x",
        "https:/evil.example/cb",
        "https:///evil.example/cb",
        "https://:443/x",
        "https://evil.example/",
        "://evil.example/",
    ] {
        assert_refused(&policy, &uris(&[refused]), 400, "invalid_redirect_uri").await;
    }
}

#[tokio::test]
async fn redirect_uris_after_logout_are_checked() {
    let policy = stack(RedirectUris::none().allow_hosts(["app.example.com"]));
    let redirect_uris = ["https://app.example.com/cb"];
    let of =
        |uris: Value| json!({"redirect_uris": redirect_uris, "post_logout_redirect_uris": uris});
    assert_passes(&policy, &of(json!(["https://app.example.com/out"]))).await;
    for refused in [
        json!(["https://evil.example/"]),
        json!("https://app.example.com/out"),
        json!([1]),
    ] {
        assert_refused(&policy, &of(refused), 400, "invalid_client_metadata").await;
    }
}

#[tokio::test]
async fn schemes_and_loopback_are_allowed() {
    let policy = stack(
        RedirectUris::none()
            .allow_schemes(["Cursor", "com.example.app"])
            .allow_loopback(true),
    );
    for taken in [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "CURSOR://x",
        "com.example.app:/cb",
        "http://localhost:1/cb",
        "http://127.0.0.1/",
        "http://[::1]/",
    ] {
        assert_passes(&policy, &uris(&[taken])).await;
    }
    for refused in [
        "cursor2://x",
        "com.example.app.evil:/cb",
        "https://localhost/cb",
        "http://localhost.evil.example/",
        "http://LOCALHOST/",
        "http://localhost./",
        "http://127.0.0.2/",
        "http://[::2]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "https://app.example.com/",
    ] {
        assert_refused(&policy, &uris(&[refused]), 400, "invalid_redirect_uri").await;
    }
    let https = stack(RedirectUris::none().allow_schemes(["https"]));
    for refused in ["https:x", "https:/evil.example/", "https:///evil.example/"] {
        assert_refused(&https, &uris(&[refused]), 400, "invalid_redirect_uri").await;
    }
    assert_passes(&https, &uris(&["https://anywhere.example/cb"])).await;
    assert_refused(
        &https,
        &uris(&["http://localhost/cb"]),
        400,
        "invalid_redirect_uri",
    )
    .await;
}

/// Without a registered redirect URI, some servers accept every one (RFC 6749 section 3.1.2.3).
#[tokio::test]
async fn client_without_redirect_uris_is_refused_if_it_needs_a_redirect() {
    let policies = stack(RedirectUris::none().allow_hosts(["app.example.com"]));
    for mut metadata in [
        // `authorization_code` is the default (RFC 7591 section 2).
        json!({}),
        json!({"grant_types": null}),
        json!({"grant_types": []}),
        json!({"grant_types": "", "response_types": []}),
        json!({"response_types": []}),
        json!({"grant_types": ["authorization_code"]}),
        json!({"grant_types": ["client_credentials", "authorization_code"]}),
        json!({"grant_types": ["implicit"], "response_types": []}),
        json!({"grant_types": ["client_credentials"], "response_types": ["code"]}),
        json!({"grant_types": ["client_credentials"], "response_types": ["none"]}),
        // What cannot be read does not excuse.
        json!({"grant_types": "client_credentials"}),
        json!({"grant_types": [1]}),
        json!({"grant_types": ["client_credentials"], "response_types": "code"}),
    ] {
        for omitted in [None, Some(json!(null)), Some(json!("")), Some(json!([]))] {
            if let Some(omitted) = omitted {
                metadata["redirect_uris"] = omitted;
            }
            assert_described(
                &policies,
                &metadata,
                "invalid_redirect_uri",
                "redirect_uris is missing, but the grant_types or response_types need a redirect.",
            )
            .await;
        }
    }
}

#[tokio::test]
async fn client_without_redirect_uris_passes_if_it_needs_no_redirect() {
    let policies = stack(RedirectUris::none());
    for mut metadata in [
        json!({"grant_types": ["client_credentials"]}),
        json!({"grant_types": ["client_credentials"], "response_types": []}),
        json!({"grant_types": ["client_credentials"], "response_types": null}),
        json!({"grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]}),
    ] {
        assert_passes(&policies, &metadata).await;
        metadata["redirect_uris"] = json!([]);
        assert_passes(&policies, &metadata).await;
        // A redirect URI that is there is checked, whether it is needed or not.
        metadata["redirect_uris"] = json!(["https://evil.example/cb"]);
        assert_refused(&policies, &metadata, 400, "invalid_redirect_uri").await;
    }
}

#[tokio::test]
async fn refusal_names_the_position_and_not_the_uri() {
    let policies = stack(RedirectUris::none().allow_hosts(["app.example.com"]));
    let good = "https://app.example.com/cb";
    for (bad, problem) in [
        (
            "https://sentinel.example/cb",
            "has a host that may not be registered here",
        ),
        (
            "sentinel:/cb",
            "has a scheme that may not be registered here",
        ),
        (
            "http://localhost/sentinel",
            "has a scheme that may not be registered here",
        ),
        ("https:/sentinel", "has no host"),
        ("/sentinel", "is not an absolute URI of RFC 3986"),
    ] {
        assert_described(
            &policies,
            &json!({"redirect_uris": [good, good, bad, good]}),
            "invalid_redirect_uri",
            &format!("redirect_uris[2] {problem}."),
        )
        .await;
        assert_described(
            &policies,
            &json!({"redirect_uris": [good], "post_logout_redirect_uris": [bad]}),
            "invalid_client_metadata",
            &format!("post_logout_redirect_uris[0] {problem}."),
        )
        .await;
    }
}
