//! The client information response (RFC 7591 section 3.2.1, RFC 7592 section 3).

use super::json_writer::JsonWriter;
use super::record::Record;
use super::rules::Refusal;
use super::settings::Settings;

impl Settings {
    /// Writes the response. The token is the one that the client holds, because the registry stores
    /// only its hash.
    pub(super) fn client_information(
        &self,
        client_id: &str,
        client: &Record,
        token: Option<&str>,
    ) -> String {
        let mut information = JsonWriter::continuing(&client.metadata);
        information.add("client_id", client_id);
        information.add("client_id_issued_at", client.issued_at);
        if let Some(token) = token {
            information.add("registration_access_token", token);
            information.add(
                "registration_client_uri",
                self.endpoint.client_uri(client_id),
            );
        }
        if let Some(secret) = &client.secret {
            information.add("client_secret", &secret.value);
            // Required beside a secret. 0 means that it does not expire.
            information.add("client_secret_expires_at", secret.expires_at);
        }
        information.into_text()
    }
}

/// Refuses a response that is longer than a request may be. A client may send back what it got
/// (RFC 7592 section 2.2).
pub(super) fn check_length(information: &str, body_limit: usize) -> Result<(), Refusal> {
    if information.len() > body_limit {
        return Err(Refusal::metadata(
            "The metadata is too long, together with what the server adds.",
        ));
    }
    Ok(())
}
