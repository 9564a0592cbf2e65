//! What a client asks: the request, decoded and checked once.

use std::fmt;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, Request};

use crate::{BearerToken, ClientMetadata};

/// What a client asks of the registration service: one of the four operations of RFC 7591 and RFC 7592.
///
/// A [`Backend`](crate::Backend) gets it with the HTTP side settled: the method, the credentials, the `client_id` and the
/// body are decoded and well-formed. Whether the token is the client's, and whether the metadata is acceptable, is the
/// backend's to say.
///
/// Each payload carries the [`Parts`] of the request it came from, without `Authorization`, so that a backend or a
/// policy can see the peer's address, a client certificate or a tenant. `Debug` shows neither tokens, nor metadata, nor
/// headers.
///
/// To test a backend, make one without any request; its parts have the method of the operation and are empty else:
///
/// ```
/// use tower_dcr::{BearerToken, ClientMetadata, Operation, OperationKind, Read, Register};
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
    /// Which of the four it is, without its payload.
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        match self {
            Self::Register(_) => OperationKind::Register,
            Self::Read(_) => OperationKind::Read,
            Self::Update(_) => OperationKind::Update,
            Self::Delete(_) => OperationKind::Delete,
        }
    }

    /// The client that the path names; `None` on registration. The client is not known to exist.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::Register(_) => None,
            Self::Read(read) => Some(read.client_id()),
            Self::Update(update) => Some(update.client_id()),
            Self::Delete(delete) => Some(delete.client_id()),
        }
    }

    /// The bearer token: the initial access token on registration, where there may be none, else the registration
    /// access token.
    #[must_use]
    pub fn token(&self) -> Option<&BearerToken> {
        match self {
            Self::Register(register) => register.initial_access_token(),
            Self::Read(read) => Some(read.registration_access_token()),
            Self::Update(update) => Some(update.registration_access_token()),
            Self::Delete(delete) => Some(delete.registration_access_token()),
        }
    }

    /// The client metadata; `None` on read and delete.
    #[must_use]
    pub fn metadata(&self) -> Option<&ClientMetadata> {
        match self {
            Self::Register(register) => Some(register.metadata()),
            Self::Update(update) => Some(update.metadata()),
            Self::Read(_) | Self::Delete(_) => None,
        }
    }

    /// How long the metadata may be, in bytes; of an operation that has none, nothing is longer.
    pub(crate) fn body_limit(&self) -> usize {
        match self {
            Self::Register(register) => register.body_limit,
            Self::Update(update) => update.body_limit,
            Self::Read(_) | Self::Delete(_) => usize::MAX,
        }
    }

    /// Method, target, version, headers and extensions of the request, without `Authorization`.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        match self {
            Self::Register(register) => register.parts(),
            Self::Read(read) => read.parts(),
            Self::Update(update) => update.parts(),
            Self::Delete(delete) => delete.parts(),
        }
    }

    /// Whether it may be asked again once it was sent, whatever became of it: a read may, unless the backend gives a new
    /// token on each (RFC 7592 section 5), and the answer with it may be lost. A register that is asked twice registers two
    /// clients, an update twice may not find the token any more that it came with, and a delete twice does not find the client.
    ///
    /// Any operation may be asked again where it certainly did not happen: [`Unavailable::found_in`](crate::Unavailable::found_in)
    /// tells. A policy for tower's `Retry` (its feature `retry`), in a stack around a backend. What is shed is not tried again:
    /// `Retry` stands inside of the limit, and outside of the time-out, which is that of each attempt. Policies stand outside of
    /// it, or they would judge again.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use tower::retry::{Policy, RetryLayer};
    /// use tower::ServiceBuilder;
    /// use tower_dcr::{Backend, BackendService, BoxError, Operation, Reply, Unavailable};
    ///
    /// #[derive(Clone)]
    /// struct Attempts(usize);
    ///
    /// impl Policy<Operation, Reply, BoxError> for Attempts {
    ///     type Future = std::future::Ready<()>; // a wait, where there shall be one
    ///
    ///     fn retry(&mut self, operation: &mut Operation, result: &mut Result<Reply, BoxError>) -> Option<Self::Future> {
    ///         let unavailable = Unavailable::found_in(&**result.as_ref().err()?)?;
    ///         let may = operation.is_repeatable() || !unavailable.is_outcome_unknown();
    ///         self.0 = self.0.checked_sub(1).filter(|_| may)?;
    ///         Some(std::future::ready(()))
    ///     }
    ///
    ///     fn clone_request(&mut self, operation: &Operation) -> Option<Operation> {
    ///         Some(operation.clone())
    ///     }
    /// }
    ///
    /// fn persistent(backend: impl Backend) -> impl Backend {
    ///     ServiceBuilder::new()
    ///         .load_shed()
    ///         .concurrency_limit(64)
    ///         .layer(RetryLayer::new(Attempts(3)))
    ///         // Its errors are `BoxError`s. Without it, `.map_err(Into::<BoxError>::into)` makes them so.
    ///         .timeout(Duration::from_secs(5))
    ///         .service(BackendService::new(backend))
    /// }
    /// # let _ = persistent(tower_dcr::backend_fn(|_| async { Err::<Reply, _>(Unavailable::new()) }));
    /// ```
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.kind().is_repeatable()
    }

    /// The same, as if it came from this request. `Authorization` is taken out.
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

/// Which of the four operations, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// [`Operation::Register`]
    Register,
    /// [`Operation::Read`]
    Read,
    /// [`Operation::Update`]
    Update,
    /// [`Operation::Delete`]
    Delete,
}

impl OperationKind {
    /// See [`Operation::is_repeatable`].
    #[must_use]
    pub fn is_repeatable(self) -> bool {
        self == Self::Read
    }

    /// `"register"`, `"read"`, `"update"` or `"delete"`, for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What all four payloads share: the request they came from.
macro_rules! of_a_request {
    ($($payload:ident),*) => {$(
        impl $payload {
            /// The same, as if it came from this request. `Authorization` is taken out.
            #[must_use]
            pub fn with_parts(mut self, mut parts: Parts) -> Self {
                parts.headers.remove(AUTHORIZATION);
                self.parts = Box::new(parts);
                self
            }

            /// Method, target, version, headers and extensions of the request, without `Authorization`.
            #[must_use]
            pub fn parts(&self) -> &Parts {
                &self.parts
            }
        }

        impl From<$payload> for Operation {
            fn from(payload: $payload) -> Self {
                Self::$payload(payload)
            }
        }
    )*};
}

of_a_request!(Register, Read, Update, Delete);

/// What the three payloads share that are about a client: which one, and who says so.
macro_rules! of_a_client {
    ($($payload:ident),*) => {$(
        impl $payload {
            /// The client that the path names, decoded. It is not known to exist.
            #[must_use]
            pub fn client_id(&self) -> &str {
                &self.client_id
            }

            /// The token that was presented, unjudged.
            #[must_use]
            pub fn registration_access_token(&self) -> &BearerToken {
                &self.registration_access_token
            }
        }

        impl fmt::Debug for $payload {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($payload))
                    .field("client_id", &self.client_id)
                    .finish_non_exhaustive()
            }
        }
    )*};
}

of_a_client!(Read, Update, Delete);

/// What the two payloads share that have metadata.
macro_rules! with_metadata {
    ($($payload:ident),*) => {$(
        impl $payload {
            /// The same, with other metadata.
            #[must_use]
            pub fn with_metadata(mut self, metadata: ClientMetadata) -> Self {
                self.metadata = metadata;
                self
            }

            /// How long the metadata may be, in bytes, whoever changes it.
            pub(crate) fn within(mut self, body_limit: usize) -> Self {
                self.body_limit = body_limit;
                self
            }
        }
    )*};
}

with_metadata!(Register, Update);

/// How long a body may be, in bytes, unless set.
pub(crate) const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

/// The parts of an operation that came from no request: an empty target, and the method of the operation.
fn no_request(method: Method) -> Box<Parts> {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = method;
    Box::new(parts)
}

/// A client registration request (RFC 7591 section 3.1).
#[derive(Clone)]
pub struct Register {
    metadata: ClientMetadata,
    body_limit: usize,
    initial_access_token: Option<BearerToken>,
    parts: Box<Parts>,
}

impl Register {
    /// A registration with this metadata, without an initial access token.
    #[must_use]
    pub fn new(metadata: ClientMetadata) -> Self {
        Self {
            metadata,
            body_limit: DEFAULT_BODY_LIMIT,
            initial_access_token: None,
            parts: no_request(Method::POST),
        }
    }

    /// The same, with an initial access token.
    #[must_use]
    pub fn with_initial_access_token(mut self, token: BearerToken) -> Self {
        self.initial_access_token = Some(token);
        self
    }

    /// The metadata that the client asks for.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// The bearer token that came with the request, unjudged.
    #[must_use]
    pub fn initial_access_token(&self) -> Option<&BearerToken> {
        self.initial_access_token.as_ref()
    }
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register").finish_non_exhaustive()
    }
}

/// A client read request (RFC 7592 section 2.1).
#[derive(Clone)]
pub struct Read {
    client_id: String,
    registration_access_token: BearerToken,
    parts: Box<Parts>,
}

impl Read {
    /// A read of the client with this identifier, by the holder of this token.
    #[must_use]
    pub fn new(client_id: impl Into<String>, registration_access_token: BearerToken) -> Self {
        Self {
            client_id: client_id.into(),
            registration_access_token,
            parts: no_request(Method::GET),
        }
    }
}

/// A client update request (RFC 7592 section 2.2).
#[derive(Clone)]
pub struct Update {
    client_id: String,
    registration_access_token: BearerToken,
    metadata: ClientMetadata,
    body_limit: usize,
    parts: Box<Parts>,
}

impl Update {
    /// An update of the client with this identifier, by the holder of this token, to this metadata.
    #[must_use]
    pub fn new(
        client_id: impl Into<String>,
        registration_access_token: BearerToken,
        metadata: ClientMetadata,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            registration_access_token,
            metadata,
            body_limit: DEFAULT_BODY_LIMIT,
            parts: no_request(Method::PUT),
        }
    }

    /// The metadata that shall replace the client's. It should hold the `client_id`, and nobody has looked whether it is
    /// that of the path.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }
}

/// A client delete request (RFC 7592 section 2.3).
#[derive(Clone)]
pub struct Delete {
    client_id: String,
    registration_access_token: BearerToken,
    parts: Box<Parts>,
}

impl Delete {
    /// A removal of the client with this identifier, by the holder of this token.
    #[must_use]
    pub fn new(client_id: impl Into<String>, registration_access_token: BearerToken) -> Self {
        Self {
            client_id: client_id.into(),
            registration_access_token,
            parts: no_request(Method::DELETE),
        }
    }
}
