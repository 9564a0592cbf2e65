//! Threads of a registry's own.

use std::cell::Cell;
use std::io;
use std::thread::{self, JoinHandle};

thread_local! {
    static IS_A_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// A thread that works for a registry. Whoever drops it has told it to end before.
pub(super) struct Worker(Option<JoinHandle<()>>);

impl Worker {
    pub(super) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let thread = thread::Builder::new()
            .name(format!("tower-dcr {name}"))
            .spawn(move || {
                IS_A_WORKER.set(true);
                work();
            })?;
        Ok(Self(Some(thread)))
    }
}

impl Drop for Worker {
    /// Waits until the thread has let go of what it uses. But not on another worker: an observer, which one of them calls,
    /// may have held the last handle of the registry, and they would wait for each other.
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && !IS_A_WORKER.get()
        {
            // It cannot have panicked.
            let _ = thread.join();
        }
    }
}
