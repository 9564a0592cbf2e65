//! The number of clients, and which client makes room for another.

use super::*;

#[tokio::test]
async fn full_registry_evicts_the_oldest_client_that_was_never_used() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&builder().clock(time.clock()).max_clients(3)) {
        let used = client(&registry, &metadata()).await;
        time.pass(1);
        let oldest = client(&registry, &metadata()).await;
        time.pass(1);
        let younger = client(&registry, &metadata()).await;
        mark_used(&registry, &used).await;

        // A client is not evicted in its first ten minutes.
        time.pass(10 * MINUTE - 1);
        let full = post(&registry, &metadata()).await;
        full.assert_error(503, "temporarily_unavailable");
        assert_eq!(full.header("retry-after"), Some("1"));
        assert_eq!(read(&registry, &oldest).await.status, 200);

        time.pass(1);
        let new = client(&registry, &metadata()).await;
        assert_eq!(read(&registry, &oldest).await.status, 401);
        for there in [&used, &younger, &new] {
            assert_eq!(read(&registry, there).await.status, 200);
        }

        // An update needs no room.
        assert_eq!(update(&registry, &used, &metadata()).await.status, 200);
        // A client that was used is never evicted.
        for there in [&younger, &new] {
            mark_used(&registry, there).await;
        }
        time.pass(DAY);
        let full = post(&registry, &metadata()).await;
        full.assert_error(503, "temporarily_unavailable");
        assert_eq!(full.header("retry-after"), None);
        // A deletion makes room at once.
        registry.delete(text(&new["client_id"])).await.unwrap();
        client(&registry, &metadata()).await;
    }
}

#[tokio::test]
async fn lowered_limit_evicts_at_most_64_clients_at_once() {
    let time = Time::new();
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("clients.redb");
    let registry = builder().clock(time.clock()).file(&path).build().unwrap();
    for _ in 0..100 {
        client(&registry, &metadata()).await;
    }
    drop(registry);
    time.pass(HOUR);
    let registry = builder()
        .clock(time.clock())
        .max_clients(10)
        .file(&path)
        .build()
        .unwrap();
    // The new client waits for the evictions, so there is a limit.
    post(&registry, &metadata())
        .await
        .assert_error(503, "temporarily_unavailable");
    assert_eq!(count(&registry).await, 36);
    client(&registry, &metadata()).await;
    assert_eq!(count(&registry).await, 10);
}

/// Everybody can cause such requests, so they do not protect a client.
#[tokio::test]
async fn reading_a_client_does_not_protect_it_from_eviction() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&builder().clock(time.clock()).max_clients(1)) {
        let first = client(&registry, &metadata()).await;
        let id = text(&first["client_id"]);
        assert!(registry.client(id).await.unwrap().is_some());
        read(&registry, &first).await;
        assert_eq!(count(&registry).await, 1);
        time.pass(HOUR);
        client(&registry, &metadata()).await;
        assert!(registry.client(id).await.unwrap().is_none());
    }
}
