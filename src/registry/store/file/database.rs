//! Opens an existing database file.

use std::fs::OpenOptions;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, Database};

use super::error::FileError;
use super::format::{MIGRATIONS, Migration, bring_up_to_date};

/// The size of redb's cache, in bytes. The system caches the file, too.
pub(super) const CACHE: usize = 64 * 1024 * 1024;

/// Opens a file that exists.
///
/// A missing or empty file is an error: it was lost while the server ran. A new file in its place
/// would tell all clients that they are not registered.
pub(super) fn open(path: &Path) -> Result<Database, FileError> {
    let file = options().open(path)?;
    if file.metadata()?.len() == 0 {
        return Err(FileError::Corrupt("the file is empty".into()));
    }
    with_backend(FileBackend::new(file)?)
}

pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options
}

/// Opens a database, and checks all of it, so that damage is found before a client meets it.
pub(super) fn with_backend(backend: impl redb::StorageBackend) -> Result<Database, FileError> {
    with_migrations(backend, MIGRATIONS)
}

pub(super) fn with_migrations(
    backend: impl redb::StorageBackend,
    migrations: &[Migration],
) -> Result<Database, FileError> {
    // redb panics if it meets damage that it does not expect.
    catch_unwind(AssertUnwindSafe(|| {
        let database = Builder::new()
            .set_cache_size(CACHE)
            .set_check_integrity_on_open(true)
            .create_with_backend(backend)?;
        bring_up_to_date(&database, migrations)?;
        Ok(database)
    }))
    .unwrap_or_else(|_| Err(FileError::Corrupt("the database cannot be read".into())))
}
