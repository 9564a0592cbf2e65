use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use super::record::Record;
use super::redirect_error::RedirectError;
use super::registered_members::RegisteredMembers;
use super::rules::{has_same_words, is_same_loopback};
use super::time_source::system_time;
use crate::metadata::ClientMetadata;

/// A registered client, as it was when the registry was asked.
/// [`Registry::client`](super::Registry::client), [`Registry::list`](super::Registry::list) and
/// [`Registry::authenticate`](super::Registry::authenticate) return it.
///
/// `Debug` shows the identifier, and when it was issued and last used.
#[derive(Clone)]
pub struct Client {
    id: Arc<str>,
    record: Arc<Record>,
    metadata: ClientMetadata,
    /// Parsed when they are asked for.
    members: OnceLock<RegisteredMembers>,
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
            members: OnceLock::new(),
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
    /// was. The registry records one use an hour, so the real last use may be up to an hour after
    /// the returned time.
    #[must_use]
    pub fn last_used(&self) -> Option<SystemTime> {
        let last_used = self.record.last_used;
        (last_used > 0).then(|| system_time(last_used))
    }

    /// Returns the metadata that the client registered, with defaults filled in. It is a JSON
    /// object with all members that the registry keeps, without those that it issued.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// Returns how the client authenticates at the token endpoint, such as `"client_secret_basic"`.
    /// A client with `"none"` does not authenticate. Most applications on a user's machine are such
    /// clients. [`Registry::authenticate`](super::Registry::authenticate) checks it.
    #[must_use]
    pub fn token_endpoint_auth_method(&self) -> &str {
        &self.members().token_endpoint_auth_method
    }

    /// Returns the redirect URIs, as the client sent them. A client whose grant types do not
    /// redirect may have none. To check a request, call
    /// [`resolve_redirect`](Self::resolve_redirect).
    #[must_use]
    pub fn redirect_uris(&self) -> &[String] {
        &self.members().redirect_uris
    }

    /// Returns where the authorization endpoint sends the user. The argument is the `redirect_uri`
    /// of the request, or `None` if the request has none.
    ///
    /// | the request | the client | the result |
    /// |---|---|---|
    /// | has a `redirect_uri` | registered it, byte for byte | the one of the request |
    /// | has an `http` URI to loopback | registered it with another port | the one of the request |
    /// | has any other `redirect_uri` | did not register it | [`is_not_registered`](RedirectError::is_not_registered) |
    /// | has none | registered exactly one | the registered one |
    /// | has none | registered none or several | [`is_missing`](RedirectError::is_missing) |
    ///
    /// RFC 9700 section 4.1.3 requires the exact comparison. RFC 8252 section 7.3 makes the
    /// exception for ports.
    ///
    /// OpenID Connect requires a `redirect_uri` in each request (core section 3.1.2.1). So if the
    /// `scope` contains `openid`, refuse a request that has none.
    ///
    /// # Errors
    ///
    /// [`RedirectError`], as in the table. Then do not redirect, and show the error to the user.
    ///
    /// ```
    /// use tower_dcr::registry::Registry;
    /// # use tower_dcr::operation::Register;
    /// # use tower_dcr::{Backend, ClientMetadata};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let registry = Registry::in_memory("https://as.example.com/register")?;
    /// # let metadata = r#"{"redirect_uris":["http://127.0.0.1/callback"]}"#;
    /// # let register = Register::new(ClientMetadata::parse(metadata)?);
    /// # let reply = registry.execute(register.into()).await?;
    /// # let reply: serde_json::Value = serde_json::from_slice(reply.content().unwrap())?;
    /// # let client_id = reply["client_id"].as_str().unwrap();
    /// // This client registered "http://127.0.0.1/callback".
    /// let client = registry.client(client_id).await?.ok_or("no such client")?;
    ///
    /// let requested = "http://127.0.0.1:49152/callback";
    /// assert_eq!(client.resolve_redirect(Some(requested))?, requested);
    /// assert_eq!(client.resolve_redirect(None)?, "http://127.0.0.1/callback");
    ///
    /// let error = client.resolve_redirect(Some("https://other.example/")).unwrap_err();
    /// assert!(error.is_not_registered());
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve_redirect<'c>(
        &'c self,
        requested: Option<&'c str>,
    ) -> Result<&'c str, RedirectError> {
        let registered = self.redirect_uris();
        match requested {
            Some(requested) => registered
                .iter()
                .any(|uri| uri == requested || is_same_loopback(uri, requested))
                .then_some(requested)
                .ok_or(RedirectError::NOT_REGISTERED),
            None => match registered {
                // A client may send the same URI twice.
                [first, rest @ ..] if rest.iter().all(|uri| uri == first) => Ok(first),
                _ => Err(RedirectError::MISSING),
            },
        }
    }

    /// Returns the `scope` that the client registered: words with spaces between them. It is
    /// `None` if the client registered none. The registry does not check which scopes exist.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.members().scope.as_deref()
    }

    /// Returns the `client_name` without a language tag, or `None` if the client registered none.
    /// Anybody can register any name, so show the user the host of the redirect URI, too (RFC 7591
    /// section 5).
    #[must_use]
    pub fn client_name(&self) -> Option<&str> {
        self.members().client_name.as_deref()
    }

    /// Returns whether the client registered this grant type. The token endpoint refuses others
    /// with `unauthorized_client` (RFC 6749 section 5.2).
    #[must_use]
    pub fn allows_grant_type(&self, grant_type: &str) -> bool {
        let mut registered = self.members().grant_types.iter();
        registered.any(|registered| registered == grant_type)
    }

    /// Returns whether the client registered this response type. Its words may be in any order (RFC
    /// 6749 section 3.1.1). The authorization endpoint refuses others with `unauthorized_client`
    /// (RFC 6749 section 4.1.2.1).
    #[must_use]
    pub fn allows_response_type(&self, response_type: &str) -> bool {
        let mut registered = self.members().response_types.iter();
        registered.any(|registered| has_same_words(registered, response_type))
    }

    /// Returns the client secrets that were valid when the registry was asked. The first is the
    /// current one, unless it has expired. The other is the one before it, in its
    /// [grace period](super::RegistryBuilder::secret_grace_period). There are none if the
    /// authentication method needs none.
    ///
    /// This method is for `client_secret_jwt`, which needs the secret as a key: try each of them.
    /// Keep them out of logs. To compare a secret, use
    /// [`has_client_secret`](Self::has_client_secret).
    pub fn valid_client_secrets(&self) -> impl Iterator<Item = &str> {
        self.record.valid_secrets(self.now)
    }

    /// Returns when the client secret expires. It is `None` if the secret does not expire, or if
    /// the client has no secret.
    #[must_use]
    pub fn client_secret_expires_at(&self) -> Option<SystemTime> {
        let secret = self.record.secret.as_ref()?;
        (secret.expires_at > 0).then(|| system_time(secret.expires_at))
    }

    /// Returns whether this is the client's secret, and was valid when the registry was asked. The
    /// secret before the current one is valid in its
    /// [grace period](super::RegistryBuilder::secret_grace_period). The comparison takes constant
    /// time.
    #[must_use]
    pub fn has_client_secret(&self, secret: &str) -> bool {
        self.record.has_secret(secret, self.now)
    }

    fn members(&self) -> &RegisteredMembers {
        let parse = || RegisteredMembers::parse(&self.metadata);
        self.members.get_or_init(parse)
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
