//! The registry's own threads.

use std::cell::Cell;
use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// A thread that works for a registry. Signal the thread to stop before you drop this.
pub(super) struct Worker {
    thread: Option<JoinHandle<()>>,
    /// How long to wait for the thread at most. `None` is no limit.
    max_wait: Option<Duration>,
}

impl Worker {
    pub(super) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let thread = thread::Builder::new()
            .name(format!("tower-dcr {name}"))
            .spawn(move || {
                IS_WORKER.set(true);
                work();
            })?;
        Ok(Self {
            thread: Some(thread),
            max_wait: None,
        })
    }

    /// Limits how long the drop waits.
    pub(super) fn wait_at_most(&mut self, limit: Duration) {
        self.max_wait = Some(limit);
    }
}

impl Drop for Worker {
    /// Waits until the thread has ended. On another worker it does not wait: the observer runs on a
    /// worker and may drop the last handle of the registry. Then two threads would wait for each
    /// other.
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        if IS_WORKER.get() {
            return;
        }
        if let Some(limit) = self.max_wait {
            let started = Instant::now();
            while !thread.is_finished() {
                if started.elapsed() >= limit {
                    return;
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        // If it panicked, the panic hook has reported it.
        let _ = thread.join();
    }
}
