use std::error::Error;
use std::fmt;

use http::HeaderName;

use crate::BoxError;
use crate::util::debug_text::debug_text;

/// A setting that [`AuthleteBuilder`](super::AuthleteBuilder) or
/// [`Credentials`](super::Credentials) refuses. `Display` says what to write instead.
///
/// It contains no access token.
///
/// ```
/// use tower_dcr::authlete::{AuthleteClient, AuthleteConfigError};
///
/// let error = AuthleteClient::builder().base_url("us.authlete.com").build().unwrap_err();
/// assert!(matches!(error, AuthleteConfigError::InvalidBaseUrl { .. }));
/// assert!(error.to_string().contains("\"https://us.authlete.com\""));
/// ```
#[non_exhaustive]
pub enum AuthleteConfigError {
    /// There is no base URL.
    MissingBaseUrl,

    /// The base URL breaks the rules of [`base_url`](super::AuthleteBuilder::base_url).
    #[non_exhaustive]
    InvalidBaseUrl {
        /// What is wrong and what to write instead. It is the end of a sentence that starts with
        /// "the base URL".
        problem: &'static str,
    },

    /// There are no credentials.
    MissingCredentials,

    /// The service ID is empty, or contains anything but ASCII letters, digits, `-` and `_`.
    InvalidServiceId,

    /// The service's access token is not a `b64token` (RFC 6750 section 2.1).
    InvalidAccessToken,

    /// Only one of the two environment variables of the credentials is set.
    #[non_exhaustive]
    IncompleteEnvironment {
        /// The variable that is not set.
        missing: &'static str,
    },

    /// An environment variable is not valid Unicode.
    #[non_exhaustive]
    VariableNotUnicode {
        /// The name of the variable.
        name: &'static str,
    },

    /// A limit is zero, so no call could succeed.
    #[non_exhaustive]
    ZeroLimit {
        /// `"attempt_timeout"`, `"timeout"`, `"response_limit"` or `"max_attempts"`.
        setting: &'static str,
    },

    /// The longest wait of the retry policy is zero, or shorter than the shortest wait.
    InvalidWaits,

    /// An additional header is [reserved](super::AuthleteBuilder::header).
    #[non_exhaustive]
    ReservedHeader {
        /// The name of the header.
        name: HeaderName,
    },

    /// There is no HTTP client, because feature `authlete-client` is not enabled.
    MissingHttpClient,

    /// The default HTTP client cannot set up TLS.
    #[non_exhaustive]
    TlsSetup {
        /// The error of the TLS library.
        source: BoxError,
    },
}

impl fmt::Debug for AuthleteConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_text(f, "AuthleteConfigError", self)
    }
}

impl fmt::Display for AuthleteConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingBaseUrl => f.write_str(
                "there is no base URL: call cluster or base_url, or set AUTHLETE_BASE_URL",
            ),
            Self::InvalidBaseUrl { problem } => write!(f, "the base URL {problem}"),
            Self::MissingCredentials => f.write_str(
                "there are no credentials: call credentials or credentials_fn, or set \
                 AUTHLETE_SERVICE_APIKEY and AUTHLETE_SERVICE_ACCESSTOKEN",
            ),
            Self::InvalidServiceId => f.write_str(
                "the service ID contains something other than A-Z a-z 0-9 - _, or is empty: write \
                 it as Authlete shows it, like \"715948317\"",
            ),
            Self::InvalidAccessToken => f.write_str(
                "the service's access token is not a bearer token: write it as Authlete shows it, \
                 with only A-Z a-z 0-9 - . _ ~ + / and then =",
            ),
            Self::IncompleteEnvironment { missing } => write!(
                f,
                "{missing} is not set: set AUTHLETE_SERVICE_APIKEY and \
                 AUTHLETE_SERVICE_ACCESSTOKEN, or neither"
            ),
            Self::VariableNotUnicode { name } => {
                write!(f, "{name} is not valid Unicode: set it to ASCII text")
            }
            Self::ZeroLimit {
                setting: "max_attempts",
            } => f.write_str(
                "max_attempts is zero, so nothing is sent: write at least 1, or use \
                 RetryPolicy::never",
            ),
            Self::ZeroLimit {
                setting: setting @ "response_limit",
            } => write!(
                f,
                "{setting} is zero, so every response is too large: write at least 1"
            ),
            Self::ZeroLimit { setting } => write!(
                f,
                "{setting} is zero, so every call would time out: write a longer time, like 10 \
                 seconds"
            ),
            Self::InvalidWaits => f.write_str(
                "max_wait is zero or shorter than min_wait: write a max_wait of at least min_wait",
            ),
            Self::ReservedHeader { name } => write!(
                f,
                "the header {name} is reserved, because the client or its HTTP client sets it: \
                 leave it out, and call user_agent for User-Agent"
            ),
            Self::MissingHttpClient => f.write_str(
                "there is no HTTP client: call http_client, or enable the feature authlete-client",
            ),
            Self::TlsSetup { .. } => f.write_str(
                "the default HTTP client cannot set up TLS: check the platform's certificates, or \
                 call http_client",
            ),
        }
    }
}

impl Error for AuthleteConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TlsSetup { source } => Some(&**source),
            _ => None,
        }
    }
}
