//! Metadata that is refused.

use crate::reply::{ErrorCode, Reply};

/// The reason why metadata is refused, with a sentence for the client's developer.
#[derive(Debug)]
pub(in crate::registry) struct Refusal {
    error: ErrorCode,
    description: String,
}

impl Refusal {
    pub(in crate::registry) fn metadata(description: impl Into<String>) -> Self {
        Self {
            error: ErrorCode::InvalidClientMetadata,
            description: description.into(),
        }
    }

    pub(super) fn redirect_uri(description: impl Into<String>) -> Self {
        Self {
            error: ErrorCode::InvalidRedirectUri,
            description: description.into(),
        }
    }

    pub(in crate::registry) fn into_reply(self) -> Reply {
        Reply::refuse(self.error, &self.description)
    }
}
