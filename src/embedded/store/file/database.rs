//! The database file: how it is opened, what can be wrong with it, and what happens when it is lost on the way.

use std::fs::{self, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition, TableError,
};

use super::{Entry, Fault, tables};
use crate::BoxError;

/// The format of the tables. A file of an older one is brought to it where it is opened, in one transaction.
const FORMAT: u64 = 1;

/// What the file says of itself.
const META: TableDefinition<'static, &str, u64> = TableDefinition::new("tower_dcr");
const FORMAT_KEY: &str = "format";

/// Pages kept in memory, in bytes. The system keeps the file's pages besides.
const CACHE: usize = 64 * 1024 * 1024;

/// How long to wait before a lost file is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a file cannot be opened.
#[derive(Debug)]
pub(in crate::embedded) enum FileFault {
    Locked,
    NewerFormat { found: u64 },
    NotARegistry,
    Corrupt(BoxError),
    Unusable(BoxError),
}

impl FileFault {
    /// What follows "the file …".
    pub(in crate::embedded) fn description(&self) -> String {
        match self {
            Self::Locked => "is open already, in this process or another".to_owned(),
            Self::NewerFormat { found } => format!(
                "has format {found}, of a newer version of tower-dcr; this one knows formats up to {FORMAT}"
            ),
            Self::NotARegistry => "is no registry of tower-dcr".to_owned(),
            Self::Corrupt(_) => "is damaged; restore it from a backup".to_owned(),
            Self::Unusable(_) => "cannot be read and written".to_owned(),
        }
    }

    pub(in crate::embedded) fn into_source(self) -> Option<BoxError> {
        match self {
            Self::Locked | Self::NewerFormat { .. } | Self::NotARegistry => None,
            Self::Corrupt(source) | Self::Unusable(source) => Some(source),
        }
    }

    /// As what stops a request, where the file was lost while the server runs.
    fn into_fault(self) -> Fault {
        let description = format!("the registry's file {}", self.description());
        Fault::new(match self.into_source() {
            Some(source) => source,
            None => description.into(),
        })
    }
}

impl From<DatabaseError> for FileFault {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
                Self::Locked
            }
            // None of ours was ever written in those.
            DatabaseError::UpgradeRequired(_) => Self::NotARegistry,
            DatabaseError::Storage(error) => error.into(),
            error => Self::Unusable(error.into()),
        }
    }
}

impl From<StorageError> for FileFault {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Corrupted(_) => Self::Corrupt(error.into()),
            // What the file begins with is not what a database begins with.
            StorageError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::NotARegistry
            }
            // It is shorter than it says.
            StorageError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Corrupt(error.into())
            }
            error => Self::Unusable(error.into()),
        }
    }
}

impl From<Fault> for FileFault {
    fn from(fault: Fault) -> Self {
        Self::Unusable(fault.source.into())
    }
}

impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        Self::Unusable(error.into())
    }
}

/// Opens the file, or makes it, for its owner alone: it holds secrets.
pub(super) fn open(path: &Path) -> Result<Database, FileFault> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(&mut options, path)?,
        opened => opened?,
    };
    let backend = FileBackend::new(file)?;
    with_backend(backend)
}

fn create(options: &mut OpenOptions, path: &Path) -> io::Result<fs::File> {
    options.create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let file = options.open(path)?;
    // A power cut must not take the name of the file away.
    #[cfg(unix)]
    {
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(file)
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
            tables::fill(&transaction, std::iter::empty())?;
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

/// Writes clients into a file that does not exist yet.
pub(super) fn write_new(
    path: &Path,
    clients: impl Iterator<Item = Result<Entry, Fault>>,
) -> Result<(), FileFault> {
    let file = create(OpenOptions::new().read(true).write(true), path)?;
    let database = Builder::new()
        .set_cache_size(CACHE)
        .create_with_backend(FileBackend::new(file)?)?;
    let transaction = database.begin_write().map_err(Fault::new)?;
    tables::fill(&transaction, clients)?;
    seal(transaction)
}

type Opener = Box<dyn Fn() -> Result<Database, FileFault> + Send + Sync>;

/// The open file. After an error of the disk, redb refuses everything until the file is opened anew: so it is, and a
/// server on a disk that was full goes on once there is room.
pub(super) struct Connection {
    opener: Opener,
    state: Mutex<State>,
}

enum State {
    Open(Arc<Database>),
    /// Since this moment.
    Lost(Instant),
}

impl Connection {
    pub(super) fn new(opener: Opener) -> Result<Self, FileFault> {
        let database = opener()?;
        Ok(Self {
            opener,
            state: Mutex::new(State::Open(Arc::new(database))),
        })
    }

    /// Does something with the database. Where that fails, the database is given up.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let database = self.database()?;
        // Damage that redb does not expect makes it panic.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&database)))
            .unwrap_or_else(|_| Err(Fault::new("the database cannot be read").outcome_unknown()));
        if outcome.is_err() {
            let mut state = self.lock();
            if matches!(&*state, State::Open(current) if Arc::ptr_eq(current, &database)) {
                *state = State::Lost(Instant::now());
            }
        }
        outcome
    }

    fn database(&self) -> Result<Arc<Database>, Fault> {
        let mut state = self.lock();
        match &*state {
            State::Open(database) => return Ok(Arc::clone(database)),
            State::Lost(since) if since.elapsed() < PAUSE => {
                return Err(Fault::new(
                    "the registry's file was lost, and will be tried again",
                ));
            }
            State::Lost(_) => {}
        }
        match (self.opener)() {
            Ok(database) => {
                let database = Arc::new(database);
                *state = State::Open(Arc::clone(&database));
                Ok(database)
            }
            Err(fault) => {
                *state = State::Lost(Instant::now());
                Err(fault.into_fault())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is changed in one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
