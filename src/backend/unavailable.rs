use std::error::Error;
use std::fmt;
use std::time::Duration;

use tower::load_shed::error::Overloaded;

use crate::BoxError;
use crate::clock::TimedOut;
use crate::outcome::sources;

/// The error of a [`Backend`](crate::Backend) that means 503 `temporarily_unavailable`: not now, perhaps later.
///
/// It counts wherever it stands in an error's chain of [sources](Error::source), or in an [`io::Error`](std::io::Error); the
/// outermost of several counts. It comes in two kinds, since a client that is told to try again may register twice:
///
/// - [`new`](Self::new): the backend did nothing, and the client may try again;
/// - [`outcome_unknown`](Self::outcome_unknown): the operation may have happened. To a register, update or delete the
///   answer says so.
///
/// ```
/// use std::time::Duration;
///
/// use tower_dcr::{Operation, Reply, Unavailable, backend_fn};
///
/// let maintenance = backend_fn(|_: Operation| async {
///     Err::<Reply, _>(Unavailable::new().retry_after(Duration::from_secs(300)))
/// });
/// # let _ = maintenance;
/// ```
#[derive(Debug)]
pub struct Unavailable {
    outcome: Outcome,
    source: Option<BoxError>,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Nothing { retry_after: Option<Duration> },
    Unknown,
}

impl Unavailable {
    /// The backend certainly did nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            outcome: Outcome::Nothing { retry_after: None },
            source: None,
        }
    }

    /// The backend may have done what it was asked, and nobody knows.
    #[must_use]
    pub fn outcome_unknown() -> Self {
        Self {
            outcome: Outcome::Unknown,
            source: None,
        }
    }

    /// It is worth trying again after this time. It is sent as `Retry-After`, in whole seconds, rounded up, at most an
    /// hour. Where the [outcome is unknown](Self::outcome_unknown) it is not kept: trying again is not to be advised.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        if let Outcome::Nothing { retry_after } = &mut self.outcome {
            *retry_after = Some(wait);
        }
        self
    }

    /// The error behind this one, for the log.
    #[must_use]
    pub fn with_source(self, source: impl Into<BoxError>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// What the layer makes of an error: the first in its chain that tells of something that passes, or `None`, where the
    /// answer is a 500. Besides `Unavailable` itself these are tower's `Overloaded` (nothing happened), and its `Elapsed` and
    /// `Closed` (feature `tokio`; the outcome is unknown).
    ///
    /// For those who try again, see [`Operation::is_repeatable`](crate::Operation::is_repeatable).
    ///
    /// ```
    /// use tower::{BoxError, load_shed::error::Overloaded};
    /// use tower_dcr::Unavailable;
    ///
    /// let shed = BoxError::from(Overloaded::new());
    /// assert!(Unavailable::found_in(&*shed).is_some_and(|found| !found.is_outcome_unknown()));
    ///
    /// let failed = BoxError::from("no such table");
    /// assert!(Unavailable::found_in(&*failed).is_none());
    /// ```
    #[must_use]
    pub fn found_in(error: &(dyn Error + 'static)) -> Option<Self> {
        sources(error).find_map(|error| {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(Self {
                    outcome: found.outcome,
                    source: None,
                });
            }
            if cut_off(error) {
                return Some(Self::outcome_unknown());
            }
            // Shed load never reached the backend.
            error.is::<Overloaded>().then(Self::new)
        })
    }

    /// Whether the operation may have happened. Where it certainly did not, it may be tried again, whatever it was.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self.outcome, Outcome::Unknown)
    }

    /// How long to wait before trying again, where that is [known](Self::retry_after).
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        match self.outcome {
            Outcome::Nothing { retry_after } => retry_after,
            Outcome::Unknown => None,
        }
    }

    /// The value of `Retry-After`, in seconds.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        let wait = self.wait()?;
        let rounded_up = wait
            .as_secs()
            .saturating_add(u64::from(wait.subsec_nanos() > 0));
        Some(rounded_up.min(3_600))
    }
}

impl Default for Unavailable {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.outcome {
            Outcome::Nothing { .. } => "the backend is unavailable",
            Outcome::Unknown => {
                "the backend became unavailable and may have completed the operation"
            }
        })
    }
}

impl Error for Unavailable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// Whether the wait for an answer ended before it came.
fn cut_off(error: &(dyn Error + 'static)) -> bool {
    #[cfg(feature = "tokio")]
    if error.is::<tower::timeout::error::Elapsed>() || error.is::<tower::buffer::error::Closed>() {
        return true;
    }
    error.is::<TimedOut>()
}
