//! How long a 429 asks to wait: `RateLimit-Reset`, `X-RateLimit-Reset` and `Retry-After`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// A reset value above this is a time since 1970. As a number of seconds to wait, it would be
/// decades.
const MAX_RESET_SECONDS: u64 = 1_000_000_000;

/// Returns the time that the response asks to wait. It is `None` if no header names a time.
///
/// | header | value |
/// |---|---|
/// | `RateLimit-Reset`, then `X-RateLimit-Reset` | seconds, or the seconds from 1970 to the reset |
/// | `Retry-After` (RFC 9110 section 10.2.3) | seconds, or a date |
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim());
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let reset = ["ratelimit-reset", "x-ratelimit-reset"]
        .iter()
        .find_map(|name| text(name)?.parse::<u64>().ok())
        .map(|seconds| {
            let value = Duration::from_secs(seconds);
            if seconds > MAX_RESET_SECONDS {
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
    fn wait_is_read_from_three_headers() {
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
            let wait = retry_after(&headers.into_iter().collect(), now);
            assert_eq!(wait.map(|wait| wait.as_secs()), seconds, "{name}: {value}");
        }
    }
}
