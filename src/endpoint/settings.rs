use serde_json::{Map, Value};

use super::paths::Paths;
use super::respond::Challenges;
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
