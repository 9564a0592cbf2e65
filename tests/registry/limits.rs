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

/// Returns metadata of which a registry keeps exactly so many bytes. The padding is in this member.
async fn of_length(
    registry: &Registry,
    name: &str,
    pad: fn(String) -> Value,
    length: usize,
) -> Value {
    let mut metadata = metadata();
    metadata[name] = pad("x".to_owned());
    let shortest = client(registry, &metadata).await;
    let found = registry.client(text(&shortest["client_id"])).await;
    let kept = found.unwrap().unwrap().metadata().as_str().len();
    metadata[name] = pad("x".repeat(length - kept + 1));
    metadata
}

#[tokio::test]
async fn metadata_is_refused_if_too_much_of_it_would_be_kept() {
    const MAX: usize = 500;
    let builder = builder().max_metadata_length(MAX).keep_members(["extra"]);
    for (registry, _directory) in in_both_homes(&builder) {
        let existing = client(&registry, &metadata()).await;
        for (name, pad) in [
            ("client_name", (|text| json!(text)) as fn(String) -> Value),
            ("client_name#fr", |text| json!(text)),
            ("scope", |text| json!(text)),
            ("extra", |text| json!({"deep": [text]})),
            ("contacts", |text| json!([text])),
            ("jwks", |text| json!({"keys": [], "x": text})),
            ("redirect_uris", |text| {
                json!([format!("https://client.example.org/{text}")])
            }),
        ] {
            let longest = of_length(&registry, name, pad, MAX).await;
            let kept = client(&registry, &longest).await;
            let found = registry.client(text(&kept["client_id"])).await;
            assert_eq!(
                found.unwrap().unwrap().metadata().as_str().len(),
                MAX,
                "{name}"
            );
            assert_eq!(
                update(&registry, &existing, &longest).await.status,
                200,
                "{name}"
            );

            let too_long = of_length(&registry, name, pad, MAX + 1).await;
            let answer = post(&registry, &too_long).await;
            answer.assert_error(400, "invalid_client_metadata");
            let description = answer.json()["error_description"].clone();
            assert!(text(&description).contains(" 500 bytes"), "{description}");
            update(&registry, &existing, &too_long)
                .await
                .assert_error(400, "invalid_client_metadata");
        }
        // The members count together.
        let mut several = metadata();
        for name in ["client_name", "scope", "software_id", "software_version"] {
            several[name] = json!("x".repeat(MAX / 4));
        }
        post(&registry, &several)
            .await
            .assert_error(400, "invalid_client_metadata");
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
    let pad = |text| json!(text);
    let longest = of_length(&registry, "client_name", pad, 16 * 1024).await;
    assert_eq!(post(&registry, &longest).await.status, 201);
    let too_long = of_length(&registry, "client_name", pad, 16 * 1024 + 1).await;
    post(&registry, &too_long)
        .await
        .assert_error(400, "invalid_client_metadata");
}
