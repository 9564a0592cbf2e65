//! Registers a client (RFC 7591 section 3).

use super::client_change::ClientChangeKind;
use super::client_information::check_length;
use super::credentials::{TokenDigest, new_client_id, new_secret};
use super::error::RegistryError;
use super::eviction::{Room, make_room};
use super::inner::Inner;
use super::record::{Record, Secret};
use super::unreadable_metadata::unreadable_metadata;
use crate::metadata::ClientMetadata;
use crate::reply::Reply;

impl Inner {
    pub(super) async fn register(
        &self,
        requested: &ClientMetadata,
        body_limit: usize,
    ) -> Result<Reply, RegistryError> {
        let settings = &self.settings;
        let Some(requested) = requested.members() else {
            return Ok(unreadable_metadata());
        };
        let accepted = match settings.rules.accept(&requested) {
            Ok(accepted) => accepted,
            Err(refusal) => return Ok(refusal.into_reply()),
        };
        let now = settings.time_source.now();
        let client_id = new_client_id()?;
        let manages_itself = !settings.registration_only;
        let token = manages_itself.then(new_secret).transpose()?;
        let secret = accepted.needs_secret.then(new_secret).transpose()?;
        let client = Record {
            issued_at: now,
            last_used: 0,
            token: token.as_deref().map(TokenDigest::of),
            previous_token: None,
            secret: secret.map(|value| Secret {
                value,
                expires_at: settings.secret_lifetime.expires_at(now),
            }),
            previous_secret: None,
            metadata: accepted.metadata,
        };
        let information = settings.client_information(&client_id, &client, token.as_deref());
        if let Err(refusal) = check_length(&information, body_limit) {
            return Ok(refusal.into_reply());
        }
        let max_clients = settings.max_clients;
        let (room, count) = self
            .store()
            .write(move |transaction| {
                let room = make_room(transaction, max_clients, now)?;
                if matches!(room, Room::Free) {
                    transaction.put_as(ClientChangeKind::Created, &client_id, client)?;
                }
                Ok((room, transaction.count()?))
            })
            .await?;
        self.shared.capacity_warning.update(&self.tenant, count);
        match room {
            Room::Free => Ok(Reply::created(information)),
            Room::Full { retry_after } => Err(RegistryError::full(retry_after)),
        }
    }
}
