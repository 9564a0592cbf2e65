use std::sync::Arc;

use serde_json::{Map, Value};

use crate::endpoint::Paths;

/// The state that all services of one layer share.
#[derive(Clone)]
pub(super) struct Stack<E> {
    pub(super) paths: Arc<Paths>,
    /// The members of registration in the server's metadata document (RFC 8414 section 2).
    pub(super) metadata: Arc<Map<String, Value>>,
    /// The endpoint and its layers.
    pub(super) endpoint: E,
}
