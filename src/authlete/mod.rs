//! Authlete's Web API as the backend.
//!
//! [Authlete](https://www.authlete.com/) does the thinking: it judges what a client asks, keeps the clients, and answers
//! with an action and the content for the client. [`AuthleteBackend`] is that as a [`Backend`], on an [`AuthleteClient`],
//! which makes the four calls on its own.
//!
//! **Registration is open with it, unless something else guards it.** Authlete does not judge the initial access token of
//! a registration; it is not even sent, unless the builder is [told to](AuthleteBuilder::send_initial_access_token).
//!
//! Of the service's settings, these matter: `dynamicRegistrationSupported` must be on; `registrationManagementEndpoint`
//! (or else `registrationEndpoint`) must lead to the layer's
//! [configuration path](crate::DcrBuilder::configuration_path), since clients are given it plus `/` and their identifier;
//! `unauthorizedOnClientConfigSupported` should be on, since without it a wrong token is answered 400, against RFC 7592
//! ([`AnswerUnauthorized`](crate::policy::AnswerUnauthorized) mends that); `dcrScopeUsedAsRequestable` must be on for the
//! `scope` of a client to mean anything.

mod client;
mod config;
#[cfg(feature = "authlete-emulator")]
mod emulator;
mod error;
mod retry;
mod transport;
mod wire;

pub use self::client::AuthleteClient;
pub use self::config::{AuthleteBuilder, Cluster, Credentials};
#[cfg(feature = "authlete-emulator")]
#[cfg_attr(docsrs, doc(cfg(feature = "authlete-emulator")))]
pub use self::emulator::AuthleteEmulator;
pub use self::error::{AuthleteError, ErrorKind};
pub use self::retry::RetryPolicy;
pub use self::wire::Answer;
use crate::backend::Backend;
use crate::operation::Operation;
use crate::reply::Reply;

/// Authlete as a [`Backend`]: each operation is a [call](AuthleteClient::call), and the answer's action and content are
/// the reply. Its `resultCode` is the [code](Reply::code). Cheap to clone.
///
/// ```no_run
/// use tower_dcr::DcrLayer;
/// use tower_dcr::authlete::{AuthleteBackend, AuthleteClient, Cluster, Credentials};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = AuthleteClient::builder()
///     .cluster(Cluster::Us)
///     .credentials(Credentials::new("715948317", "the-access-token-of-the-service")?)
///     .build()?;
/// let layer = DcrLayer::new(AuthleteBackend::new(client));
/// # let _ = layer;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AuthleteBackend {
    client: AuthleteClient,
}

impl AuthleteBackend {
    /// The backend on this client.
    #[must_use]
    pub fn new(client: AuthleteClient) -> Self {
        Self { client }
    }

    /// The backend that [the environment names](AuthleteBuilder::from_env).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where something is missing or wrong.
    pub fn from_env() -> Result<Self, AuthleteError> {
        AuthleteClient::from_env().map(Self::new)
    }
}

impl Backend for AuthleteBackend {
    type Error = AuthleteError;

    async fn execute(&self, operation: Operation) -> Result<Reply, AuthleteError> {
        let answer = self.client.call(&operation).await?;
        let code = answer.result_code().map(str::to_owned);
        let action = answer.action();
        let content = answer.into_response_content().map(Into::into);
        let reply = Reply::new(action, content);
        Ok(match code {
            Some(code) => reply.with_reason(code),
            None => reply,
        })
    }
}
