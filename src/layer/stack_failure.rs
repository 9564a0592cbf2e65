//! The response to an error of the endpoint stack.

use http::{Method, Response};

use crate::BoxError;
use crate::endpoint::{EndpointBody, failure, without_body_to_head};
use crate::operation::OperationKind;
use crate::telemetry::{OperationSpan, report};
use crate::util::stopwatch::Stopwatch;

/// Makes the response to an error of an endpoint layer. The same error of a backend has the same
/// response.
pub(super) fn respond_to_stack_error(
    kind: Option<OperationKind>,
    method: &Method,
    started: Stopwatch,
    error: BoxError,
) -> Response<EndpointBody> {
    let mut response = failure(kind, error);
    // The endpoint's own span, if there was one, has ended.
    report(&mut response, started, &OperationSpan::new(kind));
    without_body_to_head(method, response)
}
