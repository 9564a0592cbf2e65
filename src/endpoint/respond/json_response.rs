//! The parts that all responses have in common: headers, and a JSON object as body.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, PRAGMA};
use http::{Method, Response, StatusCode};

use super::body::EndpointBody;
use crate::reply::ErrorCode;

/// Creates a response whose body is a JSON object.
pub(crate) fn object(status: StatusCode, content: Bytes) -> Response<EndpointBody> {
    let mut response = no_content();
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Servers add it, but the service may also be called without a server.
    headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
    *response.body_mut() = EndpointBody::new(content);
    response
}

/// Creates an error response.
pub(crate) fn error(
    status: StatusCode,
    code: ErrorCode,
    description: &str,
) -> Response<EndpointBody> {
    object(status, code.body(description))
}

/// Creates a 204 with the headers of all responses. Responses may contain credentials, so they must
/// not be stored (RFC 7591 section 3.2.1).
pub(super) fn no_content() -> Response<EndpointBody> {
    let mut response = Response::new(EndpointBody::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Removes the body of a response to `HEAD` (RFC 9110 section 9.3.2). HTTP/2 servers do not do that
/// themselves, and a client that receives a body resets the stream.
pub(crate) fn without_body_to_head(
    method: &Method,
    mut response: Response<EndpointBody>,
) -> Response<EndpointBody> {
    if method == Method::HEAD {
        *response.body_mut() = EndpointBody::default();
    }
    response
}

impl ErrorCode {
    /// Creates an error response in the format of the registration service, for your own endpoint
    /// layers.
    ///
    /// The body is `{"error":"…","error_description":"…"}`. The headers are `Content-Type`,
    /// `Content-Length`, `Cache-Control: no-store` and `Pragma: no-cache`. The description follows
    /// the rules of [`Reply::refuse`](crate::Reply::refuse).
    ///
    /// ```
    /// use http::StatusCode;
    /// use http::header::RETRY_AFTER;
    /// use tower_dcr::ErrorCode;
    ///
    /// let mut response = ErrorCode::TemporarilyUnavailable
    ///     .response(StatusCode::TOO_MANY_REQUESTS, "Too many requests from this address.");
    /// response.headers_mut().insert(RETRY_AFTER, 60.into());
    ///
    /// assert_eq!(response.status(), 429);
    /// assert_eq!(response.headers()["content-type"], "application/json");
    /// ```
    #[must_use]
    pub fn response(self, status: StatusCode, description: &str) -> Response<EndpointBody> {
        error(status, self, description)
    }
}
