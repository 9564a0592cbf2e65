use std::fmt;

use http::Extensions;

use crate::operation::{Operation, OperationKind, VerifiedToken};

/// The parts of a request that its response depends on: the operation, whether a bearer token was
/// sent, and the client that the path names.
///
/// `Debug` shows no `client_id`.
///
/// ```
/// use tower_dcr::endpoint::RequestSummary;
/// use tower_dcr::operation::{OperationKind, Read};
/// use tower_dcr::{BearerToken, Operation};
///
/// let read = Operation::from(Read::new("s6BhdRkqt3", BearerToken::new("reg-23410913")?));
/// let summary = RequestSummary::new(&read);
/// assert_eq!(summary.kind(), OperationKind::Read);
/// assert_eq!(summary.client_id(), Some("s6BhdRkqt3"));
/// assert!(summary.is_token_sent());
/// # Ok::<(), tower_dcr::token::InvalidBearerToken>(())
/// ```
#[derive(Clone)]
pub struct RequestSummary {
    pub(super) kind: OperationKind,
    pub(super) is_token_sent: bool,
    pub(super) client_id: Option<Box<str>>,
    /// What the verifier of initial access tokens attached, for the outcome.
    pub(super) extensions: Extensions,
}

impl RequestSummary {
    /// Summarizes an operation before a backend consumes it.
    #[must_use]
    pub fn new(operation: &Operation) -> Self {
        let verified = operation.parts().extensions.get::<VerifiedToken>();
        Self {
            kind: operation.kind(),
            is_token_sent: operation.token().is_some() || verified.is_some(),
            client_id: operation.client_id().map(Box::from),
            extensions: verified
                .map(|verified| verified.0.clone())
                .unwrap_or_default(),
        }
    }

    /// Returns which operation it is.
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        self.kind
    }

    /// Returns whether the request had a bearer token. A 401 to a request with a token names the
    /// error `invalid_token` in its challenge (RFC 6750 section 3.1).
    #[must_use]
    pub fn is_token_sent(&self) -> bool {
        self.is_token_sent
    }

    /// Returns the `client_id` from the path, or `None` for a registration. The client may not
    /// exist.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }
}

impl fmt::Debug for RequestSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSummary")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
