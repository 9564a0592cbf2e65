//! The environment variables that Authlete's own tools read.

use std::env::{self, VarError};

use super::config_error::AuthleteConfigError;
use super::credentials::Credentials;

const BASE_URL: &str = "AUTHLETE_BASE_URL";
/// The service ID. Authlete's tools call it an API key.
const SERVICE_ID: &str = "AUTHLETE_SERVICE_APIKEY";
const ACCESS_TOKEN: &str = "AUTHLETE_SERVICE_ACCESSTOKEN";

/// Reads the base URL, if its variable is set.
pub(super) fn base_url() -> Result<Option<String>, AuthleteConfigError> {
    variable(BASE_URL)
}

/// Reads the credentials, if their variables are set.
pub(super) fn credentials() -> Result<Option<Credentials>, AuthleteConfigError> {
    let incomplete = |missing| AuthleteConfigError::IncompleteEnvironment { missing };
    match (variable(SERVICE_ID)?, variable(ACCESS_TOKEN)?) {
        (Some(service_id), Some(access_token)) => {
            Credentials::new(service_id, access_token).map(Some)
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(incomplete(ACCESS_TOKEN)),
        (None, Some(_)) => Err(incomplete(SERVICE_ID)),
    }
}

fn variable(name: &'static str) -> Result<Option<String>, AuthleteConfigError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(AuthleteConfigError::VariableNotUnicode { name }),
    }
}
