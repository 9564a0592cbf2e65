use std::sync::Arc;

use serde_json::{Map, Value};

use crate::endpoint::Paths;

/// What all services of one layer share.
#[derive(Clone)]
pub(super) struct Stack<E> {
    pub(super) paths: Arc<Paths>,
    /// What the server's metadata document says about registration (RFC 8414 section 2).
    pub(super) metadata: Arc<Map<String, Value>>,
    /// The endpoint and its layers.
    pub(super) endpoint: E,
}
