//! Backups.

use std::fs;

use super::file::{new_path, open};
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_backups_to_one_path_make_one_complete_file() {
    for (registry, _directory) in in_both_homes(&builder()) {
        let (directory, _) = new_path();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..500 {
            let registry = registry.clone();
            tasks.spawn(async move { client(&registry, &metadata()).await });
        }
        tasks.join_all().await;
        for round in 0..5 {
            let path = directory.path().join(format!("{round}.redb"));
            let (one, other) = tokio::join!(registry.backup(&path), registry.backup(&path));
            let error = one.and(other).unwrap_err();
            assert!(error.to_string().contains("exists already"), "{error}");
            let restored = open(&path).unwrap();
            assert_eq!(count(&restored).await, 500);
        }
    }
}

#[tokio::test]
async fn cancelled_backup_does_not_keep_the_file_open() {
    let (directory, path) = new_path();
    let registry = open(&path).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..2_000 {
        let registry = registry.clone();
        tasks.spawn(async move { client(&registry, &metadata()).await });
    }
    tasks.join_all().await;
    drop(registry);
    for round in 0..10 {
        let registry = open(&path).unwrap();
        let to = directory.path().join("backup.redb");
        let time = Duration::from_millis(round);
        let _ = tokio::time::timeout(time, registry.backup(&to)).await;
        let _ = fs::remove_file(to);
    }
}

#[tokio::test]
async fn backup_of_a_running_registry_contains_all_clients() {
    for (registry, _directory) in in_both_homes(&builder()) {
        let (directory, _) = new_path();
        let mut clients = Vec::new();
        for _ in 0..20 {
            clients.push(client(&registry, &metadata()).await);
        }
        mark_used(&registry, &clients[3]).await;
        let path = directory.path().join("backup.redb");
        let metadata = metadata();
        let (backed_up, later) = tokio::join!(registry.backup(&path), client(&registry, &metadata));
        backed_up.unwrap();
        assert_eq!(read(&registry, &later).await.status, 200);
        // An existing file is not overwritten.
        let error = registry.backup(&path).await.unwrap_err();
        assert!(error.is_backup_target());
        assert!(error.to_string().contains("exists already"), "{error}");
        // No other file is left in the directory.
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);

        let restored = open(&path).unwrap();
        for client in &clients {
            assert_eq!(read(&restored, client).await.json(), *client);
        }
        let page = restored.list(ClientOrder::LastUse, None, 99).await.unwrap();
        assert_eq!(
            page.clients.last().unwrap().client_id(),
            text(&clients[3]["client_id"])
        );
    }
}
