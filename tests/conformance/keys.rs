//! Keys and algorithms.

use serde_json::{Value, json};

use super::register_and_update::*;
use super::*;

#[tokio::test]
async fn jwks_is_returned_byte_for_byte() {
    let registry = registry().await;
    let jwks = r#"{ "keys" : [{"kty":"RSA", "y":12345678901234567890123, "x": 1.50, "e":1e15}] }"#;
    let body = format!(r#"{{"redirect_uris":["https://client.example.org/cb"],"jwks":{jwks}}}"#);
    let answer = registry.send(registration_request(body)).await;
    assert_eq!(answer.status, 201);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.contains(jwks), "{text}");
}

#[tokio::test]
async fn jwks_and_jwks_uri_exclude_each_other() {
    let metadata =
        with(json!({"jwks": {"keys": []}, "jwks_uri": "https://client.example.org/jwks"}));
    assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
}

#[tokio::test]
async fn malformed_key_sets_are_refused() {
    for jwks in [
        json!({"key": []}),
        json!({"keys": {}}),
        json!({"keys": ["RSA"]}),
        json!({"keys": [{}]}),
        json!({"keys": [{"kty": 1}]}),
        json!({"keys": null}),
        json!({"keys": [{"kty": ""}]}),
        json!({"keys": [{"kty": "RSA", "n": null}]}),
    ] {
        assert_refused(
            &register_and_update(&with(json!({"jwks": jwks}))).await,
            "invalid_client_metadata",
        );
    }
}

#[tokio::test]
async fn private_and_symmetric_keys_are_refused() {
    let public = json!({"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "use": "sig"});
    let metadata = with(json!({"jwks": {"keys": [public, {"kty": "OKP", "x": "c"}]}}));
    assert_kept(&register_and_update(&metadata).await, &metadata);
    for (name, value) in [
        ("kty", "oct"),
        ("d", "x"),
        ("p", "x"),
        ("q", "x"),
        ("dp", "x"),
        ("dq", "x"),
        ("qi", "x"),
        ("oth", "x"),
        ("k", "x"),
        ("priv", "x"),
        ("seed", "x"),
        ("kty", "OCT"),
        ("kty", " oct "),
        ("D", "x"),
    ] {
        let mut private = public.clone();
        private[name] = json!(value);
        let metadata = with(json!({"jwks": {"keys": [public, private]}}));
        assert_refused(&register_and_update(&metadata).await, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn private_keys_are_refused_anywhere_in_the_set() {
    let public = json!({"kty": "RSA", "n": "a", "e": "AQAB"});
    for jwks in [
        json!({"keys": [public], "d": "x"}),
        json!({"keys": [public], "private": [{"kty": "RSA", "d": "x"}]}),
        json!({"keys": [{"kty": "RSA", "n": "a", "e": "AQAB", "jwk": {"kty": "RSA", "d": "x"}}]}),
        json!({"keys": [{"kty": "RSA", "n": "a", "ext": [[{"k": "x"}]]}]}),
    ] {
        assert_refused(
            &register_and_update(&with(json!({"jwks": jwks}))).await,
            "invalid_client_metadata",
        );
    }
}

#[tokio::test]
async fn methods_with_keys_need_jwks_or_jwks_uri() {
    for method in ["private_key_jwt", "self_signed_tls_client_auth"] {
        let without = json!({"token_endpoint_auth_method": method});
        let none = json!({"token_endpoint_auth_method": method, "jwks": {"keys": []}});
        for metadata in [without, none] {
            assert_refused(&register_and_update(&with(metadata)).await, "invalid_client_metadata");
        }
        for keys in [
            json!({"jwks": {"keys": [{"kty": "RSA", "n": "a", "e": "AQAB"}]}}),
            json!({"jwks_uri": "https://client.example.org/jwks"}),
        ] {
            let mut metadata = with(keys);
            metadata["token_endpoint_auth_method"] = json!(method);
            assert_kept(&register_and_update(&metadata).await, &metadata);
        }
    }
}

#[tokio::test]
async fn enc_needs_its_alg() {
    for (enc, alg) in [
        (
            "id_token_encrypted_response_enc",
            "id_token_encrypted_response_alg",
        ),
        (
            "userinfo_encrypted_response_enc",
            "userinfo_encrypted_response_alg",
        ),
        (
            "request_object_encryption_enc",
            "request_object_encryption_alg",
        ),
    ] {
        let alone = with(json!({enc: "A128CBC-HS256"}));
        assert_refused(&register_and_update(&alone).await, "invalid_client_metadata");
        let together = with(json!({enc: "A128CBC-HS256", alg: "RSA-OAEP"}));
        assert_kept(&register_and_update(&together).await, &together);
        let alg = with(json!({alg: "RSA-OAEP"}));
        assert_kept(&register_and_update(&alg).await, &alg);
    }
}

#[tokio::test]
async fn none_is_refused_where_it_would_let_anybody_pose() {
    for (member, is_refused) in [
        ("token_endpoint_auth_signing_alg", true),
        ("id_token_signed_response_alg", true),
        ("userinfo_signed_response_alg", false),
        ("request_object_signing_alg", false),
    ] {
        for variant in ["NONE", " none "] {
            let answers = register_and_update(&with(json!({member: variant}))).await;
            assert_eq!(answers[0].status == 400, is_refused, "{variant}");
        }
        let metadata = with(json!({member: "none"}));
        let answers = register_and_update(&metadata).await;
        if is_refused {
            assert_refused(&answers, "invalid_client_metadata");
        } else {
            assert_kept(&answers, &metadata);
        }
    }
}

#[tokio::test]
async fn symmetric_algorithms_need_a_secret() {
    let signing = [
        "token_endpoint_auth_signing_alg",
        "id_token_signed_response_alg",
        "userinfo_signed_response_alg",
        "request_object_signing_alg",
    ];
    let encryption = [
        "id_token_encrypted_response_alg",
        "userinfo_encrypted_response_alg",
        "request_object_encryption_alg",
    ];
    let cases = signing
        .iter()
        .flat_map(|member| ["HS256", "HS512"].map(|alg| (*member, alg)))
        .chain(encryption.iter().flat_map(|member| {
            ["dir", "A128KW", "A256GCMKW", "PBES2-HS256+A128KW"].map(|alg| (*member, alg))
        }));
    let keys = json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}]});
    for (member, alg) in cases {
        let confidential = with(json!({member: alg}));
        assert_kept(&register_and_update(&confidential).await, &confidential);
        let mut public = confidential;
        // No method of these issues a secret.
        public["jwks"] = keys.clone();
        for method in [
            "private_key_jwt",
            "tls_client_auth",
            "self_signed_tls_client_auth",
            "none",
        ] {
            public["token_endpoint_auth_method"] = json!(method);
            assert_refused(&register_and_update(&public).await, "invalid_client_metadata");
        }
        public[member] = Value::from(if encryption.contains(&member) {
            "ECDH-ES"
        } else {
            "ES256"
        });
        assert_kept(&register_and_update(&public).await, &public);
    }
}
