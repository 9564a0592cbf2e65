//! The public URL of the registration endpoint.

use crate::util::uri::{ServerUrl, UrlFault};

/// Returns the path of a URL. The [rules for paths](super::path_rules) are not checked here. The
/// error continues a sentence that starts with the URL.
pub(crate) fn path_of(url: &str) -> Result<&str, &'static str> {
    match ServerUrl::parse(url) {
        Ok(ServerUrl { path: "", .. }) => Err("has no path"),
        Ok(url) => Ok(url.path),
        Err(UrlFault::NotAbsolute) => Err("is not an absolute URL"),
        Err(UrlFault::Scheme) => Err("is neither https nor http"),
        Err(UrlFault::UserInfo) => Err("has user information"),
        Err(UrlFault::Host) => Err("has no valid host"),
        Err(UrlFault::Port) => Err("has a port that does not exist"),
        Err(UrlFault::QueryOrFragment) => Err("has a query or a fragment"),
        Err(UrlFault::PathCharacter) => Err("has a character in its path that no URL has"),
    }
}
