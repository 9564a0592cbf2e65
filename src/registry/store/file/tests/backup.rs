//! Backups of a file that cannot be read.

use super::disk::Disk;
use super::helpers::{open_disk, register, registry_on};
use crate::registry::observer::ChangeFeed;
use crate::registry::store::file::File;
use crate::registry::store::file::error::BackupError;

#[tokio::test]
async fn backup_of_an_unreadable_file_blames_the_source_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (disk, path) = (Disk::default(), directory.path().join("backup.redb"));
    register(&registry_on(&disk), "a").await.unwrap();
    let changes = ChangeFeed::start(None).unwrap().sender();
    let file = File::with_opener(move || open_disk(&disk), changes).unwrap();
    file.connection.close_soon();
    let error = file.backup(&path).await.unwrap_err();
    assert!(matches!(error, BackupError::Source(_)), "{error:?}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
