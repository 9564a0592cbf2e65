//! The span of an operation.
//!
//! All its fields come from closed sets, so no value of a client is in it. A span without a status
//! was cancelled: the client disconnected, or an endpoint layer stopped waiting. The response to
//! that layer's error has a span of its own.

use std::future::Future;

use super::outcome::Outcome;
use crate::operation::OperationKind;

/// The span `client_registration`, at info level, around the work for one operation.
pub(crate) struct OperationSpan {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

#[cfg(feature = "tracing")]
impl OperationSpan {
    /// Creates the span. A request that asks for no operation has none.
    pub(crate) fn new(operation: Option<OperationKind>) -> Self {
        use tracing::field::Empty;

        let span = match operation {
            None => tracing::Span::none(),
            Some(operation) => tracing::info_span!(
                "client_registration",
                operation = operation.as_str(),
                action = Empty,
                status = Empty,
                error = Empty,
                reason = Empty,
            ),
        };
        Self { span }
    }

    /// Runs a future inside the span.
    pub(crate) fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        tracing::Instrument::instrument(future, self.span.clone())
    }

    /// Runs a closure inside the span.
    pub(crate) fn in_scope<T>(&self, f: impl FnOnce() -> T) -> T {
        self.span.in_scope(f)
    }

    /// Records an outcome in the span's fields.
    pub(crate) fn record(&self, outcome: &Outcome) {
        use crate::reply::{Action, ErrorCode};

        if self.span.is_disabled() {
            return;
        }
        self.span.record("status", outcome.status().as_u16());
        for (field, value) in [
            ("action", outcome.action().map(Action::as_str)),
            ("error", outcome.error().map(ErrorCode::as_str)),
            ("reason", outcome.reason().filter(|reason| is_word(reason))),
        ] {
            if let Some(value) = value {
                self.span.record(field, value);
            }
        }
    }
}

/// Returns whether a reason looks like one word from a closed set, and not like a sentence.
#[cfg(feature = "tracing")]
fn is_word(reason: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    reason.len() <= 64 && reason.bytes().all(fits)
}

#[cfg(not(feature = "tracing"))]
#[expect(
    clippy::unused_self,
    reason = "without feature `tracing` there is no span"
)]
impl OperationSpan {
    pub(crate) fn new(_: Option<OperationKind>) -> Self {
        Self {}
    }

    pub(crate) fn around<F: Future>(&self, future: F) -> F {
        future
    }

    pub(crate) fn in_scope<T>(&self, f: impl FnOnce() -> T) -> T {
        f()
    }

    pub(crate) fn record(&self, _: &Outcome) {}
}
