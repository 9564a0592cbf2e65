//! How much time a call has left, and whether that is enough for another attempt.

use std::time::Duration;

use tokio::time::Instant;

use crate::operation::OperationKind;

/// The time of one call.
pub(super) struct Deadline {
    at: Instant,
    attempt_timeout: Duration,
    /// The time that a request needs, so that it is likely to get its response.
    min_time: Duration,
}

impl Deadline {
    /// Starts the time of a call.
    ///
    /// If a register, update or delete is cut off, it may have happened, and nobody knows the new
    /// credentials. So its request is only sent if half of the time of an attempt is left. A read
    /// has no minimum.
    pub(super) fn start(kind: OperationKind, timeout: Duration, attempt_timeout: Duration) -> Self {
        let min_time = if kind.is_repeatable() {
            Duration::ZERO
        } else {
            attempt_timeout.min(timeout) / 2
        };
        Self {
            at: Instant::now() + timeout,
            attempt_timeout,
            min_time,
        }
    }

    /// Returns when an attempt that starts now must end.
    pub(super) fn of_attempt(&self) -> Instant {
        self.at.min(Instant::now() + self.attempt_timeout)
    }

    /// Returns whether a request may be sent now, in an attempt that must end at this time.
    pub(super) fn allows_request(&self, end: Instant) -> bool {
        end.saturating_duration_since(Instant::now()) >= self.min_time
    }

    /// Returns whether there is time for another attempt after this wait.
    pub(super) fn allows_attempt_after(&self, wait: Duration) -> bool {
        let left = self.at.saturating_duration_since(Instant::now());
        left.checked_sub(wait)
            .is_some_and(|left| !left.is_zero() && left >= self.min_time)
    }
}
