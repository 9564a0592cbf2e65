//! Register, read, update and delete a client, and what is issued.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn client_registers_reads_updates_and_deletes_itself() {
    let registry = registry().await;
    let client = registry
        .client(&with(json!({"client_name": "My Client"})))
        .await;

    let read = client.read().await;
    assert_eq!(read.status, 200);
    assert_eq!(read.json(), client.information);

    let updated = client
        .update(&with(json!({"client_name": "My New Client"})))
        .await;
    assert_eq!(updated.status, 200);
    let mut expected = client.information.clone();
    expected["client_name"] = json!("My New Client");
    assert_eq!(updated.json(), expected);
    assert_eq!(client.read().await.json(), expected);

    assert_eq!(client.delete().await.status, 204);
    client.read().await.assert_error(401, "invalid_token");
    client.delete().await.assert_error(401, "invalid_token");
    client
        .update(&with(json!({})))
        .await
        .assert_error(401, "invalid_token");
}

#[tokio::test]
async fn issued_members_have_their_form() {
    let registry = registry().await;
    let before = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let client = registry.client(&with(json!({}))).await;
    let after = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let information = &client.information;

    let issued_at = information["client_id_issued_at"].as_u64().unwrap();
    assert!((before..=after).contains(&issued_at));
    let uri = format!("{CONFIGURATION_ENDPOINT}/{}", client.id());
    assert_eq!(information["registration_client_uri"], uri);
    assert_eq!(information["client_secret_expires_at"], 0);
    // 256 bits in base64 without padding.
    for secret in ["client_secret", "registration_access_token"] {
        assert_eq!(information[secret].as_str().unwrap().len(), 43, "{secret}");
    }
    assert!(client.id().bytes().all(|byte| byte.is_ascii_alphanumeric()));
}

#[tokio::test]
async fn no_credential_is_issued_twice() {
    let registry = registry().await;
    let mut seen = HashSet::new();
    for _ in 0..200 {
        let client = registry.client(&with(json!({}))).await;
        for issued in ["client_id", "client_secret", "registration_access_token"] {
            assert!(seen.insert(client.information[issued].as_str().unwrap().to_owned()));
        }
    }
}

#[tokio::test]
async fn secret_is_issued_if_the_method_uses_one() {
    let registry = registry().await;
    for (method, has_secret) in [
        ("client_secret_basic", true),
        ("client_secret_post", true),
        ("client_secret_jwt", true),
        ("none", false),
        ("private_key_jwt", false),
        ("tls_client_auth", false),
        ("self_signed_tls_client_auth", false),
    ] {
        let keys = json!({"keys": [{"kty": "RSA", "n": "a", "e": "AQAB"}]});
        let client = registry
            .client(&with(json!({
                "token_endpoint_auth_method": method,
                "jwks": keys,
                "tls_client_auth_san_dns": "client.example.org",
            })))
            .await;
        assert_eq!(client.information["token_endpoint_auth_method"], method);
        for member in ["client_secret", "client_secret_expires_at"] {
            assert_eq!(
                client.information.get(member).is_some(),
                has_secret,
                "{method}"
            );
        }
    }
}

#[tokio::test]
async fn proposed_values_of_issued_members_are_ignored() {
    let registry = registry().await;
    let proposed = json!({
        "client_id": "mine",
        "client_secret": "mine",
        "client_id_issued_at": 1,
        "client_secret_expires_at": 1,
        "registration_access_token": "mine",
        "registration_client_uri": "https://evil.example/mine",
    });
    let client = registry.client(&with(proposed.clone())).await;
    for (name, value) in proposed.as_object().unwrap() {
        assert_ne!(client.information[name], *value, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_clients_do_not_disturb_each_other() {
    let registry = std::sync::Arc::new(registry().await);
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let registry = std::sync::Arc::clone(&registry);
            tokio::spawn(async move {
                let client = registry
                    .client(&with(json!({"client_name": n.to_string()})))
                    .await;
                assert_eq!(client.read().await.json()["client_name"], n.to_string());
                assert_eq!(
                    client
                        .update(&with(json!({"client_name": "x"})))
                        .await
                        .status,
                    200
                );
                assert_eq!(client.delete().await.status, 204);
                assert_eq!(client.read().await.status, 401);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// The example of RFC 7591 section 3.1.
#[tokio::test]
async fn example_of_the_specification_registers() {
    let registry = registry().await;
    let requested = json!({
        "redirect_uris": [
            "https://client.example.org/callback",
            "https://client.example.org/callback2",
        ],
        "client_name": "My Example Client",
        "client_name#ja-Jpan-JP":
            "\u{30AF}\u{30E9}\u{30A4}\u{30A2}\u{30F3}\u{30C8}\u{540D}",
        "token_endpoint_auth_method": "client_secret_basic",
        "logo_uri": "https://client.example.org/logo.png",
        "jwks_uri": "https://client.example.org/my_public_keys.jwks",
        "example_extension_parameter": "example_value",
    });
    let client = registry.client(&requested).await;
    for (name, value) in requested.as_object().unwrap() {
        let expected = (name != "example_extension_parameter").then_some(value);
        assert_eq!(client.information.get(name), expected, "{name}");
    }
    assert_eq!(
        client.information["grant_types"],
        json!(["authorization_code"])
    );
    assert_eq!(client.information["response_types"], json!(["code"]));
    assert!(
        client
            .information
            .as_object()
            .unwrap()
            .values()
            .all(|value| *value != Value::Null)
    );
}
