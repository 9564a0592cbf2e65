//! Backends around a backend: each changes what is asked or answered. None is there unless asked for.

mod answer_unauthorized;
mod hide_unused_secret;

pub use self::answer_unauthorized::AnswerUnauthorized;
pub use self::hide_unused_secret::HideUnusedSecret;
