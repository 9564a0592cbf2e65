use std::error::Error;
use std::fmt;

use crate::endpoint::{DEFAULT_PATH, InvalidRealm};

/// A setting that [`DcrBuilder`](crate::DcrBuilder) refuses. `Display` says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A path cannot be matched, or not safely.
    #[non_exhaustive]
    InvalidPath {
        /// `"registration_path"` or `"configuration_path"`.
        setting: &'static str,
        /// The path that was set.
        path: String,
        /// What is wrong with it. It continues a sentence that starts with the path.
        problem: &'static str,
    },

    /// The registration path would also be the path of a client.
    #[non_exhaustive]
    Overlap {
        /// The registration path.
        registration: String,
        /// The configuration path.
        configuration: String,
    },

    /// The realm cannot stand in a challenge.
    #[non_exhaustive]
    InvalidRealm {
        /// The rule for realms.
        source: InvalidRealm,
    },

    /// A limit is zero, so that it would refuse everything.
    #[non_exhaustive]
    ZeroLimit {
        /// `"body_limit"`, `"body_timeout"` or `"backend_timeout"`.
        setting: &'static str,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidPath {
                setting,
                path,
                problem,
            } => {
                write!(
                    f,
                    "{setting} {path:?} {problem}: write {:?}",
                    suggest_path(path)
                )
            }
            Self::Overlap {
                registration,
                configuration,
            } => write!(
                f,
                "registration_path {registration:?} is also the path of a client below \
                 configuration_path {configuration:?}: write the same path for both, or paths \
                 that are not below each other"
            ),
            Self::InvalidRealm { source } => source.fmt(f),
            Self::ZeroLimit {
                setting: "body_limit",
            } => f.write_str("body_limit is zero, so every body is too large: write at least 1"),
            Self::ZeroLimit { setting } => {
                write!(
                    f,
                    "{setting} is zero, so nothing is in time: write None for no limit"
                )
            }
        }
    }
}

impl Error for ConfigError {}

impl From<InvalidRealm> for ConfigError {
    fn from(source: InvalidRealm) -> Self {
        Self::InvalidRealm { source }
    }
}

/// Returns a valid path that is made of the good segments of an invalid one.
fn suggest_path(path: &str) -> String {
    // Only the path, if the whole URL was written.
    let path = path.split_once("://").map_or(path, |(_, rest)| {
        rest.split_once('/').map_or("", |(_, path)| path)
    });
    let suggestion: String = path
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "." | "..") && segment.bytes().all(is_plain))
        .flat_map(|segment| ["/", segment])
        .collect();
    if suggestion.is_empty() {
        DEFAULT_PATH.to_owned()
    } else {
        suggestion
    }
}

/// Returns whether a byte is a `pchar` of RFC 3986 section 3.3, without escapes and `*`.
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@".contains(&byte)
}
