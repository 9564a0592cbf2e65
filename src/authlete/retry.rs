use std::time::Duration;

use tokio::time::Instant;
use tower::retry::backoff::{Backoff, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::util::rng::HasherRng;

use super::config_error::AuthleteConfigError;
use super::error::{AuthleteError, ErrorKind};
use crate::operation::OperationKind;

/// Decides how often and how soon an [`AuthleteClient`](super::AuthleteClient) retries a call.
///
/// | failure | retried |
/// |---|---|
/// | The connection could not be made. | all operations |
/// | The server refused the HTTP/2 stream before it processed anything. | all operations |
/// | The time was over before anything was sent. | all operations |
/// | Authlete responded 429. | all operations |
/// | The connection broke, or there was no response in time. | reads |
/// | Authlete responded 500, 502, 503 or 504. | reads |
/// | any other | none |
///
/// A register, update or delete is never retried once Authlete may have processed it: a second
/// register would create a second client.
///
/// The waits grow exponentially. A random time of up to half of the wait is added to each wait.
/// After a 429 with `RateLimit-Reset`, `X-RateLimit-Reset` or `Retry-After`, the wait is the time
/// that Authlete asks for, but at least [`min_wait`](Self::min_wait). A call fails instead of
/// waiting beyond its [time-out](super::AuthleteBuilder::timeout).
///
/// ```
/// use std::time::Duration;
///
/// use tower_dcr::authlete::{AuthleteClient, Cluster, Credentials, RetryPolicy};
///
/// let retry = RetryPolicy::default()
///     .max_attempts(5)
///     .min_wait(Duration::from_millis(50))
///     .max_wait(Duration::from_secs(1));
///
/// let client = AuthleteClient::builder()
///     .cluster(Cluster::Us)
///     .credentials(Credentials::new("715948317", "the-access-token-of-the-service")?)
///     .retry(retry)
///     .build();
/// assert!(client.is_ok());
/// # Ok::<(), tower_dcr::authlete::AuthleteConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    max_attempts: u32,
    min_wait: Duration,
    max_wait: Duration,
}

impl RetryPolicy {
    /// Creates the policy that makes one attempt and no retry.
    #[must_use]
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the number of attempts of a call, including the first one. The default is 3, the
    /// minimum is 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the wait before the first retry, without its random part. It doubles with each retry.
    /// The default is 100 ms.
    #[must_use]
    pub fn min_wait(mut self, wait: Duration) -> Self {
        self.min_wait = wait;
        self
    }

    /// Sets the longest wait, including its random part. The default is 2 s. `max_wait` must not
    /// be zero, nor shorter than [`min_wait`](Self::min_wait).
    ///
    /// The wait that a 429 asks for may be longer.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Starts a call. The error says what is wrong with the policy.
    pub(super) fn start(&self) -> Result<Retries, AuthleteConfigError> {
        if self.max_attempts == 0 {
            let setting = "max_attempts";
            return Err(AuthleteConfigError::ZeroLimit { setting });
        }
        // Half of a wait is random, so that servers that failed together do not return together.
        // The generator is new, because a clone of one would return the same numbers to each call.
        let backoff =
            ExponentialBackoffMaker::new(self.min_wait, self.max_wait, 0.5, HasherRng::default())
                .map_err(|_| AuthleteConfigError::InvalidWaits)?
                .make_backoff();
        Ok(Retries {
            left: self.max_attempts - 1,
            min_wait: self.min_wait,
            backoff,
        })
    }
}

/// Makes three attempts, with waits from 100 ms to 2 s.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            min_wait: Duration::from_millis(100),
            max_wait: Duration::from_secs(2),
        }
    }
}

/// The retries that a call has left.
pub(super) struct Retries {
    left: u32,
    min_wait: Duration,
    backoff: ExponentialBackoff,
}

impl Retries {
    /// Returns how long to wait before the next attempt, or `None` if no attempt follows.
    pub(super) fn next_wait(
        &mut self,
        kind: OperationKind,
        error: &AuthleteError,
    ) -> Option<Duration> {
        if !is_repeatable(kind, error) {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        Some(match error.retry_after() {
            Some(wait) => wait.max(self.min_wait),
            None => self
                .backoff
                .next_backoff()
                .deadline()
                .saturating_duration_since(Instant::now()),
        })
    }
}

/// Returns whether the call is safe to retry after this error, and whether that may help.
fn is_repeatable(kind: OperationKind, error: &AuthleteError) -> bool {
    let is_safe = kind.is_repeatable() || !error.is_outcome_unknown();
    match error.kind() {
        ErrorKind::Connect
        | ErrorKind::StreamRefused
        | ErrorKind::RateLimited { .. }
        | ErrorKind::Timeout { .. }
        | ErrorKind::Interrupted => is_safe,
        ErrorKind::Api { status, .. } => {
            kind.is_repeatable() && matches!(status.as_u16(), 500 | 502 | 503 | 504)
        }
        ErrorKind::Credentials | ErrorKind::InvalidResponse { .. } | ErrorKind::TooLarge => false,
    }
}
