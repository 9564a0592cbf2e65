use serde_json::{Map, Value};

use super::methods::Methods;
use super::paths::{DEFAULT_PATH, Paths};
use super::respond::Challenges;
use super::{path_rules, registration_endpoint};
use crate::backend::Backend;
use crate::initial_access::ErasedVerifier;
use crate::operation::DEFAULT_BODY_LIMIT;
use crate::util::timeout::Timeout;

/// The settings of an endpoint, checked by the builder.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) paths: Paths,
    /// The members of registration in the server's metadata document (RFC 8414 section 2).
    pub(crate) metadata: Map<String, Value>,
    pub(crate) challenges: Challenges,
    pub(crate) verifier: Option<ErasedVerifier>,
    /// Whether the backend receives an initial access token that the verifier accepted.
    pub(crate) forward_initial_access_token: bool,
    pub(crate) body_limit: usize,
    pub(crate) body_timeout: Timeout,
    pub(crate) backend_timeout: Timeout,
}

impl Settings {
    /// Returns the default settings for a backend. The path is that of the backend's fixed URL, if
    /// it has one that can be matched.
    pub(crate) fn of(backend: &impl Backend) -> Self {
        let metadata = backend.server_metadata();
        let path = metadata
            .get("registration_endpoint")
            .and_then(Value::as_str);
        let path = path
            .and_then(|url| registration_endpoint::path_of(url).ok())
            .filter(|path| path_rules::check(path).is_ok() && !path_rules::has_names(path))
            .unwrap_or(DEFAULT_PATH);
        Self {
            paths: Paths::new(path, Some(path), Methods::ALL),
            metadata: metadata.clone(),
            ..Self::default()
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            paths: Paths::default(),
            metadata: Map::new(),
            challenges: Challenges::default(),
            verifier: None,
            forward_initial_access_token: false,
            body_limit: DEFAULT_BODY_LIMIT,
            body_timeout: Timeout::seconds(10),
            backend_timeout: Timeout::seconds(30),
        }
    }
}
