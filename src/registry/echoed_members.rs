//! The issued members that a client sends back in an update (RFC 7592 section 2.2).

use serde_json::value::RawValue;

use super::credentials::same_secret;
use super::record::Record;
use super::registration_endpoint::RegistrationEndpoint;
use super::rules::Refusal;
use crate::metadata::Members;
use crate::util::json_text::{self, is_omission};

/// The members of an update that the client cannot choose. `None` if it did not send them.
pub(super) struct EchoedMembers {
    client_id: Option<Echo>,
    client_secret: Option<Echo>,
    client_id_issued_at: Option<Echo>,
    client_secret_expires_at: Option<Echo>,
    registration_access_token: Option<Echo>,
    registration_client_uri: Option<Echo>,
}

/// The value of an issued member.
enum Echo {
    Text(String),
    Number(u64),
    Other,
}

impl Echo {
    fn parse(value: &RawValue) -> Self {
        let text = value.get();
        serde_json::from_str(text)
            .map(Self::Text)
            .ok()
            .or_else(|| json_text::whole_number(text).map(Self::Number))
            .unwrap_or(Self::Other)
    }

    /// Compares in constant time, because it may be a secret.
    fn is_text(&self, expected: &str) -> bool {
        matches!(self, Self::Text(text) if same_secret(text, expected))
    }

    fn is_number(&self, expected: u64) -> bool {
        matches!(self, Self::Number(number) if *number == expected)
    }
}

impl EchoedMembers {
    /// Removes the issued members from the metadata. Omitted ones are ignored.
    pub(super) fn take_from(requested: &mut Members<'_>) -> Self {
        let mut take = |name| {
            let value = requested.remove(name)?;
            (!is_omission(value)).then(|| Echo::parse(value))
        };
        Self {
            client_id: take("client_id"),
            client_secret: take("client_secret"),
            client_id_issued_at: take("client_id_issued_at"),
            client_secret_expires_at: take("client_secret_expires_at"),
            registration_access_token: take("registration_access_token"),
            registration_client_uri: take("registration_client_uri"),
        }
    }

    /// Checks the members against the client.
    ///
    /// RFC 7592 section 2.2 requires the `client_id`, allows the current `client_secret`, and
    /// forbids the others. Many clients send back all that they got, so the others are allowed with
    /// their current values.
    pub(super) fn check(
        &self,
        client_id: &str,
        client: &Record,
        token: &str,
        endpoint: &RegistrationEndpoint,
    ) -> Result<(), Refusal> {
        let is_client_id = |echo: &Echo| echo.is_text(client_id);
        if !self.client_id.as_ref().is_some_and(is_client_id) {
            return Err(Refusal::metadata(
                "client_id is required, and must be the client_id of this client.",
            ));
        }
        let secret = client.secret.as_ref();
        let fits =
            |echo: &Option<Echo>, fits: &dyn Fn(&Echo) -> bool| echo.as_ref().is_none_or(fits);
        if !fits(&self.client_secret, &|echo| {
            secret.is_some_and(|secret| echo.is_text(&secret.value))
        }) {
            return Err(Refusal::metadata(
                "client_secret cannot be chosen; leave it out.",
            ));
        }
        let uri = endpoint.client_uri(client_id);
        let unchanged = [
            (
                "client_id_issued_at",
                fits(&self.client_id_issued_at, &|echo| {
                    echo.is_number(client.issued_at)
                }),
            ),
            (
                "client_secret_expires_at",
                fits(&self.client_secret_expires_at, &|echo| {
                    secret.is_some_and(|secret| echo.is_number(secret.expires_at))
                }),
            ),
            (
                "registration_access_token",
                fits(&self.registration_access_token, &|echo| echo.is_text(token)),
            ),
            (
                "registration_client_uri",
                fits(&self.registration_client_uri, &|echo| echo.is_text(&uri)),
            ),
        ];
        match unchanged.iter().find(|(_, fits)| !fits) {
            Some((name, _)) => Err(Refusal::metadata(format!(
                "{name} cannot be changed; leave it out."
            ))),
            None => Ok(()),
        }
    }
}
