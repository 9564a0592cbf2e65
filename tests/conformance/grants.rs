//! Grant types, response types and methods of authentication.

use serde_json::json;

use super::both::*;
use super::*;

#[tokio::test]
async fn grant_types_that_are_not_supported_are_dropped_while_one_is() {
    let asked = with(json!({
        "grant_types": ["authorization_code", "password", "implicit", "refresh_token", "urn:example:other"],
    }));
    assert_kept(
        &both(&asked).await,
        &json!({"grant_types": ["authorization_code", "refresh_token"]}),
    );
    for grant_types in [
        json!(["password"]),
        json!(["implicit"]),
        json!(["urn:example:other", ""]),
    ] {
        let answers = both(&with(json!({"grant_types": grant_types}))).await;
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
    assert_kept(&both(&all).await, &all);
}

#[tokio::test]
async fn grant_types_and_response_types_that_do_not_fit() {
    for (grant_types, response_types) in [
        (json!(["authorization_code"]), json!([])),
        (json!(["client_credentials"]), json!(["code"])),
        (json!(["authorization_code"]), json!(["token"])),
        (json!(["authorization_code"]), json!(["code", "id_token"])),
        (json!(["authorization_code"]), json!(["code id_token"])),
    ] {
        let metadata = with(json!({"grant_types": grant_types, "response_types": response_types}));
        assert_refused(&both(&metadata).await, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn methods_that_do_not_exist() {
    for method in ["client_secret", "CLIENT_SECRET_BASIC", "private_key", "x"] {
        let metadata = with(json!({"token_endpoint_auth_method": method}));
        assert_refused(&both(&metadata).await, "invalid_client_metadata");
    }
}

/// Clients of the model context protocol ask for what they can do.
#[tokio::test]
async fn implicit_and_password_are_not_supported() {
    for grant in ["implicit", "password"] {
        let alone = with(json!({"grant_types": [grant]}));
        assert_refused(&both(&alone).await, "invalid_client_metadata");
        let beside = with(json!({"grant_types": ["authorization_code", grant]}));
        assert_kept(
            &both(&beside).await,
            &json!({"grant_types": ["authorization_code"]}),
        );
    }
    for response_type in ["token", "id_token", "code id_token", "none", "x"] {
        let metadata = with(json!({"response_types": [response_type]}));
        assert_refused(&both(&metadata).await, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn missing_response_types_and_grant_types() {
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
        assert_kept(&both(&with(given)).await, &filled);
    }
    // Of response types an empty list says something: there is no grant type to go with it.
    let metadata = with(json!({"response_types": []}));
    assert_refused(&both(&metadata).await, "invalid_client_metadata");
}

#[tokio::test]
async fn a_client_without_credentials_has_none_to_show() {
    let metadata =
        json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"});
    assert_refused(&both(&with(metadata)).await, "invalid_client_metadata");
    let metadata = json!({
        "grant_types": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_method": "none",
    });
    assert_refused(&both(&with(metadata)).await, "invalid_client_metadata");
}
