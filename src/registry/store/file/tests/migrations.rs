//! Files of older and newer formats.

use std::sync::atomic::{AtomicUsize, Ordering};

use redb::ReadableTable as _;

use super::disk::Disk;
use super::helpers::{build, builder, register, registry_on};
use super::known_client::FragileRegistry as _;
use crate::registry::store::file::database::{with_backend, with_migrations};
use crate::registry::store::file::error::FileError;
use crate::registry::store::file::format::Migration;

#[tokio::test]
async fn older_file_is_migrated_once_and_completely_or_not_at_all() {
    const NEW: redb::TableDefinition<'_, &str, u64> = redb::TableDefinition::new("new");
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    fn second(transaction: &redb::WriteTransaction) -> Result<(), FileError> {
        RUNS.fetch_add(1, Ordering::SeqCst);
        transaction.open_table(NEW)?.insert("second", 1)?;
        Ok(())
    }
    fn third(transaction: &redb::WriteTransaction) -> Result<(), FileError> {
        let second = transaction
            .open_table(NEW)?
            .get("second")?
            .map(|found| found.value());
        transaction
            .open_table(NEW)?
            .insert("third", second.unwrap() + 1)?;
        Ok(())
    }
    fn broken(_: &redb::WriteTransaction) -> Result<(), FileError> {
        Err(FileError::Inaccessible("broken".into()))
    }

    let disk = Disk::default();
    let client = register(&registry_on(&disk), "old").await.unwrap();
    assert!(with_migrations(disk.clone(), &[second, broken]).is_err());
    // The file still has format 1.
    let found = registry_on(&disk).find(&client).await;
    assert_eq!(found, client.acknowledged);
    RUNS.store(0, Ordering::SeqCst);
    for migrations in [
        &[second as Migration] as &[_],
        &[second, third],
        &[second, third],
    ] {
        let opened = disk.clone();
        let migrations = migrations.to_vec();
        let migrated = build(builder(), move || {
            with_migrations(opened.clone(), &migrations)
        });
        assert_eq!(migrated.find(&client).await, client.acknowledged);
    }
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
    let database = with_migrations(disk.clone(), &[second, third]).unwrap();
    let transaction = redb::ReadableDatabase::begin_read(&database).unwrap();
    let third = transaction.open_table(NEW).unwrap().get("third").unwrap();
    assert_eq!(third.unwrap().value(), 2);
    drop((transaction, database));
    let newer = with_backend(disk).unwrap_err();
    assert!(matches!(
        newer,
        FileError::NewerFormat { found: 3, known: 1 }
    ));
}

#[test]
fn new_file_needs_no_migration() {
    fn never(_: &redb::WriteTransaction) -> Result<(), FileError> {
        Err(FileError::Inaccessible("a new file was migrated".into()))
    }

    let disk = Disk::default();
    for _ in 0..2 {
        with_migrations(disk.clone(), &[never]).unwrap();
    }
}
