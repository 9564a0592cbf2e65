//! The two clocks. They run on tokio's timer: without feature `tokio`, and outside a runtime, time is not bounded.

use std::fmt;
use std::future::Future;
#[cfg(feature = "tokio")]
use std::time::Duration;

/// How long something may take; the default is as long as it likes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    #[cfg(feature = "tokio")]
    limit: Option<Duration>,
}

impl Clock {
    #[cfg(feature = "tokio")]
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { limit }
    }

    /// This many seconds, where there is a timer.
    pub(crate) fn seconds(seconds: u64) -> Self {
        #[cfg(feature = "tokio")]
        return Self::new(Some(Duration::from_secs(seconds)));
        #[cfg(not(feature = "tokio"))]
        {
            let _ = seconds;
            Self::default()
        }
    }

    /// Whether nothing can ever be in time.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_self, reason = "there is no limit to look at")
    )]
    pub(crate) fn is_zero(self) -> bool {
        #[cfg(feature = "tokio")]
        return self.limit.is_some_and(|limit| limit.is_zero());
        #[cfg(not(feature = "tokio"))]
        false
    }

    /// What the future gives, if it gives it in time.
    pub(crate) async fn run<F: Future>(self, future: F) -> Result<F::Output, TimedOut> {
        #[cfg(feature = "tokio")]
        if let Some(limit) = self.limit
            // Outside a runtime, tokio's timer panics.
            && tokio::runtime::Handle::try_current().is_ok()
        {
            return tokio::time::timeout(limit, future)
                .await
                .map_err(|_| TimedOut(()));
        }
        Ok(future.await)
    }
}

/// The time was over first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimedOut(());

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer came in time")
    }
}

impl std::error::Error for TimedOut {}
