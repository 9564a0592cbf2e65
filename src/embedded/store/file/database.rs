//! The database file: how it is made and opened.

use std::fs::{self, OpenOptions};
use std::io;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, Database, ReadableDatabase, TableDefinition, TableError};

use super::fault::FileFault;
use super::{Entry, Fault, tables};

/// The format of the tables. A file of an older one is brought to it where it is opened, in one transaction.
pub(super) const FORMAT: u64 = 1;

/// What the file says of itself.
const META: TableDefinition<'static, &str, u64> = TableDefinition::new("tower_dcr");
const FORMAT_KEY: &str = "format";

/// Pages kept in memory, in bytes. The system keeps the file's pages besides.
const CACHE: usize = 64 * 1024 * 1024;

/// Opens the file, or makes it.
pub(super) fn open(path: &Path) -> Result<Database, FileFault> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match write_new(path, iter::empty()) {
                // Somebody else made it just now.
                Ok(()) | Err(FileFault::Exists) => options.open(path)?,
                Err(fault) => return Err(fault),
            }
        }
        opened => opened?,
    };
    with_backend(FileBackend::new(file)?)
}

/// Opens what a storage holds, checked from end to end: what is damaged is found now, and not by a client.
pub(super) fn with_backend(backend: impl redb::StorageBackend) -> Result<Database, FileFault> {
    // Damage that redb does not expect makes it panic.
    catch_unwind(AssertUnwindSafe(|| {
        let database = Builder::new()
            .set_cache_size(CACHE)
            .set_check_integrity_on_open(true)
            .create_with_backend(backend)?;
        prepare(&database)?;
        Ok(database)
    }))
    .unwrap_or_else(|_| Err(FileFault::Corrupt("the database cannot be read".into())))
}

/// Makes the tables of a new file, and looks whether an old one is ours.
fn prepare(database: &Database) -> Result<(), FileFault> {
    let transaction = database.begin_read().map_err(Fault::new)?;
    match transaction.open_table(META) {
        Ok(meta) => {
            let format = meta.get(FORMAT_KEY)?.map(|format| format.value());
            match format {
                Some(FORMAT) => Ok(()),
                Some(found) if found > FORMAT => Err(FileFault::NewerFormat { found }),
                _ => Err(FileFault::NotARegistry),
            }
        }
        Err(TableError::TableDoesNotExist(_)) => {
            if transaction.list_tables()?.next().is_some() {
                return Err(FileFault::NotARegistry);
            }
            drop(transaction);
            let transaction = database.begin_write().map_err(Fault::new)?;
            tables::fill(&transaction, iter::empty())?;
            seal(transaction)
        }
        Err(TableError::Storage(error)) => Err(error.into()),
        Err(_) => Err(FileFault::NotARegistry),
    }
}

/// Says what the tables are, and keeps them.
fn seal(transaction: redb::WriteTransaction) -> Result<(), FileFault> {
    transaction
        .open_table(META)
        .map_err(Fault::new)?
        .insert(FORMAT_KEY, FORMAT)?;
    transaction.commit().map_err(Fault::new)?;
    Ok(())
}

/// Writes clients into a file that does not exist yet. It gets its name when it is whole: who is killed on the way leaves
/// nothing that could not be opened.
pub(super) fn write_new(
    path: &Path,
    clients: impl Iterator<Item = Result<Entry, Fault>>,
) -> Result<(), FileFault> {
    if path.try_exists()? {
        return Err(FileFault::Exists);
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let unfinished = Path::new(&name);
    // What somebody who was killed has left.
    match fs::remove_file(unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let written = write(unfinished, clients).and_then(|()| name_it(unfinished, path));
    // Its name is another one now, or it is of no use.
    let _ = fs::remove_file(unfinished);
    written
}

fn write(
    path: &Path,
    clients: impl Iterator<Item = Result<Entry, Fault>>,
) -> Result<(), FileFault> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    // For its owner alone: it holds secrets.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let database = Builder::new()
        .set_cache_size(CACHE)
        .create_with_backend(FileBackend::new(options.open(path)?)?)?;
    let transaction = database.begin_write().map_err(Fault::new)?;
    tables::fill(&transaction, clients)?;
    seal(transaction)?;
    Ok(database.close()?)
}

/// Gives a file its name, unless there is one with that name, and keeps it through a power cut.
fn name_it(unfinished: &Path, path: &Path) -> Result<(), FileFault> {
    match fs::hard_link(unfinished, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(FileFault::Exists);
        }
        // Not every file system has a second name for a file.
        Err(_) => fs::rename(unfinished, path)?,
    }
    #[cfg(unix)]
    {
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
