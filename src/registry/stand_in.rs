//! Takes the place of a client that does not exist, so that it costs as much work as one that does.

use std::sync::Arc;

use super::client::Client;
use super::record::Record;

/// What most clients register.
const METADATA: &str = concat!(
    r#"{"client_name":"Nobody","grant_types":["authorization_code","refresh_token"],"#,
    r#""redirect_uris":["https://client.example.org/callback"],"response_types":["code"],"#,
    r#""token_endpoint_auth_method":"client_secret_basic"}"#,
);

/// Creates a client that no store contains. It has no secret, so it never authenticates.
pub(super) fn stand_in() -> Client {
    let record = Record {
        issued_at: 0,
        last_used: 0,
        token: None,
        previous_token: None,
        secret: None,
        previous_secret: None,
        metadata: METADATA.into(),
    };
    Client::new("".into(), Arc::new(record), 0)
}
