//! The limits of one client.

use super::*;

#[tokio::test]
async fn too_many_redirect_uris_or_contacts_are_refused() {
    for (registry, _directory) in in_both_homes(&builder().max_redirect_uris(3).max_contacts(2)) {
        let existing = client(&registry, &metadata()).await;
        for (name, item, max) in [
            ("redirect_uris", "https://client.example.org/", 3),
            ("contacts", "c", 2),
        ] {
            let of = |count: usize| {
                let mut metadata = metadata();
                metadata[name] = (0..count).map(|n| format!("{item}{n}")).collect();
                metadata
            };
            assert_eq!(post(&registry, &of(max)).await.status, 201);
            assert_eq!(update(&registry, &existing, &of(max)).await.status, 200);
            post(&registry, &of(max + 1))
                .await
                .assert_error(400, "invalid_client_metadata");
            let updated = update(&registry, &existing, &of(max + 1)).await;
            updated.assert_error(400, "invalid_client_metadata");
        }
    }
}

#[tokio::test]
async fn too_long_member_is_refused() {
    let builder = builder().max_member_length(100).keep_members(["extra"]);
    for (registry, _directory) in in_both_homes(&builder) {
        let existing = client(&registry, &metadata()).await;
        for (name, of) in [
            (
                "client_name",
                (|length| json!("x".repeat(length - 2))) as fn(usize) -> Value,
            ),
            ("scope", |length| json!("x".repeat(length - 2))),
            ("extra", |length| json!("x".repeat(length - 2))),
            (
                "jwks",
                |length| json!({"keys": [], "x": "x".repeat(length - 18)}),
            ),
            ("client_name#fr", |length| json!("x".repeat(length - 2))),
        ] {
            let mut metadata = metadata();
            metadata[name] = of(100);
            assert_eq!(metadata[name].to_string().len(), 100, "{name}");
            assert_eq!(post(&registry, &metadata).await.status, 201, "{name}");
            metadata[name] = of(101);
            post(&registry, &metadata)
                .await
                .assert_error(400, "invalid_client_metadata");
            update(&registry, &existing, &metadata)
                .await
                .assert_error(400, "invalid_client_metadata");
        }
        // Dropped members have no limit.
        let mut metadata = metadata();
        metadata["dropped"] = json!("x".repeat(1_000));
        assert_eq!(post(&registry, &metadata).await.status, 201);
    }
}

#[tokio::test]
async fn default_limits_are_those_of_the_documentation() {
    let registry = builder().build().unwrap();
    for (name, max) in [("redirect_uris", 32), ("contacts", 16)] {
        let mut metadata = metadata();
        metadata[name] = (0..max)
            .map(|n| format!("https://client.example.org/{n}"))
            .collect();
        assert_eq!(post(&registry, &metadata).await.status, 201);
        metadata[name]
            .as_array_mut()
            .unwrap()
            .push(json!("https://client.example.org/x"));
        post(&registry, &metadata)
            .await
            .assert_error(400, "invalid_client_metadata");
    }
    let mut metadata = metadata();
    metadata["client_name"] = json!("x".repeat(16 * 1024 - 2));
    assert_eq!(post(&registry, &metadata).await.status, 201);
    metadata["client_name"] = json!("x".repeat(16 * 1024 - 1));
    post(&registry, &metadata)
        .await
        .assert_error(400, "invalid_client_metadata");
}
