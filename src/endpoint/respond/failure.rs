//! 5xx responses: the backend, the verifier or an endpoint layer failed. The client only learns
//! whether to try again.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{Response, StatusCode};

use super::body::EndpointBody;
use super::json_response::error;
use crate::BoxError;
use crate::backend::Unavailable;
use crate::operation::OperationKind;
use crate::reply::{Action, ErrorCode, Reply};
use crate::telemetry::Outcome;
use crate::util::retry_after;

/// Makes the response to an error of the backend, the verifier or an endpoint layer.
pub(crate) fn failure(kind: Option<OperationKind>, cause: BoxError) -> Response<EndpointBody> {
    let (response, code) = match Unavailable::find_in(&*cause) {
        Some(found) => {
            let is_outcome_unknown = found.is_outcome_unknown() && !cause.is::<NotAsked>();
            let response = unavailable(kind, is_outcome_unknown, found.retry_after());
            (response, ErrorCode::TemporarilyUnavailable)
        }
        None => (server_error(), ErrorCode::ServerError),
    };
    let outcome = Outcome::new(kind, response.status())
        .with_error(Some(code))
        .with_cause(Some(cause.into()));
    with_outcome(response, outcome)
}

/// Makes the response to an invalid reply.
pub(super) fn invalid_reply(
    kind: OperationKind,
    reply: Reply,
    problem: InvalidReply,
) -> Response<EndpointBody> {
    let response = server_error();
    let outcome = Outcome::new(Some(kind), response.status())
        .with_reply(reply.action(), reply.into_parts().reason)
        .with_error(Some(ErrorCode::ServerError))
        .with_cause(Some(Arc::new(problem)));
    with_outcome(response, outcome)
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

fn unavailable(
    kind: Option<OperationKind>,
    is_outcome_unknown: bool,
    retry_after: Option<Duration>,
) -> Response<EndpointBody> {
    // A read changes nothing, so its unknown outcome does not matter to the client.
    let is_change = !matches!(kind, None | Some(OperationKind::Read));
    let description = if is_outcome_unknown && is_change {
        "The registration service did not complete the request; the outcome is unknown."
    } else {
        "The registration service is not available now."
    };
    let mut response = error(
        StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::TemporarilyUnavailable,
        description,
    );
    if let Some(wait) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, retry_after::header_value(wait));
    }
    response
}

/// The error of a step before the backend. The backend was not called, even if the source is an
/// error with an unknown outcome.
#[derive(Debug)]
pub(crate) struct NotAsked {
    step: &'static str,
    source: BoxError,
}

impl NotAsked {
    /// Creates the error of a verifier of initial access tokens.
    pub(crate) fn verifier_failed(source: BoxError) -> Self {
        Self {
            step: "the verifier of initial access tokens failed",
            source,
        }
    }

    /// Creates the error of a backend selector.
    pub(crate) fn selector_failed(source: BoxError) -> Self {
        Self {
            step: "the backend selector failed",
            source,
        }
    }
}

impl fmt::Display for NotAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.step)
    }
}

impl Error for NotAsked {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A reply that cannot become a response. Its content is not logged.
#[derive(Clone, Copy, Debug)]
pub(super) enum InvalidReply {
    WrongAction(Action, OperationKind),
    NotAnObject(Action),
}

impl fmt::Display for InvalidReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongAction(action, kind) => {
                write!(f, "the backend replied \"{action}\" to a {kind}")
            }
            Self::NotAnObject(action) => {
                write!(
                    f,
                    "the backend replied \"{action}\" without a JSON object as content"
                )
            }
        }
    }
}

impl Error for InvalidReply {}
