//! Headers that an application cannot add, because the client or its HTTP client sets them.

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    TRANSFER_ENCODING, USER_AGENT,
};

use super::config_error::AuthleteConfigError;

const RESERVED_HEADERS: [HeaderName; 7] = [
    AUTHORIZATION,
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    HOST,
    TRANSFER_ENCODING,
    USER_AGENT,
];

/// Refuses additional headers that are reserved.
pub(super) fn check(headers: &HeaderMap) -> Result<(), AuthleteConfigError> {
    match RESERVED_HEADERS
        .into_iter()
        .find(|name| headers.contains_key(name))
    {
        Some(name) => Err(AuthleteConfigError::ReservedHeader { name }),
        None => Ok(()),
    }
}
