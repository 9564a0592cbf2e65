//! The thread that writes.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::helpers::{build, builder, register, register_with_retry, watched_opener};
use super::watched_file::Watch;

#[tokio::test]
async fn writer_survives_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let watch = Watch::default();
    let open = watched_opener(&watch, &directory.path().join("clients.redb"));
    let times = AtomicUsize::new(0);
    let panicking = move || {
        assert!(
            times.fetch_add(1, Ordering::SeqCst) != 1,
            "the second opening"
        );
        open()
    };
    let registry = build(builder(), panicking);
    watch.fails.store(true, Ordering::SeqCst);
    assert!(register(&registry, "lost").await.is_err());
    register_with_retry(&registry, "after").await;
}
