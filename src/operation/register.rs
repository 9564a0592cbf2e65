use std::fmt;

use http::Method;
use http::request::Parts;

use super::request_parts::RequestParts;
use crate::metadata::ClientMetadata;
use crate::token::BearerToken;

/// A client registration request (RFC 7591 section 3.1).
#[derive(Clone)]
pub struct Register {
    metadata: ClientMetadata,
    initial_access_token: Option<BearerToken>,
    request: RequestParts,
}

impl Register {
    /// Creates a registration with this metadata and without an initial access token.
    #[must_use]
    pub fn new(metadata: ClientMetadata) -> Self {
        Self::from_request(metadata, None, RequestParts::without_request(Method::POST))
    }

    pub(crate) fn from_request(
        metadata: ClientMetadata,
        initial_access_token: Option<BearerToken>,
        request: RequestParts,
    ) -> Self {
        Self {
            metadata,
            initial_access_token,
            request,
        }
    }

    /// Returns the same registration with an initial access token.
    #[must_use]
    pub fn with_initial_access_token(mut self, token: BearerToken) -> Self {
        self.initial_access_token = Some(token);
        self
    }

    /// Returns the metadata that the client asks for.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// Returns the initial access token. It is `None` if none was sent, or if it was verified and
    /// not [forwarded](crate::DcrBuilder::forward_initial_access_token).
    #[must_use]
    pub fn initial_access_token(&self) -> Option<&BearerToken> {
        self.initial_access_token.as_ref()
    }

    /// Returns the same registration with other metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: ClientMetadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// Returns the limit of the request body, in bytes.
    pub(crate) fn body_limit(&self) -> usize {
        self.request.body_limit()
    }

    /// Returns the same registration, as if it came from this request. `Bearer` credentials are
    /// removed.
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

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register").finish_non_exhaustive()
    }
}
