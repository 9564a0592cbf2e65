use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request};

use crate::util::bearer_scheme;

/// The default limit of a request body, in bytes.
pub(crate) const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

/// The request that an operation came from.
#[derive(Clone)]
pub(crate) struct RequestParts {
    parts: Box<Parts>,
    body_limit: usize,
}

impl RequestParts {
    /// Creates it from the parts of a request. `Bearer` credentials are removed, because they are
    /// decoded.
    pub(crate) fn new(mut parts: Parts, body_limit: usize) -> Self {
        remove_bearer_credentials(&mut parts.headers);
        Self {
            parts: Box::new(parts),
            body_limit,
        }
    }

    /// Creates the parts of an operation that came from no request: this method, the target `/`, no
    /// headers.
    pub(super) fn without_request(method: Method) -> Self {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = method;
        Self::new(parts, DEFAULT_BODY_LIMIT)
    }

    /// Replaces the parts and keeps the limit.
    pub(super) fn replace(&mut self, parts: Parts) {
        *self = Self::new(parts, self.body_limit);
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(super) fn body_limit(&self) -> usize {
        self.body_limit
    }
}

/// Removes `Bearer` credentials and keeps those of other schemes.
fn remove_bearer_credentials(headers: &mut HeaderMap) {
    let is_bearer = |value: &HeaderValue| bearer_scheme::strip(value.as_bytes()).is_some();
    if headers.get_all(AUTHORIZATION).iter().any(is_bearer) {
        let values: Vec<_> = headers.get_all(AUTHORIZATION).iter().cloned().collect();
        headers.remove(AUTHORIZATION);
        for value in values.into_iter().filter(|value| !is_bearer(value)) {
            headers.append(AUTHORIZATION, value);
        }
    }
}
