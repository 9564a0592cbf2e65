use std::fmt;

use http::Extensions;

use crate::operation::{Operation, OperationKind, VerifiedToken};

/// What a response depends on, besides the reply: which operation it answers, whether a bearer
/// token was sent, and which client the path named.
///
/// `Debug` shows no `client_id`.
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

    /// Returns which operation it was.
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        self.kind
    }
}

impl fmt::Debug for RequestSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSummary")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
