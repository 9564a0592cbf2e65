//! The thread that writes the file. Changes that arrive during a commit share the next one.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use tokio::sync::oneshot;

use super::connection::Connection;
use super::tables::OpenTables;
use crate::registry::client_change::ClientChange;
use crate::registry::observer::ChangeSender;
use crate::registry::store::error::StoreError;
use crate::registry::store::transaction::Transaction;
use crate::registry::tenant_name::TenantName;
use crate::registry::worker::Worker;

/// How many changes may wait. More are refused.
const MAX_WAITING: usize = 4_096;

/// How many changes share a commit at most. The first one waits for the last one.
const MAX_SHARING: usize = 512;

pub(super) struct Writer {
    /// Dropped before the thread, so that the thread ends.
    jobs: SyncSender<Box<dyn Job>>,
    _worker: Worker,
}

impl Writer {
    pub(super) fn start(connection: Arc<Connection>, changes: ChangeSender) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(MAX_WAITING);
        let worker = Worker::start("writer", move || run(&connection, &waiting, &changes))?;
        Ok(Self {
            jobs,
            _worker: worker,
        })
    }

    /// Queues a change. Its value arrives when the change is on disk.
    pub(super) fn submit<T, D>(
        &self,
        tenant: &TenantName,
        decide: D,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, receiver) = oneshot::channel();
        let job = Decision {
            tenant: tenant.clone(),
            decide: Some(decide),
            decided: None,
            answer,
        };
        match self.jobs.try_send(Box::new(job)) {
            Ok(()) => Ok(receiver),
            Err(TrySendError::Full(_)) => {
                Err(StoreError::new("too many changes are waiting for the disk"))
            }
            Err(TrySendError::Disconnected(_)) => Err(gone()),
        }
    }
}

/// Returns the outcome that the thread sent. If the thread is gone, the outcome is unknown.
pub(super) fn outcome<T>(
    received: Result<Result<T, StoreError>, oneshot::error::RecvError>,
) -> Result<T, StoreError> {
    received.unwrap_or_else(|_| Err(gone().with_unknown_outcome()))
}

fn gone() -> StoreError {
    StoreError::new("the thread that changes the registry's file is gone")
}

/// A change that waits for a commit.
trait Job: Send {
    /// Returns whether the caller still waits.
    fn is_wanted(&self) -> bool;

    fn run(
        &mut self,
        tables: &mut OpenTables<'_>,
        changes: &mut Vec<ClientChange>,
    ) -> Result<(), StoreError>;

    /// Tells the caller the outcome of the commit.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Decision<T, D> {
    tenant: TenantName,
    decide: Option<D>,
    decided: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, D> Job for Decision<T, D>
where
    T: Send,
    D: FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn run(
        &mut self,
        tables: &mut OpenTables<'_>,
        changes: &mut Vec<ClientChange>,
    ) -> Result<(), StoreError> {
        if let Some(decide) = self.decide.take() {
            let tables = tables.of(&self.tenant)?;
            let mut transaction = Transaction::new(&self.tenant, tables, changes);
            self.decided = Some(decide(&mut transaction)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self {
            decided, answer, ..
        } = *self;
        // It fails only if the caller does not wait any more.
        let _ = answer.send(outcome.and_then(|()| decided.ok_or_else(gone)));
    }
}

fn run(connection: &Connection, waiting: &Receiver<Box<dyn Job>>, sender: &ChangeSender) {
    while let Ok(first) = waiting.recv() {
        let mut jobs = vec![first];
        jobs.extend(waiting.try_iter().take(MAX_SHARING - 1));
        // A caller that stopped waiting already got "outcome unknown", so the write is skipped.
        jobs.retain(|job| job.is_wanted());
        let mut changes = Vec::new();
        let write = || connection.write(|database| commit(database, &mut jobs, &mut changes));
        // The thread must survive a panic, because nobody restarts it.
        let outcome = catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(|_| {
            Err(StoreError::new("the change of the file panicked").with_unknown_outcome())
        });
        if outcome.is_ok() {
            sender.send(changes);
        }
        for job in jobs {
            job.finish(outcome.clone());
        }
    }
}

fn commit(
    database: &redb::Database,
    jobs: &mut [Box<dyn Job>],
    changes: &mut Vec<ClientChange>,
) -> Result<(), StoreError> {
    let transaction = database.begin_write().map_err(StoreError::new)?;
    let mut tables = OpenTables::new(&transaction);
    for job in jobs {
        job.run(&mut tables, changes)?;
    }
    let is_changed = tables.is_changed();
    drop(tables);
    if is_changed {
        // With redb's default durability, a commit is on disk when it returns.
        transaction
            .commit()
            .map_err(|error| StoreError::new(error).with_unknown_outcome())
    } else {
        transaction.abort().map_err(StoreError::new)
    }
}
