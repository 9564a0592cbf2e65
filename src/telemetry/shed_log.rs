//! Shed load in the log: at most one line a second.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::util::stopwatch::Stopwatch;

/// The shortest time between two lines.
const INTERVAL: Duration = Duration::from_secs(1);

struct State {
    /// The time since the last line.
    last: Option<Stopwatch>,
    /// How many requests were shed since the last line.
    count: u64,
}

static STATE: Mutex<State> = Mutex::new(State {
    last: None,
    count: 0,
});

/// Counts a request that a load limit refused. Logs the count, unless a line was just logged.
pub(super) fn count() {
    let count = {
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        state.count += 1;
        if state.last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return;
        }
        state.last = Some(Stopwatch::start());
        std::mem::take(&mut state.count)
    };
    tracing::warn!(count, "client registration shed load");
}
