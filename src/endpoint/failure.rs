//! 5xx: what a client gets where the backend, or an endpoint layer, failed. It learns only whether to try again.

use std::error::Error;

use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use tower::load_shed::error::Overloaded;

use super::EndpointBody;
use super::response::{InvalidReply, error};
use crate::clock::TimedOut;
use crate::outcome::sources;
use crate::{BoxError, ErrorCode, OperationKind, Outcome, Reply, Unavailable};

/// The response to an error of the backend, or of an endpoint layer.
pub(crate) fn failure(kind: Option<OperationKind>, cause: BoxError) -> Response<EndpointBody> {
    let (response, code) = match Unavailability::of(&*cause) {
        Some(unavailability) => (
            unavailability.response(kind),
            ErrorCode::TemporarilyUnavailable,
        ),
        None => (server_error(), ErrorCode::ServerError),
    };
    let outcome = Outcome::of(kind).with_error(Some(code)).with_cause(cause);
    with_outcome(response, outcome)
}

/// The response to a reply that is none.
pub(super) fn of_reply(
    kind: OperationKind,
    reply: Reply,
    fault: InvalidReply,
) -> Response<EndpointBody> {
    let action = reply.action();
    let (code, _) = reply.into_parts();
    let outcome = Outcome::of(Some(kind))
        .with_reply(action, code)
        .with_error(Some(ErrorCode::ServerError))
        .with_cause(fault.into());
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

/// A failure that passes.
#[derive(Clone, Copy, Debug)]
struct Unavailability {
    /// The operation may have happened.
    outcome_unknown: bool,
    /// In seconds.
    retry_after: Option<u64>,
}

impl Unavailability {
    /// The first error in the chain of sources that tells of one.
    fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        sources(error).find_map(|error| {
            if let Some(unavailable) = error.downcast_ref::<Unavailable>() {
                return Some(Self {
                    outcome_unknown: unavailable.is_outcome_unknown(),
                    retry_after: unavailable.retry_after_seconds(),
                });
            }
            // Shed load never reached the backend.
            let shed = error.is::<Overloaded>();
            (shed || cut_off(error)).then_some(Self {
                outcome_unknown: !shed,
                retry_after: None,
            })
        })
    }

    fn response(self, kind: Option<OperationKind>) -> Response<EndpointBody> {
        // A read changes nothing that the client would have to know of.
        let changes = !matches!(kind, None | Some(OperationKind::Read));
        let description = if self.outcome_unknown && changes {
            "The registration service did not complete the request; whether the operation happened is unknown."
        } else {
            "The registration service is not available now."
        };
        let mut response = error(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::TemporarilyUnavailable,
            description,
        );
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Whether the wait for an answer ended before it came.
fn cut_off(error: &(dyn Error + 'static)) -> bool {
    #[cfg(feature = "tokio")]
    if error.is::<tower::timeout::error::Elapsed>() || error.is::<tower::buffer::error::Closed>() {
        return true;
    }
    error.is::<TimedOut>()
}
