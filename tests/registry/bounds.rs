//! How much there can be.

use super::*;

#[tokio::test]
async fn redirect_uris_and_contacts() {
    for (backend, _directory) in both(&builder().max_redirect_uris(3).max_contacts(2)) {
        let existing = client(&backend, &metadata()).await;
        for (name, item, max) in [
            ("redirect_uris", "https://client.example.org/", 3),
            ("contacts", "c", 2),
        ] {
            let of = |count: usize| {
                let mut metadata = metadata();
                metadata[name] = (0..count).map(|n| format!("{item}{n}")).collect();
                metadata
            };
            assert_eq!(post(&backend, &of(max)).await.status, 201);
            assert_eq!(update(&backend, &existing, &of(max)).await.status, 200);
            post(&backend, &of(max + 1))
                .await
                .assert_error(400, "invalid_client_metadata");
            let updated = update(&backend, &existing, &of(max + 1)).await;
            updated.assert_error(400, "invalid_client_metadata");
        }
    }
}

#[tokio::test]
async fn the_length_of_a_member() {
    let builder = builder().max_member_length(100).keep_members(["extra"]);
    for (backend, _directory) in both(&builder) {
        let existing = client(&backend, &metadata()).await;
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
            assert_eq!(post(&backend, &metadata).await.status, 201, "{name}");
            metadata[name] = of(101);
            post(&backend, &metadata)
                .await
                .assert_error(400, "invalid_client_metadata");
            update(&backend, &existing, &metadata)
                .await
                .assert_error(400, "invalid_client_metadata");
        }
        // What is dropped is not measured.
        let mut metadata = metadata();
        metadata["dropped"] = json!("x".repeat(1_000));
        assert_eq!(post(&backend, &metadata).await.status, 201);
    }
}

#[tokio::test]
async fn defaults() {
    let backend = builder().in_memory().unwrap();
    for (name, max) in [("redirect_uris", 32), ("contacts", 16)] {
        let mut metadata = metadata();
        metadata[name] = (0..max)
            .map(|n| format!("https://client.example.org/{n}"))
            .collect();
        assert_eq!(post(&backend, &metadata).await.status, 201);
        metadata[name]
            .as_array_mut()
            .unwrap()
            .push(json!("https://client.example.org/x"));
        post(&backend, &metadata)
            .await
            .assert_error(400, "invalid_client_metadata");
    }
    let mut metadata = metadata();
    metadata["client_name"] = json!("x".repeat(16 * 1024 - 2));
    assert_eq!(post(&backend, &metadata).await.status, 201);
    metadata["client_name"] = json!("x".repeat(16 * 1024 - 1));
    post(&backend, &metadata)
        .await
        .assert_error(400, "invalid_client_metadata");
}

#[tokio::test]
async fn the_oldest_that_was_never_looked_up_makes_room() {
    let time = Time::new();
    for (backend, _directory) in both(&builder().clock(time.clock()).max_clients(3)) {
        let used = client(&backend, &metadata()).await;
        time.pass(1);
        let oldest = client(&backend, &metadata()).await;
        time.pass(1);
        let younger = client(&backend, &metadata()).await;
        backend.look_up(text(&used["client_id"])).await.unwrap();

        // None of them had the time to be looked up.
        time.pass(10 * MINUTE - 1);
        let full = post(&backend, &metadata()).await;
        full.assert_error(503, "temporarily_unavailable");
        assert_eq!(full.header("retry-after"), Some("1"));
        assert_eq!(read(&backend, &oldest).await.status, 200);

        time.pass(1);
        let new = client(&backend, &metadata()).await;
        assert_eq!(read(&backend, &oldest).await.status, 401);
        for there in [&used, &younger, &new] {
            assert_eq!(read(&backend, there).await.status, 200);
        }

        // An update needs no room.
        assert_eq!(update(&backend, &used, &metadata()).await.status, 200);
        // What was looked up never makes room.
        for there in [&younger, &new] {
            backend.look_up(text(&there["client_id"])).await.unwrap();
        }
        time.pass(DAY);
        let full = post(&backend, &metadata()).await;
        full.assert_error(503, "temporarily_unavailable");
        assert_eq!(full.header("retry-after"), None);
        // A removal makes it at once.
        backend.delete(text(&new["client_id"])).await.unwrap();
        client(&backend, &metadata()).await;
    }
}

/// Where the bound was lowered between two runs.
#[tokio::test]
async fn more_clients_than_there_may_be() {
    let time = Time::new();
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("clients.redb");
    let backend = builder().clock(time.clock()).open(&path).unwrap();
    for _ in 0..100 {
        client(&backend, &metadata()).await;
    }
    drop(backend);
    time.pass(HOUR);
    let backend = builder()
        .clock(time.clock())
        .max_clients(10)
        .open(&path)
        .unwrap();
    let count = async || {
        let order = tower_dcr::registry::ClientOrder::Age;
        backend.list(order, None, 1_000).await.unwrap().len()
    };
    // Not all at once: the one that waits would pay for it.
    post(&backend, &metadata())
        .await
        .assert_error(503, "temporarily_unavailable");
    assert_eq!(count().await, 36);
    client(&backend, &metadata()).await;
    assert_eq!(count().await, 10);
}
