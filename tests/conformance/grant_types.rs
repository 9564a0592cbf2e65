//! Grant types, response types and authentication methods.

use serde_json::json;

use super::register_and_update::*;
use super::*;

#[tokio::test]
async fn unsupported_grant_types_are_dropped_if_one_is_left() {
    let requested = with(json!({
        "grant_types": [
            "authorization_code",
            "password",
            "implicit",
            "refresh_token",
            "urn:example:other",
        ],
    }));
    assert_kept(
        &register_and_update(&requested).await,
        &json!({"grant_types": ["authorization_code", "refresh_token"]}),
    );
    for grant_types in [
        json!(["password"]),
        json!(["implicit"]),
        json!(["urn:example:other", ""]),
    ] {
        let answers = register_and_update(&with(json!({"grant_types": grant_types}))).await;
        assert_refused(&answers, "invalid_client_metadata");
    }
    let all = json!([
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ]);
    let all = with(json!({"grant_types": all}));
    assert_kept(&register_and_update(&all).await, &all);
}

#[tokio::test]
async fn response_types_must_fit_the_grant_types() {
    for (grant_types, response_types) in [
        (json!(["authorization_code"]), json!([])),
        (json!(["client_credentials"]), json!(["code"])),
        (json!(["authorization_code"]), json!(["token"])),
        (json!(["authorization_code"]), json!(["code", "id_token"])),
        (json!(["authorization_code"]), json!(["code id_token"])),
    ] {
        let metadata = with(json!({"grant_types": grant_types, "response_types": response_types}));
        assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn unknown_authentication_methods_are_refused() {
    for method in ["client_secret", "CLIENT_SECRET_BASIC", "private_key", "x"] {
        let metadata = with(json!({"token_endpoint_auth_method": method}));
        assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
    }
}

/// Clients of the model context protocol request all grant types that they know.
#[tokio::test]
async fn implicit_and_password_are_not_supported() {
    for grant in ["implicit", "password"] {
        let alone = with(json!({"grant_types": [grant]}));
        assert_refused(&register_and_update(&alone).await, "invalid_client_metadata");
        let beside = with(json!({"grant_types": ["authorization_code", grant]}));
        assert_kept(
            &register_and_update(&beside).await,
            &json!({"grant_types": ["authorization_code"]}),
        );
    }
    for response_type in ["token", "id_token", "code id_token", "none", "x"] {
        let metadata = with(json!({"response_types": [response_type]}));
        assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn omitted_types_are_filled_in() {
    for (given, filled) in [
        (
            json!({}),
            json!({"grant_types": ["authorization_code"], "response_types": ["code"]}),
        ),
        (
            json!({"grant_types": ["client_credentials"]}),
            json!({"response_types": []}),
        ),
        (
            json!({"grant_types": ["refresh_token", "authorization_code"]}),
            json!({"response_types": ["code"]}),
        ),
        (
            json!({"response_types": ["code"]}),
            json!({"grant_types": ["authorization_code"]}),
        ),
        (
            json!({"response_types": ["code", "code"]}),
            json!({"grant_types": ["authorization_code"]}),
        ),
        (
            json!({"grant_types": ["client_credentials"], "response_types": []}),
            json!({"response_types": []}),
        ),
    ] {
        assert_kept(&register_and_update(&with(given)).await, &filled);
    }
    // An empty list of response types is a value. It does not fit the default grant type.
    let metadata = with(json!({"response_types": []}));
    assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
}

#[tokio::test]
async fn client_credentials_grant_needs_an_authentication_method() {
    let metadata =
        json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"});
    assert_refused(&register_and_update(&with(metadata)).await, "invalid_client_metadata");
    let metadata = json!({
        "grant_types": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_method": "none",
    });
    assert_refused(&register_and_update(&with(metadata)).await, "invalid_client_metadata");
}
