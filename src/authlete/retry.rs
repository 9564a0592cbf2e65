//! When a call is made again, and how long until then.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::RETRY_AFTER;
use tower::retry::backoff::{ExponentialBackoffMaker, InvalidBackoff};
use tower::util::rng::HasherRng;

use super::error::{AuthleteError, ErrorKind};
use crate::operation::OperationKind;

/// How often, and how soon, a call is made again.
///
/// Made again is what Authlete certainly did not process, whatever it was: where the connection could not be made, and on
/// 429. A read is also made again on 500, 502, 503, 504, a broken connection and a time-out; a register, update or delete
/// never is, once it may have been processed.
///
/// Waits grow exponentially, with jitter; after a 429 they are what Authlete says, and at least the shortest.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    attempts: u32,
    min: Duration,
    max: Duration,
}

impl RetryPolicy {
    /// At most this many attempts in all, the first among them; with waits from `min`, doubled each time, to `max`.
    #[must_use]
    pub fn new(attempts: u32, min: Duration, max: Duration) -> Self {
        Self { attempts, min, max }
    }

    /// Nothing is made again.
    #[must_use]
    pub fn never() -> Self {
        Self::new(1, Duration::from_millis(1), Duration::from_millis(1))
    }

    pub(super) fn min(&self) -> Duration {
        self.min
    }

    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) fn backoff(&self) -> Result<ExponentialBackoffMaker, InvalidBackoff> {
        // Half of a wait is left to chance, so that many servers that failed at once do not come back at once.
        ExponentialBackoffMaker::new(self.min, self.max, 0.5, HasherRng::default())
    }
}

/// Three attempts, with waits from 100 ms to 2 s.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new(3, Duration::from_millis(100), Duration::from_secs(2))
    }
}

/// Whether the call may be made again after this.
pub(super) fn is_repeatable(kind: OperationKind, error: &AuthleteError) -> bool {
    let read = kind.is_repeatable();
    match error.kind() {
        ErrorKind::Connect | ErrorKind::RateLimited { .. } => true,
        ErrorKind::Timeout | ErrorKind::Interrupted => read || !error.is_outcome_unknown(),
        ErrorKind::Api { status, .. } => read && matches!(status.as_u16(), 500 | 502 | 503 | 504),
        ErrorKind::Configuration | ErrorKind::InvalidAnswer { .. } | ErrorKind::TooLarge => false,
    }
}

/// How long Authlete asks to wait: `RateLimit-Reset`, `X-RateLimit-Reset` (seconds, or where that would be decades the
/// time since 1970) or `Retry-After` (seconds, or a date; RFC 9110 section 10.2.3).
pub(super) fn asked_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    const EPOCH_FROM: u64 = 1_000_000_000;
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim());
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let reset = ["ratelimit-reset", "x-ratelimit-reset"]
        .iter()
        .find_map(|name| text(name)?.parse::<u64>().ok())
        .map(|value| {
            let value = Duration::from_secs(value);
            if value.as_secs() > EPOCH_FROM {
                value.saturating_sub(since_1970)
            } else {
                value
            }
        });
    reset.or_else(|| {
        let value = text(RETRY_AFTER.as_str())?;
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(now).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_that_are_asked_for() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        for (name, value, seconds) in [
            ("ratelimit-reset", "7", Some(7)),
            ("x-ratelimit-reset", "1800000009", Some(9)),
            ("x-ratelimit-reset", "1799999999", Some(0)),
            ("ratelimit-reset", "1000000000", Some(1_000_000_000)),
            ("retry-after", "3", Some(3)),
            ("retry-after", "Fri, 15 Jan 2027 08:00:05 GMT", Some(5)),
            ("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("ratelimit-reset", "-1", None),
            ("ratelimit-reset", "99999999999999999999", None),
            ("date", "7", None),
        ] {
            let headers = [(name.parse().unwrap(), value.parse().unwrap())];
            let wait = asked_wait(&headers.into_iter().collect(), now);
            assert_eq!(wait.map(|wait| wait.as_secs()), seconds, "{name}: {value}");
        }
    }
}
