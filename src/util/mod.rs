//! Small helpers that know nothing about registration.

pub(crate) mod bearer_scheme;
pub(crate) mod debug_text;
pub(crate) mod error_chain;
pub(crate) mod http_token;
pub(crate) mod json_text;
pub(crate) mod retry_after;
pub(crate) mod stopwatch;
pub(crate) mod timeout;
pub(crate) mod uri;
