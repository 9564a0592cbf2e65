//! The background removal of clients that nobody ever looked up.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use super::RegistryError;
use super::operations::Clock;
use super::store::{ClientChange, Fault, Store, Transaction};
use super::worker::Worker;

/// How many clients are removed at once: others wait for so long at most.
const MAX_REMOVED: usize = 256;

/// A thread that looks after the clients until it is dropped.
pub(super) struct Sweeper {
    /// Dropped first: it tells the thread to end.
    _running: Sender<()>,
    _worker: Worker,
}

impl Sweeper {
    /// Removes what was never looked up for so many seconds.
    pub(super) fn start(
        lifetime: u64,
        clock: Clock,
        store: Arc<Store>,
    ) -> Result<Self, RegistryError> {
        let (running, stopped) = mpsc::channel();
        // Late by a hundredth of the time, and by a minute at most.
        let pause = Duration::from_millis(lifetime.saturating_mul(10).clamp(100, 60_000));
        let worker = Worker::start("sweeper", move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(pause) {
                sweep(&store, lifetime, &clock);
            }
        })
        .map_err(|source| RegistryError::Thread {
            source: source.into(),
        })?;
        Ok(Self {
            _running: running,
            _worker: worker,
        })
    }
}

fn sweep(store: &Store, lifetime: u64, clock: &Clock) {
    loop {
        let now = clock.now();
        match store.write_blocking(move |transaction| remove_unused(transaction, lifetime, now)) {
            Ok(removed) if removed == MAX_REMOVED => {}
            // What could not be done now is done next time.
            Ok(_) | Err(_) => return,
        }
    }
}

fn remove_unused(
    transaction: &mut Transaction<'_>,
    lifetime: u64,
    now: u64,
) -> Result<usize, Fault> {
    for removed in 0..MAX_REMOVED {
        let oldest = transaction.oldest_unused()?;
        let Some((client_id, _)) =
            oldest.filter(|(_, client)| client.issued_at.saturating_add(lifetime) <= now)
        else {
            return Ok(removed);
        };
        transaction.remove_as(ClientChange::Expired, &client_id)?;
    }
    Ok(MAX_REMOVED)
}
