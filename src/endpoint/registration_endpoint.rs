//! The public URL of the registration endpoint.

use http::uri::Authority;

/// Returns the path of a URL. The [rules for paths](super::path_rules) are not checked here. The error
/// continues a sentence that starts with the URL.
pub(crate) fn path_of(url: &str) -> Result<&str, &'static str> {
    let (scheme, rest) = url.split_once("://").ok_or("is not an absolute URL")?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err("is neither https nor http");
    }
    let path_at = rest.find('/').ok_or("has no path")?;
    let (authority, path) = rest.split_at(path_at);
    // RFC 9110 section 4.2.4: user information is deprecated in http and https URLs.
    if authority.contains('@') || !is_authority(authority) {
        return Err("has no valid host");
    }
    if path.contains(['?', '#']) {
        return Err("has a query or a fragment");
    }
    Ok(path)
}

fn is_authority(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else {
        return false;
    };
    // A port that is not a number from 0 to 65,535 is there, but cannot be parsed.
    let after_host = text.strip_prefix(authority.host());
    !authority.host().is_empty() && (after_host == Some("") || authority.port_u16().is_some())
}
