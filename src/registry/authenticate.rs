//! Authenticates a client at the token endpoint (RFC 6749 section 2.3).

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::Registry;
use super::basic_credentials::BasicCredentials;
use super::client::Client;
use super::client_authentication_error::ClientAuthenticationError;
use super::stand_in::stand_in;

impl Registry {
    /// Authenticates a client at the token endpoint, and returns the client. The arguments are the
    /// headers of the request, and the parameters `client_id` and `client_secret` of its body.
    ///
    /// | the request has | method |
    /// |---|---|
    /// | `Authorization: Basic` | `client_secret_basic`; the `client_id` in the body may be omitted |
    /// | a `client_id` and a `client_secret` in the body | `client_secret_post` |
    /// | only a `client_id` in the body | `none` |
    ///
    /// - The method must be the one that the client registered.
    /// - A secret in its [grace period](super::RegistryBuilder::secret_grace_period) counts. An
    ///   expired one does not.
    /// - An empty parameter counts as omitted (RFC 6749 section 3.2).
    /// - The comparison takes constant time. An unknown `client_id` gets the same response as
    ///   a wrong secret, after the same comparisons.
    ///
    /// A client with the method `none` proves nothing: everybody knows its identifier. PKCE proves
    /// that it is the client that started the flow (RFC 7636).
    ///
    /// For the other methods, call [`client`](Self::client), check the method, and check the proof
    /// yourself:
    ///
    /// | method | what you check |
    /// |---|---|
    /// | `client_secret_jwt` | the assertion, with [one of the secrets](Client::valid_client_secrets) as key |
    /// | `private_key_jwt` | the assertion, with the keys in `jwks` or at `jwks_uri` |
    /// | `tls_client_auth`, `self_signed_tls_client_auth` | the certificate of the connection (RFC 8705 section 2) |
    ///
    /// A request with a `client_assertion` uses `client_secret_jwt` or `private_key_jwt`.
    ///
    /// A call of `authenticate` does not count as a [use](Self::mark_used). Everybody can register
    /// a client and authenticate as it. Only a client that a user accepted can redeem a code.
    ///
    /// # Errors
    ///
    /// [`ClientAuthenticationError`] is the response to send.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tower_dcr::registry::Registry;
    /// # use tower_dcr::operation::Register;
    /// # use tower_dcr::{Backend, ClientMetadata};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let registry = Registry::in_memory("https://as.example.com/register")?;
    /// # let metadata = r#"{"redirect_uris":["https://client.example.org/cb"],
    /// #     "token_endpoint_auth_method":"client_secret_post"}"#;
    /// # let register = Register::new(ClientMetadata::parse(metadata)?);
    /// # let reply = registry.execute(register.into()).await?;
    /// # let reply: serde_json::Value = serde_json::from_slice(reply.content().unwrap())?;
    /// # let client_id = reply["client_id"].as_str().unwrap();
    /// # let client_secret = reply["client_secret"].as_str().unwrap();
    /// // This client registered the method client_secret_post.
    /// let headers = HeaderMap::new();
    /// let client = registry
    ///     .authenticate(&headers, Some(client_id), Some(client_secret))
    ///     .await?;
    /// assert_eq!(client.client_id(), client_id);
    ///
    /// let wrong = registry
    ///     .authenticate(&headers, Some(client_id), Some("a guess"))
    ///     .await;
    /// let response = wrong.unwrap_err().to_response();
    /// assert_eq!(response.status(), 400);
    /// assert!(response.body().contains("invalid_client"));
    ///
    /// // A wrong client in an Authorization header gets 401, with a challenge.
    /// let mut headers = HeaderMap::new();
    /// headers.insert("authorization", HeaderValue::from_static("Basic aWQ6c2VjcmV0"));
    /// let basic = registry.authenticate(&headers, None, None).await;
    /// let response = basic.unwrap_err().to_response();
    /// assert_eq!(response.status(), 401);
    /// assert!(response.headers().contains_key("www-authenticate"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        client_id: Option<&str>,
        client_secret: Option<&str>,
    ) -> Result<Client, ClientAuthenticationError> {
        let claim = Claim::find(headers, client_id, client_secret)?;
        let found = self.client(&claim.client_id).await;
        let found = found.map_err(ClientAuthenticationError::unavailable)?;
        let exists = found.is_some();
        let client = found.unwrap_or_else(stand_in);
        // All questions are asked, whatever the answer to the first one is.
        let same_method = client.token_endpoint_auth_method() == claim.method;
        let is_proven = match &claim.client_secret {
            Some(secret) => client.has_client_secret(secret),
            None => claim.method == "none",
        };
        if exists & same_method & is_proven {
            Ok(client)
        } else {
            Err(ClientAuthenticationError::invalid_client(claim.has_header))
        }
    }
}

/// Who the request claims to come from, and how it proves it.
struct Claim {
    method: &'static str,
    client_id: String,
    client_secret: Option<String>,
    has_header: bool,
}

impl Claim {
    fn find(
        headers: &HeaderMap,
        client_id: Option<&str>,
        client_secret: Option<&str>,
    ) -> Result<Self, ClientAuthenticationError> {
        let client_id = client_id.filter(|id| !id.is_empty());
        let client_secret = client_secret.filter(|secret| !secret.is_empty());
        let mut authorization = headers.get_all(AUTHORIZATION).iter();
        let Some(header) = authorization.next() else {
            let client_id =
                client_id.ok_or_else(|| ClientAuthenticationError::invalid_client(false))?;
            let method = match client_secret {
                Some(_) => "client_secret_post",
                None => "none",
            };
            return Ok(Self {
                method,
                client_id: client_id.to_owned(),
                client_secret: client_secret.map(str::to_owned),
                has_header: false,
            });
        };
        // RFC 6749 section 2.3: a client uses one method in each request.
        if authorization.next().is_some() || client_secret.is_some() {
            return Err(ClientAuthenticationError::invalid_request(
                "The request authenticates the client more than once.",
            ));
        }
        let credentials = BasicCredentials::parse(header)
            .ok_or_else(|| ClientAuthenticationError::invalid_client(true))?;
        if client_id.is_some_and(|client_id| client_id != credentials.client_id) {
            return Err(ClientAuthenticationError::invalid_request(
                "The client_id of the body is not the one of the Authorization header.",
            ));
        }
        Ok(Self {
            method: "client_secret_basic",
            client_id: credentials.client_id,
            client_secret: Some(credentials.client_secret),
            has_header: true,
        })
    }
}
