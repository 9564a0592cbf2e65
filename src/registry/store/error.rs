//! The error of a store.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::Unavailable;

/// The clients cannot be read or written. All changes of one commit share its error.
#[derive(Clone, Debug)]
pub(in crate::registry) struct StoreError {
    source: Arc<dyn Error + Send + Sync>,
    /// Whether the changes may have been stored all the same.
    is_outcome_unknown: bool,
    retry_after: Option<Duration>,
}

#[cfg(feature = "registry-file")]
impl StoreError {
    pub(super) fn new(source: impl Into<crate::BoxError>) -> Self {
        Self {
            source: Arc::from(source.into()),
            is_outcome_unknown: false,
            retry_after: None,
        }
    }

    pub(super) fn with_retry_after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }

    pub(super) fn with_unknown_outcome(self) -> Self {
        Self {
            is_outcome_unknown: true,
            ..self
        }
    }

    pub(super) fn into_source(self) -> Arc<dyn Error + Send + Sync> {
        self.source
    }

    /// Logs the error for the operator.
    #[cfg_attr(
        not(feature = "tracing"),
        expect(clippy::unused_self, reason = "there is no log without `tracing`")
    )]
    pub(super) fn log(&self, message: &'static str) {
        // If the disk is full, a subscriber that writes to it may panic. The thread must go on.
        #[cfg(feature = "tracing")]
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tracing::error!(cause = %crate::util::error_chain::Chain(&*self.source), "{message}");
        }));
        #[cfg(not(feature = "tracing"))]
        let _ = message;
    }
}

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        let unavailable = if error.is_outcome_unknown {
            Self::outcome_unknown()
        } else {
            Self::new()
        };
        let unavailable = match error.retry_after {
            Some(wait) => unavailable.with_retry_after(wait),
            None => unavailable,
        };
        unavailable.with_source(error.source)
    }
}
