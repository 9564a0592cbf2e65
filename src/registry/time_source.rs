//! Where the registry takes the time from. Inside, all times are whole seconds since 1970.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second of the year 9999. Many parsers reject later dates.
pub(super) const END_OF_TIME: u64 = 253_402_300_799;

/// Returns the current time.
#[derive(Clone)]
pub(super) struct TimeSource(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl TimeSource {
    pub(super) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the current time, in seconds since 1970. A time before 1970 is 0.
    pub(super) fn now(&self) -> u64 {
        (self.0)()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs())
    }
}

impl fmt::Debug for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeSource(..)")
    }
}

/// Converts seconds since 1970. Times after the [end of time](END_OF_TIME) become it, because not
/// every system can represent them.
pub(super) fn system_time(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.min(END_OF_TIME))
}
