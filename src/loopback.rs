//! Which hosts are this machine.

/// Whether a URI's host is this machine under one of the three names that RFC 8252 section 7.3 and 8.3 use. No other
/// spelling counts: what resolvers make of it differs.
pub(crate) fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}
