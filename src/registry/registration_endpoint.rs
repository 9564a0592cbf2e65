//! The URL of the registration endpoint.

use crate::util::uri::{PathFault, ServerUrl, UrlFault, check_path};

/// The URL that the `registration_client_uri` of each client starts with (RFC 7592 section 3).
#[derive(Clone, Debug)]
pub(super) struct RegistrationEndpoint(Box<str>);

impl RegistrationEndpoint {
    /// The error continues a sentence that starts with the URL.
    pub(super) fn new(url: &str, https_only: bool) -> Result<Self, &'static str> {
        let parsed = ServerUrl::parse(url).map_err(|fault| match fault {
            UrlFault::NotAbsolute => "is not an absolute URL of RFC 3986",
            UrlFault::Scheme => "is neither https nor http",
            UrlFault::UserInfo => "has user information",
            UrlFault::Host => "has no valid host",
            UrlFault::Port => "has a port that does not exist",
            UrlFault::QueryOrFragment => "has a query or a fragment",
            UrlFault::PathCharacter => "has a character in its path that no URL has",
        })?;
        if parsed.is_exposed && https_only {
            return Err(
                "is plain http on a host other than localhost, 127.0.0.1 and [::1], which needs \
                 Registry::builder(\"…\").https_only(false)",
            );
        }
        let path = parsed.path;
        if path.is_empty() {
            return Err("has no path");
        }
        if path.ends_with('/') {
            return Err("ends with \"/\"");
        }
        if path.contains(['{', '}']) {
            return Err("has a name in braces: a registry serves one tenant; see Registry::tenant");
        }
        // The layer has none of these in its path either, because it compares the path as it was
        // sent.
        match check_path(path) {
            Ok(()) => Ok(Self(url.into())),
            Err(PathFault::EmptySegment | PathFault::DotSegment) => {
                Err("has a dot segment or \"//\" in its path")
            }
            Err(PathFault::Escape) => Err("has an escape in its path"),
        }
    }

    /// Returns the URL without a client.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the `registration_client_uri` of a client whose identifier needs no escape.
    pub(super) fn client_uri(&self, client_id: &str) -> String {
        format!("{}/{client_id}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_urls_are_accepted() {
        for url in [
            "https://as.example.com/register",
            "https://as.example.com:8443/t/one/connect/register",
            "http://localhost:3000/register",
            "http://127.0.0.1/register",
            "http://[::1]:3000/register",
        ] {
            let endpoint = RegistrationEndpoint::new(url, true).unwrap();
            assert_eq!(endpoint.client_uri("1"), format!("{url}/1"));
        }
        assert!(RegistrationEndpoint::new("http://as.test/register", false).is_ok());
    }

    #[test]
    fn bad_urls_are_refused() {
        for url in [
            "",
            "/register",
            "as.example.com/register",
            "//as.example.com/register",
            "https:/register",
            "https:///register",
            "ftp://as.example.com/register",
            "http://as.example.com/register",
            "http://127.0.0.2/register",
            "http://localhost.example.com/register",
            "https://user@as.example.com/register",
            "https://*.example.com/register",
            "https://as%2eexample.com/register",
            "https://as.example.com/re%67ister",
            "https://as.example.com:99999/register",
            "https://as.example.com",
            "https://as.example.com/",
            "https://as.example.com/register/",
            "https://as.example.com//register",
            "https://as.example.com/a/../register",
            "https://as.example.com/./register",
            "https://as.example.com/register/{client_id}",
            "https://as.example.com/register?x",
            "https://as.example.com/register#x",
            "https://as.example.com/reg ister",
        ] {
            assert!(RegistrationEndpoint::new(url, true).is_err(), "{url}");
        }
    }
}
