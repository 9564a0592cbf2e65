//! Redirect URIs, and the `application_type` that follows from them.

use serde_json::{Value, json};

use super::register_and_update::*;
use super::*;

#[tokio::test]
async fn good_redirect_uris_are_kept_and_missing_ones_refused() {
    for uris in [
        json!(["https://client.example.org/cb?x=1&y=%2F"]),
        json!([
            "http://localhost:8080/cb",
            "http://127.0.0.1/",
            "http://[::1]:1/cb"
        ]),
        json!([
            "http://127.0.0.1:33418",
            "http://127.0.0.1:33418/",
            "https://vscode.dev/redirect"
        ]),
        json!(["cursor://anysphere.cursor-retrieval/oauth/user-mcp/callback"]),
        json!(["com.example.app:/cb", "HTTPS://Client.Example.org/CB/../x"]),
        json!([
            "https://client.example.org:8443",
            "https://xn--bcher-kva.example/cb",
            "https://[2001:db8::1]/cb",
            "http://localhost/cb",
        ]),
        json!([
            "com.example.app:oauth2redirect",
            "com.example.app:2fa/cb",
            "urn:ietf:wg:oauth:2.0:oob",
        ]),
    ] {
        let metadata = json!({"redirect_uris": uris});
        assert_kept(&register_and_update(&metadata).await, &metadata);
    }
    for missing in [
        json!({}),
        json!({"redirect_uris": []}),
        json!({"redirect_uris": null}),
    ] {
        assert_refused(&register_and_update(&missing).await, "invalid_redirect_uri");
    }
}

/// Asserts that each URI is refused: beside a good one, and without a grant type that redirects.
async fn assert_all_refused(uris: &[&str]) {
    for uri in uris {
        let metadata = json!({"redirect_uris": ["https://client.example.org/cb", uri]});
        assert_refused(&register_and_update(&metadata).await, "invalid_redirect_uri");
        let metadata = json!({"redirect_uris": [uri], "grant_types": ["client_credentials"]});
        assert_refused(&register_and_update(&metadata).await, "invalid_redirect_uri");
    }
}

#[tokio::test]
async fn redirect_uris_are_uris_in_printable_ascii() {
    assert_all_refused(&[
        "https://client.example.org/c b",
        "https://client.example.org/ ",
        " https://client.example.org/cb",
        "https://client.example.org/cb\n",
        "https://client.example.org/\tcb",
        "https://b\u{fc}cher.example/cb",
        "https://client.example.org/%zz",
        "https://client.example.org/<cb>",
        "https://client.example.org\\@evil.example/cb",
        "https://client.example.org:65536/cb",
    ])
    .await;
}

#[tokio::test]
async fn redirect_uris_are_absolute() {
    assert_all_refused(&[
        "",
        "cb",
        "/cb",
        "//client.example.org/cb",
        "client.example.org/cb",
        "https:/cb",
        "https:///cb",
        "https:client.example.org",
        "?x",
    ])
    .await;
}

#[tokio::test]
async fn redirect_uris_have_no_fragment() {
    assert_all_refused(&[
        "https://client.example.org/cb#",
        "https://client.example.org/cb#x",
        "com.example.app:/cb#x",
    ])
    .await;
}

#[tokio::test]
async fn redirect_uris_have_no_user_information() {
    assert_all_refused(&[
        "https://@client.example.org/cb",
        "https://user@client.example.org/cb",
        "https://user:password@client.example.org/cb",
        "com.example.app://user@x/cb",
    ])
    .await;
}

#[tokio::test]
async fn redirect_uris_have_no_wildcard_host() {
    assert_all_refused(&[
        "https://*/cb",
        "https://*.example.org/cb",
        "https://client.*/cb",
        "https://%2a.example.org/cb",
        "com.example.app://*/cb",
    ])
    .await;
}

/// No host needs an escape. It would only hide something.
#[tokio::test]
async fn redirect_uris_have_no_escape_in_their_host() {
    assert_all_refused(&[
        "https://client%2eexample.org/cb",
        "http://%6cocalhost/cb",
        "com.example.app://%2a/cb",
        "com.example.app://h%20x/",
    ])
    .await;
}

#[tokio::test]
async fn schemes_of_browsers_and_other_protocols_are_refused() {
    assert_all_refused(&[
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "javascript://client.example.org/%0aalert(1)",
        "data:text/html,x",
        "DATA:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://client.example.org/x",
        "about:blank",
        "filesystem:https://client.example.org/x",
        "view-source:https://client.example.org/x",
        "feed:javascript:alert(1)",
        "ftp://client.example.org/cb",
        "wss://client.example.org/cb",
        "mailto:a@example.org",
    ])
    .await;
}

/// With these, an operating system installs something, or starts a program of its own.
#[tokio::test]
async fn schemes_of_operating_systems_are_refused() {
    assert_all_refused(&[
        "ms-appinstaller:?source=https://evil.example/x.appx",
        "MS-OfficeCmd:x",
        "ms-word:ofe|u|https://evil.example/x.docx".replace('|', "%7C").as_str(),
        "search:query=x",
        "search-ms:query=x",
        "shell:startup",
        "ms-settings:x",
        "itms-services://evil.example/x",
        "intent://evil.example/x",
        "market://details?id=x",
    ])
    .await;
    // Windows sends the user back to an application with these.
    for uri in ["ms-app://s-1-15-2-1/", "ms-appx-web://microsoft.aad.brokerplugin/x"] {
        let metadata = json!({"redirect_uris": [uri]});
        assert_kept(&register_and_update(&metadata).await, &metadata);
    }
}

#[tokio::test]
async fn plain_http_is_refused_except_for_loopback() {
    assert_all_refused(&[
        "http://client.example.org/cb",
        "HTTP://client.example.org/cb",
        "http://localhost.example.org/cb",
        "http://localhost@evil.example/cb",
        "http://LOCALHOST/cb",
        "http://localhost./cb",
        "http://127.0.0.2/cb",
        "http://127.1/cb",
        "http://127.0.0.1.example.org/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://0.0.0.0/cb",
        "http:/cb",
    ])
    .await;
}

#[tokio::test]
async fn redirect_uri_has_at_most_2048_bytes() {
    let of = |length: usize| format!("https://client.example.org/{}", "a".repeat(length - 27));
    let longest = json!({"redirect_uris": [of(2_048)]});
    assert_kept(&register_and_update(&longest).await, &longest);
    assert_all_refused(&[&of(2_049)]).await;
}

async fn assert_type(uris: &Value, expected: &str) {
    let answers = register_and_update(&json!({"redirect_uris": uris})).await;
    assert_kept(
        &answers,
        &json!({"redirect_uris": uris, "application_type": expected}),
    );
}

#[tokio::test]
async fn default_application_type_follows_from_the_redirect_uris() {
    assert_type(&json!(["https://client.example.org/cb"]), "web").await;
    assert_type(
        &json!(["https://client.example.org/cb", "https://localhost/cb"]),
        "web",
    )
    .await;
    assert_type(&json!(["http://localhost/cb"]), "native").await;
    assert_type(
        &json!(["http://[::1]:1/cb", "https://client.example.org/cb"]),
        "native",
    )
    .await;
    assert_type(
        &json!(["com.example.app:/cb", "https://client.example.org/cb"]),
        "native",
    )
    .await;
    let machine = json!({"grant_types": ["client_credentials"]});
    assert_kept(&register_and_update(&machine).await, &json!({"application_type": "web"}));
}

#[tokio::test]
async fn application_type_must_fit_the_redirect_uris() {
    for (application_type, uris, is_accepted) in [
        ("web", json!(["https://client.example.org/cb"]), true),
        ("web", json!(["http://localhost/cb"]), true),
        ("web", json!(["com.example.app:/cb"]), false),
        (
            "web",
            json!(["https://client.example.org/cb", "cursor://x/cb"]),
            false,
        ),
        ("native", json!(["https://client.example.org/cb"]), true),
        (
            "native",
            json!([
                "com.example.app:/cb",
                "http://127.0.0.1/",
                "https://client.example.org/cb"
            ]),
            true,
        ),
    ] {
        let metadata = json!({"application_type": application_type, "redirect_uris": uris});
        let answers = register_and_update(&metadata).await;
        if is_accepted {
            assert_kept(&answers, &metadata);
        } else {
            assert_refused(&answers, "invalid_redirect_uri");
        }
    }
    for unknown in ["Web", "service", "spa"] {
        let metadata = with(json!({"application_type": unknown}));
        assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn pairwise_subject_type_needs_one_host() {
    for (uris, is_accepted) in [
        (json!(["https://client.example.org/cb"]), true),
        (
            json!([
                "https://client.example.org/a",
                "https://CLIENT.example.org:8443/b"
            ]),
            true,
        ),
        (
            json!([
                "https://client.example.org/a",
                "https://other.example.org/b"
            ]),
            false,
        ),
        (
            json!(["https://client.example.org/a", "com.example.app:/b"]),
            false,
        ),
        (json!(["com.example.app:/a", "com.example.app:/b"]), true),
        (json!(["com.example.app:/a", "com.example.other:/b"]), false),
    ] {
        let metadata = json!({"redirect_uris": uris, "subject_type": "pairwise"});
        let answers = register_and_update(&metadata).await;
        if is_accepted {
            assert_kept(&answers, &metadata);
        } else {
            assert_refused(&answers, "invalid_client_metadata");
        }
        let public = json!({"redirect_uris": uris, "subject_type": "public"});
        assert_kept(&register_and_update(&public).await, &public);
    }
    let metadata = with(json!({"subject_type": "Pairwise"}));
    assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
}

/// By the grammar, `localhost:3000/callback` is a URI with the scheme `localhost`.
#[tokio::test]
async fn host_and_port_without_a_scheme_are_refused() {
    assert_all_refused(&["localhost:3000/callback", "example.com:8080"]).await;
}

#[tokio::test]
async fn visual_studio_code_can_register() {
    let metadata = json!({
        "client_name": "Visual Studio Code",
        "client_uri": "https://code.visualstudio.com",
        "grant_types": [
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "response_types": ["code"],
        "redirect_uris": [
            "https://insiders.vscode.dev/redirect",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
        "scope": "read write",
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    });
    assert_kept(&register_and_update(&metadata).await, &metadata);
}

#[tokio::test]
async fn cursor_can_register() {
    let metadata = json!({
        "client_name": "Cursor",
        "redirect_uris": [
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    let answers = register_and_update(&metadata).await;
    assert_kept(&answers, &metadata);
    assert_kept(&answers, &json!({"application_type": "native"}));
}
