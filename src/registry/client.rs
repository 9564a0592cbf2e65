use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use super::record::Record;
use super::rules::is_same_loopback;
use super::time_source::system_time;
use crate::metadata::ClientMetadata;
use crate::util::json;

/// A registered client, as it was when the registry was asked.
/// [`Registry::client`](super::Registry::client) and [`Registry::list`](super::Registry::list)
/// return it.
///
/// `Debug` shows the identifier, and when it was issued and last used.
#[derive(Clone)]
pub struct Client {
    id: Arc<str>,
    record: Arc<Record>,
    metadata: ClientMetadata,
    auth_method: OnceLock<Box<str>>,
    /// When the registry was asked, in seconds since 1970.
    now: u64,
}

impl Client {
    pub(super) fn new(id: Arc<str>, record: Arc<Record>, now: u64) -> Self {
        let metadata = ClientMetadata::unchecked(record.metadata.clone());
        Self {
            id,
            record,
            metadata,
            auth_method: OnceLock::new(),
            now,
        }
    }

    /// Returns the identifier.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.id
    }

    /// Returns when the client registered, to the second.
    #[must_use]
    pub fn client_id_issued_at(&self) -> SystemTime {
        system_time(self.record.issued_at)
    }

    /// Returns when the client was last [used](super::Registry::mark_used), or `None` if it never
    /// was. The registry records one use an hour, so the last use may be up to an hour later.
    #[must_use]
    pub fn last_used(&self) -> Option<SystemTime> {
        let last_used = self.record.last_used;
        (last_used > 0).then(|| system_time(last_used))
    }

    /// Returns the metadata that the client registered, with defaults filled in. It is a JSON
    /// object with the members of RFC 7591 section 2, without those that the registry issued.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// Returns how the client authenticates at the token endpoint, such as `"client_secret_basic"`.
    /// A client with `"none"` does not authenticate. Most applications on a user's machine are such
    /// clients.
    #[must_use]
    pub fn token_endpoint_auth_method(&self) -> &str {
        self.auth_method.get_or_init(|| {
            let metadata = self.record.metadata.as_bytes();
            json::string_member(metadata, "token_endpoint_auth_method").unwrap_or_default()
        })
    }

    /// Returns whether the authorization endpoint may send the user back to this `redirect_uri`.
    ///
    /// - It must equal a redirect URI of the client, byte for byte (RFC 9700 section 4.1.3).
    /// - An `http` URI to the user's own machine may have another port, because the application
    ///   listens on a free port (RFC 8252 section 7.3).
    #[must_use]
    pub fn may_redirect_to(&self, redirect_uri: &str) -> bool {
        let metadata = self.metadata.members().unwrap_or_default();
        let registered = metadata.get("redirect_uris");
        let registered: Vec<String> = registered
            .and_then(|uris| serde_json::from_str(uris.get()).ok())
            .unwrap_or_default();
        registered
            .iter()
            .any(|uri| uri == redirect_uri || is_same_loopback(uri, redirect_uri))
    }

    /// Returns the client secret, or `None` if the authentication method needs none. The secret may
    /// have [expired](Self::client_secret_expires_at).
    ///
    /// Use [`has_client_secret`](Self::has_client_secret) to compare it. This method is for
    /// `client_secret_jwt`, which needs the secret as a key. Keep it out of logs.
    #[must_use]
    pub fn client_secret(&self) -> Option<&str> {
        self.record.secret.as_ref().map(|secret| &*secret.value)
    }

    /// Returns when the client secret expires. It is `None` if the secret does not expire, and if
    /// the client has no secret.
    #[must_use]
    pub fn client_secret_expires_at(&self) -> Option<SystemTime> {
        let secret = self.record.secret.as_ref()?;
        (secret.expires_at > 0).then(|| system_time(secret.expires_at))
    }

    /// Returns whether this is a secret of the client that was valid when the registry was asked.
    /// The secret before the current one is valid in its
    /// [grace period](super::RegistryBuilder::secret_grace_period). The comparison takes constant
    /// time.
    #[must_use]
    pub fn has_client_secret(&self, secret: &str) -> bool {
        self.record.has_secret(secret, self.now)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("client_id", &self.id)
            .field("client_id_issued_at", &self.client_id_issued_at())
            .field("last_used", &self.last_used())
            .finish_non_exhaustive()
    }
}
