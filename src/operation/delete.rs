use std::fmt;

use http::Method;
use http::request::Parts;

use super::request_parts::RequestParts;
use crate::token::BearerToken;

/// A client delete request (RFC 7592 section 2.3).
#[derive(Clone)]
pub struct Delete {
    client_id: String,
    registration_access_token: BearerToken,
    request: RequestParts,
}

impl Delete {
    /// Creates a deletion of this client with this registration access token.
    #[must_use]
    pub fn new(client_id: impl Into<String>, registration_access_token: BearerToken) -> Self {
        let request = RequestParts::without_request(Method::DELETE);
        Self::from_request(client_id.into(), registration_access_token, request)
    }

    pub(crate) fn from_request(
        client_id: String,
        registration_access_token: BearerToken,
        request: RequestParts,
    ) -> Self {
        Self {
            client_id,
            registration_access_token,
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

    /// Returns the same deletion, as if it came from this request. `Bearer` credentials are
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

impl fmt::Debug for Delete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delete")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
