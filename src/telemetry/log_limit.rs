//! A limit for log lines that clients can trigger: at most one a second, with a count.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::util::stopwatch::Stopwatch;

/// The shortest time between two lines.
const INTERVAL: Duration = Duration::from_secs(1);

/// Counts events, and decides when to log the count.
pub(crate) struct LogLimit(Mutex<State>);

struct State {
    /// The time since the last line.
    last: Option<Stopwatch>,
    /// How many events there were since the last line.
    count: u64,
}

impl LogLimit {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State {
            last: None,
            count: 0,
        }))
    }

    /// Counts an event. Returns the number of events to log, unless a line was just logged.
    pub(crate) fn count(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.count += 1;
        let is_recent = |last: Stopwatch| last.elapsed() < INTERVAL;
        // Without a clock there is no limit: the first line must not be the last one.
        if Stopwatch::HAS_CLOCK && state.last.is_some_and(is_recent) {
            return None;
        }
        state.last = Some(Stopwatch::start());
        Some(std::mem::take(&mut state.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_one_line_a_second_with_the_count() {
        let limit = LogLimit::new();
        assert_eq!(limit.count(), Some(1));
        assert_eq!(limit.count(), None);
        assert_eq!(limit.count(), None);
        std::thread::sleep(INTERVAL);
        assert_eq!(limit.count(), Some(3));
    }
}
