use std::error::Error;
use std::fmt;

use crate::endpoint::InvalidRealm;
use crate::endpoint::path_rules::PathProblem;
use crate::util::debug_text::debug_text;

/// A setting that [`DcrBuilder`](crate::DcrBuilder) refuses. `Display` says what to write instead.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A path breaks the rules of [`registration_path`](crate::DcrBuilder::registration_path).
    #[non_exhaustive]
    InvalidPath {
        /// `"registration_path"` or `"configuration_path"`.
        setting: &'static str,
        /// The path that was set.
        path: String,
        /// What is wrong with it. It continues a sentence that starts with the path.
        problem: &'static str,
        /// A valid path, built from the valid segments of this path. It is `/register` if there is
        /// none.
        suggestion: String,
    },

    /// The registration path is one segment below the configuration path, so it would also be the
    /// path of a client.
    #[non_exhaustive]
    Overlap {
        /// The registration path.
        registration: String,
        /// The configuration path.
        configuration: String,
    },

    /// The two paths have different named segments, so a backend would not find the tenant on
    /// one of them.
    #[non_exhaustive]
    DifferentNames {
        /// The registration path.
        registration: String,
        /// The configuration path.
        configuration: String,
    },

    /// The URL breaks the rules of
    /// [`registration_endpoint`](crate::DcrBuilder::registration_endpoint).
    #[non_exhaustive]
    InvalidEndpoint {
        /// The URL that was set.
        url: String,
        /// What is wrong with it. It continues a sentence that starts with the URL.
        problem: &'static str,
    },

    /// A path has a named segment, but the backend issues client URLs below one fixed URL. These
    /// URLs would be wrong for all tenants but one.
    #[non_exhaustive]
    FixedEndpoint {
        /// The fixed URL of the backend.
        url: String,
    },

    /// The list of [`methods`](crate::DcrBuilder::methods) is empty.
    NoMethods,

    /// The realm is empty, or contains `"`, `\` or anything but printable ASCII (RFC 6750 section
    /// 3).
    #[non_exhaustive]
    InvalidRealm {
        /// The error. Its text states the rule.
        source: InvalidRealm,
    },

    /// A limit is zero, so every request would exceed it.
    #[non_exhaustive]
    ZeroLimit {
        /// `"body_limit"`, `"body_timeout"` or `"backend_timeout"`.
        setting: &'static str,
    },
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_text(f, "ConfigError", self)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidPath {
                setting,
                path,
                problem,
                suggestion,
            } => {
                write!(f, "{setting} {path:?} {problem}: write {suggestion:?}")
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
            Self::DifferentNames {
                registration,
                configuration,
            } => write!(
                f,
                "registration_path {registration:?} and configuration_path {configuration:?} have \
                 different named segments: write the same names in both"
            ),
            Self::InvalidEndpoint { url, problem } => write!(
                f,
                "registration_endpoint {url:?} {problem}: write something like \
                 \"https://as.example.com/register\""
            ),
            Self::FixedEndpoint { url } => write!(
                f,
                "the backend issues client URLs below {url:?}, which is wrong for all tenants but \
                 one: use `DcrLayer::select_backend` with a backend for each tenant, such as \
                 that of `Registry::tenant`"
            ),
            Self::NoMethods => f.write_str(
                "methods is empty, so every method would be refused: write at least \
                 OperationKind::Register",
            ),
            Self::InvalidRealm { source } => source.fmt(f),
            Self::ZeroLimit {
                setting: "body_limit",
            } => f.write_str("body_limit is zero, so every body is too large: write at least 1"),
            Self::ZeroLimit { setting } => {
                write!(
                    f,
                    "{setting} is zero, so every request would time out: write None for no limit"
                )
            }
        }
    }
}

impl ConfigError {
    pub(super) fn invalid_path(setting: &'static str, path: &str, problem: PathProblem) -> Self {
        Self::InvalidPath {
            setting,
            path: path.to_owned(),
            problem: problem.problem,
            suggestion: problem.suggestion,
        }
    }
}

impl Error for ConfigError {}

impl From<InvalidRealm> for ConfigError {
    fn from(source: InvalidRealm) -> Self {
        Self::InvalidRealm { source }
    }
}
