//! What a client sends back of what it was issued (RFC 7592 section 2.2).

use serde_json::value::RawValue;

use super::configuration_endpoint::ConfigurationEndpoint;
use super::credentials::same_secret;
use super::record::Record;
use super::rules::Refusal;
use crate::metadata::Members;
use crate::util::json::{self, is_omission};

/// The members of an update that the client does not choose, as far as it sent them.
pub(super) struct Issued {
    client_id: Option<Given>,
    client_secret: Option<Given>,
    client_id_issued_at: Option<Given>,
    client_secret_expires_at: Option<Given>,
    registration_access_token: Option<Given>,
    registration_client_uri: Option<Given>,
}

/// A value, as far as it can be one of those.
enum Given {
    Text(String),
    Number(u64),
    Neither,
}

impl Given {
    fn of(value: &RawValue) -> Self {
        let text = value.get();
        serde_json::from_str(text)
            .map(Self::Text)
            .ok()
            .or_else(|| json::whole_number(text).map(Self::Number))
            .unwrap_or(Self::Neither)
    }

    /// In constant time, since it may be a secret.
    fn is_text(&self, expected: &str) -> bool {
        matches!(self, Self::Text(text) if same_secret(text, expected))
    }

    fn is_number(&self, expected: u64) -> bool {
        matches!(self, Self::Number(number) if *number == expected)
    }
}

impl Issued {
    /// Out of the metadata, omissions left behind.
    pub(super) fn take(asked: &mut Members<'_>) -> Self {
        let mut take = |name| {
            let value = asked.remove(name)?;
            (!is_omission(value)).then(|| Given::of(value))
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

    /// The `client_id` must be there and the client's, a secret must be the client's, and the four others must not be
    /// there. Clients send back what they got all the same, so those are taken where they are what they were: nothing is
    /// changed by them.
    pub(super) fn judge(
        &self,
        client_id: &str,
        client: &Record,
        token: &str,
        endpoint: &ConfigurationEndpoint,
    ) -> Result<(), Refusal> {
        let is_the_clients = |given: &Given| given.is_text(client_id);
        if !self.client_id.as_ref().is_some_and(is_the_clients) {
            return Err(Refusal::metadata(
                "client_id must be there, and be this client's.",
            ));
        }
        let secret = client.secret.as_ref();
        let fits =
            |given: &Option<Given>, fits: &dyn Fn(&Given) -> bool| given.as_ref().is_none_or(fits);
        if !fits(&self.client_secret, &|given| {
            secret.is_some_and(|secret| given.is_text(&secret.value))
        }) {
            return Err(Refusal::metadata(
                "client_secret cannot be chosen; leave it out.",
            ));
        }
        let uri = endpoint.of_client(client_id);
        let unchanged = [
            (
                "client_id_issued_at",
                fits(&self.client_id_issued_at, &|given| {
                    given.is_number(client.issued_at)
                }),
            ),
            (
                "client_secret_expires_at",
                fits(&self.client_secret_expires_at, &|given| {
                    secret.is_some_and(|secret| given.is_number(secret.expires_at))
                }),
            ),
            (
                "registration_access_token",
                fits(&self.registration_access_token, &|given| {
                    given.is_text(token)
                }),
            ),
            (
                "registration_client_uri",
                fits(&self.registration_client_uri, &|given| given.is_text(&uri)),
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
