use crate::metadata::ClientMetadata;
use crate::operation::{Delete, Operation, Read, Register, RequestParts, Update};
use crate::token::BearerToken;

/// A decoded request, without its head.
pub(in crate::endpoint) enum Decoded {
    Register {
        token: Option<BearerToken>,
        metadata: ClientMetadata,
    },
    Read {
        client_id: String,
        token: BearerToken,
    },
    Update {
        client_id: String,
        token: BearerToken,
        metadata: ClientMetadata,
    },
    Delete {
        client_id: String,
        token: BearerToken,
    },
}

impl Decoded {
    /// Adds the head of the request.
    pub(in crate::endpoint) fn into_operation(self, request: RequestParts) -> Operation {
        match self {
            Self::Register { token, metadata } => {
                Register::from_request(metadata, token, request).into()
            }
            Self::Read { client_id, token } => Read::from_request(client_id, token, request).into(),
            Self::Update {
                client_id,
                token,
                metadata,
            } => Update::from_request(client_id, token, metadata, request).into(),
            Self::Delete { client_id, token } => {
                Delete::from_request(client_id, token, request).into()
            }
        }
    }
}
