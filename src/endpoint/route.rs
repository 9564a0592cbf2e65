//! Which of the two endpoints a request is for.

use http::{Extensions, Method};

use super::methods::{Allow, Methods};
use crate::operation::{OperationKind, PathParams};

/// The endpoint that a request is for. It is found once, and then kept in the extensions of the
/// request.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(super) endpoint: Endpoint,
    /// The decoded named segments. `None` if one of them cannot be decoded.
    pub(super) params: Option<PathParams>,
    pub(super) methods: Methods,
}

/// One of the two endpoints.
#[derive(Clone, Debug)]
pub(super) enum Endpoint {
    /// The client registration endpoint (RFC 7591 section 3).
    Registration,
    /// The client configuration endpoint (RFC 7592 section 2).
    Configuration {
        /// The decoded `client_id`, or `None` if the path cannot name a client.
        client_id: Option<String>,
    },
}

impl Route {
    /// Adds the named segments to the extensions of a request, if there are any.
    pub(crate) fn add_params_to(&self, extensions: &mut Extensions) {
        if let Some(params) = self.params.as_ref().filter(|params| !params.is_empty()) {
            extensions.insert(params.clone());
        }
    }

    /// Returns the operation of a method on this endpoint, or `None` if there is none.
    pub(crate) fn operation(&self, method: &Method) -> Option<OperationKind> {
        match self.endpoint {
            Endpoint::Registration => self.methods.on_registration(method),
            Endpoint::Configuration { .. } => self.methods.on_configuration(method),
        }
    }

    /// Returns the methods that this endpoint has.
    pub(super) fn allow(&self) -> Allow {
        match self.endpoint {
            Endpoint::Registration => self.methods.allow_on_registration(),
            Endpoint::Configuration { .. } => self.methods.allow_on_configuration(),
        }
    }

    /// Returns whether this is the client registration endpoint.
    pub(super) fn is_registration(&self) -> bool {
        matches!(self.endpoint, Endpoint::Registration)
    }
}
