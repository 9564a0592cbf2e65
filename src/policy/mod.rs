//! Policies: who may register what. Backends around a backend, each of which changes what is asked or answered. None is
//! there unless asked for.
//!
//! [`PolicyLayer`] puts a policy around a [`Backend`](crate::Backend). Policies compose with tower's `ServiceBuilder`; the
//! first one added is the first to judge:
//!
//! ```
//! use tower::ServiceBuilder;
//! use tower_dcr::policy::{ForcedMembers, MaxRedirectUris, PolicyLayer, Proposal, Scopes, policy_fn};
//! use tower_dcr::{BoxError, DcrLayer, ErrorCode, Reply, backend_fn};
//!
//! # let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::refuse(ErrorCode::AccessDenied, "This is not allowed.")) });
//! let backend = ServiceBuilder::new()
//!     .layer(PolicyLayer::new(Scopes::narrow_to(["read", "write"])))
//!     .layer(PolicyLayer::new(MaxRedirectUris::new(5)))
//!     .layer(PolicyLayer::new(ForcedMembers::new([("token_endpoint_auth_method", "none")])))
//!     .layer(policy_fn(|proposal: &mut Proposal| {
//!         if proposal.is_omitted("client_name") {
//!             return Err(Reply::refuse(ErrorCode::InvalidClientMetadata, "client_name is missing."));
//!         }
//!         Ok(())
//!     }))
//!     .service(backend);
//! let layer = DcrLayer::new(backend);
//! # let _ = layer;
//! ```
//!
//! [`HideUnusedSecret`] and [`AnswerUnauthorized`] change what a backend answers; in a `ServiceBuilder` they are
//! `.layer_fn(HideUnusedSecret::new)`. Around tower's own layers, or inside of them, a backend is a
//! [`BackendService`](crate::BackendService):
//!
//! ```
//! use tower::ServiceBuilder;
//! use tower_dcr::policy::{HideUnusedSecret, MaxRedirectUris, PolicyLayer};
//! use tower_dcr::backend::BackendService;
//! use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
//!
//! # let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::refuse(ErrorCode::AccessDenied, "This is not allowed.")) });
//! let backend = ServiceBuilder::new()
//!     .load_shed()
//!     .concurrency_limit(64)
//!     .layer_fn(BackendService::new)
//!     .layer(PolicyLayer::new(MaxRedirectUris::new(5)))
//!     .layer_fn(HideUnusedSecret::new)
//!     .service(backend);
//! let layer = DcrLayer::new(backend);
//! # let _ = layer;
//! ```
//!
//! Each judges registrations and updates alike; reads and deletes pass. A ready-made policy that judges a member refuses a
//! `software_statement`: its claims would override the member (RFC 7591 section 2.3), and nobody here reads them. Where the
//! backend reads none either, or judges them itself, `allow_software_statement` lets them pass. Its name, `"Scopes"` say, is the
//! [code](crate::Outcome::code) of what it refuses.
//!
//! A policy judges before the backend does, so also before it is known whether the token of an update is the client's. That
//! tells nothing about a client, but whoever asks makes the policy work: one that asks another service can be made to ask it
//! by anybody. Let such a policy read the client first, with the token of the operation, or count updates in the limit of an
//! endpoint layer.

mod answer_unauthorized;
mod forced_members;
mod hide_unused_secret;
mod layer;
mod max_redirect_uris;
mod proposal;
mod ready_made;
#[cfg(feature = "uri-policies")]
mod redirect_uris;
mod scopes;
#[cfg(feature = "uri-policies")]
mod self_asserted_uris;

pub use self::answer_unauthorized::AnswerUnauthorized;
pub use self::forced_members::ForcedMembers;
pub use self::hide_unused_secret::HideUnusedSecret;
pub use self::layer::{Judge, Policy, PolicyFn, PolicyLayer, policy_fn};
pub use self::max_redirect_uris::MaxRedirectUris;
pub use self::proposal::Proposal;
#[cfg(feature = "uri-policies")]
#[cfg_attr(docsrs, doc(cfg(feature = "uri-policies")))]
pub use self::redirect_uris::RedirectUris;
pub use self::scopes::Scopes;
#[cfg(feature = "uri-policies")]
#[cfg_attr(docsrs, doc(cfg(feature = "uri-policies")))]
pub use self::self_asserted_uris::SelfAssertedUris;
