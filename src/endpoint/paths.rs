//! Which requests belong to the two endpoints.

use http::{Method, Uri};

use super::client_id;
use super::route::Route;

/// The default path of both endpoints.
pub(crate) const DEFAULT_PATH: &str = "/register";

/// The paths of the two endpoints. The builder has checked them.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    registration: Box<str>,
    /// `None` if the layer does not answer the configuration endpoint.
    configuration: Option<Box<str>>,
}

impl Paths {
    pub(crate) fn new(registration: &str, configuration: Option<&str>) -> Self {
        Self {
            registration: registration.into(),
            configuration: configuration.map(Box::from),
        }
    }

    /// Returns the endpoint that a request is for, or `None` if it is for the application. Paths are
    /// compared as they were sent. Nothing is allocated for the application's requests.
    pub(crate) fn find(&self, method: &Method, uri: &Uri) -> Option<Route> {
        // The target of a CONNECT is a host, even if HTTP/2 adds a path (RFC 8441).
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
        Some(Route::Configuration {
            client_id: client_id::decode(segment),
        })
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self::new(DEFAULT_PATH, Some(DEFAULT_PATH))
    }
}
