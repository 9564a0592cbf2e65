//! Which members are kept, filled in, dropped and refused.

use serde_json::json;

use super::register_and_update::*;
use super::*;

#[tokio::test]
async fn specified_members_are_kept() {
    let metadata = json!({
        "redirect_uris": ["https://client.example.org/cb", "https://client.example.org/cb"],
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "client_name": "My Client",
        "client_name#fr": "Mon client",
        "client_uri": "https://client.example.org/",
        "client_uri#fr": "https://client.example.org/fr/",
        "logo_uri": "https://client.example.org/logo.png",
        "logo_uri#fr-CA": "https://client.example.org/logo-fr.png",
        "scope": "read write",
        "contacts": ["ve7jtb@example.org"],
        "tos_uri": "https://client.example.org/tos",
        "tos_uri#de": "https://client.example.org/agb",
        "policy_uri": "https://client.example.org/policy",
        "policy_uri#de": "https://client.example.org/datenschutz",
        "jwks": {"keys": [{"kty": "RSA", "e": "AQAB", "n": "abc", "x": 1.5}]},
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.0",
    });
    assert_kept(&register_and_update(&metadata).await, &metadata);
    let openid = with(json!({
        "application_type": "native",
        "subject_type": "public",
        "id_token_signed_response_alg": "RS256",
        "id_token_encrypted_response_alg": "RSA-OAEP",
        "id_token_encrypted_response_enc": "A128CBC-HS256",
        "userinfo_signed_response_alg": "ES256",
        "userinfo_encrypted_response_alg": "RSA-OAEP",
        "userinfo_encrypted_response_enc": "A128GCM",
        "request_object_signing_alg": "none",
        "request_object_encryption_alg": "RSA-OAEP",
        "request_object_encryption_enc": "A128GCM",
        "token_endpoint_auth_signing_alg": "RS256",
        "default_max_age": 3600,
        "require_auth_time": true,
        "default_acr_values": ["0", "urn:mace:incommon:iap:silver"],
        "initiate_login_uri": "https://client.example.org/login",
        "request_uris": ["https://client.example.org/request#GkurKxf5T0Y"],
        "post_logout_redirect_uris": ["https://client.example.org/out"],
        "backchannel_logout_uri": "https://client.example.org/back",
        "backchannel_logout_session_required": false,
        "require_pushed_authorization_requests": false,
        "tls_client_auth_subject_dn": "CN=client",
        "tls_client_auth_san_dns": "client.example.org",
        "tls_client_auth_san_uri": "https://client.example.org/",
        "tls_client_auth_san_ip": "192.0.2.1",
        "tls_client_auth_san_email": "client@example.org",
    }));
    assert_kept(&register_and_update(&openid).await, &openid);
    let by_reference = with(json!({"jwks_uri": "https://client.example.org/jwks"}));
    assert_kept(&register_and_update(&by_reference).await, &by_reference);
}

/// A client that sends `true` would have less security than it asked for, and might not notice.
#[tokio::test]
async fn requirement_that_the_server_does_not_enforce_is_refused() {
    for name in [
        "dpop_bound_access_tokens",
        "tls_client_certificate_bound_access_tokens",
        "require_signed_request_object",
        "require_pushed_authorization_requests",
    ] {
        let required = register_and_update(&with(json!({name: true}))).await;
        assert_refused(&required, "invalid_client_metadata");
        for answer in required {
            let description = answer.json()["error_description"].clone();
            assert!(description.as_str().unwrap().starts_with(name), "{description}");
        }
        let not_required = with(json!({name: false}));
        assert_kept(&register_and_update(&not_required).await, &not_required);
        let omitted = with(json!({name: null}));
        assert_kept(&register_and_update(&omitted).await, &with(json!({name: null})));
    }
}

#[tokio::test]
async fn unknown_members_are_dropped() {
    let metadata = with(json!({
        "example_extension_parameter": "example_value",
        "software_statement": "a.b.c",
        "scope#fr": "lire",
        "client_name#": "no tag",
        "client_name#<script>": "no tag",
        "client_name#fr#de": "no tag",
        "client_name#fr-": "no tag",
        "client_name#abcdefghi": "no tag",
        "client_name#xx-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa": "too long",
        "Client_name": "another case",
        "": 1,
    }));
    for answer in register_and_update(&metadata).await {
        let kept = answer.json();
        for name in metadata.as_object().unwrap().keys() {
            assert_eq!(kept.get(name).is_some(), name == "redirect_uris", "{name}");
        }
    }
}

#[tokio::test]
async fn omitted_members_get_their_defaults() {
    let answers = register_and_update(&with(json!({}))).await;
    let defaults = json!({
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
    });
    assert_kept(&answers, &defaults);

    let machine = json!({"grant_types": ["client_credentials"]});
    let answers = register_and_update(&machine).await;
    assert_kept(
        &answers,
        &json!({"response_types": [], "redirect_uris": []}),
    );
}

#[tokio::test]
async fn null_and_empty_values_count_as_omitted() {
    for nothing in [json!(null), json!(""), json!([])] {
        let metadata = with(json!({
            "token_endpoint_auth_method": nothing,
            "grant_types": nothing,
            "client_name": nothing,
            "client_name#fr": nothing,
            "client_uri": nothing,
            "scope": nothing,
            "contacts": nothing,
            "jwks": nothing,
            "jwks_uri": nothing,
        }));
        let answers = register_and_update(&metadata).await;
        assert_kept(
            &answers,
            &json!({
                "token_endpoint_auth_method": "client_secret_basic",
                "grant_types": ["authorization_code"],
                "response_types": ["code"],
            }),
        );
        for answer in answers {
            let kept = answer.json();
            assert!(
                kept.as_object()
                    .unwrap()
                    .values()
                    .all(|value| *value != nothing)
            );
            assert!(kept.get("client_name").is_none());
        }
    }
}

#[tokio::test]
async fn response_always_contains_redirect_uris() {
    for redirect_uris in [json!(null), json!([]), json!("")] {
        let metadata =
            json!({"grant_types": ["client_credentials"], "redirect_uris": redirect_uris});
        assert_kept(&register_and_update(&metadata).await, &json!({"redirect_uris": []}));
    }
}

#[tokio::test]
async fn members_of_the_wrong_type_are_refused() {
    let wrong_for_strings = [json!(1), json!(true), json!({}), json!(["a"]), json!([1])];
    for member in [
        "token_endpoint_auth_method",
        "client_name",
        "client_name#fr",
        "client_uri",
        "logo_uri",
        "scope",
        "tos_uri",
        "policy_uri",
        "jwks_uri",
        "software_id",
        "software_version",
        "application_type",
        "sector_identifier_uri",
        "subject_type",
        "id_token_signed_response_alg",
        "id_token_encrypted_response_alg",
        "id_token_encrypted_response_enc",
        "userinfo_signed_response_alg",
        "userinfo_encrypted_response_alg",
        "userinfo_encrypted_response_enc",
        "request_object_signing_alg",
        "request_object_encryption_alg",
        "request_object_encryption_enc",
        "token_endpoint_auth_signing_alg",
        "initiate_login_uri",
        "backchannel_logout_uri",
        "tls_client_auth_subject_dn",
        "tls_client_auth_san_dns",
        "tls_client_auth_san_uri",
        "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
    ] {
        for value in &wrong_for_strings {
            assert_refused(
                &register_and_update(&with(json!({member: value}))).await,
                "invalid_client_metadata",
            );
        }
    }
    let wrong_for_lists = [
        json!("code"),
        json!(1),
        json!({}),
        json!([1]),
        json!(["code", null]),
    ];
    for member in ["grant_types", "response_types", "contacts"] {
        for value in &wrong_for_lists {
            assert_refused(
                &register_and_update(&with(json!({member: value}))).await,
                "invalid_client_metadata",
            );
        }
    }
    for (member, wrong) in [
        (
            "default_max_age",
            json!(["1", -1, 1.5, 1e300, true, 9_007_199_254_740_992_u64]),
        ),
        ("require_auth_time", json!(["true", 1])),
        ("require_pushed_authorization_requests", json!(["true", 0])),
        ("dpop_bound_access_tokens", json!(["true", 1])),
        ("tls_client_certificate_bound_access_tokens", json!(["true", ["x"]])),
        ("require_signed_request_object", json!(["true", {}])),
        ("backchannel_logout_session_required", json!(["false", {}])),
        ("request_uris", json!(["https://client.example.org/x", [1]])),
        ("default_acr_values", json!(["0", [0]])),
        (
            "post_logout_redirect_uris",
            json!(["https://client.example.org/out", [1], {}, true, ["/out"]]),
        ),
    ] {
        for value in wrong.as_array().unwrap() {
            assert_refused(
                &register_and_update(&with(json!({member: value}))).await,
                "invalid_client_metadata",
            );
        }
    }
    for value in [json!("{}"), json!(1), json!([1])] {
        assert_refused(
            &register_and_update(&with(json!({"jwks": value}))).await,
            "invalid_client_metadata",
        );
    }
    for value in [
        json!("https://client.example.org/cb"),
        json!({}),
        json!([1]),
        json!([null]),
    ] {
        assert_refused(
            &register_and_update(&json!({"redirect_uris": value})).await,
            "invalid_redirect_uri",
        );
    }
}

/// Some clients write a whole number like this.
#[tokio::test]
async fn seconds_may_be_written_with_a_decimal_point() {
    let metadata = with(json!({"default_max_age": 3600.0}));
    assert_kept(&register_and_update(&metadata).await, &json!({"default_max_age": 3600}));
}

#[tokio::test]
async fn response_contains_no_null_and_no_empty_string() {
    let metadata = with(json!({
        "contacts": ["", "a@example.org", ""],
        "default_acr_values": [""],
        "grant_types": ["", "authorization_code"],
        "response_types": ["code", ""],
        "client_uri": null,
        "software_statement": null,
        "application_type": "",
        "subject_type": null,
        "default_max_age": null,
        "require_auth_time": "",
        "request_uris": [],
        "jwks_uri": "",
    }));
    let answers = register_and_update(&metadata).await;
    assert_kept(
        &answers,
        &json!({
            "contacts": ["a@example.org"],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "application_type": "web",
        }),
    );
    for answer in answers {
        let kept = answer.json();
        for (name, value) in kept.as_object().unwrap() {
            let empty = [json!(null), json!(""), json!([])];
            assert!(!empty.contains(value), "{name}");
            let items = value.as_array().into_iter().flatten();
            assert!(items.into_iter().all(|item| *item != ""), "{name}");
        }
    }
}
