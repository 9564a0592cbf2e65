use crate::endpoint::respond::{Refusal, VerifierFailed};

/// A reason why a request does not become an operation.
pub(in crate::endpoint) enum DecodeError {
    Refused(Refusal),
    VerifierFailed(VerifierFailed),
}

impl From<Refusal> for DecodeError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
