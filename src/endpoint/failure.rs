//! 5xx: what a client gets where the backend, or an endpoint layer, failed. It learns only whether to try again.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use super::EndpointBody;
use super::response::{InvalidReply, error};
use crate::{BoxError, ErrorCode, OperationKind, Outcome, Reply, Unavailable};

/// The response to an error of the backend, of the verifier, or of an endpoint layer.
pub(crate) fn failure(kind: Option<OperationKind>, cause: BoxError) -> Response<EndpointBody> {
    let (response, code) = match Unavailable::found_in(&*cause) {
        Some(found) => {
            let outcome_unknown = found.is_outcome_unknown() && !cause.is::<VerifierFailed>();
            let response = unavailable(kind, outcome_unknown, found.retry_after_seconds());
            (response, ErrorCode::TemporarilyUnavailable)
        }
        None => (server_error(), ErrorCode::ServerError),
    };
    let outcome = Outcome::of(kind)
        .with_error(Some(code))
        .with_cause(Some(cause.into()));
    with_outcome(response, outcome)
}

/// The response to a reply that is none.
pub(super) fn of_reply(
    kind: OperationKind,
    reply: Reply,
    fault: InvalidReply,
) -> Response<EndpointBody> {
    let action = reply.action();
    let outcome = Outcome::of(Some(kind))
        .with_reply(action, reply.into_rest().code)
        .with_error(Some(ErrorCode::ServerError))
        .with_cause(Some(Arc::new(fault)));
    with_outcome(server_error(), outcome)
}

fn with_outcome(mut response: Response<EndpointBody>, outcome: Outcome) -> Response<EndpointBody> {
    response.extensions_mut().insert(outcome);
    response
}

fn server_error() -> Response<EndpointBody> {
    error(
        StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::ServerError,
        "The registration service failed.",
    )
}

/// Not now, perhaps later.
fn unavailable(
    kind: Option<OperationKind>,
    outcome_unknown: bool,
    retry_after: Option<u64>,
) -> Response<EndpointBody> {
    // A read changes nothing that the client would have to know of.
    let changes = !matches!(kind, None | Some(OperationKind::Read));
    let description = if outcome_unknown && changes {
        "The registration service did not complete the request; whether the operation happened is unknown."
    } else {
        "The registration service is not available now."
    };
    let mut response = error(
        StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::TemporarilyUnavailable,
        description,
    );
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The verifier of initial access tokens failed: whatever its error says, the backend was not asked.
#[derive(Debug)]
pub(super) struct VerifierFailed(pub(super) BoxError);

impl fmt::Display for VerifierFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the verifier of initial access tokens failed")
    }
}

impl Error for VerifierFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
