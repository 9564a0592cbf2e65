//! The database file: how it is opened, what can be wrong with it, and what happens when it is lost on the way.

use std::fs::{self, OpenOptions};
use std::io;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase, StorageError,
    TableDefinition, TableError,
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

/// Why a file cannot be opened.
#[derive(Debug)]
pub(in crate::embedded) enum FileFault {
    Locked,
    Exists,
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
            Self::Exists => "exists already; a backup goes into a file of its own".to_owned(),
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
            Self::Locked | Self::Exists | Self::NewerFormat { .. } | Self::NotARegistry => None,
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

type Opener = Box<dyn Fn() -> Result<Database, FileFault> + Send + Sync>;

/// The open file. After an error of the disk, redb refuses everything until the file is opened anew, reads too: so it is,
/// at once. A disk that refuses changes, because it is full say, is left in peace for a while, so that reads go on: on
/// such a disk each change that is tried costs them the time that it takes to open the file.
pub(super) struct Connection {
    opener: Opener,
    state: Mutex<State>,
}

struct State {
    database: Option<Arc<Database>>,
    /// How long it took to open the file.
    opening_took: Duration,
    /// When the file could last not be opened.
    not_opened: Option<Instant>,
    /// Until when no change is tried, and how long that was from its start.
    changes_refused: Option<(Instant, Duration)>,
}

/// How long to wait before a file that could not be opened is tried again, and a disk that refused a change at least.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a disk is left in peace at most.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// How much longer than it takes to open the file a disk is left in peace, so that reads are not held up for long.
const PEACE: u32 = 20;

/// How often a file is tried that is still in use by reads that are about to end.
const TRIES: u32 = 50;

impl Connection {
    pub(super) fn new(opener: Opener) -> Result<Self, FileFault> {
        let started = Instant::now();
        let database = opener()?;
        Ok(Self {
            opener,
            state: Mutex::new(State {
                database: Some(Arc::new(database)),
                opening_took: started.elapsed(),
                not_opened: None,
                changes_refused: None,
            }),
        })
    }

    /// Looks something up. Where the file was lost on the way, it is opened anew, and asked once more.
    pub(super) fn read<T>(
        &self,
        look: impl Fn(&ReadTransaction) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let look = |database: &Database| look(&database.begin_read().map_err(Fault::new)?);
        let database = self.database()?;
        attempt(&database, look).or_else(|fault| {
            self.lose(database, &fault);
            let database = self.database()?;
            attempt(&database, look).inspect_err(|fault| self.lose(database, fault))
        })
    }

    /// Changes something, unless the disk refused that just now.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&Database) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if let Some((until, _)) = self.lock().changes_refused
            && let Some(left) = until.checked_duration_since(Instant::now())
        {
            return Err(Fault::new("the disk refused the last change").retry_after(left));
        }
        let database = self.database()?;
        let outcome = attempt(&database, change);
        let mut state = self.lock();
        if let Err(fault) = &outcome {
            let before = state
                .changes_refused
                .map_or(Duration::ZERO, |(_, pause)| pause);
            let pause = (before * 2)
                .max(PAUSE)
                .max(state.opening_took * PEACE)
                .min(MAX_PAUSE);
            state.changes_refused = Some((Instant::now() + pause, pause));
            drop(state);
            self.lose(database, fault);
        } else {
            state.changes_refused = None;
        }
        outcome
    }

    fn lose(&self, lost: Arc<Database>, fault: &Fault) {
        let mut state = self.lock();
        let is_current = |database: &mut Arc<Database>| Arc::ptr_eq(database, &lost);
        if state.database.take_if(is_current).is_some() {
            fault.log("the registry's file failed, and will be opened anew");
        }
        // Closed before the lock is given back, unless another read still has it.
        drop(lost);
    }

    /// The open file. Others wait here while it is opened anew.
    fn database(&self) -> Result<Arc<Database>, Fault> {
        let mut state = self.lock();
        if let Some(database) = &state.database {
            return Ok(Arc::clone(database));
        }
        if state.not_opened.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(Fault::new("the registry's file could not be opened anew"));
        }
        let started = Instant::now();
        let mut opened = (self.opener)();
        for _ in 0..TRIES {
            if !matches!(opened, Err(FileFault::Locked)) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
            opened = (self.opener)();
        }
        match opened {
            Ok(database) => {
                let database = Arc::new(database);
                state.database = Some(Arc::clone(&database));
                state.opening_took = started.elapsed();
                state.not_opened = None;
                Ok(database)
            }
            Err(fault) => {
                state.not_opened = Some(Instant::now());
                Err(fault.into_fault())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change of the state is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Damage that redb does not expect makes it panic.
fn attempt<T>(
    database: &Database,
    work: impl FnOnce(&Database) -> Result<T, Fault>,
) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(|| work(database)))
        .unwrap_or_else(|_| Err(Fault::new("the database cannot be read").outcome_unknown()))
}
