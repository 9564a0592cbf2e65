//! Completing an outcome, and reporting it.

use http::Response;

use super::outcome::Outcome;
use super::span::OperationSpan;
use crate::util::stopwatch::Stopwatch;

/// Completes the [`Outcome`] of a response with its status and the elapsed time. Then records it in
/// the span, and logs a 5xx.
pub(crate) fn report<B>(response: &mut Response<B>, started: Stopwatch, span: &OperationSpan) {
    let status = response.status();
    let Some(outcome) = response.extensions_mut().get_mut::<Outcome>() else {
        return;
    };
    outcome.complete(status, started.elapsed());
    span.record(outcome);
    #[cfg(feature = "tracing")]
    if status.is_server_error() {
        span.in_scope(|| log_failure(outcome));
    }
}

#[cfg(feature = "tracing")]
fn log_failure(outcome: &Outcome) {
    use std::error::Error;

    use tower::load_shed::error::Overloaded;

    use super::log_limit::LogLimit;
    use crate::operation::OperationKind;
    use crate::reply::Action;
    use crate::util::error_chain::{Chain, sources};

    static SHED: LogLimit = LogLimit::new();

    // Under overload, a line for each request would add to the load.
    if outcome
        .cause()
        .is_some_and(|cause| sources(cause).any(<dyn Error>::is::<Overloaded>))
    {
        if let Some(count) = SHED.count() {
            tracing::warn!(count, "client registration shed load");
        }
        return;
    }
    tracing::error!(
        operation = outcome.operation().map(OperationKind::as_str),
        action = outcome.action().map(Action::as_str),
        status = outcome.status().as_u16(),
        reason = outcome.reason(),
        cause = outcome
            .cause()
            .map(|cause| tracing::field::display(Chain(cause))),
        "client registration failed"
    );
}
