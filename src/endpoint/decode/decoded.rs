use http::request::Parts;

use crate::metadata::ClientMetadata;
use crate::operation::{Delete, Operation, Read, Register, RequestParts, Update};
use crate::token::BearerToken;

/// A decoded request, without its [`Parts`].
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
    /// Adds the parts of the request.
    pub(in crate::endpoint) fn into_operation(self, parts: Parts, body_limit: usize) -> Operation {
        match self {
            Self::Register { token, metadata } => {
                let request = RequestParts::new(parts, body_limit);
                Register::from_request(metadata, token, request).into()
            }
            Self::Read { client_id, token } => {
                Read::from_request(client_id, token, RequestParts::new(parts, body_limit)).into()
            }
            Self::Update {
                client_id,
                token,
                metadata,
            } => {
                let request = RequestParts::new(parts, body_limit);
                Update::from_request(client_id, token, metadata, request).into()
            }
            Self::Delete { client_id, token } => {
                Delete::from_request(client_id, token, RequestParts::new(parts, body_limit)).into()
            }
        }
    }
}
