//! What the rest of the server does with the registry.

#[cfg(feature = "registry-file")]
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Registry;
use super::client::Client;
use super::client_change::ClientChangeKind;
use super::client_order::{ClientOrder, position};
use super::credentials::{TokenDigest, new_secret};
use super::error::RegistryError;
use super::page::{Page, parse_cursor, write_cursor};
use super::rules::supported_response_types;
#[cfg(feature = "registry-file")]
use super::store::file::error::BackupError;
use super::store::tenant_store::TenantStore;
use crate::token::BearerToken;

/// The resolution of `last_used`, in seconds. A client that is used all the time is not written all
/// the time.
const USE_RESOLUTION: u64 = 60 * 60;

/// The other endpoints of the authorization server use these methods.
///
/// ```
/// use tower_dcr::registry::Registry;
/// use tower_dcr::operation::Register;
/// use tower_dcr::{Backend, ClientMetadata};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = Registry::in_memory("https://as.example.com/register")?;
/// # let metadata = r#"{"redirect_uris":["https://client.example.org/cb"]}"#;
/// # let register = Register::new(ClientMetadata::parse(metadata)?);
/// # let reply = registry.execute(register.into()).await?;
/// # let reply: serde_json::Value = serde_json::from_slice(reply.content().unwrap())?;
/// # let client_id = reply["client_id"].as_str().unwrap();
/// # let client_secret = reply["client_secret"].as_str().unwrap();
/// // At the authorization endpoint: does the client exist, and where does the user go?
/// let client = registry.client(client_id).await?.ok_or("no such client")?;
/// assert!(client.allows_response_type("code"));
/// assert_eq!(client.resolve_redirect(None)?, "https://client.example.org/cb");
/// assert!(client.resolve_redirect(Some("https://client.example.org/cb?x")).is_err());
///
/// // At the token endpoint: is it the client that it claims to be? See also `authenticate`.
/// let client = registry.client(client_id).await?.ok_or("no such client")?;
/// assert_eq!(client.token_endpoint_auth_method(), "client_secret_basic");
/// assert!(client.has_client_secret(client_secret));
/// assert!(!client.has_client_secret("a guess"));
///
/// // And after the code or the refresh token was redeemed:
/// assert!(registry.mark_used(client_id).await?);
/// # Ok(())
/// # }
/// ```
impl Registry {
    /// Returns the client with this identifier, or `None` if there is no such client. It does not
    /// count as a [use](Self::mark_used).
    ///
    /// # Errors
    ///
    /// [`RegistryError::is_storage`] if the file cannot be read.
    pub async fn client(&self, client_id: &str) -> Result<Option<Client>, RegistryError> {
        let now = self.inner.settings.time_source.now();
        let found = self.store().get(client_id).await?;
        Ok(found.map(|client| Client::new(client_id.into(), client, now)))
    }

    /// Records that the client was used, and returns whether the client exists.
    ///
    /// Call it at the token endpoint, after a code or a refresh token was redeemed. Do not call it
    /// earlier: everybody can register a client and open the authorization endpoint, but only a
    /// client that a user accepted gets a code. For other grants, such as `client_credentials`,
    /// call it after a successful request, if you trust the clients that can register.
    ///
    /// A client that was used is never [evicted](super::RegistryBuilder::max_clients) and never
    /// [removed](super::RegistryBuilder::remove_never_used_after). For each client, one use an hour
    /// is written. Further calls within that hour only read.
    ///
    /// # Errors
    ///
    /// [`RegistryError::is_storage`] if the file cannot be read or written. You can ignore this
    /// error, and answer the token request as usual.
    pub async fn mark_used(&self, client_id: &str) -> Result<bool, RegistryError> {
        // 0 means never.
        let now = self.inner.settings.time_source.now().max(1);
        let is_recorded =
            move |last_used: u64| last_used > 0 && now.saturating_sub(last_used) < USE_RESOLUTION;
        let Some(client) = self.store().get(client_id).await? else {
            return Ok(false);
        };
        if is_recorded(client.last_used) {
            return Ok(true);
        }
        let id = client_id.to_owned();
        let marked = self.store().write(move |transaction| {
            let Some(client) = transaction.get(&id)? else {
                return Ok(false);
            };
            if !is_recorded(client.last_used) {
                let mut client = Arc::unwrap_or_clone(client);
                client.last_used = now;
                transaction.put(&id, client)?;
            }
            Ok(true)
        });
        Ok(marked.await?)
    }

    /// Returns a page of at most `limit` clients, in an order. It does not count as a
    /// [use](Self::mark_used).
    ///
    /// `after` is `None` for the first page, and then [`Page::next`] of the page before. A `limit`
    /// of zero counts as 1. If the place of a client changes between two pages, the client may be
    /// missing, or be on both. The cursor stays valid if its client is deleted.
    ///
    /// # Errors
    ///
    /// - [`RegistryError::is_invalid_cursor`] if `after` is not a cursor for this order.
    /// - [`RegistryError::is_storage`] if the file cannot be read.
    ///
    /// ```
    /// use tower_dcr::registry::{ClientOrder, Registry};
    /// # use tower_dcr::operation::Register;
    /// # use tower_dcr::{Backend, ClientMetadata};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let registry = Registry::in_memory("https://as.example.com/register")?;
    /// # for _ in 0..5 {
    /// #     let metadata = r#"{"redirect_uris":["https://client.example.org/cb"]}"#;
    /// #     let register = Register::new(ClientMetadata::parse(metadata)?);
    /// #     registry.execute(register.into()).await?;
    /// # }
    /// let mut count = 0;
    /// let mut after = None;
    /// loop {
    ///     let page = registry.list(ClientOrder::Age, after.as_deref(), 2).await?;
    ///     count += page.clients.len();
    ///     after = page.next;
    ///     if after.is_none() {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(count, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list(
        &self,
        order: ClientOrder,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, RegistryError> {
        let limit = limit.max(1);
        let now = self.inner.settings.time_source.now();
        let after = after
            .map(|cursor| parse_cursor(order, cursor).ok_or_else(RegistryError::invalid_cursor))
            .transpose()?;
        // One more shows whether there is another page.
        let mut found = self
            .store()
            .list(order, after, limit.saturating_add(1))
            .await?;
        let has_next = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| has_next);
        let next = last.map(|(id, client)| write_cursor(order, position(order, id, client)));
        let clients = found
            .into_iter()
            .map(|(client_id, client)| Client::new(client_id, client, now))
            .collect();
        Ok(Page { clients, next })
    }

    /// Deletes a client, and returns whether there was one.
    ///
    /// # Errors
    ///
    /// [`RegistryError::is_storage`] if the file cannot be written.
    pub async fn delete(&self, client_id: &str) -> Result<bool, RegistryError> {
        let id = client_id.to_owned();
        let deleted = self
            .store()
            .write(move |transaction| transaction.remove_as(ClientChangeKind::Deleted, &id));
        Ok(deleted.await?)
    }

    /// Issues a new registration access token to a client that lost its own. All earlier tokens of
    /// the client end.
    ///
    /// Returns `None` if there is no such client, or if clients
    /// [cannot manage themselves](super::RegistryBuilder::registration_only). A client that
    /// registered while `registration_only` was on has no token. Once the setting is off, this
    /// method issues the client's first token.
    ///
    /// # Errors
    ///
    /// - [`RegistryError::is_random`] if the system has no random numbers.
    /// - [`RegistryError::is_storage`] if the file cannot be written.
    pub async fn issue_registration_access_token(
        &self,
        client_id: &str,
    ) -> Result<Option<BearerToken>, RegistryError> {
        if self.inner.settings.registration_only {
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
        // A secret has only the characters of a token.
        Ok(issued
            .await?
            .then(|| BearerToken::new(token).ok())
            .flatten())
    }

    /// Returns the URL that the registry was created with.
    #[must_use]
    pub fn registration_endpoint(&self) -> &str {
        self.inner.settings.endpoint.as_str()
    }

    /// Returns whether clients [cannot manage
    /// themselves](super::RegistryBuilder::registration_only).
    #[must_use]
    pub fn is_registration_only(&self) -> bool {
        self.inner.settings.registration_only
    }

    /// Returns the members of the authorization server's metadata document (RFC 8414 section 2)
    /// that the registry decides: `registration_endpoint`, `grant_types_supported`,
    /// `response_types_supported`, `token_endpoint_auth_methods_supported` and
    /// `subject_types_supported`. [`DcrLayer::server_metadata`](crate::DcrLayer::server_metadata)
    /// adds them to a document.
    ///
    /// Set the [grant types](super::RegistryBuilder::grant_types_supported), the
    /// [authentication methods](super::RegistryBuilder::token_endpoint_auth_methods_supported) and
    /// the [subject types](super::RegistryBuilder::subject_types_supported) of your server, or the
    /// document announces too much. With `client_secret_jwt` or
    /// `private_key_jwt`, add `token_endpoint_auth_signing_alg_values_supported` to the document.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower_dcr::registry::{Registry, RegistryConfigError};
    ///
    /// let registry = Registry::builder("https://as.example.com/register")
    ///     .grant_types_supported(["authorization_code", "refresh_token"])
    ///     .build()?;
    /// let metadata = registry.server_metadata();
    /// assert_eq!(metadata["response_types_supported"], json!(["code"]));
    /// # Ok::<(), RegistryConfigError>(())
    /// ```
    #[must_use]
    pub fn server_metadata(&self) -> Map<String, Value> {
        let rules = &self.inner.settings.rules;
        let mut metadata = Map::new();
        for (name, values) in [
            ("registration_endpoint", json!(self.registration_endpoint())),
            ("grant_types_supported", json!(rules.grant_types)),
            (
                "response_types_supported",
                json!(supported_response_types(&rules.grant_types)),
            ),
            (
                "token_endpoint_auth_methods_supported",
                json!(rules.auth_methods),
            ),
            ("subject_types_supported", json!(rules.subject_types)),
        ] {
            metadata.insert(name.to_owned(), values);
        }
        metadata
    }

    /// Writes all clients, as they are now, to a new file, while the server runs.
    /// [`open`](Self::open) opens it. A registry in memory can be backed up, too.
    ///
    /// The file contains the clients of all [tenants](Self::tenant), whichever handle is used.
    ///
    /// The file contains the clients' secrets. It is created with mode 0600.
    ///
    /// # Errors
    ///
    /// - [`RegistryError::is_backup_target`] if the file exists already or cannot be written.
    /// - [`RegistryError::is_storage`] if the registry's own file cannot be read.
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    pub async fn backup(&self, path: impl AsRef<Path>) -> Result<(), RegistryError> {
        let path = path.as_ref();
        self.inner
            .shared
            .store
            .backup(path)
            .await
            .map_err(|error| match error {
                BackupError::Source(error) => error.into(),
                BackupError::Target(error) => RegistryError::backup_target(path, error),
            })
    }

    fn store(&self) -> TenantStore<'_> {
        self.inner.store()
    }
}
