//! The public URL of the registration endpoint.

use http::uri::Authority;

use super::error::ConfigError;

/// Checks a URL and returns its path. The rules of the path itself are checked in
/// [`path_rules`](super::path_rules).
pub(super) fn path_of(url: &str) -> Result<&str, ConfigError> {
    let problem = |problem| ConfigError::InvalidEndpoint {
        url: url.to_owned(),
        problem,
    };
    let (scheme, rest) = url
        .split_once("://")
        .ok_or_else(|| problem("is not an absolute URL"))?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(problem("is neither https nor http"));
    }
    let path_at = rest.find('/').ok_or_else(|| problem("has no path"))?;
    let (authority, path) = rest.split_at(path_at);
    // RFC 9110 section 4.2.4: user information is deprecated in http and https URLs.
    if authority.contains('@') || authority.parse::<Authority>().is_err() {
        return Err(problem("has no valid host"));
    }
    if path.contains(['?', '#']) {
        return Err(problem("has a query or a fragment"));
    }
    Ok(path)
}
