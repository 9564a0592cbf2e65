//! Updates a client (RFC 7592 section 2.2).

use super::client_change::ClientChangeKind;
use super::client_information::check_length;
use super::credentials::{TokenDigest, new_secret};
use super::echoed_members::EchoedMembers;
use super::error::RegistryError;
use super::inner::Inner;
use super::unreadable_metadata::unreadable_metadata;
use crate::metadata::ClientMetadata;
use crate::reply::Reply;
use crate::token::BearerToken;

impl Inner {
    pub(super) async fn update(
        &self,
        client_id: &str,
        token: &BearerToken,
        requested: &ClientMetadata,
        body_limit: usize,
    ) -> Result<Reply, RegistryError> {
        // The metadata is checked before the token, so that the time tells nothing about the token.
        // Credentials are generated up front so that the transaction cannot fail.
        let Some(mut requested) = requested.members() else {
            return Ok(unreadable_metadata());
        };
        let echoed = EchoedMembers::take_from(&mut requested);
        let accepted = self.settings.rules.accept(&requested);
        let (new_secret, new_token) = (new_secret()?, new_secret()?);
        let now = self.settings.time_source.now();
        let presented = TokenDigest::of(token.as_str());
        let token = token.clone();
        self.change_as_client(
            client_id,
            &presented,
            now,
            move |settings, transaction, client_id, recognized, mut client| {
                let checked = echoed
                    .check(client_id, &client, token.as_str(), &settings.endpoint)
                    .and(accepted);
                let accepted = match checked {
                    Ok(accepted) => accepted,
                    Err(refusal) => return Ok(refusal.into_reply()),
                };
                client.metadata = accepted.metadata;
                let lifetime = settings.secret_lifetime;
                if !accepted.needs_secret {
                    client.secret = None;
                    client.previous_secret = None;
                } else if client.secret.is_none() || client.is_secret_due(lifetime, now) {
                    client.renew_secret(new_secret, lifetime, now);
                }
                let mut held = token.as_str();
                if settings.rotates_tokens {
                    client.rotate_token(TokenDigest::of(&new_token), recognized, now);
                    held = &new_token;
                }
                let information = settings.client_information(client_id, &client, Some(held));
                if let Err(refusal) = check_length(&information, body_limit) {
                    return Ok(refusal.into_reply());
                }
                transaction.put_as(ClientChangeKind::Updated, client_id, client)?;
                Ok(Reply::updated(information))
            },
        )
        .await
    }
}
