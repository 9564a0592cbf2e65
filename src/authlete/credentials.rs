use std::fmt;

use super::config_error::AuthleteConfigError;
use crate::token::BearerToken;

/// The credentials of an Authlete service: its service ID and its access token.
///
/// `Debug` shows only the service ID.
///
/// ```
/// use tower_dcr::authlete::Credentials;
///
/// let credentials = Credentials::new("715948317", "the-access-token-of-the-service")?;
/// assert_eq!(credentials.service_id(), "715948317");
/// assert_eq!(
///     format!("{credentials:?}"),
///     r#"Credentials { service_id: "715948317", .. }"#,
/// );
/// # Ok::<(), tower_dcr::authlete::AuthleteConfigError>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    service_id: Box<str>,
    access_token: BearerToken,
}

impl Credentials {
    /// Creates the credentials from the service ID and the service's access token. Authlete's tools
    /// also call the service ID the service API key.
    ///
    /// # Errors
    ///
    /// - [`InvalidServiceId`](AuthleteConfigError::InvalidServiceId) if the ID is empty, or
    ///   contains anything but ASCII letters, digits, `-` and `_`. The ID is one segment of the
    ///   request path.
    /// - [`InvalidAccessToken`](AuthleteConfigError::InvalidAccessToken) if the token is not a
    ///   `b64token` (RFC 6750 section 2.1).
    pub fn new(
        service_id: impl Into<String>,
        access_token: impl Into<String>,
    ) -> Result<Self, AuthleteConfigError> {
        let service_id = service_id.into();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if service_id.is_empty() || !service_id.bytes().all(fits) {
            return Err(AuthleteConfigError::InvalidServiceId);
        }
        let access_token =
            BearerToken::new(access_token).map_err(|_| AuthleteConfigError::InvalidAccessToken)?;
        Ok(Self {
            service_id: service_id.into(),
            access_token,
        })
    }

    /// Returns the service ID.
    #[must_use]
    pub fn service_id(&self) -> &str {
        &self.service_id
    }

    /// Returns the service's access token.
    #[must_use]
    pub fn access_token(&self) -> &BearerToken {
        &self.access_token
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("service_id", &self.service_id)
            .finish_non_exhaustive()
    }
}
