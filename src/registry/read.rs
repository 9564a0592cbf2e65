//! Reads a client (RFC 7592 section 2.1). A read may renew the secret.

use super::credentials::{TokenDigest, new_secret};
use super::error::RegistryError;
use super::inner::Inner;
use super::token_check::{recognize, wrong_token};
use crate::reply::Reply;
use crate::token::BearerToken;

impl Inner {
    pub(super) async fn read(
        &self,
        client_id: &str,
        token: &BearerToken,
    ) -> Result<Reply, RegistryError> {
        let settings = &self.settings;
        let presented = TokenDigest::of(token.as_str());
        let now = settings.time_source.now();
        let client = self.store().get(client_id).await?;
        let recognized = recognize(client.as_deref(), &presented, now);
        let (Some(recognized), Some(client)) = (recognized, client) else {
            return Ok(wrong_token());
        };
        let unchanged = || {
            let token = Some(token.as_str());
            Reply::ok(settings.client_information(client_id, &client, token))
        };
        let lifetime = settings.secret_lifetime;
        if !client.is_first_use(recognized) && !client.is_secret_due(lifetime, now) {
            return Ok(unchanged());
        }
        let new_secret = new_secret()?;
        let held = token.clone();
        let changed = self.change_as_client(
            client_id,
            &presented,
            now,
            move |settings, transaction, client_id, _, mut client| {
                // Another read may have renewed the secret in the meantime.
                if client.is_secret_due(lifetime, now) {
                    client.renew_secret(new_secret, lifetime, now);
                    transaction.put(client_id, client.clone())?;
                }
                let token = Some(held.as_str());
                Ok(Reply::ok(
                    settings.client_information(client_id, &client, token),
                ))
            },
        );
        match changed.await {
            // If the disk is full, the client still gets what it has.
            Err(error) if error.is_storage() => Ok(unchanged()),
            changed => changed,
        }
    }
}
