//! What the endpoint answers by itself: rows 1 to 10 of the contract.

use http::header::{ACCEPT_ENCODING, ALLOW, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};

use super::EndpointBody;
use super::response::{Challenges, error, no_content};
use crate::{ErrorCode, MetadataError};

/// A request that the backend does not get to see.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    /// The path is not ours.
    NotFound,
    /// `OPTIONS`, with the value of `Allow`.
    Options(&'static str),
    /// A method that the endpoint does not have, with the value of `Allow`.
    MethodNotAllowed(&'static str),
    CredentialsRepeated,
    CredentialsMalformed,
    TokenInQuery,
    TokenMissing,
    TokenInvalid,
    InitialTokenInvalid,
    MediaType,
    ContentEncoding,
    DeclaredTooLarge,
    /// The body went over the limit as it arrived.
    TooLarge,
    BodyTimeout,
    BodyBroken,
    Metadata(MetadataError),
}

impl Refusal {
    /// Whether the body was not looked at.
    pub(super) fn leaves_body_unread(self) -> bool {
        !matches!(
            self,
            Self::TooLarge | Self::BodyTimeout | Self::BodyBroken | Self::Metadata(_)
        )
    }

    /// Whether it leaves the body unread, and the credentials were judged before, and were good: steps 6 to 8.
    pub(super) fn comes_after_credentials(self) -> bool {
        matches!(
            self,
            Self::MediaType | Self::ContentEncoding | Self::DeclaredTooLarge
        )
    }

    /// The `error` of the response.
    pub(super) fn error(self) -> Option<ErrorCode> {
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
            Self::TokenMissing | Self::TokenInvalid | Self::InitialTokenInvalid => {
                Some(ErrorCode::InvalidToken)
            }
            Self::DeclaredTooLarge | Self::TooLarge | Self::Metadata(_) => {
                Some(ErrorCode::InvalidClientMetadata)
            }
        }
    }

    pub(super) fn into_response(self, challenges: &Challenges) -> Response<EndpointBody> {
        let (status, description) = match self {
            Self::Options(allow) => {
                return with(no_content(), ALLOW, HeaderValue::from_static(allow));
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
                "A token belongs into the Authorization header, not into the query.",
            ),
            Self::TokenMissing => (StatusCode::UNAUTHORIZED, "A bearer token is required."),
            Self::TokenInvalid => (
                StatusCode::UNAUTHORIZED,
                "The token is not valid for this client.",
            ),
            Self::InitialTokenInvalid => (
                StatusCode::UNAUTHORIZED,
                "The initial access token is not valid.",
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
            Self::Metadata(fault) => (StatusCode::BAD_REQUEST, fault.description()),
        };
        let code = self.error().unwrap_or(ErrorCode::InvalidRequest);
        let response = error(status, code, description);
        match self {
            Self::MethodNotAllowed(allow) => with(response, ALLOW, HeaderValue::from_static(allow)),
            Self::CredentialsRepeated | Self::CredentialsMalformed | Self::TokenInQuery => with(
                response,
                WWW_AUTHENTICATE,
                challenges.invalid_request.clone(),
            ),
            Self::TokenMissing => with(response, WWW_AUTHENTICATE, challenges.bare.clone()),
            Self::TokenInvalid | Self::InitialTokenInvalid => {
                with(response, WWW_AUTHENTICATE, challenges.invalid_token.clone())
            }
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
    name: http::HeaderName,
    value: HeaderValue,
) -> Response<EndpointBody> {
    response.headers_mut().insert(name, value);
    response
}
