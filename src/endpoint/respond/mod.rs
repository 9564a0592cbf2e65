//! Replies to responses: the action table of the HTTP contract, as a function and as a service.

mod action_table;
mod body;
mod challenge;
mod failure;
mod json_response;
mod refusal;
mod request_summary;
mod service;

use http::Response;

use self::action_table::response_to;
pub use self::body::EndpointBody;
pub use self::challenge::{Challenges, InvalidRealm};
pub(crate) use self::failure::{NotAsked, failure};
#[cfg(feature = "authlete-emulator")]
pub(crate) use self::json_response::object;
pub(crate) use self::json_response::without_body_to_head;
pub(super) use self::refusal::Refusal;
pub use self::request_summary::RequestSummary;
pub use self::service::{Respond, RespondFuture, RespondLayer};
use crate::BoxError;
use crate::reply::Reply;
use crate::telemetry::Outcome;

/// Turns the result of a backend into an HTTP response.
///
/// | result | status |
/// |---|---|
/// | `Created`, `Ok`, `Updated`, `Deleted`, if it answers the operation | 201, 200, 200, 204 |
/// | `BadRequest`, `Unauthorized`, `Forbidden`, `TooManyRequests`, `InternalServerError` | 400, 401, 403, 429, 500 |
/// | a reply that does not answer the operation, or whose content is not a JSON object | 500 |
/// | an error with [`Unavailable`](crate::backend::Unavailable) or tower's `Overloaded` in its sources | 503 |
/// | an error with tower's `Elapsed` or `Closed` in its sources | 503 with feature `tokio`, else 500 |
/// | any other error | 500 |
///
/// The response has all headers of the [HTTP contract](crate::guide::http_contract), and its
/// [`Outcome`](crate::Outcome) in the extensions. The function is pure: it logs nothing, and the
/// [elapsed time](crate::Outcome::elapsed) is zero. [`Respond`] adds both.
///
/// # Example
///
/// The function turns the result of a backend that you called yourself into a response.
///
/// ```
/// use tower_dcr::endpoint::{Challenges, RequestSummary, respond};
/// use tower_dcr::operation::Register;
/// use tower_dcr::{Backend, BoxError, ClientMetadata, Operation, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let operation = Operation::from(Register::new(ClientMetadata::parse("{}")?));
///
/// let summary = RequestSummary::new(&operation);
/// let result = backend.execute(operation).await;
/// let response = respond(summary, result, &Challenges::default());
///
/// assert_eq!(response.status(), 201);
/// assert_eq!(response.headers()["cache-control"], "no-store");
/// # Ok(())
/// # }
/// ```
pub fn respond<E: Into<BoxError>>(
    mut request: RequestSummary,
    result: Result<Reply, E>,
    challenges: &Challenges,
) -> Response<EndpointBody> {
    let kind = request.kind;
    let extensions = std::mem::take(&mut request.extensions);
    let mut response = match result {
        Ok(reply) => response_to(request, reply, challenges),
        Err(error) => failure(Some(kind), error.into()),
    };
    if let Some(outcome) = response.extensions_mut().get_mut::<Outcome>() {
        outcome.set_extensions(extensions);
    }
    response
}
