//! What every response has: its headers, and a JSON object as body.

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
    // A server adds it. Without a server, nobody else does.
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

/// Creates a 204. It has the headers that every response has: responses may contain credentials, so
/// they are never stored (RFC 7591 section 3.2.1).
pub(super) fn no_content() -> Response<EndpointBody> {
    let mut response = Response::new(EndpointBody::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Removes the body of a response to `HEAD` (RFC 9110 section 9.3.2). Over HTTP/2 no server does
/// that, and a client that receives a body resets the stream.
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
    /// Creates an error response like those of the registration service, for endpoint layers of
    /// your own.
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
