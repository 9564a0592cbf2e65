//! Removes clients that were never used, in the background.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use super::client_change::ClientChangeKind;
use super::store::Store;
use super::store::error::StoreError;
use super::store::tenant_store::TenantStore;
use super::store::transaction::Transaction;
use super::time_source::TimeSource;
use super::worker::Worker;

/// How many clients one transaction removes at most. Other changes wait for it.
const MAX_REMOVED: usize = 256;

/// A thread that removes clients of all tenants until it is dropped.
pub(super) struct Sweeper {
    /// Dropped before the thread, so that the thread ends.
    _running: Sender<()>,
    _worker: Worker,
}

impl Sweeper {
    /// Removes clients that were not used in so many seconds after their registration.
    pub(super) fn start(
        lifetime: u64,
        time_source: TimeSource,
        store: Arc<Store>,
    ) -> io::Result<Self> {
        let (running, stopped) = mpsc::channel();
        // A removal is late by a hundredth of the lifetime, and by a minute at most.
        let pause = Duration::from_millis(lifetime.saturating_mul(10).clamp(100, 60_000));
        let worker = Worker::start("sweeper", move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(pause) {
                // After an error, the next sweep tries again.
                for tenant in store.tenants().unwrap_or_default() {
                    sweep(TenantStore::new(&store, &tenant), lifetime, &time_source);
                }
            }
        })?;
        Ok(Self {
            _running: running,
            _worker: worker,
        })
    }
}

fn sweep(store: TenantStore<'_>, lifetime: u64, time_source: &TimeSource) {
    loop {
        let now = time_source.now();
        match store.write_blocking(move |transaction| remove_unused(transaction, lifetime, now)) {
            Ok(removed) if removed == MAX_REMOVED => {}
            // After an error, the next sweep tries again.
            Ok(_) | Err(_) => return,
        }
    }
}

fn remove_unused(
    transaction: &mut Transaction<'_>,
    lifetime: u64,
    now: u64,
) -> Result<usize, StoreError> {
    for removed in 0..MAX_REMOVED {
        let oldest = transaction.oldest_unused()?;
        let Some((client_id, _)) =
            oldest.filter(|(_, client)| client.issued_at.saturating_add(lifetime) <= now)
        else {
            return Ok(removed);
        };
        transaction.remove_as(ClientChangeKind::Expired, &client_id)?;
    }
    Ok(MAX_REMOVED)
}
