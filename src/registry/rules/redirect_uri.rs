//! Which redirect URIs a client may register. The string is checked as it was sent.

use fluent_uri::Uri;

use super::refused_schemes::is_refused;
use crate::util::uri::{check_authority, is_loopback};

/// Longer than any in use, and short enough for all browsers and proxies.
const MAX_LENGTH: usize = 2_048;

/// Where a redirect URI leads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `https` to another machine.
    Https,
    /// `https` to the user's own machine.
    LoopbackHttps,
    /// `http` to the user's own machine (RFC 8252 section 7.3).
    LoopbackHttp,
    /// A scheme of the client's own (RFC 8252 section 7.1).
    PrivateUse,
}

/// Checks a redirect URI. The error continues a sentence that starts with "A redirect URI".
pub(super) fn check(text: &str) -> Result<Kind, &'static str> {
    if text.len() > MAX_LENGTH {
        return Err("is longer than 2048 bytes");
    }
    let uri = Uri::parse(text).map_err(|_| "is not an absolute URI of RFC 3986")?;
    // RFC 6749 section 3.1.2.
    if uri.has_fragment() {
        return Err("has a fragment");
    }
    if let Some(authority) = uri.authority() {
        check_authority(&authority)?;
    }
    let scheme = uri.scheme().as_str().to_ascii_lowercase();
    match scheme.as_str() {
        "https" | "http" => {
            let host = uri.authority().map_or("", |authority| authority.host());
            if host.is_empty() {
                return Err("has no host");
            }
            match (scheme == "https", is_loopback(host)) {
                (true, false) => Ok(Kind::Https),
                (true, true) => Ok(Kind::LoopbackHttps),
                (false, true) => Ok(Kind::LoopbackHttp),
                (false, false) => {
                    Err("is plain http, which is only for localhost, 127.0.0.1 and [::1]")
                }
            }
        }
        scheme if is_refused(scheme) => Err("has a scheme that does not lead to a client"),
        // `localhost:3000/callback`, if somebody forgot `http://`.
        _ if uri.authority().is_none() && starts_with_port(uri.path().as_str()) => {
            Err("has a host and no scheme")
        }
        _ => Ok(Kind::PrivateUse),
    }
}

fn starts_with_port(path: &str) -> bool {
    let port = path.split('/').next().unwrap_or_default();
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}
