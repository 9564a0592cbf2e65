//! Time-outs on tokio's timer. Without feature `tokio`, and outside a runtime, they do nothing.

use std::fmt;
use std::future::Future;
#[cfg(feature = "tokio")]
use std::time::Duration;

/// The time that something may take. The default is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timeout {
    #[cfg(feature = "tokio")]
    limit: Option<Duration>,
}

impl Timeout {
    /// Creates a time-out. `None` is no limit.
    #[cfg(feature = "tokio")]
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { limit }
    }

    /// Creates a time-out of this many seconds. Without feature `tokio`, it is no limit.
    pub(crate) fn seconds(seconds: u64) -> Self {
        #[cfg(feature = "tokio")]
        return Self::new(Some(Duration::from_secs(seconds)));
        #[cfg(not(feature = "tokio"))]
        {
            let _ = seconds;
            Self::default()
        }
    }

    /// Returns whether the limit is zero, so that nothing can be in time.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(
            clippy::unused_self,
            reason = "without a timer there is no limit to look at"
        )
    )]
    pub(crate) fn is_zero(self) -> bool {
        #[cfg(feature = "tokio")]
        return self.limit.is_some_and(|limit| limit.is_zero());
        #[cfg(not(feature = "tokio"))]
        false
    }

    /// Returns whether the time is limited, here and now.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(
            clippy::unused_self,
            reason = "without a timer there is no limit to look at"
        )
    )]
    pub(crate) fn is_running(self) -> bool {
        #[cfg(feature = "tokio")]
        return self.limit.is_some() && tokio::runtime::Handle::try_current().is_ok();
        #[cfg(not(feature = "tokio"))]
        false
    }

    /// Runs the future until it ends or the time is over. In the second case it is dropped.
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

/// The error of a [`Timeout`] whose time was over before the future ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimedOut(());

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time-out elapsed before the answer came")
    }
}

impl std::error::Error for TimedOut {}
