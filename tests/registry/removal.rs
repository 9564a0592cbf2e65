//! The removal of clients that were never used.

use tower_dcr::registry::ClientChangeKind;

use super::*;

#[tokio::test]
async fn clients_that_were_never_used_are_removed_in_time() {
    let time = Time::new();
    let expired = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&expired);
    let builder = builder()
        .clock(time.clock())
        .remove_never_used_after(Duration::from_secs(5))
        .on_change(move |change| {
            count.fetch_add(
                u64::from(change.kind() == ClientChangeKind::Expired),
                Ordering::SeqCst,
            );
        });
    for (registry, _directory) in in_both_homes(&builder) {
        expired.store(0, Ordering::SeqCst);
        let used = client(&registry, &metadata()).await;
        mark_used(&registry, &used).await;
        let mut unused = Vec::new();
        // More than one transaction removes.
        for _ in 0..300 {
            unused.push(client(&registry, &metadata()).await);
        }
        time.pass(4);
        let young = client(&registry, &metadata()).await;
        time.pass(1);
        while expired.load(Ordering::SeqCst) < 300 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for gone in unused {
            assert!(
                registry
                    .client(text(&gone["client_id"]))
                    .await
                    .unwrap()
                    .is_none()
            );
        }
        for there in [&used, &young] {
            assert_eq!(read(&registry, there).await.status, 200);
        }
    }
}
