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

    pub(super) fn into_response(self, challenges: &Challenges) -> Response<EndpointBody> {
        use ErrorCode::{InvalidClientMetadata, InvalidRequest, InvalidToken};

        let (status, code, description) = match self {
            Self::Options(allow) => {
                return with(no_content(), ALLOW, HeaderValue::from_static(allow));
            }
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                InvalidRequest,
                "There is no registration endpoint at this path.",
            ),
            Self::MethodNotAllowed(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                InvalidRequest,
                "This endpoint does not have this method.",
            ),
            Self::CredentialsRepeated => (
                StatusCode::BAD_REQUEST,
                InvalidRequest,
                "There is more than one Authorization header.",
            ),
            Self::CredentialsMalformed => (
                StatusCode::BAD_REQUEST,
                InvalidRequest,
                "The Authorization header is not Bearer, a space and one token.",
            ),
            Self::TokenInQuery => (
                StatusCode::BAD_REQUEST,
                InvalidRequest,
                "A token belongs into the Authorization header, not into the query.",
            ),
            Self::TokenMissing => (
                StatusCode::UNAUTHORIZED,
                InvalidToken,
                "A bearer token is required.",
            ),
            Self::TokenInvalid => (
                StatusCode::UNAUTHORIZED,
                InvalidToken,
                "The token is not valid for this client.",
            ),
            Self::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                InvalidRequest,
                "The Content-Type must be application/json, in UTF-8.",
            ),
            Self::ContentEncoding => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                InvalidRequest,
                "The body must have no Content-Encoding.",
            ),
            Self::DeclaredTooLarge | Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                InvalidClientMetadata,
                "The body is too large.",
            ),
            Self::BodyTimeout => (
                StatusCode::REQUEST_TIMEOUT,
                InvalidRequest,
                "The body did not arrive in time.",
            ),
            Self::BodyBroken => (
                StatusCode::BAD_REQUEST,
                InvalidRequest,
                "The body did not arrive whole.",
            ),
            Self::Metadata(fault) => (
                StatusCode::BAD_REQUEST,
                InvalidClientMetadata,
                fault.description(),
            ),
        };
        let response = error(status, code, description);
        match self {
            Self::MethodNotAllowed(allow) => with(response, ALLOW, HeaderValue::from_static(allow)),
            Self::CredentialsRepeated | Self::CredentialsMalformed | Self::TokenInQuery => with(
                response,
                WWW_AUTHENTICATE,
                challenges.invalid_request.clone(),
            ),
            Self::TokenMissing => with(response, WWW_AUTHENTICATE, challenges.bare.clone()),
            Self::TokenInvalid => {
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
