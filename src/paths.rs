//! Which requests are ours: the two endpoints' paths, matched raw and without an allocation.

use http::{Method, Uri};
use percent_encoding::percent_decode_str;

use crate::OperationKind;

/// The path of both endpoints unless set.
pub(crate) const DEFAULT_PATH: &str = "/register";

/// Longer than any client identifier in use, short enough to log and to look up.
const MAX_CLIENT_ID: usize = 2_048;

/// The paths of the two endpoints, checked by the builder.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    registration: Box<str>,
    /// `None` where clients do not manage themselves here.
    configuration: Option<Box<str>>,
}

impl Paths {
    pub(crate) fn new(registration: &str, configuration: Option<&str>) -> Self {
        Self {
            registration: registration.into(),
            configuration: configuration.map(Box::from),
        }
    }

    /// The endpoint that a request is for, or `None` where the request is the application's.
    pub(crate) fn find<'r>(&self, method: &Method, uri: &'r Uri) -> Option<Route<'r>> {
        // The target of a CONNECT is a host to tunnel to, even where HTTP/2 gives it a path (RFC 8441).
        if method == Method::CONNECT {
            return None;
        }
        let path = uri.path();
        if path == &*self.registration {
            return Some(Route::Registration);
        }
        let segment = path
            .strip_prefix(self.configuration.as_deref()?)?
            .strip_prefix('/')
            .filter(|segment| !segment.is_empty() && !segment.contains('/'))?;
        Some(Route::Configuration { segment })
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self::new(DEFAULT_PATH, Some(DEFAULT_PATH))
    }
}

/// One of the two endpoints, as a request named it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Route<'r> {
    /// The client registration endpoint (RFC 7591 section 3).
    Registration,
    /// The client configuration endpoint (RFC 7592 section 2), with the raw last segment.
    Configuration { segment: &'r str },
}

impl Route<'_> {
    /// What the method asks of this endpoint, if it asks anything.
    pub(crate) fn operation(self, method: &Method) -> Option<OperationKind> {
        match (self, method) {
            (Self::Registration, &Method::POST) => Some(OperationKind::Register),
            (Self::Configuration { .. }, &Method::GET) => Some(OperationKind::Read),
            (Self::Configuration { .. }, &Method::PUT) => Some(OperationKind::Update),
            (Self::Configuration { .. }, &Method::DELETE) => Some(OperationKind::Delete),
            _ => None,
        }
    }

    /// The value of `Allow` (RFC 9110 section 10.2.1).
    pub(crate) fn allow(self) -> &'static str {
        match self {
            Self::Registration => "POST, OPTIONS",
            Self::Configuration { .. } => "GET, PUT, DELETE, OPTIONS",
        }
    }
}

/// The `client_id` that a path segment names, or `None` where it can name no client.
///
/// The characters are those of `client_id` (VSCHAR, RFC 6749 appendix A.1).
pub(crate) fn client_id(segment: &str) -> Option<String> {
    let mut escapes = segment.split('%').skip(1);
    let well_formed = escapes.all(|rest| {
        let mut digits = rest.bytes();
        let mut hex = || digits.next().is_some_and(|byte| byte.is_ascii_hexdigit());
        hex() && hex()
    });
    if !well_formed {
        return None;
    }
    let id = percent_decode_str(segment).decode_utf8().ok()?;
    let names_a_client = id.len() <= MAX_CLIENT_ID
        && id.bytes().all(|byte| matches!(byte, 0x20..=0x7E))
        // Resolved away by whatever stands between the client and us.
        && id != "."
        && id != "..";
    names_a_client.then(|| id.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_decoded_once() {
        assert_eq!(client_id("s6BhdRkqt3").as_deref(), Some("s6BhdRkqt3"));
        assert_eq!(client_id("a%2Fb").as_deref(), Some("a/b"));
        assert_eq!(client_id("a%252Fb").as_deref(), Some("a%2Fb"));
        assert_eq!(client_id("a+b").as_deref(), Some("a+b"));
        assert_eq!(client_id("%20").as_deref(), Some(" "));
        assert_eq!(client_id("...").as_deref(), Some("..."));
        assert_eq!(
            client_id(&"a".repeat(2_048)).map(|id| id.len()),
            Some(2_048)
        );
        assert_eq!(
            client_id(&"%61".repeat(2_048)).map(|id| id.len()),
            Some(2_048)
        );
    }

    #[test]
    fn a_segment_that_can_name_no_client() {
        for segment in [
            ".", "..", "%2e", "%2E%2e", ".%2e", "%", "a%", "a%2", "a%zz", "%%41", "%00", "a%0A",
            "%7F", "%C3%A9", "%FF", "é",
        ] {
            assert_eq!(client_id(segment), None, "{segment}");
        }
        assert_eq!(client_id(&"a".repeat(2_049)), None);
        assert_eq!(client_id(&"%61".repeat(2_049)), None);
    }
}
