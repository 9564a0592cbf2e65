//! Which URIs `FetchedUris` lets the server or a browser fetch.

use serde_json::{Value, json};
use tower_dcr::policy::FetchedUris;

use super::{assert_described, assert_passes, assert_refused, stack};

const URIS: [&str; 7] = [
    "jwks_uri",
    "signed_jwks_uri",
    "sector_identifier_uri",
    "initiate_login_uri",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
    "backchannel_client_notification_endpoint",
];

/// The members that hold this URI.
fn each(uri: &str) -> Vec<Value> {
    let mut metadata: Vec<Value> = URIS.iter().map(|name| json!({ *name: uri })).collect();
    metadata.push(json!({"request_uris": [uri]}));
    metadata.push(json!({"request_uris": ["https://keys.example.com/1", uri]}));
    metadata
}

#[tokio::test]
async fn hosts_are_allowed_by_name() {
    let policies = stack(FetchedUris::none().allow_hosts([
        "Keys.example.com",
        "10.0.0.1",
        "[2001:DB8::1]",
        "keys.internal",
    ]));
    for allowed in [
        "https://keys.example.com/jwks",
        "HTTPS://KEYS.example.com:8443/jwks?a=b",
        // A request URI has its hash in the fragment (OpenID Connect core section 6.2).
        "https://keys.example.com/request.jwt#GkurKxf5T0Y-mnPFCHqWOMiZi4VS138cQO_V7PZHAdM",
        // An explicit name may be an address or a private name.
        "https://10.0.0.1/jwks",
        "https://[2001:db8:0::1]/jwks",
        "https://keys.internal/jwks",
    ] {
        for metadata in each(allowed) {
            assert_passes(&policies, &metadata).await;
        }
    }
    for refused in [
        "http://keys.example.com/jwks",
        "https://evil.example/jwks",
        "https://keys.example.com.evil.example/jwks",
        "https://keys.example.com@evil.example/jwks",
        "https://user:password@keys.example.com/jwks",
        "https://keys.example.com\\@evil.example/jwks",
        "https://keys.example.com./jwks",
        "https://keys%2eexample.com/jwks",
        "https://keys.example.com:99999/jwks",
        "https://*.example.com/jwks",
        "https://localhost/jwks",
        "https://127.0.0.1/jwks",
        "https:keys.example.com/jwks",
        "https:///keys.example.com",
        "https://:443/keys.example.com",
        "file:///etc/passwd",
        "gopher://keys.example.com/",
        "ftp://keys.example.com/jwks",
        "//keys.example.com/jwks",
        "/jwks",
        "\u{ff4b}eys.example.com",
    ] {
        for metadata in each(refused) {
            assert_refused(&policies, &metadata, 400, "invalid_client_metadata").await;
        }
    }
}

/// Addresses and private names lead into the server's own network.
#[tokio::test]
async fn public_hosts_are_names_of_the_public_dns() {
    let policies = stack(FetchedUris::none().allow_public_hosts(true));
    for allowed in [
        "https://keys.example.com/jwks",
        "https://xn--bcher-kva.example:8443/jwks",
    ] {
        for metadata in each(allowed) {
            assert_passes(&policies, &metadata).await;
        }
    }
    for refused in [
        "http://keys.example.com/jwks",
        "https://user@keys.example.com/jwks",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://8.8.8.8/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00::1]/",
        "https://localhost/",
        "https://LOCALHOST:8443/",
        "https://app.localhost/",
        "https://localhost./",
        "https://intranet/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://nas.home.arpa/",
        "https://127.0.0.1%2e/",
        "https://127%2e0%2e0%2e1/",
    ] {
        for metadata in each(refused) {
            assert_refused(&policies, &metadata, 400, "invalid_client_metadata").await;
        }
    }
}

#[tokio::test]
async fn loopback_is_allowed_by_a_switch() {
    let off = stack(
        FetchedUris::none()
            .allow_public_hosts(true)
            .allow_loopback(false),
    );
    let on = stack(
        FetchedUris::none()
            .allow_hosts(["keys.example.com"])
            .allow_loopback(true),
    );
    for uri in [
        "http://localhost:3000/jwks",
        "https://localhost/jwks",
        "http://127.0.0.1/jwks",
        "http://[::1]:8080/jwks",
    ] {
        for metadata in each(uri) {
            assert_passes(&on, &metadata).await;
            assert_refused(&off, &metadata, 400, "invalid_client_metadata").await;
        }
    }
    for uri in [
        "http://LOCALHOST/",
        "http://127.0.0.2/",
        "http://user@localhost/",
        "http://localhost@evil.example/",
        "http://keys.example.com/",
        "ftp://localhost/",
    ] {
        for metadata in each(uri) {
            assert_refused(&on, &metadata, 400, "invalid_client_metadata").await;
        }
    }
}

#[tokio::test]
async fn nothing_is_allowed_by_default() {
    let policies = stack(FetchedUris::none());
    for uri in ["https://keys.example.com/", "http://localhost/"] {
        for metadata in each(uri) {
            assert_refused(&policies, &metadata, 400, "invalid_client_metadata").await;
        }
    }
    for metadata in [
        json!({}),
        json!({"jwks_uri": null, "initiate_login_uri": "", "request_uris": []}),
        json!({"jwks": {"keys": []}, "redirect_uris": ["https://app.example.com/cb"]}),
    ] {
        assert_passes(&policies, &metadata).await;
    }
}

#[tokio::test]
async fn refusal_names_the_position_and_not_the_uri() {
    let policies = stack(FetchedUris::none().allow_hosts(["keys.example.com"]));
    let good = "https://keys.example.com/1";
    let error = "invalid_client_metadata";
    for (bad, problem) in [
        (
            "https://sentinel.example/",
            "has a host that may not be registered here",
        ),
        ("http://keys.example.com/sentinel", "is not https"),
        ("https://sentinel@keys.example.com/", "has user information"),
        ("https:sentinel", "has no host"),
        ("https:///sentinel", "has no host"),
        ("sentinel", "is not an absolute URI of RFC 3986"),
    ] {
        let description = format!("request_uris[2] {problem}.");
        let metadata = json!({"request_uris": [good, good, bad, good]});
        assert_described(&policies, &metadata, error, &description).await;
        let description = format!("jwks_uri {problem}.");
        assert_described(&policies, &json!({"jwks_uri": bad}), error, &description).await;
    }
    for wrong in [json!([good]), json!(1), json!({"a": good})] {
        let metadata = json!({"jwks_uri": wrong});
        assert_described(&policies, &metadata, error, "jwks_uri must be a string.").await;
    }
    for wrong in [json!(good), json!([1]), json!({"0": good})] {
        let metadata = json!({"request_uris": wrong});
        let description = "request_uris must be an array of strings.";
        assert_described(&policies, &metadata, error, description).await;
    }
}
