//! The rules about URIs that several modules share: paths, hosts, authorities.

use http::uri::Authority;

#[cfg(any(feature = "registry", feature = "uri-policies"))]
pub(crate) use self::parsed::*;

/// Returns whether a URI's host is loopback, in one of the three spellings of RFC 8252
/// sections 7.3 and 8.3. No other spelling counts, because resolvers disagree about the others.
pub(crate) fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// A reason why a path does not arrive at a server as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathFault {
    /// The path ends with `/` or contains `//`.
    EmptySegment,
    /// A segment is `.` or `..`. Clients and proxies resolve it (RFC 3986 section 5.2.4).
    DotSegment,
    /// The path contains a percent-encoded byte. Two spellings of one path would not compare equal.
    Escape,
}

/// Checks a path that starts with `/`. The empty path and a URL's path without a segment pass.
pub(crate) fn check_path(path: &str) -> Result<(), PathFault> {
    let mut segments = path.split('/').skip(1);
    if segments.clone().any(str::is_empty) {
        Err(PathFault::EmptySegment)
    } else if segments.any(|segment| matches!(segment, "." | "..")) {
        Err(PathFault::DotSegment)
    } else if path.contains('%') {
        Err(PathFault::Escape)
    } else {
        Ok(())
    }
}

/// A URL of a server, split into what its rules are about.
#[derive(Debug)]
pub(crate) struct ServerUrl<'u> {
    /// The path, which may be empty. [`check_path`] checks it.
    pub(crate) path: &'u str,
    /// Whether somebody on the way could read the traffic: plain `http` to another machine.
    #[cfg_attr(
        not(any(feature = "authlete", feature = "registry")),
        expect(dead_code, reason = "the layer knows no setting `https_only`")
    )]
    pub(crate) is_exposed: bool,
}

/// A reason why a text is not the URL of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlFault {
    /// There is no scheme, or no `://`.
    NotAbsolute,
    /// The scheme is neither `https` nor `http`.
    Scheme,
    /// User information is deprecated, because it can hide the host (RFC 9110 section 4.2.4).
    UserInfo,
    /// The host is missing, or contains an escape, a wildcard or another character that no host
    /// has.
    Host,
    /// The port is not a number from 0 to 65,535.
    Port,
    /// A URL of an endpoint has neither.
    QueryOrFragment,
    /// The path contains a character that RFC 3986 section 3.3 does not allow.
    PathCharacter,
}

impl<'u> ServerUrl<'u> {
    /// Parses an `https` or `http` URL. Named segments in braces are allowed in the path.
    pub(crate) fn parse(url: &'u str) -> Result<Self, UrlFault> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlFault::NotAbsolute)?;
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return Err(UrlFault::Scheme);
        }
        if rest.contains(['?', '#']) {
            return Err(UrlFault::QueryOrFragment);
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlFault::UserInfo);
        }
        let parsed: Authority = authority.parse().map_err(|_| UrlFault::Host)?;
        let host = parsed.host();
        if host.is_empty() || host.contains(['%', '*']) {
            return Err(UrlFault::Host);
        }
        // A port that cannot be parsed is part of the text, but has no number.
        if authority.len() > host.len() && parsed.port_u16().is_none() {
            return Err(UrlFault::Port);
        }
        let is_path_byte = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`|".contains(&byte);
        if !path.bytes().all(is_path_byte) {
            return Err(UrlFault::PathCharacter);
        }
        Ok(Self {
            path,
            is_exposed: !is_https && !is_loopback(host),
        })
    }
}

/// What needs a parser of RFC 3986.
#[cfg(any(feature = "registry", feature = "uri-policies"))]
mod parsed {
    use std::net::Ipv6Addr;

    use fluent_uri::Uri;
    use fluent_uri::component::Authority;

    /// Returns the host of a URI in its normal form, or `None` if the text has no host.
    #[cfg(any(feature = "registry", test))]
    pub(crate) fn host(text: &str) -> Option<String> {
        raw_host(&Uri::parse(text).ok()?).map(normal_host)
    }

    /// Returns the host of an `https` URI in its normal form. In a URI of another scheme, the
    /// authority need not name a host on the internet.
    #[cfg(feature = "uri-policies")]
    pub(crate) fn https_host(text: &str) -> Option<String> {
        let uri = Uri::parse(text).ok()?;
        let is_https = uri.scheme().as_str().eq_ignore_ascii_case("https");
        raw_host(&uri).filter(|_| is_https).map(normal_host)
    }

    /// Returns the host as it is written.
    pub(crate) fn raw_host<'t>(uri: &Uri<&'t str>) -> Option<&'t str> {
        let host = uri.authority()?.host();
        (!host.is_empty()).then_some(host)
    }

    /// Returns the normal form of a host: a name in lower case, an IPv6 address as RFC 5952 writes
    /// it. A host with an escape or a dot at its end counts as another host.
    pub(crate) fn normal_host(host: &str) -> String {
        let address = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .and_then(|address| address.parse::<Ipv6Addr>().ok());
        match address {
            Some(address) => format!("[{address}]"),
            None => host.to_ascii_lowercase(),
        }
    }

    /// Returns whether a host in its normal form has the form of a name in the public DNS.
    ///
    /// IPv4 addresses have many notations. The URL standard calls a host an address if its last
    /// label is a number (WHATWG URL section 3.5, "ends in a number").
    #[cfg(feature = "uri-policies")]
    pub(crate) fn is_public_name(host: &str) -> bool {
        /// Top-level names that are reserved for private networks (RFC 6761 section 6.3, RFC 6762
        /// section 3, ICANN resolution 2024.07.29.06).
        const PRIVATE: [&str; 3] = ["localhost", "local", "internal"];

        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let Some((rest, last)) = host.rsplit_once('.') else {
            return false;
        };
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
            || last
                .strip_prefix("0x")
                .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        // RFC 8375.
        let is_home = host == "home.arpa" || host.ends_with(".home.arpa");
        rest.split('.').all(is_label)
            && is_label(last)
            && !is_number
            && !is_home
            && !PRIVATE.contains(&last)
    }

    /// Refuses what no honest authority contains. The error continues a sentence about the URI.
    pub(crate) fn check_authority(authority: &Authority<'_>) -> Result<(), &'static str> {
        if authority.has_userinfo() {
            return Err("has user information");
        }
        if authority.host().contains('*') {
            return Err("has a wildcard in its host");
        }
        // No host needs an escape. An escape would only hide something.
        if authority.host().contains('%') {
            return Err("has an escape in its host");
        }
        if authority.port_to_u16().is_err() {
            return Err("has a port that does not exist");
        }
        Ok(())
    }

    /// Returns whether a text is a URI, which always starts with a scheme.
    #[cfg(feature = "registry")]
    pub(crate) fn is_absolute(text: &str) -> bool {
        Uri::parse(text).is_ok()
    }

    /// Returns whether a text is an absolute URI with one of these schemes and an acceptable host.
    #[cfg(feature = "registry")]
    pub(crate) fn is_url(text: &str, schemes: &[&str]) -> bool {
        let Ok(uri) = Uri::parse(text) else {
            return false;
        };
        let scheme = uri.scheme().as_str();
        schemes
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
            && uri.authority().is_some_and(|authority| {
                !authority.host().is_empty() && check_authority(&authority).is_ok()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_faults_are_found() {
        for (path, expected) in [
            ("/register", Ok(())),
            ("", Ok(())),
            ("/", Err(PathFault::EmptySegment)),
            ("/register/", Err(PathFault::EmptySegment)),
            ("/a//b", Err(PathFault::EmptySegment)),
            ("/a/./b", Err(PathFault::DotSegment)),
            ("/a/..", Err(PathFault::DotSegment)),
            ("/a%2fb", Err(PathFault::Escape)),
        ] {
            assert_eq!(check_path(path), expected, "{path}");
        }
    }

    #[cfg(feature = "uri-policies")]
    #[test]
    fn addresses_and_private_names_are_no_public_names() {
        for host in [
            "app.example.com",
            "xn--bcher-kva.example",
            "1.2.3.example",
            "0x.com",
        ] {
            assert!(is_public_name(host), "{host}");
        }
        for host in [
            "",
            ".",
            "localhost",
            "intranet",
            "app.localhost",
            "printer.local",
            "metadata.google.internal",
            "home.arpa",
            "nas.home.arpa",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "app.0x7f",
            "app.0x",
            "1.2.3.4.5",
            "[::1]",
            "app.example.com.",
            ".example.com",
            "app..example.com",
            "app%2eexample.com",
            "a_b.example.com",
        ] {
            assert!(!is_public_name(host), "{host}");
        }
    }

    #[test]
    fn server_urls_are_parsed() {
        for (url, path, is_exposed) in [
            ("https://as.example.com", "", false),
            ("HTTPS://as.example.com:8443/a/b", "/a/b", false),
            ("http://as.example.com/", "/", true),
            ("http://localhost:3000/register", "/register", false),
            ("http://[::1]:3000/t/{tenant}", "/t/{tenant}", false),
            ("http://127.0.0.2/", "/", true),
        ] {
            let parsed = ServerUrl::parse(url).unwrap();
            assert_eq!(
                (parsed.path, parsed.is_exposed),
                (path, is_exposed),
                "{url}"
            );
        }
        for (url, fault) in [
            ("", UrlFault::NotAbsolute),
            ("/register", UrlFault::NotAbsolute),
            ("as.example.com/register", UrlFault::NotAbsolute),
            ("https:/register", UrlFault::NotAbsolute),
            ("ftp://as.example.com/", UrlFault::Scheme),
            ("https:///register", UrlFault::Host),
            ("https://*.example.com/", UrlFault::Host),
            ("https://as%2eexample.com/", UrlFault::Host),
            ("https://as example.com/", UrlFault::Host),
            ("https://user@as.example.com/", UrlFault::UserInfo),
            ("https://as.example.com:99999/", UrlFault::Port),
            ("https://as.example.com:/", UrlFault::Port),
            ("https://as.example.com/?x", UrlFault::QueryOrFragment),
            ("https://as.example.com#x", UrlFault::QueryOrFragment),
            ("https://as.example.com/a b", UrlFault::PathCharacter),
            ("https://as.example.com/\u{e9}", UrlFault::PathCharacter),
        ] {
            assert_eq!(ServerUrl::parse(url).unwrap_err(), fault, "{url}");
        }
    }

    #[cfg(any(feature = "registry", feature = "uri-policies"))]
    #[test]
    fn hosts_compare_in_their_normal_form() {
        for (uri, expected) in [
            ("https://Client.Example.org:8443/x", "client.example.org"),
            ("https://user@client.example.org/x", "client.example.org"),
            ("https://client.example.org@evil.example/x", "evil.example"),
            ("https://[2001:DB8:0:0:0:0:0:1]/", "[2001:db8::1]"),
            ("https://[2001:db8::1]/", "[2001:db8::1]"),
            ("https://127.0.0.1/", "127.0.0.1"),
            ("https://client.example.org./", "client.example.org."),
            ("https://client%2eexample.org/", "client%2eexample.org"),
        ] {
            assert_eq!(host(uri).as_deref(), Some(expected), "{uri}");
        }
        for text in [
            "com.example.app:/x",
            "https:///x",
            "/x",
            "https://a\\b/",
            "",
        ] {
            assert_eq!(host(text), None, "{text}");
        }
    }
}
