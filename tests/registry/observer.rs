//! What the observer is told.

use std::sync::{Mutex, OnceLock, mpsc};

use tower_dcr::registry::ClientChangeKind;

use super::*;

type Changes = mpsc::Receiver<(ClientChangeKind, String)>;

/// Returns a builder whose observer sends the changes here.
fn observed(builder: RegistryBuilder) -> (RegistryBuilder, Changes) {
    let (sender, changes) = mpsc::channel();
    let builder = builder.on_change(move |change| {
        assert_eq!(change.tenant(), None);
        let _ = sender.send((change.kind(), change.client_id().to_owned()));
    });
    (builder, changes)
}

fn next(changes: &Changes) -> (ClientChangeKind, String) {
    changes.recv_timeout(Duration::from_secs(10)).unwrap()
}

fn id(client: &Value) -> String {
    text(&client["client_id"]).to_owned()
}

#[tokio::test]
async fn observer_is_told_each_change_in_order() {
    let time = Time::new();
    let builder = builder()
        .clock(time.clock())
        .max_clients(1)
        .rotate_registration_access_token(true);
    let (builder, changes) = observed(builder);
    for (registry, _directory) in in_both_homes(&builder) {
        let first = client(&registry, &metadata()).await;
        update(&registry, &first, &metadata()).await;
        time.pass(HOUR);
        let second = client(&registry, &metadata()).await;
        registry.delete(&id(&second)).await.unwrap();
        let third = client(&registry, &metadata()).await;
        let token = &third["registration_access_token"];
        with_token(&registry, "DELETE", &third, token, &json!({})).await;
        for expected in [
            (ClientChangeKind::Created, id(&first)),
            (ClientChangeKind::Updated, id(&first)),
            (ClientChangeKind::Expired, id(&first)),
            (ClientChangeKind::Created, id(&second)),
            (ClientChangeKind::Deleted, id(&second)),
            (ClientChangeKind::Created, id(&third)),
            (ClientChangeKind::Deleted, id(&third)),
        ] {
            assert_eq!(next(&changes), expected);
        }

        // Requests that change no client are not told. The deletion after them is told next.
        let fourth = client(&registry, &metadata()).await;
        assert_eq!(next(&changes), (ClientChangeKind::Created, id(&fourth)));
        read(&registry, &fourth).await;
        update(&registry, &fourth, &json!({})).await;
        update(&registry, &third, &metadata()).await;
        registry.client(&id(&fourth)).await.unwrap();
        mark_used(&registry, &fourth).await;
        registry.delete("nobody").await.unwrap();
        post(&registry, &metadata())
            .await
            .assert_error(503, "temporarily_unavailable");
        registry.delete(&id(&fourth)).await.unwrap();
        assert_eq!(next(&changes), (ClientChangeKind::Deleted, id(&fourth)));
    }
}

/// The changes of a client race with its deletion. No change is told after the deletion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_changes_are_told_in_the_order_of_their_commits() {
    const ROUNDS: usize = 300;
    const UPDATES: usize = 4;

    let (builder, changes) = observed(builder());
    for (registry, _directory) in in_both_homes(&builder) {
        let mut accepted = 0;
        for _ in 0..ROUNDS {
            let client = client(&registry, &metadata()).await;
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..UPDATES {
                let (registry, client) = (registry.clone(), client.clone());
                tasks.spawn(async move { update(&registry, &client, &metadata()).await.status });
            }
            let deleted = registry.delete(&id(&client)).await;
            assert!(deleted.unwrap());
            let statuses = tasks.join_all().await;
            let updates = statuses.iter().filter(|status| **status == 200).count();
            accepted += updates;
            assert_eq!(next(&changes), (ClientChangeKind::Created, id(&client)));
            for _ in 0..updates {
                assert_eq!(next(&changes), (ClientChangeKind::Updated, id(&client)));
            }
            assert_eq!(next(&changes), (ClientChangeKind::Deleted, id(&client)));
        }
        assert!(accepted > 0);
    }
}

/// The observer reads and changes the registry, and waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observer_may_use_the_registry() {
    for in_a_file in [false, true] {
        let directory = TempDir::new().unwrap();
        let handle = Arc::new(OnceLock::<Registry>::new());
        let (sender, changes) = mpsc::channel();
        let (own, runtime) = (Arc::clone(&handle), tokio::runtime::Handle::current());
        // It deletes each client that registers.
        let builder = builder().on_change(move |change| {
            let client_id = change.client_id();
            let registry = own.get().unwrap();
            let found = runtime.block_on(async {
                let found = registry.client(client_id).await.unwrap();
                if change.kind() == ClientChangeKind::Created {
                    assert!(registry.delete(client_id).await.unwrap());
                }
                found.is_some()
            });
            let told = (change.kind(), client_id.to_owned(), found);
            sender.send(told).unwrap();
        });
        let builder = if in_a_file {
            builder.file(directory.path().join("clients.redb"))
        } else {
            builder
        };
        let registry = builder.build().unwrap();
        handle.set(registry.clone()).unwrap();
        for _ in 0..20 {
            let client = client(&registry, &metadata()).await;
            for (change, is_there) in [
                (ClientChangeKind::Created, true),
                (ClientChangeKind::Deleted, false),
            ] {
                let told = changes.recv_timeout(Duration::from_secs(10)).unwrap();
                assert_eq!(told, (change, id(&client), is_there));
            }
        }
        assert_eq!(count(&registry).await, 0);
    }
}

/// Requests do not wait for an observer that blocks.
#[tokio::test]
async fn blocked_observer_does_not_block_requests() {
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let builder = builder().on_change(move |_| {
        let _ = blocked.lock().unwrap().recv();
    });
    for (registry, _directory) in in_both_homes(&builder) {
        let first = client(&registry, &metadata()).await;
        assert_eq!(update(&registry, &first, &metadata()).await.status, 200);
        assert_eq!(read(&registry, &first).await.status, 200);
        for _ in 0..2 {
            release.send(()).unwrap();
        }
    }
}

#[tokio::test]
async fn drop_of_the_last_handle_waits_until_the_observer_was_told() {
    for in_a_file in [false, true] {
        let directory = TempDir::new().unwrap();
        let told = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&told);
        let builder = builder().on_change(move |_| {
            std::thread::sleep(Duration::from_millis(5));
            count.fetch_add(1, Ordering::SeqCst);
        });
        let builder = if in_a_file {
            builder.file(directory.path().join("clients.redb"))
        } else {
            builder
        };
        let registry = builder.build().unwrap();
        for _ in 0..20 {
            client(&registry, &metadata()).await;
        }
        drop(registry);
        assert_eq!(told.load(Ordering::SeqCst), 20);
    }
}

/// The drop runs on the observer's own thread then, and must not wait for that thread.
#[tokio::test]
async fn observer_may_drop_the_last_handle() {
    type Handle = Arc<Mutex<Option<Registry>>>;

    for in_a_file in [false, true] {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("clients.redb");
        let time = Time::new();
        let handle: Handle = Arc::default();
        let (dropped, held) = (Arc::new(AtomicU64::new(0)), Arc::clone(&handle));
        let drops = Arc::clone(&dropped);
        let builder = builder()
            .clock(time.clock())
            .remove_never_used_after(Duration::from_secs(5))
            .on_change(move |change| {
                if change.kind() == ClientChangeKind::Expired {
                    drop(held.lock().unwrap().take());
                    drops.fetch_add(1, Ordering::SeqCst);
                }
            });
        let builder = if in_a_file {
            builder.file(&path)
        } else {
            builder
        };
        let registry = builder.build().unwrap();
        client(&registry, &metadata()).await;
        *handle.lock().unwrap() = Some(registry);
        time.pass(5);
        while dropped.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if in_a_file {
            let registry = Registry::open(CONFIGURATION_ENDPOINT, &path).unwrap();
            assert_eq!(count(&registry).await, 0);
        }
    }
}

#[tokio::test]
async fn panic_of_the_observer_is_ignored() {
    let told = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&told);
    let builder = builder().on_change(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        panic!("an observer");
    });
    for (registry, _directory) in in_both_homes(&builder) {
        told.store(0, Ordering::SeqCst);
        let information = client(&registry, &metadata()).await;
        let updated = update(&registry, &information, &metadata()).await;
        assert_eq!(updated.status, 200);
        assert_eq!(read(&registry, &information).await.status, 200);
        drop(registry);
        assert_eq!(told.load(Ordering::SeqCst), 2);
    }
}
