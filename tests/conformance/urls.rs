//! Members that contain a URL.

use serde_json::json;

use super::register_and_update::*;
use super::*;

#[tokio::test]
async fn urls_are_absolute_and_https_or_http() {
    for member in [
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "client_uri#fr",
    ] {
        for good in [
            "https://client.example.org/x?y#z",
            "http://client.example.org",
            "HTTPS://[::1]/",
        ] {
            let metadata = with(json!({member: good}));
            assert_kept(&register_and_update(&metadata).await, &metadata);
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "/logo.png",
            "client.example.org",
            "https:x",
            "https://",
            "https://a b/",
        ] {
            assert_refused(
                &register_and_update(&with(json!({member: bad}))).await,
                "invalid_client_metadata",
            );
        }
    }
    let metadata = with(json!({"jwks_uri": "https://client.example.org/jwks"}));
    assert_kept(&register_and_update(&metadata).await, &metadata);
    for bad in [
        "http://client.example.org/jwks",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "jwks",
    ] {
        assert_refused(
            &register_and_update(&with(json!({"jwks_uri": bad}))).await,
            "invalid_client_metadata",
        );
    }
}

#[tokio::test]
async fn urls_that_the_server_fetches_need_https() {
    for (member, is_list) in [
        ("jwks_uri", false),
        ("initiate_login_uri", false),
        ("backchannel_logout_uri", false),
        ("request_uris", true),
    ] {
        let of = |url: &str| {
            with(if is_list {
                json!({member: [url]})
            } else {
                json!({member: url})
            })
        };
        let good = of("https://client.example.org/x?y");
        assert_kept(&register_and_update(&good).await, &good);
        for bad in [
            "http://client.example.org/x",
            "http://localhost/x",
            "javascript:alert(1)",
            "urn:example:x",
            "https://user@client.example.org/x",
            "https://client.example.org:99999/x",
            "https://*.example.org/x",
            "https://client%2eexample.org/x",
            "/x",
            "https://",
        ] {
            assert_refused(&register_and_update(&of(bad)).await, "invalid_client_metadata");
        }
    }
    let mixed =
        json!({"request_uris": ["https://client.example.org/x", "http://client.example.org/x"]});
    assert_refused(&register_and_update(&with(mixed)).await, "invalid_client_metadata");
}

/// OpenID Connect back-channel logout section 2.2.
#[tokio::test]
async fn backchannel_logout_uri_has_no_fragment() {
    for bad in ["https://client.example.org/out#x", "https://client.example.org/out#"] {
        let metadata = with(json!({"backchannel_logout_uri": bad}));
        assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn post_logout_redirect_uris_have_the_rules_of_redirect_uris() {
    let metadata = with(json!({
        "post_logout_redirect_uris": [
            "https://client.example.org/out",
            "com.example.app:/out",
            "http://127.0.0.1/out",
        ],
    }));
    assert_kept(&register_and_update(&metadata).await, &metadata);
    for bad in [
        "javascript:alert(1)",
        "http://client.example.org/out",
        "/out",
        "",
    ] {
        let metadata = with(json!({"post_logout_redirect_uris": [bad]}));
        assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
    }
}

/// The registry fetches nothing, so it cannot verify the file (OpenID Connect registration section
/// 5).
#[tokio::test]
async fn sector_identifier_uri_is_refused() {
    let metadata = with(json!({"sector_identifier_uri": "https://client.example.org/sector"}));
    assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
}
