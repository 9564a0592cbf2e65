//! A registered client, as the rest of the server sees it.

use std::fmt;
use std::sync::Arc;

use super::ClientOrder;
use super::record::Record;
use super::rules::is_same_loopback;
use crate::metadata::ClientMetadata;
use crate::util::json;

/// A registered client, as the registry had it when it was asked. Times are in seconds since 1970, as in the protocol.
///
/// `Debug` shows the identifier, and when it was issued and last used.
#[derive(Clone)]
pub struct Client {
    client_id: Arc<str>,
    pub(super) client: Arc<Record>,
    metadata: ClientMetadata,
    /// When the registry was asked.
    now: u64,
}

impl Client {
    pub(super) fn new(client_id: Arc<str>, client: Arc<Record>, now: u64) -> Self {
        let metadata = ClientMetadata::unchecked(client.metadata.clone());
        Self {
            client_id,
            client,
            metadata,
            now,
        }
    }

    /// Its identifier.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// When the identifier was issued.
    #[must_use]
    pub fn client_id_issued_at(&self) -> u64 {
        self.client.issued_at
    }

    /// When it was last [looked up](super::Registry::look_up); `None` where it never was. This is written down once
    /// an hour at most, so there may have been later look-ups within that hour.
    #[must_use]
    pub fn last_used(&self) -> Option<u64> {
        Some(self.client.last_used).filter(|at| *at > 0)
    }

    /// What it registered, defaults filled in: a JSON object with the members of RFC 7591 section 2, without those that
    /// were issued.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// Where it stands in an order, for the next page of [`list`](super::Registry::list) in the same order: a text that
    /// may stand in a URL as it is.
    #[must_use]
    pub fn cursor(&self, order: ClientOrder) -> String {
        let (one, two, client_id) = self.client.position(order, &self.client_id);
        format!("{}.{one}.{two}.{client_id}", order.as_str())
    }

    /// How it authenticates at the token endpoint, such as `"client_secret_basic"`; with `"none"`, which is what most
    /// applications on a user's machine use, it does not.
    #[must_use]
    pub fn token_endpoint_auth_method(&self) -> String {
        let metadata = self.client.metadata.as_bytes();
        let method = json::string_member(metadata, "token_endpoint_auth_method");
        method.map(String::from).unwrap_or_default()
    }

    /// Whether the user may be sent back to this `redirect_uri`: it is one of the client's, compared as a string (RFC 9700
    /// section 4.1.3). Of an `http` URI to the user's own machine the port may be another (RFC 8252 section 7.3): the
    /// application listens where there is room.
    #[must_use]
    pub fn may_redirect_to(&self, redirect_uri: &str) -> bool {
        let metadata = self.metadata.members();
        let registered = metadata.get("redirect_uris");
        let registered: Vec<String> = registered
            .and_then(|uris| serde_json::from_str(uris.get()).ok())
            .unwrap_or_default();
        registered
            .iter()
            .any(|uri| uri == redirect_uri || is_same_loopback(uri, redirect_uri))
    }

    /// Its secret, where its method of authentication has one. To compare it, use
    /// [`has_client_secret`](Self::has_client_secret); this one is for `client_secret_jwt`, which computes with it. Keep
    /// it out of logs.
    #[must_use]
    pub fn client_secret(&self) -> Option<&str> {
        self.client.secret.as_ref().map(|secret| &*secret.value)
    }

    /// When the secret expires: 0 where it does not; `None` where there is none.
    #[must_use]
    pub fn client_secret_expires_at(&self) -> Option<u64> {
        self.client.secret.as_ref().map(|secret| secret.expires_at)
    }

    /// Whether this is its secret, and was valid when the registry was asked; the one before it counts for as long as its
    /// [grace period](super::RegistryBuilder::secret_lifetime) lasts. In constant time.
    #[must_use]
    pub fn has_client_secret(&self, secret: &str) -> bool {
        self.client.has_secret(secret, self.now)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("client_id", &self.client_id)
            .field("client_id_issued_at", &self.client_id_issued_at())
            .field("last_used", &self.last_used())
            .finish_non_exhaustive()
    }
}
