//! What the rest of the server does with the registry: look clients up, list them, delete them.

#[cfg(feature = "registry-file")]
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::credentials::{TokenDigest, new_secret};
use super::record::Position;
use super::rules::supported_response_types;
use super::store::{ClientChange, Store};
use super::{Client, ClientOrder, Registry, RegistryError};
use crate::token::BearerToken;

/// To what the last use of a client is kept, in seconds: a client that is looked up all the time is not written all the
/// time.
const USE_RESOLUTION: u64 = 60 * 60;

/// A place in this order, from the text of a cursor.
fn parse_cursor(order: ClientOrder, cursor: &str) -> Option<Position<'_>> {
    let rest = cursor.strip_prefix(order.as_str())?.strip_prefix('.')?;
    let (one, rest) = rest.split_once('.')?;
    let (two, client_id) = rest.split_once('.')?;
    Some((one.parse().ok()?, two.parse().ok()?, client_id))
}

/// For the rest of the server.
///
/// ```
/// use tower_dcr::registry::Registry;
/// use tower_dcr::operation::Register;
/// use tower_dcr::{Backend, ClientMetadata};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = Registry::in_memory("https://as.example.com/register")?;
/// # let metadata = ClientMetadata::parse(r#"{"redirect_uris":["https://client.example.org/cb"]}"#)?;
/// # let reply = registry.execute(Register::new(metadata).into()).await?;
/// # let reply: serde_json::Value = serde_json::from_slice(reply.content().unwrap())?;
/// # let (client_id, client_secret) = (reply["client_id"].as_str().unwrap(), reply["client_secret"].as_str().unwrap());
/// // At the authorization endpoint: is this a client, and may it be redirected there?
/// let client = registry.look_up(client_id).await?.ok_or("no such client")?;
/// assert!(client.may_redirect_to("https://client.example.org/cb"));
/// assert!(!client.may_redirect_to("https://client.example.org/cb?x"));
///
/// // At the token endpoint: is it the client that it says it is?
/// assert_eq!(client.token_endpoint_auth_method(), "client_secret_basic");
/// assert!(client.has_client_secret(client_secret));
/// assert!(!client.has_client_secret("a guess"));
/// # Ok(())
/// # }
/// ```
impl Registry {
    /// The client with this identifier, for the authorization and the token endpoint. It counts as a use: a client that
    /// was never looked up may have to [make room](super::RegistryBuilder::max_clients), or is
    /// [removed](super::RegistryBuilder::remove_never_used_after) in time.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Storage`] where the file cannot be read. Where the use alone cannot be written down, on a full
    /// disk say, the client is given all the same.
    pub async fn look_up(&self, client_id: &str) -> Result<Option<Client>, RegistryError> {
        let now = self.registry.settings.clock.now().max(1);
        let Some(mut client) = self.store().get(client_id).await? else {
            return Ok(None);
        };
        if client.last_used == 0 || now.saturating_sub(client.last_used) >= USE_RESOLUTION {
            let id = client_id.to_owned();
            let used = self.store().write(move |transaction| {
                let Some(client) = transaction.get(&id)? else {
                    return Ok(None);
                };
                let mut client = Arc::unwrap_or_clone(client);
                client.last_used = now;
                transaction.put(&id, client.clone())?;
                Ok(Some(Arc::new(client)))
            });
            match used.await {
                Ok(Some(used)) => client = used,
                // It was removed just now.
                Ok(None) => return Ok(None),
                // A server whose disk is full goes on with the clients that it has.
                Err(_) => {}
            }
        }
        Ok(Some(Client::new(client_id.into(), client, now)))
    }

    /// The client with this identifier, for your own management: it is no use of the client.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Storage`] where the file cannot be read.
    pub async fn get(&self, client_id: &str) -> Result<Option<Client>, RegistryError> {
        let now = self.registry.settings.clock.now();
        let found = self.store().get(client_id).await?;
        Ok(found.map(|client| Client::new(client_id.into(), client, now)))
    }

    /// Clients in an order, at most so many: pass `None`, then the [cursor](Client::cursor) of the last client of
    /// each page, until a page is not full. It is no use of a client. A client whose place in the order changes in between
    /// may be missed, or come twice; the one of the cursor need not be there any more.
    ///
    /// # Errors
    ///
    /// [`RegistryError::InvalidCursor`] where the cursor is none of this order, [`RegistryError::Storage`] where the file cannot be read.
    pub async fn list(
        &self,
        order: ClientOrder,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Client>, RegistryError> {
        let now = self.registry.settings.clock.now();
        let after = match after {
            Some(cursor) => Some(parse_cursor(order, cursor).ok_or(RegistryError::InvalidCursor)?),
            None => None,
        };
        let clients = self.store().list(order, after, limit).await?;
        Ok(clients
            .into_iter()
            .map(|(client_id, client)| Client::new(client_id, client, now))
            .collect())
    }

    /// Deletes a client, and gives whether there was one.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Storage`] where the file cannot be written.
    pub async fn delete(&self, client_id: &str) -> Result<bool, RegistryError> {
        let id = client_id.to_owned();
        let deleted = self
            .store()
            .write(move |transaction| transaction.remove_as(ClientChange::Deleted, &id));
        Ok(deleted.await?)
    }

    /// Gives a client that lost its registration access token a new one. Those before it are not valid any more. `None`
    /// where there is no such client, and where clients [do not manage themselves](super::RegistryBuilder::registration_only).
    ///
    /// A client that registered while they did not gets its first one.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Random`] where the system has no random numbers, [`RegistryError::Storage`] where the file cannot
    /// be written.
    pub async fn issue_registration_access_token(
        &self,
        client_id: &str,
    ) -> Result<Option<BearerToken>, RegistryError> {
        if !self.registry.settings.management {
            return Ok(None);
        }
        let token = new_secret()?;
        let digest = TokenDigest::of(&token);
        let id = client_id.to_owned();
        let issued = self.store().write(move |transaction| {
            let Some(client) = transaction.get(&id)? else {
                return Ok(false);
            };
            let mut client = Arc::unwrap_or_clone(client);
            client.token = Some(digest);
            client.previous_token = None;
            transaction.put(&id, client)?;
            Ok(true)
        });
        // Its alphabet is that of a token.
        Ok(issued
            .await?
            .then(|| BearerToken::new(token).ok())
            .flatten())
    }

    /// What clients can be registered for, as members of the metadata document of the authorization server (RFC 8414
    /// section 2): `grant_types_supported`, `response_types_supported`, `token_endpoint_auth_methods_supported` and
    /// `subject_types_supported`.
    ///
    /// Set what [grant types](super::RegistryBuilder::grant_types_supported) and
    /// [methods](super::RegistryBuilder::token_endpoint_auth_methods_supported) your token endpoint has, or the document
    /// promises what it cannot do. With `client_secret_jwt` or `private_key_jwt` among the methods, the document must also
    /// have `token_endpoint_auth_signing_alg_values_supported`, which is yours to add.
    #[must_use]
    pub fn supported(&self) -> Map<String, Value> {
        let rules = &self.registry.settings.rules;
        let mut supported = Map::new();
        for (name, values) in [
            ("grant_types_supported", json!(rules.grant_types)),
            (
                "response_types_supported",
                json!(supported_response_types(&rules.grant_types)),
            ),
            (
                "token_endpoint_auth_methods_supported",
                json!(rules.auth_methods),
            ),
            ("subject_types_supported", json!(["public", "pairwise"])),
        ] {
            supported.insert(name.to_owned(), values);
        }
        supported
    }

    /// Writes all clients, as they are now, into a new file that [`open`](Self::open) opens, while the server goes on.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Unusable`] where there is a file already, or it cannot be written;
    /// [`RegistryError::Storage`] where the registry's own file cannot be read.
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    pub async fn back_up(&self, path: impl AsRef<Path>) -> Result<(), RegistryError> {
        let path = path.as_ref();
        let backed_up = self.store().back_up(path).await?;
        backed_up.map_err(|fault| RegistryError::of_file(path, fault))
    }

    fn store(&self) -> &Store {
        &self.registry.store
    }
}
