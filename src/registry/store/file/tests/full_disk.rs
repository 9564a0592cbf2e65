//! A disk without room.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use tower::ServiceExt as _;

use super::disk::Disk;
use super::helpers::{
    build, builder, fill, metadata, open_disk, register, register_with_retry, registry_on,
    unavailable,
};
use super::known_client::{FragileRegistry as _, State};

#[tokio::test]
async fn reads_go_on_and_changes_resume_when_there_is_room() {
    let disk = Disk::default();
    let registry = registry_on(&disk);
    let mut clients = fill(&registry, &disk).await;
    let mut backoffs = 0;
    for _ in 0..30 {
        let error = register(&registry, "without room").await.unwrap_err();
        // The client learns how long the backoff still takes, unless the disk was tried.
        backoffs += usize::from(unavailable(&error).retry_after().is_some());
        for client in &clients {
            assert_eq!(registry.find(client).await, client.acknowledged);
            assert!(registry.client(&client.id).await.unwrap().is_some());
        }
    }
    assert!(backoffs > 0);
    let request = http::Request::post("/register")
        .header("content-type", "application/json")
        .body(metadata("without room").to_string());
    let endpoint = crate::DcrEndpoint::new(registry.clone());
    let response = endpoint.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), 503);
    let mut client = clients.remove(0);
    let named = |name: &str| State::Named(name.to_owned());
    let changed = client.change(&registry, named("without room")).await;
    assert!(changed.is_none());

    disk.state().is_full = false;
    let after = register_with_retry(&registry, "after").await;
    assert_eq!(registry.find(&after).await, named("after"));
    let found = registry.find(&client).await;
    assert!(client.may_be(&found), "{found:?}");
    client.change(&registry, named("again")).await.unwrap();
}

#[tokio::test]
async fn observer_is_not_told_about_failed_changes() {
    let disk = Disk::default();
    let told = Arc::new(AtomicUsize::new(0));
    let (opened, count) = (disk.clone(), Arc::clone(&told));
    let builder = builder().on_change(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let registry = build(builder, move || open_disk(&opened));
    let clients = fill(&registry, &disk).await;
    // The drop waits until the observer was told everything.
    drop(registry);
    assert_eq!(told.load(Ordering::SeqCst), clients.len());
}

#[tokio::test]
async fn use_that_cannot_be_recorded_is_a_storage_error() {
    let disk = Disk::default();
    let registry = registry_on(&disk);
    for client in fill(&registry, &disk).await {
        let error = registry.mark_used(&client.id).await.unwrap_err();
        assert!(error.is_storage(), "{error}");
        let found = registry.client(&client.id).await.unwrap().unwrap();
        assert_eq!(found.last_used(), None);
    }
}

#[tokio::test]
async fn read_returns_the_old_secret_if_it_cannot_be_renewed() {
    let (disk, time) = (Disk::default(), Arc::new(AtomicU64::new(1_700_000_000)));
    let (opened, now) = (disk.clone(), Arc::clone(&time));
    let builder = builder()
        .clock(move || UNIX_EPOCH + Duration::from_secs(now.load(Ordering::SeqCst)))
        .secret_lifetime(Duration::from_secs(1_000));
    let registry = build(builder, move || open_disk(&opened));
    let clients = fill(&registry, &disk).await;
    time.fetch_add(950, Ordering::SeqCst);
    for client in &clients {
        assert_eq!(registry.find(client).await, client.acknowledged);
    }
}
