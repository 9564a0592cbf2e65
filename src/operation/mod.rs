//! Operations: the requests of clients, decoded and checked.

mod delete;
mod kind;
mod path_params;
mod read;
mod register;
mod request_parts;
mod update;
mod verified_token;

use http::request::Parts;

pub use self::delete::Delete;
pub use self::kind::OperationKind;
pub use self::path_params::PathParams;
pub use self::read::Read;
pub use self::register::Register;
pub(crate) use self::request_parts::{DEFAULT_BODY_LIMIT, RequestParts};
pub use self::update::Update;
pub(crate) use self::verified_token::VerifiedToken;
use crate::metadata::ClientMetadata;
use crate::token::BearerToken;

/// A request of a client: one of the four operations of RFC 7591 and RFC 7592.
///
/// A [`Backend`](crate::Backend) receives it after the HTTP checks. The method, the credentials,
/// the `client_id` and the body are decoded and well-formed. The backend decides whether the token
/// belongs to the client, and whether the metadata is acceptable.
///
/// Each payload has the [parts](Self::parts) of its request, without `Bearer` credentials. If the
/// server puts the peer's address or a client certificate into the extensions, a backend or a
/// policy can read them there. `Debug` shows no token, no metadata and no header.
///
/// # Example
///
/// A test of a backend can create an operation. Its parts have the method of the operation, the
/// target `/` and no headers.
///
/// ```
/// use tower_dcr::operation::{OperationKind, Read, Register};
/// use tower_dcr::{BearerToken, ClientMetadata, Operation};
///
/// let register = Operation::from(Register::new(ClientMetadata::parse("{}")?));
/// assert_eq!(register.kind(), OperationKind::Register);
///
/// let read = Operation::from(Read::new("s6BhdRkqt3", BearerToken::new("reg-23410913")?));
/// assert_eq!(read.client_id(), Some("s6BhdRkqt3"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub enum Operation {
    /// `POST` on the client registration endpoint (RFC 7591 section 3.1).
    Register(Register),
    /// `GET` on the client configuration endpoint (RFC 7592 section 2.1).
    Read(Read),
    /// `PUT` on the client configuration endpoint (RFC 7592 section 2.2).
    Update(Update),
    /// `DELETE` on the client configuration endpoint (RFC 7592 section 2.3).
    Delete(Delete),
}

impl Operation {
    /// Returns which of the four operations this is.
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        match self {
            Self::Register(_) => OperationKind::Register,
            Self::Read(_) => OperationKind::Read,
            Self::Update(_) => OperationKind::Update,
            Self::Delete(_) => OperationKind::Delete,
        }
    }

    /// Returns the `client_id` from the path, or `None` for a registration. The client may not
    /// exist.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::Register(_) => None,
            Self::Read(read) => Some(read.client_id()),
            Self::Update(update) => Some(update.client_id()),
            Self::Delete(delete) => Some(delete.client_id()),
        }
    }

    /// Returns the bearer token. For a read, update or delete it is the registration access token.
    ///
    /// For a registration it is the initial access token. It is `None` if none was sent, or if it
    /// was verified and not [forwarded](crate::DcrBuilder::forward_initial_access_token).
    #[must_use]
    pub fn token(&self) -> Option<&BearerToken> {
        match self {
            Self::Register(register) => register.initial_access_token(),
            Self::Read(read) => Some(read.registration_access_token()),
            Self::Update(update) => Some(update.registration_access_token()),
            Self::Delete(delete) => Some(delete.registration_access_token()),
        }
    }

    /// Returns the client metadata, or `None` for a read or a delete.
    #[must_use]
    pub fn metadata(&self) -> Option<&ClientMetadata> {
        match self {
            Self::Register(register) => Some(register.metadata()),
            Self::Update(update) => Some(update.metadata()),
            Self::Read(_) | Self::Delete(_) => None,
        }
    }

    /// Returns the limit of the metadata, in bytes. Without metadata there is no limit.
    pub(crate) fn body_limit(&self) -> usize {
        match self {
            Self::Register(register) => register.body_limit(),
            Self::Update(update) => update.body_limit(),
            Self::Read(_) | Self::Delete(_) => usize::MAX,
        }
    }

    /// Returns the method, target, version, headers and extensions of the request, without `Bearer`
    /// credentials.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        match self {
            Self::Register(register) => register.parts(),
            Self::Read(read) => read.parts(),
            Self::Update(update) => update.parts(),
            Self::Delete(delete) => delete.parts(),
        }
    }

    /// Returns the decoded value of a named segment in the path, such as `tenant` in
    /// [`registration_path("/t/{tenant}/register")`](crate::DcrBuilder::registration_path).
    ///
    /// ```
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use tower_dcr::{BoxError, DcrLayer, Operation, Reply, backend_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let backend = backend_fn(|operation: Operation| async move {
    ///     assert_eq!(operation.path_param("tenant"), Some("blue"));
    ///     Ok::<_, BoxError>(Reply::created("{}"))
    /// });
    /// let endpoint = DcrLayer::builder(backend)
    ///     .registration_path("/t/{tenant}/register")
    ///     .build_endpoint()?;
    ///
    /// let request = Request::post("/t/blue/register")
    ///     .header("content-type", "application/json")
    ///     .body(String::from("{}"))?;
    /// assert_eq!(endpoint.oneshot(request).await?.status(), 201);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn path_param(&self, name: &str) -> Option<&str> {
        self.parts().extensions.get::<PathParams>()?.get(name)
    }

    /// Returns whether the operation is safe to retry after any failure: `true` for a read, `false`
    /// otherwise.
    ///
    /// - A repeated register creates two clients.
    /// - A repeated update may find that its token was replaced.
    /// - A repeated delete finds no client.
    ///
    /// If your backend issues a new token on each read (RFC 7592 section 5), do not rely on it.
    ///
    /// Every operation is safe to retry if it certainly did not happen.
    /// That is certain if
    /// [`Unavailable::find_in`](crate::backend::Unavailable::find_in) finds an error, and its
    /// [`is_outcome_unknown`](crate::backend::Unavailable::is_outcome_unknown) is `false`.
    ///
    /// # Example
    ///
    /// This is a retry policy for tower's `Retry` (tower's feature `retry`), in a stack around a
    /// backend. The order of the layers matters:
    ///
    /// - The limits are outside `Retry`, so that shed load is not retried.
    /// - The time-out is inside `Retry`, so that each attempt has its own.
    /// - This crate's [`Policies`](crate::policy::Policies) go outside `Retry`, so that they run
    ///   once.
    ///
    /// ```
    /// use std::future::{Ready, ready};
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::time::Duration;
    ///
    /// use tower::ServiceBuilder;
    /// use tower::retry::{Policy, RetryLayer};
    /// use tower_dcr::backend::{BackendService, Unavailable};
    /// use tower_dcr::operation::Register;
    /// use tower_dcr::{Backend, BoxError, ClientMetadata, Operation, Reply, backend_fn};
    ///
    /// /// The number of retries that are left.
    /// #[derive(Clone)]
    /// struct Retries(usize);
    ///
    /// impl Policy<Operation, Reply, BoxError> for Retries {
    ///     type Future = Ready<()>; // For a pause between attempts, return a sleep instead.
    ///
    ///     fn retry(
    ///         &mut self,
    ///         operation: &mut Operation,
    ///         result: &mut Result<Reply, BoxError>,
    ///     ) -> Option<Self::Future> {
    ///         let unavailable = Unavailable::find_in(&**result.as_ref().err()?)?;
    ///         let is_safe = operation.is_repeatable() || !unavailable.is_outcome_unknown();
    ///         self.0 = self.0.checked_sub(1).filter(|_| is_safe)?;
    ///         Some(ready(()))
    ///     }
    ///
    ///     fn clone_request(&mut self, operation: &Operation) -> Option<Operation> {
    ///         Some(operation.clone())
    ///     }
    /// }
    ///
    /// fn with_retry(backend: impl Backend) -> impl Backend {
    ///     ServiceBuilder::new()
    ///         .load_shed()
    ///         .concurrency_limit(64)
    ///         .layer(RetryLayer::new(Retries(3)))
    ///         // The time-out makes its errors `BoxError`s, which `Retries` needs. Without it,
    ///         // write `.map_err(Into::<BoxError>::into)` here.
    ///         .timeout(Duration::from_secs(5))
    ///         .service(BackendService::new(backend))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// static CALLS: AtomicUsize = AtomicUsize::new(0);
    /// let backend = with_retry(backend_fn(|_| async {
    ///     CALLS.fetch_add(1, Ordering::Relaxed);
    ///     Err::<Reply, _>(Unavailable::new())
    /// }));
    ///
    /// let register = Register::new(ClientMetadata::parse("{}")?);
    /// assert!(backend.execute(register.into()).await.is_err());
    /// assert_eq!(CALLS.load(Ordering::Relaxed), 4); // The first attempt and three retries.
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.kind().is_repeatable()
    }

    /// Returns the same operation, as if it came from this request. `Bearer` credentials are
    /// removed.
    #[must_use]
    pub fn with_parts(self, parts: Parts) -> Self {
        match self {
            Self::Register(register) => register.with_parts(parts).into(),
            Self::Read(read) => read.with_parts(parts).into(),
            Self::Update(update) => update.with_parts(parts).into(),
            Self::Delete(delete) => delete.with_parts(parts).into(),
        }
    }
}

impl From<Register> for Operation {
    fn from(register: Register) -> Self {
        Self::Register(register)
    }
}

impl From<Read> for Operation {
    fn from(read: Read) -> Self {
        Self::Read(read)
    }
}

impl From<Update> for Operation {
    fn from(update: Update) -> Self {
        Self::Update(update)
    }
}

impl From<Delete> for Operation {
    fn from(delete: Delete) -> Self {
        Self::Delete(delete)
    }
}
