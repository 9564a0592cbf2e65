use std::error::Error;
use std::fmt;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::error::RegistryError;
use crate::backend::Unavailable;
use crate::util::retry_after;

/// The challenge for a client that sent an `Authorization` header (RFC 7617 section 2).
const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"client authentication\", charset=\"UTF-8\"");

/// The error of [`Registry::authenticate`](super::Registry::authenticate), as the token endpoint
/// answers it (RFC 6749 section 5.2).
///
/// | method | reason | response |
/// |---|---|---|
/// | [`is_invalid_client`](Self::is_invalid_client) | The client does not exist, did not prove who it is, or uses another method than the one it registered. | 401 `invalid_client` with a challenge, if the request has an `Authorization` header; 400 `invalid_client` otherwise |
/// | [`is_invalid_request`](Self::is_invalid_request) | The request authenticates in two ways. | 400 `invalid_request` |
/// | [`is_unavailable`](Self::is_unavailable) | The registry cannot read its clients. | 503 `temporarily_unavailable` |
///
/// It contains no credentials. It does not say whether the client exists.
#[derive(Debug)]
pub struct ClientAuthenticationError(Kind);

#[derive(Debug)]
enum Kind {
    /// Whether the request has an `Authorization` header decides about the challenge.
    InvalidClient {
        has_header: bool,
    },
    InvalidRequest {
        problem: &'static str,
    },
    Unavailable(RegistryError),
}

impl ClientAuthenticationError {
    pub(super) fn invalid_client(has_header: bool) -> Self {
        Self(Kind::InvalidClient { has_header })
    }

    /// The problem is a sentence for the client's developer.
    pub(super) fn invalid_request(problem: &'static str) -> Self {
        Self(Kind::InvalidRequest { problem })
    }

    pub(super) fn unavailable(source: RegistryError) -> Self {
        Self(Kind::Unavailable(source))
    }

    /// Returns whether the client does not exist, did not prove who it is, or uses another method
    /// than the one it registered.
    #[must_use]
    pub fn is_invalid_client(&self) -> bool {
        matches!(self.0, Kind::InvalidClient { .. })
    }

    /// Returns whether the request authenticates in two ways.
    #[must_use]
    pub fn is_invalid_request(&self) -> bool {
        matches!(self.0, Kind::InvalidRequest { .. })
    }

    /// Returns whether the registry cannot read its clients. The [source](Error::source) is the
    /// [`RegistryError`].
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self.0, Kind::Unavailable(_))
    }

    /// Returns the `error` of the response: `"invalid_client"`, `"invalid_request"` or
    /// `"temporarily_unavailable"`.
    #[must_use]
    pub fn error_code(&self) -> &'static str {
        match self.0 {
            Kind::InvalidClient { .. } => "invalid_client",
            Kind::InvalidRequest { .. } => "invalid_request",
            Kind::Unavailable(_) => "temporarily_unavailable",
        }
    }

    /// Returns the status of the response.
    ///
    /// `invalid_client` is 401 only if the request has an `Authorization` header (RFC 6749
    /// section 5.2). A 401 must have a challenge (RFC 9110 section 15.5.2), and a challenge makes a
    /// browser ask the user for a password.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.0 {
            Kind::InvalidClient { has_header: true } => StatusCode::UNAUTHORIZED,
            Kind::InvalidClient { has_header: false } | Kind::InvalidRequest { .. } => {
                StatusCode::BAD_REQUEST
            }
            Kind::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Creates the response of the token endpoint.
    ///
    /// The body is `{"error":"…","error_description":"…"}`. The headers are `Content-Type`,
    /// `Cache-Control: no-store` and `Pragma: no-cache`. A 401 has `WWW-Authenticate: Basic`, and a
    /// 503 may have `Retry-After`.
    #[must_use]
    pub fn to_response(&self) -> Response<String> {
        let description = match &self.0 {
            // One description for all reasons: it must not say whether the client exists.
            Kind::InvalidClient { .. } => "Client authentication failed.",
            Kind::InvalidRequest { problem } => problem,
            Kind::Unavailable(_) => "The server cannot read its clients at the moment.",
        };
        let body = json!({"error": self.error_code(), "error_description": description});
        let mut response = Response::new(body.to_string());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        match &self.0 {
            Kind::InvalidClient { has_header: true } => {
                headers.insert(WWW_AUTHENTICATE, CHALLENGE);
            }
            Kind::Unavailable(error) => {
                let wait = Unavailable::find_in(error).and_then(|found| found.retry_after());
                if let Some(wait) = wait {
                    headers.insert(RETRY_AFTER, retry_after::header_value(wait));
                }
            }
            Kind::InvalidClient { has_header: false } | Kind::InvalidRequest { .. } => {}
        }
        response
    }
}

impl fmt::Display for ClientAuthenticationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::InvalidClient { .. } => "the client did not authenticate",
            Kind::InvalidRequest { .. } => "the client authentication of the request is ambiguous",
            Kind::Unavailable(_) => "the client cannot be looked up",
        })
    }
}

impl Error for ClientAuthenticationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Unavailable(source) => Some(source),
            Kind::InvalidClient { .. } | Kind::InvalidRequest { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn unavailable_registry_returns_503() {
        for (wait, header) in [
            (None, None),
            (Some(Duration::from_millis(1_500)), Some("2")),
        ] {
            let error = ClientAuthenticationError::unavailable(RegistryError::full(wait));
            assert!(error.is_unavailable() && !error.is_invalid_client());
            assert!(error.source().is_some_and(<dyn Error>::is::<RegistryError>));
            let response = error.to_response();
            assert_eq!(response.status(), 503);
            assert!(response.body().contains("\"temporarily_unavailable\""));
            let sent = response.headers().get(RETRY_AFTER);
            assert_eq!(sent.map(|value| value.to_str().unwrap()), header);
        }
    }
}
