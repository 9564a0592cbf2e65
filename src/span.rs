//! The span of an operation. Its fields are from closed sets: nothing in them is a client's.
//!
//! One that ends without a status was given up: its client has gone, or an endpoint layer did not wait for it. What that
//! layer's error was answered with has a span of its own.

use std::future::Future;

use crate::{OperationKind, Outcome};

/// `client_registration`, at info level, around what is done for a request.
pub(crate) struct OperationSpan {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

#[cfg(feature = "tracing")]
impl OperationSpan {
    /// There is none where nothing is asked for.
    pub(crate) fn of(operation: Option<OperationKind>) -> Self {
        use tracing::field::Empty;

        let span = match operation {
            None => tracing::Span::none(),
            Some(operation) => tracing::info_span!(
                "client_registration",
                operation = operation.as_str(),
                action = Empty,
                status = Empty,
                error = Empty,
                code = Empty,
            ),
        };
        Self { span }
    }

    pub(crate) fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        tracing::Instrument::instrument(future, self.span.clone())
    }

    pub(crate) fn in_scope(&self, log: impl FnOnce()) {
        self.span.in_scope(log);
    }

    pub(crate) fn record(&self, outcome: &Outcome) {
        if self.span.is_disabled() {
            return;
        }
        self.span.record("status", outcome.status().as_u16());
        for (field, value) in [
            ("action", outcome.action().map(crate::Action::as_str)),
            ("error", outcome.error().map(crate::ErrorCode::as_str)),
            ("code", outcome.code().filter(|code| is_word(code))),
        ] {
            if let Some(value) = value {
                self.span.record(field, value);
            }
        }
    }
}

/// Whether this may be one of a closed set of codes, and is no text.
#[cfg(feature = "tracing")]
fn is_word(code: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    code.len() <= 64 && code.bytes().all(fits)
}

/// Where there is nobody to tell.
#[cfg(not(feature = "tracing"))]
#[expect(clippy::unused_self, reason = "there is no span")]
impl OperationSpan {
    pub(crate) fn of(_: Option<OperationKind>) -> Self {
        Self {}
    }

    pub(crate) fn around<F: Future>(&self, future: F) -> F {
        future
    }

    pub(crate) fn record(&self, _: &Outcome) {}
}
