//! Which requests belong to the two endpoints.

use http::{Method, Uri};

use super::methods::Methods;
use super::path_template::Template;
use super::route::{Endpoint, Route};
use super::segment_decoding;

/// The default path of both endpoints.
pub(crate) const DEFAULT_PATH: &str = "/register";

/// The paths of the two endpoints, and the methods they have. The builder has checked them.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    registration: Template,
    /// `None` if the layer does not answer the configuration endpoint.
    configuration: Option<Template>,
    methods: Methods,
}

impl Paths {
    pub(crate) fn new(registration: &str, configuration: Option<&str>, methods: Methods) -> Self {
        Self {
            registration: Template::new(registration),
            configuration: configuration.map(Template::new),
            methods,
        }
    }

    /// Returns the endpoint that a request is for, or `None` if it is for the application. Paths
    /// are compared as they were sent. Nothing is allocated for the application's requests.
    pub(crate) fn find(&self, method: &Method, uri: &Uri) -> Option<Route> {
        // The target of a CONNECT is a host, even if HTTP/2 adds a path (RFC 8441).
        if method == Method::CONNECT {
            return None;
        }
        let path = uri.path();
        if self.registration.matches(path) {
            return Some(self.route(Endpoint::Registration, &self.registration, path));
        }
        let configuration = self.configuration.as_ref()?;
        let (base, segment) = path.rsplit_once('/')?;
        if segment.is_empty() || !configuration.matches(base) {
            return None;
        }
        let endpoint = Endpoint::Configuration {
            client_id: segment_decoding::decode(segment),
        };
        Some(self.route(endpoint, configuration, base))
    }

    fn route(&self, endpoint: Endpoint, template: &Template, path: &str) -> Route {
        Route {
            endpoint,
            params: template.params(path),
            methods: self.methods,
        }
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self::new(DEFAULT_PATH, Some(DEFAULT_PATH), Methods::ALL)
    }
}
