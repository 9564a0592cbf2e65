//! The thread that changes the file: whatever has come in while it wrote shares the next commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use tokio::sync::oneshot;

use super::connection::Connection;
use super::fault::FileFault;
use super::tables::FileTables;
use super::{Fault, Observer, Transaction};
use crate::registry::ClientChange;
use crate::registry::store::tell;
use crate::registry::worker::Worker;

/// How many changes may wait; others are refused.
const MAX_WAITING: usize = 4_096;

/// How many changes share a commit at most: the first of them waits for the last.
const MAX_SHARING: usize = 512;

pub(super) struct Writer {
    /// Dropped first: it tells the thread to end.
    jobs: SyncSender<Box<dyn Job>>,
    _worker: Worker,
}

impl Writer {
    pub(super) fn start(
        connection: Arc<Connection>,
        observer: Option<Observer>,
    ) -> Result<Self, FileFault> {
        let (jobs, waiting) = sync_channel(MAX_WAITING);
        let work = move || run(&connection, &waiting, observer.as_ref());
        let worker =
            Worker::start("writer", work).map_err(|error| FileFault::Thread(error.into()))?;
        Ok(Self {
            jobs,
            _worker: worker,
        })
    }

    /// Puts a change into the queue. What it gives comes when the change is on disk.
    pub(super) fn submit<T, D>(
        &self,
        decide: D,
    ) -> Result<oneshot::Receiver<Result<T, Fault>>, Fault>
    where
        T: Send + 'static,
        D: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (answer, receiver) = oneshot::channel();
        let job = Decision {
            decide: Some(decide),
            decided: None,
            answer,
        };
        match self.jobs.try_send(Box::new(job)) {
            Ok(()) => Ok(receiver),
            Err(TrySendError::Full(_)) => {
                Err(Fault::new("too many changes are waiting for the disk"))
            }
            Err(TrySendError::Disconnected(_)) => Err(gone()),
        }
    }
}

/// What was sent back, if the thread was there to send it.
pub(super) fn answer<T>(
    received: Result<Result<T, Fault>, oneshot::error::RecvError>,
) -> Result<T, Fault> {
    received.unwrap_or_else(|_| Err(gone().outcome_unknown()))
}

fn gone() -> Fault {
    Fault::new("the thread that changes the registry's file is gone")
}

/// A change that waits.
trait Job: Send {
    /// Whether somebody still waits for it.
    fn is_wanted(&self) -> bool;

    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), Fault>;

    /// Says what became of the commit.
    fn finish(self: Box<Self>, outcome: Result<(), Fault>);
}

struct Decision<T, D> {
    decide: Option<D>,
    decided: Option<T>,
    answer: oneshot::Sender<Result<T, Fault>>,
}

impl<T, D> Job for Decision<T, D>
where
    T: Send,
    D: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), Fault> {
        if let Some(decide) = self.decide.take() {
            self.decided = Some(decide(transaction)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), Fault>) {
        let Self {
            decided, answer, ..
        } = *self;
        // Who does not wait any more does not mind.
        let _ = answer.send(outcome.and_then(|()| decided.ok_or_else(gone)));
    }
}

fn run(connection: &Connection, waiting: &Receiver<Box<dyn Job>>, observer: Option<&Observer>) {
    while let Ok(first) = waiting.recv() {
        let mut jobs = vec![first];
        jobs.extend(waiting.try_iter().take(MAX_SHARING - 1));
        // Who does not wait any more was told that nobody knows: so nothing is the better half of it.
        jobs.retain(|job| job.is_wanted());
        let mut changes = Vec::new();
        // Nobody would start this thread again.
        let write = || connection.write(|database| commit(database, &mut jobs, &mut changes));
        let outcome = catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(|_| {
            Err(Fault::new("the change of the file panicked").outcome_unknown())
        });
        if outcome.is_ok() {
            tell(observer, changes);
        }
        for job in jobs {
            job.finish(outcome.clone());
        }
    }
}

fn commit(
    database: &redb::Database,
    jobs: &mut [Box<dyn Job>],
    changes: &mut Vec<(ClientChange, String)>,
) -> Result<(), Fault> {
    let transaction = database.begin_write().map_err(Fault::new)?;
    let mut tables = FileTables::open(&transaction)?;
    for job in jobs {
        job.run(&mut Transaction {
            tables: &mut tables,
            changes,
        })?;
    }
    let is_changed = tables.changed;
    drop(tables);
    if is_changed {
        // By default redb's commits are on disk before they return.
        transaction
            .commit()
            .map_err(|error| Fault::new(error).outcome_unknown())
    } else {
        transaction.abort().map_err(Fault::new)
    }
}
