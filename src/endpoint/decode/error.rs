use crate::endpoint::respond::{NotAsked, Refusal};

/// A reason why a request does not become an operation.
pub(in crate::endpoint) enum DecodeError {
    Refused(Refusal),
    Failed(NotAsked),
}

impl From<Refusal> for DecodeError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<NotAsked> for DecodeError {
    fn from(failure: NotAsked) -> Self {
        Self::Failed(failure)
    }
}
