use std::fmt;

use http::Method;
use http::request::Parts;

use super::request_parts::RequestParts;
use crate::metadata::ClientMetadata;
use crate::token::BearerToken;

/// A client update request (RFC 7592 section 2.2).
#[derive(Clone)]
pub struct Update {
    client_id: String,
    registration_access_token: BearerToken,
    metadata: ClientMetadata,
    request: RequestParts,
}

impl Update {
    /// Creates an update of this client to this metadata, with this registration access token.
    #[must_use]
    pub fn new(
        client_id: impl Into<String>,
        registration_access_token: BearerToken,
        metadata: ClientMetadata,
    ) -> Self {
        let request = RequestParts::without_request(Method::PUT);
        Self::from_request(
            client_id.into(),
            registration_access_token,
            metadata,
            request,
        )
    }

    pub(crate) fn from_request(
        client_id: String,
        registration_access_token: BearerToken,
        metadata: ClientMetadata,
        request: RequestParts,
    ) -> Self {
        Self {
            client_id,
            registration_access_token,
            metadata,
            request,
        }
    }

    /// Returns the decoded `client_id` from the path. The client may not exist.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the token that the client sent. It is not verified yet.
    #[must_use]
    pub fn registration_access_token(&self) -> &BearerToken {
        &self.registration_access_token
    }

    /// Returns the metadata that replaces the client's. It must contain the `client_id` (RFC 7592
    /// section 2.2). The backend must check that, because the layer does not.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// Returns the same update with other metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: ClientMetadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// Returns the limit of the request body, in bytes.
    pub(crate) fn body_limit(&self) -> usize {
        self.request.body_limit()
    }

    /// Returns the same update, as if it came from this request. `Bearer` credentials are removed.
    #[must_use]
    pub fn with_parts(mut self, parts: Parts) -> Self {
        self.request.replace(parts);
        self
    }

    /// Returns the method, target, version, headers and extensions of the request, without `Bearer`
    /// credentials.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        self.request.parts()
    }
}

impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
