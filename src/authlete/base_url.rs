//! The rules for the base URL of Authlete's Web API.

use super::config_error::AuthleteConfigError;
use crate::util::uri::{PathFault, ServerUrl, UrlFault, check_path};

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
    const NOT_HTTPS: &str =
        "is not https: write https, or call https_only(false) if plain http is safe there";
    let url = match ServerUrl::parse(url) {
        Ok(url) => url,
        Err(fault) => {
            return Some(match fault {
                UrlFault::NotAbsolute => {
                    "is not absolute: write one like \"https://us.authlete.com\""
                }
                UrlFault::Scheme => NOT_HTTPS,
                UrlFault::UserInfo => {
                    "contains user information: write the credentials with credentials"
                }
                UrlFault::Host => "has no valid host: write one like \"https://us.authlete.com\"",
                UrlFault::Port => {
                    "has a port that does not exist: write one from 1 to 65535, or none"
                }
                UrlFault::QueryOrFragment => "has a query or a fragment: leave it out",
                UrlFault::PathCharacter => {
                    "has a character in its path that no URL has: write the path without it"
                }
            });
        }
    };
    if url.is_exposed && https_only {
        return Some(NOT_HTTPS);
    }
    let path = url.path.strip_suffix('/').unwrap_or(url.path);
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
