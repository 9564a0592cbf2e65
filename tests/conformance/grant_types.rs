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

#[tokio::test]
async fn response_types_are_dropped_with_their_grant_types_if_one_is_left() {
    for (grant_types, response_types, left) in [
        (
            json!(["authorization_code", "implicit"]),
            json!(["code", "code id_token"]),
            json!(["code"]),
        ),
        (
            json!(["implicit", "refresh_token", "authorization_code"]),
            json!(["id_token token", "code", "token"]),
            json!(["code"]),
        ),
        // The grant types follow from the response types.
        (json!(null), json!(["code", "id_token"]), json!(["code"])),
    ] {
        let metadata = with(json!({"grant_types": grant_types, "response_types": response_types}));
        let answers = register_and_update(&metadata).await;
        assert_kept(&answers, &json!({"response_types": left}));
        for answer in answers {
            let grants = answer.json()["grant_types"].to_string();
            assert!(!grants.contains("implicit"), "{grants}");
        }
    }
    for response_types in [json!(["code id_token"]), json!(["token", "id_token"])] {
        let metadata = with(json!({
            "grant_types": ["authorization_code", "implicit"],
            "response_types": response_types,
        }));
        let answers = register_and_update(&metadata).await;
        assert_refused(&answers, "invalid_client_metadata");
        for answer in answers {
            // The client did name it.
            let description = answer.json()["error_description"].to_string();
            assert!(description.contains("implicit, which is not supported"), "{description}");
        }
    }
}

#[tokio::test]
async fn response_type_that_names_a_word_twice_is_refused() {
    for response_type in ["code code", "code  code", "code ", " code"] {
        for response_types in [json!([response_type]), json!(["code", response_type])] {
            let metadata = with(json!({"response_types": response_types}));
            assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
        }
    }
}

/// RFC 8705 section 2.1.2.
#[tokio::test]
async fn tls_client_auth_needs_exactly_one_subject() {
    let subjects = [
        ("tls_client_auth_subject_dn", "CN=client"),
        ("tls_client_auth_san_dns", "client.example.org"),
        ("tls_client_auth_san_uri", "https://client.example.org/"),
        ("tls_client_auth_san_ip", "192.0.2.1"),
        ("tls_client_auth_san_email", "client@example.org"),
    ];
    let none = with(json!({"token_endpoint_auth_method": "tls_client_auth"}));
    assert_refused(&register_and_update(&none).await, "invalid_client_metadata");
    for (index, (name, value)) in subjects.into_iter().enumerate() {
        let mut metadata = none.clone();
        metadata[name] = json!(value);
        assert_kept(&register_and_update(&metadata).await, &metadata);
        let (other, value) = subjects[(index + 1) % subjects.len()];
        metadata[other] = json!(value);
        assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
        metadata[other] = json!("");
        assert_kept(&register_and_update(&metadata).await, &json!({name: metadata[name]}));
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
