//! What the layer tells the operator: outcomes, spans and log lines.

mod outcome;
mod report;
#[cfg(feature = "tracing")]
mod shed_log;
mod span;

pub use self::outcome::Outcome;
pub(crate) use self::report::report;
pub(crate) use self::span::OperationSpan;
