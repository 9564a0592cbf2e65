//! The host of a URI, for comparison.

use std::net::Ipv6Addr;

use fluent_uri::Uri;

/// The host of a URI, in its normal form; `None` where it has none, or is no URI.
#[cfg(any(feature = "embedded", test))]
pub(crate) fn of(text: &str) -> Option<String> {
    raw(&Uri::parse(text).ok()?).map(normal)
}

/// The same, of an `https` URI alone: of another scheme, what stands there is not a host on the internet.
#[cfg(feature = "policy")]
pub(crate) fn of_https(text: &str) -> Option<String> {
    let uri = Uri::parse(text).ok()?;
    let is_https = uri.scheme().as_str().eq_ignore_ascii_case("https");
    raw(&uri).filter(|_| is_https).map(normal)
}

/// The host as it is written.
pub(crate) fn raw<'t>(uri: &Uri<&'t str>) -> Option<&'t str> {
    let host = uri.authority()?.host();
    (!host.is_empty()).then_some(host)
}

/// A host in its normal form: a name in lower case, an IPv6 address as RFC 5952 writes it. Whatever else could be the same
/// host, an escape or a dot at the end, is taken for another one.
pub(crate) fn normal(host: &str) -> String {
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .and_then(|address| address.parse::<Ipv6Addr>().ok());
    match address {
        Some(address) => format!("[{address}]"),
        None => host.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_host() {
        for (uri, host) in [
            ("https://Client.Example.org:8443/x", "client.example.org"),
            ("https://user@client.example.org/x", "client.example.org"),
            ("https://client.example.org@evil.example/x", "evil.example"),
            ("https://[2001:DB8:0:0:0:0:0:1]/", "[2001:db8::1]"),
            ("https://[2001:db8::1]/", "[2001:db8::1]"),
            ("https://127.0.0.1/", "127.0.0.1"),
            ("https://client.example.org./", "client.example.org."),
            ("https://client%2eexample.org/", "client%2eexample.org"),
        ] {
            assert_eq!(of(uri).as_deref(), Some(host), "{uri}");
        }
        for none in [
            "com.example.app:/x",
            "https:///x",
            "/x",
            "https://a\\b/",
            "",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
