//! The open file, and what happens when it is lost while the server runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use redb::{Database, ReadTransaction, ReadableDatabase};

use super::Fault;
use super::fault::FileFault;

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
