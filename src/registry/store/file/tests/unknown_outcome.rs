//! A commit that fails may have been stored.

use super::disk::Disk;
use super::helpers::{register, registry_on, unavailable};

#[tokio::test]
async fn failed_commit_has_an_unknown_outcome_and_later_changes_have_none() {
    let disk = Disk::default();
    let registry = registry_on(&disk);
    register(&registry, "before").await.unwrap();
    // The writes are carried out. The power is cut before the sync.
    let steps = steps_of_a_registration().await;
    disk.cut_power_after(steps - 1);
    let error = register(&registry, "perhaps lost").await.unwrap_err();
    assert!(unavailable(&error).is_outcome_unknown());
    // Without power nothing can happen.
    let error = register(&registry, "never").await.unwrap_err();
    assert!(!unavailable(&error).is_outcome_unknown());
}

/// Returns how many writes and syncs a registration takes.
async fn steps_of_a_registration() -> usize {
    let disk = Disk::default();
    let registry = registry_on(&disk);
    register(&registry, "before").await.unwrap();
    disk.cut_power_after(1_000_000);
    register(&registry, "counted").await.unwrap();
    1_000_000 - disk.state().power.unwrap()
}
