//! Tells the application what happened to clients.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use super::client_change::ClientChange;
use super::worker::Worker;

/// The application's callback.
pub(super) type Observer = Arc<dyn Fn(ClientChange) + Send + Sync>;

/// How long the drop of the last handle waits for the observer. It may need the thread that waits.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Calls the observer on a thread of its own, so that it runs outside every lock and may use the
/// registry. Changes wait in a queue meanwhile.
pub(super) struct ChangeFeed {
    /// Dropped before the thread, so that the thread ends.
    sender: ChangeSender,
    _worker: Option<Worker>,
}

impl ChangeFeed {
    pub(super) fn start(observer: Option<Observer>) -> io::Result<Self> {
        let Some(observer) = observer else {
            return Ok(Self {
                sender: ChangeSender(None),
                _worker: None,
            });
        };
        let (sender, changes) = mpsc::channel::<Vec<ClientChange>>();
        let mut worker = Worker::start("observer", move || {
            for change in changes.into_iter().flatten() {
                // The panic hook has reported it, and the next change must be told all the same.
                let _ = catch_unwind(AssertUnwindSafe(|| observer(change)));
            }
        })?;
        worker.wait_at_most(MAX_WAIT);
        Ok(Self {
            sender: ChangeSender(Some(sender)),
            _worker: Some(worker),
        })
    }

    pub(super) fn sender(&self) -> ChangeSender {
        self.sender.clone()
    }
}

/// The store's end of the queue.
#[derive(Clone)]
pub(super) struct ChangeSender(Option<Sender<Vec<ClientChange>>>);

impl ChangeSender {
    /// Queues the changes of one commit. It never waits. Stores call it in the order of their
    /// commits.
    pub(super) fn send(&self, changes: Vec<ClientChange>) {
        if let Some(sender) = self.0.as_ref().filter(|_| !changes.is_empty()) {
            // It fails only if the thread is gone, and then there is nobody to tell.
            let _ = sender.send(changes);
        }
    }
}
