//! Which of the two endpoints a request is for.

use http::Method;

use crate::operation::OperationKind;

/// One of the two endpoints, as a request names it. It is found once, and then travels in the
/// extensions of the request.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// The client registration endpoint (RFC 7591 section 3).
    Registration,
    /// The client configuration endpoint (RFC 7592 section 2).
    Configuration {
        /// The decoded `client_id`, or `None` if the path cannot name a client.
        client_id: Option<String>,
    },
}

impl Route {
    /// Returns what the method asks of this endpoint, or `None` if it asks for no operation.
    pub(crate) fn operation(&self, method: &Method) -> Option<OperationKind> {
        match (self, method) {
            (Self::Registration, &Method::POST) => Some(OperationKind::Register),
            (Self::Configuration { .. }, &Method::GET) => Some(OperationKind::Read),
            (Self::Configuration { .. }, &Method::PUT) => Some(OperationKind::Update),
            (Self::Configuration { .. }, &Method::DELETE) => Some(OperationKind::Delete),
            _ => None,
        }
    }

    /// Returns the value of `Allow` (RFC 9110 section 10.2.1).
    pub(super) fn allow(&self) -> &'static str {
        match self {
            Self::Registration => "POST, OPTIONS",
            Self::Configuration { .. } => "GET, PUT, DELETE, OPTIONS",
        }
    }
}
