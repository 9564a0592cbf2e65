//! The database file: how it is made and opened.

use std::fs::{self, OpenOptions};
use std::io;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, Database, ReadableDatabase, TableDefinition, TableError, WriteTransaction};

use super::fault::FileFault;
use super::{Entry, Fault, tables};

/// Brings the tables from one format to the next.
pub(super) type Migration = fn(&WriteTransaction) -> Result<(), FileFault>;

/// The first one begins with format 1. Whoever changes what is in the tables adds one here, and leaves the others alone.
const MIGRATIONS: &[Migration] = &[];

/// The format of the tables. A file of an older one is brought to it where it is opened, in one transaction.
pub(super) const FORMAT: u64 = 1 + MIGRATIONS.len() as u64;

/// What the file says of itself.
const META: TableDefinition<'static, &str, u64> = TableDefinition::new("tower_dcr");
const FORMAT_KEY: &str = "format";

/// Pages kept in memory, in bytes. The system keeps the file's pages besides.
const CACHE: usize = 64 * 1024 * 1024;

/// Makes the file where there is none, or an empty one.
pub(super) fn make(path: &Path) -> Result<(), FileFault> {
    let file = match options().open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match write_new(path, iter::empty()) {
                // Somebody else made it just now.
                Err(FileFault::Exists) => Ok(()),
                written => written,
            };
        }
        opened => opened?,
    };
    if file.metadata()?.len() == 0 {
        // Perhaps for others to read. Where that is not the server's to change, it was somebody's decision.
        #[cfg(unix)]
        let _ = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
        with_backend(FileBackend::new(file)?)?;
    }
    Ok(())
}

/// Opens the file, which has been made: one that is not there any more, or is empty, was lost while the server ran, and a new
/// one in its place would tell every client that it is not registered.
pub(super) fn open(path: &Path) -> Result<Database, FileFault> {
    let file = options().open(path)?;
    if file.metadata()?.len() == 0 {
        return Err(FileFault::Corrupt("the file is empty".into()));
    }
    with_backend(FileBackend::new(file)?)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options
}

/// Opens what a storage holds, checked from end to end: what is damaged is found now, and not by a client.
pub(super) fn with_backend(backend: impl redb::StorageBackend) -> Result<Database, FileFault> {
    with_migrations(backend, MIGRATIONS)
}

pub(super) fn with_migrations(
    backend: impl redb::StorageBackend,
    migrations: &[Migration],
) -> Result<Database, FileFault> {
    // Damage that redb does not expect makes it panic.
    catch_unwind(AssertUnwindSafe(|| {
        let database = Builder::new()
            .set_cache_size(CACHE)
            .set_check_integrity_on_open(true)
            .create_with_backend(backend)?;
        prepare(&database, migrations)?;
        Ok(database)
    }))
    .unwrap_or_else(|_| Err(FileFault::Corrupt("the database cannot be read".into())))
}

/// Makes the tables of a new file; looks whether an old one is ours, and brings it up to date.
fn prepare(database: &Database, migrations: &[Migration]) -> Result<(), FileFault> {
    let transaction = database.begin_read()?;
    let format = match transaction.open_table(META) {
        Ok(meta) => meta.get(FORMAT_KEY)?.map(|format| format.value()),
        Err(TableError::TableDoesNotExist(_)) => {
            if transaction.list_tables()?.next().is_some() {
                return Err(FileFault::NotARegistry);
            }
            let transaction = database.begin_write()?;
            tables::fill(&transaction, iter::empty())?;
            return seal(transaction, migrations);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(found @ 1..) = format else {
        return Err(FileFault::NotARegistry);
    };
    // Those that it had already.
    let done = usize::try_from(found - 1).unwrap_or(usize::MAX);
    match migrations.get(done..) {
        None => Err(FileFault::NewerFormat { found }),
        Some([]) => Ok(()),
        Some(missing) => {
            let transaction = database.begin_write()?;
            for migrate in missing {
                migrate(&transaction)?;
            }
            seal(transaction, migrations)
        }
    }
}

/// Says what the tables are, and keeps them.
fn seal(transaction: WriteTransaction, migrations: &[Migration]) -> Result<(), FileFault> {
    let format = 1 + migrations.len() as u64;
    transaction.open_table(META)?.insert(FORMAT_KEY, format)?;
    Ok(transaction.commit()?)
}

/// Writes clients into a file that does not exist yet. It gets its name when it is whole: who is killed on the way leaves
/// nothing with that name, and what is written by several at once is written by each into a file of its own.
pub(super) fn write_new(
    path: &Path,
    clients: impl Iterator<Item = Result<Entry, Fault>>,
) -> Result<(), FileFault> {
    if path.try_exists()? {
        return Err(FileFault::Exists);
    }
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // For its owner alone: it holds secrets. Removed where it does not come to its name.
    let unfinished = tempfile::Builder::new()
        .prefix(".tower-dcr-")
        .suffix(".new")
        .tempfile_in(directory)?;
    write(unfinished.reopen()?, clients)?;
    unfinished
        .persist_noclobber(path)
        .map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => FileFault::Exists,
            _ => error.error.into(),
        })?;
    // So that it keeps its name through a power cut.
    #[cfg(unix)]
    fs::File::open(directory)?.sync_all()?;
    Ok(())
}

fn write(
    file: fs::File,
    clients: impl Iterator<Item = Result<Entry, Fault>>,
) -> Result<(), FileFault> {
    let database = Builder::new()
        .set_cache_size(CACHE)
        .create_with_backend(FileBackend::new(file)?)?;
    let transaction = database.begin_write()?;
    tables::fill(&transaction, clients)?;
    seal(transaction, MIGRATIONS)?;
    Ok(database.close()?)
}
