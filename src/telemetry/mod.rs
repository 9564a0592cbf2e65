//! What the layer tells the operator: outcomes, spans and log lines.

mod outcome;
mod report;
mod span;

pub use self::outcome::Outcome;
pub(crate) use self::report::report;
pub(crate) use self::span::OperationSpan;
