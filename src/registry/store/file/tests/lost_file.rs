//! The file is lost while the registry runs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::helpers::{build, builder, read, register, watched_opener};
use super::watched_file::Watch;
use crate::backend::Backend as _;
use crate::registry::observer::ChangeFeed;
use crate::registry::record::Record;
use crate::registry::store::error::StoreError;
use crate::registry::store::file::{File, database};
use crate::registry::tenant_name::TenantName;

/// A new file in its place would tell all clients that they are not registered.
#[tokio::test]
async fn lost_file_is_not_replaced_by_a_new_one() {
    for lose in [
        |path: &Path| std::fs::remove_file(path).unwrap(),
        |path: &Path| std::fs::write(path, "").unwrap(),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("clients.redb");
        let watch = Watch::default();
        let (open_first, lost) = (watched_opener(&watch, &path), path.clone());
        let is_first = AtomicBool::new(true);
        let opener = move || {
            if is_first.swap(false, Ordering::SeqCst) {
                open_first()
            } else {
                database::open(&lost)
            }
        };
        let registry = build(builder(), opener);
        let client = register(&registry, "a").await.unwrap();
        watch.fails.store(true, Ordering::SeqCst);
        lose(&path);
        assert!(register(&registry, "b").await.is_err());
        let error = registry.execute(read(&client).into()).await.unwrap_err();
        assert!(error.is_storage(), "{error}");
        assert_eq!(std::fs::metadata(&path).map_or(0, |file| file.len()), 0);
    }
}

/// A long read, such as a backup, ends if the file fails. Then the file can be reopened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_read_does_not_prevent_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let watch = Watch::default();
    let opener = watched_opener(&watch, &directory.path().join("clients.redb"));
    let file = File::with_opener(opener, ChangeFeed::start(None).unwrap().sender()).unwrap();
    let connection = Arc::clone(&file.connection);
    let (reading, is_reading) = std::sync::mpsc::channel();
    // It reads one client after the other, without an end.
    let long_read = std::thread::spawn(move || {
        connection.read(|snapshot| {
            reading.send(()).unwrap();
            loop {
                snapshot.check()?;
                std::thread::sleep(Duration::from_millis(1));
            }
        })
    });
    is_reading.recv().unwrap();
    watch.fails.store(true, Ordering::SeqCst);
    let client = Record {
        issued_at: 1,
        last_used: 0,
        token: None,
        previous_token: None,
        secret: None,
        previous_secret: None,
        metadata: "{}".into(),
    };
    let lost = file
        .write(&TenantName::NONE, move |transaction| {
            transaction.put("1", client)
        })
        .await;
    assert!(lost.is_err());
    assert!(file.get(&TenantName::NONE, "1").await.unwrap().is_none());
    // It has started again. It ends with the last handle.
    is_reading.recv().unwrap();
    drop(file);
    let ended: Result<(), StoreError> = long_read.join().unwrap();
    assert!(ended.is_err());
}
