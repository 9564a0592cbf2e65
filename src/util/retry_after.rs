//! The `Retry-After` of responses (RFC 9110 section 10.2.3).

use std::time::Duration;

use http::HeaderValue;

/// The longest time that clients are told, in seconds.
const MAX_SECONDS: u64 = 3_600;

/// Returns the header value: whole seconds, rounded up.
pub(crate) fn header_value(wait: Duration) -> HeaderValue {
    let is_rounded_up = u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(
        wait.as_secs()
            .saturating_add(is_rounded_up)
            .min(MAX_SECONDS),
    )
}
