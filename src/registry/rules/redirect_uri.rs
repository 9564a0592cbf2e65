//! Which redirect URIs a client may register, judged on the string as sent.

use fluent_uri::Uri;
use fluent_uri::pct_enc::EStr;

use crate::util::uri::{check_authority, is_loopback};

/// Longer than any in use, and short enough for every browser and proxy on the way.
const MAX_LENGTH: usize = 2_048;

/// What a browser, or the system, runs, reads or shows by itself, instead of handing it to the client.
const BROWSER_SCHEMES: [&str; 16] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "filesystem",
    "view-source",
    "chrome",
    "feed",
    "intent",
    "jar",
    "mhtml",
    "ms-msdt",
    "resource",
    "search-ms",
];

/// Other protocols, which lead to a server in the clear, or to another application.
const OTHER_PROTOCOLS: [&str; 15] = [
    "ftp", "ftps", "gopher", "ldap", "ldaps", "mailto", "news", "sftp", "smb", "sms", "ssh", "tel",
    "telnet", "ws", "wss",
];

/// What a redirect URI leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Https,
    /// `https` to this machine, under a name of its own.
    LoopbackHttps,
    LoopbackHttp,
    /// A scheme of the client's own (RFC 8252 section 7.1).
    PrivateUse,
}

/// Refuses with words that follow "a redirect URI".
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
                    Err("is plain http, which only localhost, 127.0.0.1 and [::1] may be")
                }
            }
        }
        scheme if BROWSER_SCHEMES.contains(&scheme) || OTHER_PROTOCOLS.contains(&scheme) => {
            Err("has a scheme that does not lead to a client")
        }
        // `localhost:3000/callback`, which is meant to be `http://localhost:3000/callback`.
        _ if uri.authority().is_none() && starts_with_port(uri.path().as_str()) => {
            Err("has a host and no scheme")
        }
        _ => Ok(Kind::PrivateUse),
    }
}

/// Whether two URIs are `http` to the user's machine, and the same but for the port.
pub(in crate::registry) fn is_same_loopback(registered: &str, asked: &str) -> bool {
    let (Ok(Kind::LoopbackHttp), Ok(Kind::LoopbackHttp)) = (check(registered), check(asked)) else {
        return false;
    };
    let (Ok(registered), Ok(asked)) = (Uri::parse(registered), Uri::parse(asked)) else {
        return false;
    };
    let host = |uri: &Uri<&str>| uri.authority().map(|authority| authority.host().to_owned());
    host(&registered) == host(&asked)
        && registered.scheme().as_str() == asked.scheme().as_str()
        && registered.path().as_str() == asked.path().as_str()
        && registered.query().map(EStr::as_str) == asked.query().map(EStr::as_str)
}

fn starts_with_port(path: &str) -> bool {
    let port = path.split('/').next().unwrap_or_default();
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a client with these is an application on the user's machine, where it does not say.
pub(super) fn are_native(kinds: &[Kind]) -> bool {
    kinds
        .iter()
        .any(|kind| matches!(kind, Kind::LoopbackHttp | Kind::PrivateUse))
}

/// Refuses what an application on a web server cannot have (OpenID Connect registration section 2, `application_type`).
pub(super) fn check_web(kinds: &[Kind], uses_implicit: bool) -> Result<(), &'static str> {
    if kinds.contains(&Kind::PrivateUse) {
        return Err("A web client has a redirect URI that is neither https nor http.");
    }
    if uses_implicit && kinds.iter().any(|kind| *kind != Kind::Https) {
        return Err(
            "A web client with an implicit response type has a redirect URI other than https to another machine.",
        );
    }
    Ok(())
}
