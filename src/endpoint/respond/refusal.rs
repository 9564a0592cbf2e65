//! Refusals: the responses to requests that never reach the backend (rows 1 to 10 of the contract).

use http::header::{ACCEPT_ENCODING, ALLOW, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};

use super::body::EndpointBody;
use super::challenge::Challenges;
use super::json_response::{error, no_content};
use crate::endpoint::methods::Allow;
use crate::metadata::MetadataError;
use crate::operation::{OperationKind, VerifiedToken};
use crate::reply::ErrorCode;
use crate::telemetry::Outcome;

/// A reason why a request does not reach the backend.
#[derive(Clone, Copy, Debug)]
pub(in crate::endpoint) enum Refusal {
    /// The path belongs to neither endpoint, or to no known tenant.
    NotFound,
    /// The method is `OPTIONS`. The response is a 204 with this `Allow`.
    Options(Allow),
    /// The endpoint does not have the method. The `Allow` names those that it has.
    MethodNotAllowed(Allow),
    /// There is more than one `Authorization`.
    CredentialsRepeated,
    /// The credentials are `Bearer` without exactly one token.
    CredentialsMalformed,
    /// There is an `access_token` in the query.
    TokenInQuery,
    TokenMissing,
    /// The path names no client, or no known tenant.
    TokenInvalid,
    /// The verifier refused the initial access token.
    InitialAccessTokenInvalid,
    /// The verifier accepted the initial access token, but not for a registration.
    InsufficientScope,
    MediaType,
    ContentEncoding,
    /// The headers declare a body beyond the limit.
    DeclaredTooLarge,
    /// The body went beyond the limit while it arrived.
    TooLarge,
    BodyTimeout,
    BodyBroken,
    Metadata(MetadataError),
}

impl Refusal {
    /// Returns whether the request was refused before its body was read.
    pub(in crate::endpoint) fn is_before_body(self) -> bool {
        !matches!(
            self,
            Self::TooLarge | Self::BodyTimeout | Self::BodyBroken | Self::Metadata(_)
        )
    }

    /// Returns whether the request was refused after its credentials were accepted, but before its
    /// body was read (rows 6 to 8).
    pub(in crate::endpoint) fn is_after_credentials(self) -> bool {
        matches!(
            self,
            Self::MediaType | Self::ContentEncoding | Self::DeclaredTooLarge
        )
    }

    /// Returns the `error` of the response. Only the response to `OPTIONS` has none.
    fn error(self) -> Option<ErrorCode> {
        match self {
            Self::Options(_) => None,
            Self::NotFound
            | Self::MethodNotAllowed(_)
            | Self::CredentialsRepeated
            | Self::CredentialsMalformed
            | Self::TokenInQuery
            | Self::MediaType
            | Self::ContentEncoding
            | Self::BodyTimeout
            | Self::BodyBroken => Some(ErrorCode::InvalidRequest),
            Self::TokenMissing | Self::TokenInvalid | Self::InitialAccessTokenInvalid => {
                Some(ErrorCode::InvalidToken)
            }
            Self::InsufficientScope => Some(ErrorCode::InsufficientScope),
            Self::DeclaredTooLarge | Self::TooLarge | Self::Metadata(_) => {
                Some(ErrorCode::InvalidClientMetadata)
            }
        }
    }

    /// Makes the response, with its outcome.
    pub(in crate::endpoint) fn into_response(
        self,
        kind: Option<OperationKind>,
        verified: Option<VerifiedToken>,
        challenges: &Challenges,
    ) -> Response<EndpointBody> {
        let mut response = self.response(challenges);
        let mut outcome = Outcome::new(kind, response.status()).with_error(self.error());
        if let Some(VerifiedToken(extensions)) = verified {
            outcome.set_extensions(extensions);
        }
        response.extensions_mut().insert(outcome);
        response
    }

    fn response(self, challenges: &Challenges) -> Response<EndpointBody> {
        let (status, description) = match self {
            Self::Options(allow) => {
                return with(no_content(), ALLOW, allow.into());
            }
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is no registration endpoint at this path.",
            ),
            Self::MethodNotAllowed(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "This endpoint does not have this method.",
            ),
            Self::CredentialsRepeated => (
                StatusCode::BAD_REQUEST,
                "There is more than one Authorization header.",
            ),
            Self::CredentialsMalformed => (
                StatusCode::BAD_REQUEST,
                "The Authorization header is not Bearer, a space and one token.",
            ),
            Self::TokenInQuery => (
                StatusCode::BAD_REQUEST,
                "Send the token in the Authorization header, not in the query.",
            ),
            Self::TokenMissing => (StatusCode::UNAUTHORIZED, "A bearer token is required."),
            Self::TokenInvalid => (
                StatusCode::UNAUTHORIZED,
                "The token is not valid for this client.",
            ),
            Self::InitialAccessTokenInvalid => (
                StatusCode::UNAUTHORIZED,
                "The initial access token is not valid.",
            ),
            Self::InsufficientScope => (
                StatusCode::FORBIDDEN,
                "The initial access token does not allow a registration.",
            ),
            Self::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The Content-Type must be application/json, in UTF-8.",
            ),
            Self::ContentEncoding => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must have no Content-Encoding.",
            ),
            Self::DeclaredTooLarge | Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.")
            }
            Self::BodyTimeout => (
                StatusCode::REQUEST_TIMEOUT,
                "The body did not arrive in time.",
            ),
            Self::BodyBroken => (StatusCode::BAD_REQUEST, "The body did not arrive whole."),
            Self::Metadata(problem) => (StatusCode::BAD_REQUEST, problem.as_description()),
        };
        let code = self.error().unwrap_or(ErrorCode::InvalidRequest);
        let response = error(status, code, description);
        match self {
            Self::MethodNotAllowed(allow) => with(response, ALLOW, allow.into()),
            Self::CredentialsRepeated | Self::CredentialsMalformed | Self::TokenInQuery => with(
                response,
                WWW_AUTHENTICATE,
                challenges.invalid_request.clone(),
            ),
            Self::TokenMissing => with(response, WWW_AUTHENTICATE, challenges.bare.clone()),
            Self::TokenInvalid | Self::InitialAccessTokenInvalid => {
                with(response, WWW_AUTHENTICATE, challenges.invalid_token.clone())
            }
            Self::InsufficientScope => with(
                response,
                WWW_AUTHENTICATE,
                challenges.insufficient_scope.clone(),
            ),
            Self::ContentEncoding => with(
                response,
                ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            ),
            _ => response,
        }
    }
}

fn with(
    mut response: Response<EndpointBody>,
    name: HeaderName,
    value: HeaderValue,
) -> Response<EndpointBody> {
    response.headers_mut().insert(name, value);
    response
}
