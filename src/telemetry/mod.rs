//! Outcomes, spans and log lines, for the operator of the server.

#[cfg(feature = "tracing")]
mod log_limit;
mod outcome;
mod report;
mod span;

#[cfg(all(feature = "tokio", feature = "tracing"))]
pub(crate) use self::log_limit::LogLimit;
pub use self::outcome::Outcome;
pub(crate) use self::report::report;
pub(crate) use self::span::OperationSpan;
