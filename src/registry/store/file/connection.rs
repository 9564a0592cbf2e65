//! The open file, and what happens when it is lost while the server runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
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
    database: Option<Arc<Open>>,
    /// How long it took to open the file.
    opening_took: Duration,
    /// When the file could last not be opened.
    not_opened: Option<Instant>,
    /// Until when no change is tried, and how long that was from its start.
    changes_refused: Option<(Instant, Duration)>,
    /// Whether nobody has a handle of the registry any more.
    is_closing: bool,
}

struct Open {
    database: Database,
    /// Whether it is about to be closed: who still reads holds it open.
    is_closing: AtomicBool,
}

impl Open {
    fn new(database: Database) -> Arc<Self> {
        Arc::new(Self {
            database,
            is_closing: AtomicBool::new(false),
        })
    }

    fn close_soon(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }
}

/// The clients as a commit left them.
pub(super) struct Snapshot<'o> {
    pub(super) transaction: ReadTransaction,
    open: &'o Open,
}

impl Snapshot<'_> {
    /// To be asked from time to time by who reads for long: nobody can open the file anew while it is read.
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.open.is_closing.load(Ordering::Relaxed) {
            return Err(Fault::new("the registry's file was closed meanwhile"));
        }
        Ok(())
    }
}

/// How long to wait before a file that could not be opened is tried again, and a disk that refused a change at least.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a disk is left in peace at most.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// How much longer than it takes to open the file a disk is left in peace, so that reads are not held up for long.
const PEACE: u32 = 20;

/// How often a file is tried that is still in use: by reads that are about to end, or by a process that is.
const TRIES: u32 = 50;

impl Connection {
    pub(super) fn new(opener: Opener) -> Result<Self, FileFault> {
        let started = Instant::now();
        let database = patiently(&opener)?;
        Ok(Self {
            opener,
            state: Mutex::new(State {
                database: Some(Open::new(database)),
                opening_took: started.elapsed(),
                not_opened: None,
                changes_refused: None,
                is_closing: false,
            }),
        })
    }

    /// Looks something up. Where the file was lost on the way, it is opened anew, and asked once more.
    pub(super) fn read<T>(
        &self,
        look: impl Fn(&Snapshot<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let look = |open: &Open| {
            let transaction = open.database.begin_read().map_err(Fault::new)?;
            look(&Snapshot { transaction, open })
        };
        let open = self.database()?;
        attempt(|| look(&open)).or_else(|fault| {
            self.lose(open, &fault);
            let open = self.database()?;
            attempt(|| look(&open)).inspect_err(|fault| self.lose(open, fault))
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
        let open = self.database()?;
        let outcome = attempt(|| change(&open.database));
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
            self.lose(open, fault);
        } else {
            state.changes_refused = None;
        }
        outcome
    }

    /// Ends what still reads, so that the file can be closed for good.
    pub(super) fn close_soon(&self) {
        let mut state = self.lock();
        state.is_closing = true;
        if let Some(open) = &state.database {
            open.close_soon();
        }
    }

    fn lose(&self, lost: Arc<Open>, fault: &Fault) {
        lost.close_soon();
        // Let go before the lock is asked for: who has it may wait for the file to be closed.
        let is_lost = Arc::downgrade(&lost);
        drop(lost);
        let mut state = self.lock();
        let is_lost = |open: &mut Arc<Open>| std::ptr::eq(Arc::as_ptr(open), is_lost.as_ptr());
        if !state.is_closing && state.database.take_if(is_lost).is_some() {
            fault.log("the registry's file failed, and will be opened anew");
        }
    }

    /// The open file. Others wait here while it is opened anew.
    fn database(&self) -> Result<Arc<Open>, Fault> {
        let mut state = self.lock();
        if let Some(open) = &state.database {
            return Ok(Arc::clone(open));
        }
        if state.is_closing {
            return Err(Fault::new("the registry's file is closed"));
        }
        if state.not_opened.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(Fault::new("the registry's file could not be opened anew"));
        }
        let started = Instant::now();
        match patiently(&self.opener) {
            Ok(database) => {
                let open = Open::new(database);
                state.database = Some(Arc::clone(&open));
                state.opening_took = started.elapsed();
                state.not_opened = None;
                Ok(open)
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

/// Waits a little for who still has the file.
fn patiently(opener: &Opener) -> Result<Database, FileFault> {
    for _ in 0..TRIES {
        match opener() {
            Err(FileFault::Locked) => thread::sleep(Duration::from_millis(10)),
            outcome => return outcome,
        }
    }
    opener()
}

/// Damage that redb does not expect makes it panic.
fn attempt<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Fault::new("the database cannot be read").outcome_unknown()))
}
