//! Creates a registry's file. It has its name only after it is complete.

use std::fs;
use std::io;
use std::iter;
use std::path::Path;

use redb::Builder;
use redb::backends::FileBackend;

use super::database::{CACHE, options, with_backend};
use super::error::FileError;
use super::format::{self, MIGRATIONS};
use super::tables;
use crate::registry::store::error::StoreError;
use crate::registry::store::transaction::TenantEntry;

/// Creates the file if it is missing or empty.
pub(super) fn create_if_missing(path: &Path) -> Result<(), FileError> {
    let file = match options().open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match write_new(path, iter::empty()) {
                // Another process has just created it.
                Err(FileError::Exists) => Ok(()),
                written => written,
            };
        }
        opened => opened?,
    };
    if file.metadata()?.len() == 0 {
        // The file will contain secrets. If the server may not change the mode, the operator chose
        // it.
        #[cfg(unix)]
        let _ = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
        with_backend(FileBackend::new(file)?)?;
    }
    Ok(())
}

/// Writes clients to a file that does not exist yet.
///
/// They are written to a temporary file, which then gets the name. So a process that is killed
/// leaves no partial file with that name, and concurrent writers do not disturb each other.
pub(super) fn write_new(
    path: &Path,
    clients: impl Iterator<Item = Result<TenantEntry, StoreError>>,
) -> Result<(), FileError> {
    if path.try_exists()? {
        return Err(FileError::Exists);
    }
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // It has mode 0600, because it contains secrets. It is deleted if it does not get its name.
    let unfinished = tempfile::Builder::new()
        .prefix(".tower-dcr-")
        .suffix(".new")
        .tempfile_in(directory)?;
    write(unfinished.reopen()?, clients)?;
    unfinished
        .persist_noclobber(path)
        .map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => FileError::Exists,
            _ => error.error.into(),
        })?;
    // After a power cut, the file still has its name.
    #[cfg(unix)]
    fs::File::open(directory)?.sync_all()?;
    Ok(())
}

fn write(
    file: fs::File,
    clients: impl Iterator<Item = Result<TenantEntry, StoreError>>,
) -> Result<(), FileError> {
    let database = Builder::new()
        .set_cache_size(CACHE)
        .create_with_backend(FileBackend::new(file)?)?;
    let transaction = database.begin_write()?;
    tables::fill(&transaction, clients)?;
    format::commit(transaction, MIGRATIONS)?;
    Ok(database.close()?)
}
