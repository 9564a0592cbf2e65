//! Redirect URIs, and the kind of application that they make.

use serde_json::{Value, json};

use super::both::*;
use super::*;

#[tokio::test]
async fn redirect_uris() {
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
        assert_kept(&both(&metadata).await, &metadata);
    }
    for missing in [
        json!({}),
        json!({"redirect_uris": []}),
        json!({"redirect_uris": null}),
    ] {
        assert_refused(&both(&missing).await, "invalid_redirect_uri");
    }
}

/// Refused, beside a good one, and also where nothing would redirect there.
async fn assert_none_taken(uris: &[&str]) {
    for uri in uris {
        let metadata = json!({"redirect_uris": ["https://client.example.org/cb", uri]});
        assert_refused(&both(&metadata).await, "invalid_redirect_uri");
        let metadata = json!({"redirect_uris": [uri], "grant_types": ["client_credentials"]});
        assert_refused(&both(&metadata).await, "invalid_redirect_uri");
    }
}

#[tokio::test]
async fn redirect_uris_are_uris_in_printable_ascii() {
    assert_none_taken(&[
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
    assert_none_taken(&[
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
    assert_none_taken(&[
        "https://client.example.org/cb#",
        "https://client.example.org/cb#x",
        "com.example.app:/cb#x",
    ])
    .await;
}

#[tokio::test]
async fn redirect_uris_have_no_user_information() {
    assert_none_taken(&[
        "https://@client.example.org/cb",
        "https://user@client.example.org/cb",
        "https://user:password@client.example.org/cb",
        "com.example.app://user@x/cb",
    ])
    .await;
}

#[tokio::test]
async fn redirect_uris_have_no_wildcard_host() {
    assert_none_taken(&[
        "https://*/cb",
        "https://*.example.org/cb",
        "https://client.*/cb",
        "https://%2a.example.org/cb",
        "com.example.app://*/cb",
    ])
    .await;
}

/// No host needs one: it would be there to hide something.
#[tokio::test]
async fn redirect_uris_have_no_escape_in_their_host() {
    assert_none_taken(&[
        "https://client%2eexample.org/cb",
        "http://%6cocalhost/cb",
        "com.example.app://%2a/cb",
        "com.example.app://h%20x/",
    ])
    .await;
}

#[tokio::test]
async fn schemes_that_do_not_lead_to_a_client() {
    assert_none_taken(&[
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

#[tokio::test]
async fn plain_http_is_for_loopback() {
    assert_none_taken(&[
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
async fn how_long_a_redirect_uri_may_be() {
    let of = |length: usize| format!("https://client.example.org/{}", "a".repeat(length - 27));
    let longest = json!({"redirect_uris": [of(2_048)]});
    assert_kept(&both(&longest).await, &longest);
    assert_none_taken(&[&of(2_049)]).await;
}

async fn assert_type(uris: &Value, expected: &str) {
    let answers = both(&json!({"redirect_uris": uris})).await;
    assert_kept(
        &answers,
        &json!({"redirect_uris": uris, "application_type": expected}),
    );
}

#[tokio::test]
async fn the_application_type_follows_from_the_redirect_uris() {
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
    assert_kept(&both(&machine).await, &json!({"application_type": "web"}));
}

#[tokio::test]
async fn web_and_native() {
    for (application_type, uris, is_taken) in [
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
        let answers = both(&metadata).await;
        if is_taken {
            assert_kept(&answers, &metadata);
        } else {
            assert_refused(&answers, "invalid_redirect_uri");
        }
    }
    for unknown in ["Web", "service", "spa"] {
        let metadata = with(json!({"application_type": unknown}));
        assert_refused(&both(&metadata).await, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn pairwise_subjects_on_several_hosts() {
    for (uris, is_taken) in [
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
        let answers = both(&metadata).await;
        if is_taken {
            assert_kept(&answers, &metadata);
        } else {
            assert_refused(&answers, "invalid_client_metadata");
        }
        let public = json!({"redirect_uris": uris, "subject_type": "public"});
        assert_kept(&both(&public).await, &public);
    }
    let metadata = with(json!({"subject_type": "Pairwise"}));
    assert_refused(&both(&metadata).await, "invalid_client_metadata");
}

/// A port and no scheme: the URI of a scheme `localhost`, as it is written.
#[tokio::test]
async fn a_scheme_that_was_forgotten() {
    assert_none_taken(&["localhost:3000/callback", "example.com:8080"]).await;
}

#[tokio::test]
async fn what_visual_studio_code_sends() {
    let metadata = json!({
        "client_name": "Visual Studio Code",
        "client_uri": "https://code.visualstudio.com",
        "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
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
    assert_kept(&both(&metadata).await, &metadata);
}

#[tokio::test]
async fn what_cursor_sends() {
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
    let answers = both(&metadata).await;
    assert_kept(&answers, &metadata);
    assert_kept(&answers, &json!({"application_type": "native"}));
}
