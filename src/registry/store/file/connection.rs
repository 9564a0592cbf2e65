//! The connection to the file. It reopens the file after an error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use redb::Database;

use super::error::FileError;
use super::snapshot::{Open, Snapshot};
use crate::registry::store::error::StoreError;

type Opener = Box<dyn Fn() -> Result<Database, FileError> + Send + Sync>;

/// The connection to the file.
///
/// After a disk error, redb refuses reads and writes until the file is reopened. So the connection
/// reopens it at once. If the disk refuses a write, because it is full for example, the next writes
/// are refused for a while without a try. Otherwise each of them would cost reads the time of a
/// reopening.
pub(super) struct Connection {
    opener: Opener,
    state: Mutex<State>,
}

struct State {
    open: Option<Arc<Open>>,
    /// How long the last opening took.
    opening_took: Duration,
    /// When the last opening failed.
    opening_failed_at: Option<Instant>,
    write_backoff: Option<WriteBackoff>,
    /// Whether all handles of the registry are dropped.
    is_closing: bool,
}

/// The time in which no write is tried.
#[derive(Clone, Copy)]
struct WriteBackoff {
    until: Instant,
    length: Duration,
}

/// How long to wait before the file is opened again after a failure. It is also the shortest
/// backoff of writes.
const MIN_BACKOFF: Duration = Duration::from_secs(1);

/// The longest backoff of writes.
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// The backoff of writes is at least so many times as long as an opening of the file. So reads are
/// blocked by reopening for a twentieth of the time at most.
const REOPEN_BACKOFF_FACTOR: u32 = 20;

/// How often a locked file is tried. A read or another process may be about to close it.
const LOCK_TRIES: u32 = 50;

/// The pause between two tries of a locked file.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

impl Connection {
    pub(super) fn new(opener: Opener) -> Result<Self, FileError> {
        let started = Instant::now();
        let database = open_with_retry(&opener)?;
        Ok(Self {
            opener,
            state: Mutex::new(State {
                open: Some(Open::new(database)),
                opening_took: started.elapsed(),
                opening_failed_at: None,
                write_backoff: None,
                is_closing: false,
            }),
        })
    }

    /// Reads from the last commit. After an error, the file is reopened and read once more.
    pub(super) fn read<T>(
        &self,
        look_up: impl Fn(&Snapshot<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let look_up = |open: &Open| look_up(&open.snapshot()?);
        let open = self.open()?;
        catch_panic(|| look_up(&open)).or_else(|error| {
            self.discard(open, &error);
            let open = self.open()?;
            catch_panic(|| look_up(&open)).inspect_err(|error| self.discard(open, error))
        })
    }

    /// Writes, unless the disk has just refused a write.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(backoff) = self.lock().write_backoff
            && let Some(left) = backoff.until.checked_duration_since(Instant::now())
        {
            let error = StoreError::new("the disk refused the last change");
            return Err(error.with_retry_after(left));
        }
        let open = self.open()?;
        let outcome = catch_panic(|| change(&open.database));
        let mut state = self.lock();
        match &outcome {
            Ok(_) => state.write_backoff = None,
            Err(error) => {
                state.back_off();
                drop(state);
                self.discard(open, error);
            }
        }
        outcome
    }

    /// Lets long reads end, so that the file is closed for good.
    pub(super) fn close_soon(&self) {
        let mut state = self.lock();
        state.is_closing = true;
        if let Some(open) = &state.open {
            open.close_soon();
        }
    }

    /// Discards a database after an error, so that the next caller reopens it.
    fn discard(&self, failed: Arc<Open>, error: &StoreError) {
        failed.close_soon();
        // Drop before locking: the lock holder may be waiting for the close.
        let failed_pointer = Arc::downgrade(&failed);
        drop(failed);
        let mut state = self.lock();
        let is_failed =
            |open: &mut Arc<Open>| std::ptr::eq(Arc::as_ptr(open), failed_pointer.as_ptr());
        if !state.is_closing && state.open.take_if(is_failed).is_some() {
            drop(state);
            error.log("the registry's file failed and will be reopened");
        }
    }

    /// Returns the open database, and opens it if necessary. Other callers wait meanwhile.
    fn open(&self) -> Result<Arc<Open>, StoreError> {
        let mut state = self.lock();
        if let Some(open) = &state.open {
            return Ok(Arc::clone(open));
        }
        if state.is_closing {
            return Err(StoreError::new("the registry's file is closed"));
        }
        let failed_at = state.opening_failed_at;
        if failed_at.is_some_and(|at| at.elapsed() < MIN_BACKOFF) {
            return Err(StoreError::new("the registry's file could not be reopened"));
        }
        let started = Instant::now();
        match open_with_retry(&self.opener) {
            Ok(database) => {
                let open = Open::new(database);
                state.open = Some(Arc::clone(&open));
                state.opening_took = started.elapsed();
                state.opening_failed_at = None;
                Ok(open)
            }
            Err(error) => {
                state.opening_failed_at = Some(Instant::now());
                Err(error.into_store_error())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid after each assignment, so a panic leaves it valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Starts the backoff of writes. Its length doubles with each failure.
    fn back_off(&mut self) {
        let before = self
            .write_backoff
            .map_or(Duration::ZERO, |backoff| backoff.length);
        let length = (before * 2)
            .max(MIN_BACKOFF)
            .max(self.opening_took * REOPEN_BACKOFF_FACTOR)
            .min(MAX_BACKOFF);
        self.write_backoff = Some(WriteBackoff {
            until: Instant::now() + length,
            length,
        });
    }
}

/// Opens the file. If it is locked, it tries again for half a second.
fn open_with_retry(opener: &Opener) -> Result<Database, FileError> {
    for _ in 0..LOCK_TRIES {
        match opener() {
            Err(FileError::Locked) => thread::sleep(LOCK_PAUSE),
            outcome => return outcome,
        }
    }
    opener()
}

/// Turns a panic into an error. redb panics if it meets damage that it does not expect.
fn catch_panic<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(StoreError::new("the database cannot be read").with_unknown_outcome())
    })
}
