//! Updates (RFC 7592 section 2.2).

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn update_replaces_all_metadata() {
    let registry = registry().await;
    let client = registry
        .client(&with(
            json!({"client_name": "a", "client_name#fr": "b", "scope": "read", "contacts": ["c"]}),
        ))
        .await;
    let updated = client.update(&with(json!({"scope": "write"}))).await.json();
    assert_eq!(updated["scope"], "write");
    for gone in ["client_name", "client_name#fr", "contacts"] {
        assert_eq!(updated.get(gone), None, "{gone}");
    }
    assert_eq!(client.read().await.json(), updated);
}

#[tokio::test]
async fn update_keeps_the_issued_members() {
    let registry = registry().await;
    let client = registry.client(&with(json!({}))).await;
    let updated = client.update(&with(json!({}))).await.json();
    for issued in [
        "client_id",
        "client_secret",
        "client_id_issued_at",
        "client_secret_expires_at",
        "registration_access_token",
        "registration_client_uri",
    ] {
        assert_eq!(updated[issued], client.information[issued], "{issued}");
        assert_ne!(updated[issued], Value::Null, "{issued}");
    }
}

#[tokio::test]
async fn update_needs_the_client_id_of_the_client() {
    let registry = registry().await;
    let client = registry.client(&with(json!({}))).await;
    let other = registry.client(&with(json!({}))).await;
    for body in [
        with(json!({})),
        with(json!({"client_id": null})),
        with(json!({"client_id": ""})),
        with(json!({"client_id": 1})),
        with(json!({"client_id": other.id()})),
        with(json!({"client_id": [client.id()]})),
    ] {
        client
            .put(&body)
            .await
            .assert_error(400, "invalid_client_metadata");
    }
    assert_eq!(client.read().await.json(), client.information);
}

#[tokio::test]
async fn client_may_echo_the_whole_response() {
    let registry = registry().await;
    for method in ["client_secret_basic", "none"] {
        let client = registry
            .client(&with(json!({"token_endpoint_auth_method": method})))
            .await;
        let answer = client.put(&client.information).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json(), client.information);
    }
}

#[tokio::test]
async fn client_cannot_change_issued_members() {
    let registry = registry().await;
    let client = registry.client(&with(json!({}))).await;
    let public = registry
        .client(&with(json!({"token_endpoint_auth_method": "none"})))
        .await;
    for members in [
        json!({"client_secret": "mine"}),
        json!({"client_secret": 1}),
        json!({"client_id_issued_at": 1}),
        json!({"client_id_issued_at": "0"}),
        json!({"client_secret_expires_at": 1}),
        json!({"registration_access_token": "mine"}),
        json!({"registration_access_token": ["mine"]}),
        json!({"registration_client_uri": "https://evil.example/"}),
    ] {
        for client in [&client, &public] {
            client
                .update(&with(members.clone()))
                .await
                .assert_error(400, "invalid_client_metadata");
            assert_eq!(client.read().await.json(), client.information);
        }
    }
}

#[tokio::test]
async fn secret_ends_and_is_issued_with_the_method() {
    let registry = registry().await;
    let client = registry.client(&with(json!({}))).await;
    let public = client
        .update(&with(json!({"token_endpoint_auth_method": "none"})))
        .await
        .json();
    assert_eq!(public.get("client_secret"), None);
    assert_eq!(public.get("client_secret_expires_at"), None);

    let back = client.update(&with(json!({}))).await.json();
    let secret = back["client_secret"].as_str().unwrap();
    assert_ne!(secret, client.information["client_secret"]);
    assert_eq!(back["client_secret_expires_at"], 0);

    // The secret stays if both methods use one.
    let post = with(json!({"token_endpoint_auth_method": "client_secret_post"}));
    assert_eq!(client.update(&post).await.json()["client_secret"], secret);
}

#[tokio::test]
async fn refused_update_changes_nothing() {
    let registry = registry().await;
    let client = registry.client(&with(json!({"client_name": "a"}))).await;
    let bad = with(json!({"client_name": "b", "jwks": 1}));
    client
        .update(&bad)
        .await
        .assert_error(400, "invalid_client_metadata");
    assert_eq!(client.read().await.json(), client.information);
}

/// Whatever the registry accepts, the client may echo, so the response must fit into a request.
#[tokio::test]
async fn response_is_not_longer_than_a_request_may_be() {
    let registry = registry().await;
    let of = |length: usize| {
        let mut members = json!({});
        for n in 0..4 {
            members[format!("client_name#x{n}")] = json!("a".repeat(16_000));
        }
        let mut metadata = with(members);
        let missing = length - metadata.to_string().len() - r#","client_name":"""#.len();
        metadata["client_name"] = json!("a".repeat(missing));
        assert_eq!(metadata.to_string().len(), length);
        metadata
    };
    let mut refused = 0;
    for length in (64_700..=65_536).step_by(19) {
        let answer = registry.register(&of(length)).await;
        if answer.status == 400 {
            answer.assert_error(400, "invalid_client_metadata");
            refused += 1;
            continue;
        }
        assert_eq!(refused, 0);
        let client = Client {
            registry: &registry,
            information: answer.json(),
        };
        assert_eq!(client.put(&client.information).await.status, 200);
    }
    assert!(refused > 0);

    let client = registry.client(&with(json!({}))).await;
    let mut refused = 0;
    for length in (64_700..=65_400).step_by(19) {
        let answer = client.update(&of(length)).await;
        if answer.status == 400 {
            answer.assert_error(400, "invalid_client_metadata");
            refused += 1;
            continue;
        }
        assert_eq!((refused, answer.status.as_u16()), (0, 200));
        assert_eq!(client.put(&answer.json()).await.status, 200);
    }
    assert!(refused > 0);
}
