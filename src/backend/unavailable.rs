use std::error::Error;
use std::fmt;
use std::time::Duration;

use tower::load_shed::error::Overloaded;

use crate::BoxError;
use crate::util::error_chain::sources;
use crate::util::timeout::TimedOut;

/// The error of a [`Backend`](crate::Backend) that is unavailable for a while. The client receives
/// 503 `temporarily_unavailable`.
///
/// It works at any depth in the [sources](Error::source) of an error, and inside an
/// [`io::Error`](std::io::Error). If there are several, the outermost one counts.
///
/// There are two kinds. The difference matters, because a client that tries again may register
/// twice.
///
/// | constructor | meaning | the response |
/// |---|---|---|
/// | [`new`](Self::new) | The backend did nothing. | may have a `Retry-After` |
/// | [`outcome_unknown`](Self::outcome_unknown) | The operation may have happened. | says that the outcome is unknown, if the operation is a register, update or delete |
///
/// ```
/// use std::time::Duration;
///
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::backend::Unavailable;
/// use tower_dcr::{DcrEndpoint, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let maintenance = backend_fn(|_| async {
///     Err::<Reply, _>(Unavailable::new().with_retry_after(Duration::from_secs(300)))
/// });
///
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
/// let response = DcrEndpoint::new(maintenance).oneshot(request).await?;
/// assert_eq!(response.status(), 503);
/// assert_eq!(response.headers()["retry-after"], "300");
/// # Ok(())
/// # }
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
    /// Creates the error of a backend that certainly did nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            outcome: Outcome::Nothing { retry_after: None },
            source: None,
        }
    }

    /// Creates the error of a backend that may have completed the operation.
    #[must_use]
    pub fn outcome_unknown() -> Self {
        Self {
            outcome: Outcome::Unknown,
            source: None,
        }
    }

    /// Sets the time after which the client should try again. The client receives it as
    /// `Retry-After`, in whole seconds, rounded up, at most one hour.
    ///
    /// It is ignored if the [outcome is unknown](Self::outcome_unknown), because the client might
    /// register twice.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        if let Outcome::Nothing { retry_after } = &mut self.outcome {
            *retry_after = Some(wait);
        }
        self
    }

    /// Sets the error behind this one, for the log.
    #[must_use]
    pub fn with_source(self, source: impl Into<BoxError>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// Finds the first sign of unavailability in an error and its sources. The layer answers 503 if
    /// there is one, and 500 if this is `None`.
    ///
    /// | error | outcome |
    /// |---|---|
    /// | `Unavailable` | that of the error |
    /// | tower's `Overloaded`, as the error itself | nothing happened |
    /// | tower's `Overloaded`, among the sources | unknown: earlier steps of the backend may have taken effect |
    /// | tower's `Elapsed` and `Closed` (feature `tokio`) | unknown |
    ///
    /// See [`Operation::is_repeatable`](crate::Operation::is_repeatable) for a retry policy that
    /// uses it.
    ///
    /// ```
    /// use tower::{BoxError, load_shed::error::Overloaded};
    /// use tower_dcr::backend::Unavailable;
    ///
    /// let shed = BoxError::from(Overloaded::new());
    /// assert!(Unavailable::find_in(&*shed).is_some_and(|found| !found.is_outcome_unknown()));
    ///
    /// let failed = BoxError::from("no such table");
    /// assert!(Unavailable::find_in(&*failed).is_none());
    /// ```
    #[must_use]
    pub fn find_in(error: &(dyn Error + 'static)) -> Option<Self> {
        // A load limit around a backend sheds load before the backend is called.
        if error.is::<Overloaded>() {
            return Some(Self::new());
        }
        sources(error).find_map(|error| {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(Self {
                    outcome: found.outcome,
                    source: None,
                });
            }
            is_outcome_unknown(error).then(Self::outcome_unknown)
        })
    }

    /// Returns whether the operation may have happened. If not, every operation is safe to retry.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self.outcome, Outcome::Unknown)
    }

    /// Returns the time of [`with_retry_after`](Self::with_retry_after), if it is set.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.outcome {
            Outcome::Nothing { retry_after } => retry_after,
            Outcome::Unknown => None,
        }
    }
}

/// The default is [`Unavailable::new`]: the backend certainly did nothing.
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

/// Returns whether the error means that there is no reply, although the operation may have
/// happened.
fn is_outcome_unknown(error: &(dyn Error + 'static)) -> bool {
    #[cfg(feature = "tokio")]
    if error.is::<tower::timeout::error::Elapsed>() || error.is::<tower::buffer::error::Closed>() {
        return true;
    }
    error.is::<TimedOut>() || error.is::<Overloaded>()
}
