//! The rules about URIs that several modules share: paths, hosts, authorities.

#[cfg(any(feature = "registry", feature = "uri-policies"))]
pub(crate) use self::parsed::*;

/// Returns whether a URI's host is this machine, in one of the three spellings of RFC 8252
/// sections 7.3 and 8.3. No other spelling counts, because resolvers disagree about the others.
#[cfg(any(feature = "authlete", feature = "registry", feature = "uri-policies"))]
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

    /// Returns whether a host in its normal form is a name of the public DNS, to judge by its form.
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
