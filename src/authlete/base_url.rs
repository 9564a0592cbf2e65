//! The rules for the base URL of Authlete's Web API.

use http::uri::{Scheme, Uri};

use super::config_error::AuthleteConfigError;
use crate::util::uri::{PathFault, check_path, is_loopback};

/// Checks a base URL and returns it without a slash at its end.
///
/// Plain `http` is accepted on loopback. On other hosts, `https_only` must be off, because
/// everybody on the network path could read the tokens.
pub(super) fn check(url: &str, https_only: bool) -> Result<String, AuthleteConfigError> {
    match problem_of(url, https_only) {
        Some(problem) => Err(AuthleteConfigError::InvalidBaseUrl { problem }),
        None => Ok(url.strip_suffix('/').unwrap_or(url).to_owned()),
    }
}

/// Returns what is wrong with a base URL, and what to write instead.
fn problem_of(url: &str, https_only: bool) -> Option<&'static str> {
    let Ok(uri) = url.parse::<Uri>() else {
        return Some("is not a URL: write one like \"https://us.authlete.com\"");
    };
    let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return Some("is not absolute: write one like \"https://us.authlete.com\"");
    };
    let is_http_accepted = !https_only || is_loopback(authority.host());
    if *scheme != Scheme::HTTPS && !(*scheme == Scheme::HTTP && is_http_accepted) {
        return Some(
            "is not https: write https, or call https_only(false) if plain http is safe there",
        );
    }
    if authority.as_str().contains('@') {
        return Some("contains user information: write the credentials with credentials");
    }
    let after_host = authority.as_str().strip_prefix(authority.host());
    if after_host != Some("") && authority.port_u16().is_none() {
        return Some("has a port that does not exist: write one from 1 to 65535, or none");
    }
    if url.contains(['?', '#']) {
        return Some("has a query or a fragment: leave it out");
    }
    let path = uri.path().strip_suffix('/').unwrap_or(uri.path());
    if let Err(fault) = check_path(path) {
        return Some(match fault {
            PathFault::EmptySegment => "has an empty segment in its path: write single slashes",
            PathFault::DotSegment => "has a dot segment in its path: write the path without it",
            PathFault::Escape => "has an escape in its path: write the path without \"%\"",
        });
    }
    if path.ends_with("/api") {
        return Some("ends with \"/api\": leave that out, the client adds it");
    }
    None
}
