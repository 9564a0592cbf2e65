//! Two editors that register at MCP servers, with all their redirect URIs.

use serde_json::json;
use tower_dcr::policy::{MaxRedirectUris, RedirectUris, SelfAssertedUris};

use super::{assert_passes, assert_refused, stack};

const CURSOR: [&str; 3] = [
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
    "http://localhost:8787/callback",
];

const VS_CODE: [&str; 6] = [
    "https://vscode.dev/redirect",
    "https://insiders.vscode.dev/redirect",
    "http://127.0.0.1/",
    "http://127.0.0.1:33418/",
    "http://localhost/",
    "http://localhost:33418/",
];

fn cursor() -> RedirectUris {
    RedirectUris::none()
        .allow_hosts(["www.cursor.com"])
        .allow_schemes(["cursor"])
        .allow_loopback(true)
}

fn vs_code() -> RedirectUris {
    RedirectUris::none()
        .allow_hosts(["vscode.dev", "insiders.vscode.dev"])
        .allow_loopback(true)
}

#[tokio::test]
async fn cursor_may_register() {
    let metadata = json!({
        "client_name": "Cursor",
        "redirect_uris": CURSOR,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    let policies = stack(MaxRedirectUris::new(10))
        .with(cursor())
        .with(SelfAssertedUris::drop_other_hosts().on_every_redirect_host(true));
    assert_passes(&policies, &metadata).await;
    assert_refused(&stack(vs_code()), &metadata, 400, "invalid_redirect_uri").await;
}

#[tokio::test]
async fn vs_code_may_register() {
    let metadata = json!({
        "client_name": "Visual Studio Code",
        "client_uri": "https://insiders.vscode.dev/",
        "redirect_uris": VS_CODE,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    let policies = stack(MaxRedirectUris::new(10))
        .with(vs_code())
        .with(SelfAssertedUris::drop_other_hosts());
    assert_passes(&policies, &metadata).await;
    assert_refused(&stack(cursor()), &metadata, 400, "invalid_redirect_uri").await;
}

/// All redirect URIs arrive in one request, so each must be allowed.
#[tokio::test]
async fn editors_may_not_register_without_each_permission() {
    let cursor = json!({ "redirect_uris": CURSOR });
    for policy in [
        RedirectUris::none()
            .allow_hosts(["www.cursor.com"])
            .allow_schemes(["cursor"]),
        RedirectUris::none()
            .allow_hosts(["www.cursor.com"])
            .allow_loopback(true),
        RedirectUris::none()
            .allow_schemes(["cursor"])
            .allow_loopback(true),
    ] {
        assert_refused(&stack(policy), &cursor, 400, "invalid_redirect_uri").await;
    }
    let vs_code = json!({ "redirect_uris": VS_CODE });
    let hosts = RedirectUris::none().allow_hosts(["vscode.dev", "insiders.vscode.dev"]);
    assert_refused(
        &stack(hosts.allow_loopback(false)),
        &vs_code,
        400,
        "invalid_redirect_uri",
    )
    .await;
}
