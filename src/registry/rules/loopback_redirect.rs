//! The port of a redirect URI to the user's own machine (RFC 8252 section 7.3).

use fluent_uri::Uri;
use fluent_uri::pct_enc::EStr;

use super::redirect_uri::{Kind, check};

/// Returns whether two URIs are `http` to the user's machine, and differ in the port at most.
pub(in crate::registry) fn is_same_loopback(registered: &str, requested: &str) -> bool {
    let kinds = (check(registered), check(requested));
    let (Ok(Kind::LoopbackHttp), Ok(Kind::LoopbackHttp)) = kinds else {
        return false;
    };
    let (Ok(registered), Ok(requested)) = (Uri::parse(registered), Uri::parse(requested)) else {
        return false;
    };
    let host = |uri: &Uri<&str>| uri.authority().map(|authority| authority.host().to_owned());
    host(&registered) == host(&requested)
        && registered.scheme().as_str() == requested.scheme().as_str()
        && registered.path().as_str() == requested.path().as_str()
        && registered.query().map(EStr::as_str) == requested.query().map(EStr::as_str)
}
