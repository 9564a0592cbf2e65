//! The errors of the Web API itself: what is wrong with a call, not with the client's request.

use http::{Response, StatusCode};
use serde_json::json;

use super::response::json_response;
use crate::endpoint::EndpointBody;

/// An error of the Web API.
#[derive(Clone, Copy)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl ApiError {
    pub(super) const NOT_FOUND: Self =
        Self::new(StatusCode::NOT_FOUND, "E000404", "There is no such API.");
    pub(super) const METHOD: Self = Self::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "E000405",
        "The method must be POST.",
    );
    pub(super) const UNAUTHENTICATED: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "A001202",
        "Authorization header is missing.",
    );
    pub(super) const FORBIDDEN: Self = Self::new(
        StatusCode::FORBIDDEN,
        "E000403",
        "The access token is not valid for the service.",
    );
    pub(super) const BODY: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "E000400",
        "The body is not JSON with the members that the API needs.",
    );
    pub(super) const TOO_LARGE: Self = Self::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "E000413",
        "The body is too large.",
    );
    pub(super) const FAILED: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "A001101",
        "Authlete Server error.",
    );

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
        }
    }

    pub(super) fn into_response(self) -> Response<EndpointBody> {
        let Self {
            status,
            code,
            message,
        } = self;
        json_response(
            status,
            &json!({"resultCode": code, "resultMessage": format!("[{code}] {message}")}),
        )
    }
}
