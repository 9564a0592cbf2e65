//! Measuring time, if the platform has a clock.

use std::time::Duration;

/// The time since an event. On `wasm32-unknown-unknown`, where `Instant::now` panics, it is zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    started: std::time::Instant,
}

impl Stopwatch {
    /// Whether the platform has a clock.
    #[cfg(feature = "tracing")]
    pub(crate) const HAS_CLOCK: bool =
        cfg!(not(all(target_family = "wasm", target_os = "unknown")));

    /// Starts now.
    pub(crate) fn start() -> Self {
        Self {
            #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
            started: std::time::Instant::now(),
        }
    }

    /// Returns the time since the start.
    #[cfg_attr(
        all(target_family = "wasm", target_os = "unknown"),
        expect(clippy::unused_self, reason = "without a clock there is no start")
    )]
    pub(crate) fn elapsed(self) -> Duration {
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        return self.started.elapsed();
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        Duration::ZERO
    }
}
