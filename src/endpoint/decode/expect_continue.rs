//! `Expect: 100-continue` (RFC 9110 section 10.1.1).

use http::HeaderMap;
use http::header::EXPECT;

/// Returns whether the client waits for `100 Continue` before it sends its body. A server sends it
/// at the first read, so a refused body must not be read.
pub(super) fn is_expected(headers: &HeaderMap) -> bool {
    headers
        .get_all(EXPECT)
        .iter()
        .any(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
