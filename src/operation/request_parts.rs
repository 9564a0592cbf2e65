use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, Request};

/// The default limit of a request body, in bytes.
pub(crate) const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

/// What all four payloads know about the request that they came from.
#[derive(Clone)]
pub(crate) struct RequestParts {
    parts: Box<Parts>,
    body_limit: usize,
}

impl RequestParts {
    /// Takes the head of a request. `Authorization` is removed: the credentials are decoded.
    pub(crate) fn new(mut parts: Parts, body_limit: usize) -> Self {
        parts.headers.remove(AUTHORIZATION);
        Self {
            parts: Box::new(parts),
            body_limit,
        }
    }

    /// Stands in for a request, in an operation that was made by hand: this method, the target
    /// `/`, no headers.
    pub(super) fn without_request(method: Method) -> Self {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = method;
        Self::new(parts, DEFAULT_BODY_LIMIT)
    }

    /// Replaces the head of the request and keeps the limit.
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
