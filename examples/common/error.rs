//! What a layer answers with, in the form in which the registration service answers.

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, PRAGMA};
use http::{HeaderValue, Response, StatusCode};
use tower_dcr::{ErrorCode, Reply};

/// The content is that of the service's own errors.
pub(crate) fn response(status: StatusCode, code: ErrorCode, description: &str) -> Response<Body> {
    let content = Reply::refuse(code, description).content().cloned();
    let content = content.unwrap_or_default();
    let length = HeaderValue::from(content.len());
    let mut response = Response::new(Body::from(content));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LENGTH, length);
    for (name, value) in [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (PRAGMA, "no-cache"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
