//! Policies: they decide what a client may register.
//!
//! [`Policies`] is an ordered stack of policies, and a tower layer over a
//! [`Backend`](crate::Backend). Each policy checks a [`Proposal`]: the metadata of a registration
//! or an update, before the backend receives it. It accepts the proposal, changes it, or refuses it
//! with a [`Rejection`]. There are no policies by default.
//!
//! ```
//! use http::Request;
//! use tower::{Layer, ServiceExt};
//! use tower_dcr::policy::{
//!     ForcedMembers, MaxRedirectUris, Policies, Proposal, Rejection, Scopes, policy_fn,
//! };
//! use tower_dcr::{BoxError, DcrEndpoint, ErrorCode, Reply, backend_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
//! let policies = Policies::new()
//!     .with(ForcedMembers::new([("token_endpoint_auth_method", "none")]))
//!     .with(Scopes::narrow_to(["read", "write"]))
//!     .with(MaxRedirectUris::new(5))
//!     .with(policy_fn(|proposal: &mut Proposal| {
//!         if proposal.is_omitted("client_name") {
//!             return Err(Rejection::new(
//!                 ErrorCode::InvalidClientMetadata,
//!                 "client_name is missing.",
//!             ));
//!         }
//!         Ok(())
//!     }));
//! let endpoint = DcrEndpoint::new(policies.layer(backend));
//!
//! let request = Request::post("/register")
//!     .header("content-type", "application/json")
//!     .body(String::from(r#"{"redirect_uris":["https://app.example.com/cb"]}"#))?;
//! assert_eq!(endpoint.oneshot(request).await?.status(), 400);
//! # Ok(())
//! # }
//! ```
//!
//! # Ready-made policies
//!
//! | policy | effect | [reason](crate::Outcome::reason) of its refusals | feature |
//! |---|---|---|---|
//! | [`ForcedMembers`] | sets members, whatever the client asks for | `forced_members` | none |
//! | [`MaxRedirectUris`] | limits the number of redirect URIs | `max_redirect_uris` | none |
//! | [`OnlyMembers`] | allows only listed members | `only_members` | none |
//! | [`Scopes`] | limits the scopes | `scopes` | none |
#![cfg_attr(
    feature = "uri-policies",
    doc = "| [`RedirectUris`] | limits the hosts and schemes of redirect URIs | `redirect_uris` | `uri-policies` |
| [`SelfAssertedUris`] | keeps clients from showing the logo of another company | `self_asserted_uris` | `uri-policies` |
| [`FetchedUris`] | limits the URIs that the server fetches or sends the browser to | `fetched_uris` | `uri-policies` |"
)]
#![cfg_attr(
    not(feature = "uri-policies"),
    doc = "| `RedirectUris` | limits the hosts and schemes of redirect URIs | `redirect_uris` | `uri-policies` |
| `SelfAssertedUris` | keeps clients from showing the logo of another company | `self_asserted_uris` | `uri-policies` |
| `FetchedUris` | limits the URIs that the server fetches or sends the browser to | `fetched_uris` | `uri-policies` |"
)]
//!
//! Your own policy is a closure in [`policy_fn`](policy_fn()), or a type that implements
//! [`Policy`].
//!
//! # Rules
//!
//! - **Order.** Policies run in the order in which they were added. The first refusal decides the
//!   response.
//! - **Idempotence.** An update sends back the metadata that the client received (RFC 7592 section
//!   2.2). So policies see their own changes again. They must accept them, and not change them
//!   again.
//! - **Names.** Policies compare the names of members exactly. If your backend reads JSON without
//!   regard to case, as Go's `encoding/json` does, add [`OnlyMembers`].
//! - **Omitted members.** A member is omitted if it is absent, or if its value is `null`, `""` or
//!   `[]`. See [`Proposal::is_omitted`].
//!
//! # Software statements
//!
//! The claims of a `software_statement` override the members of the same name (RFC 7591 section
//! 2.3). No ready-made policy reads the claims. So all ready-made policies refuse a software
//! statement with 400 `unapproved_software_statement`. Each has a switch
//! `allow_software_statement`. Switch it on if one of these holds:
//!
//! - The backend ignores software statements.
//! - The backend checks the claims itself.
//!
//! # Cost
//!
//! A policy may run for a caller without a valid token. In each update, it runs before the
//! backend verifies the token. In a registration, it runs for everybody if no initial access token
//! is required. So keep policies cheap. If a policy calls another service, do one of
//! these:
//!
//! - Limit the requests with an [endpoint layer](crate::DcrLayer::endpoint_layer), updates
//!   included.
//! - For an update, let that policy first verify the registration access token
//!   (`proposal.operation().token()`) with your own store of tokens.
//!
//! # Layers of tower
//!
//! To put tower's layers around the policies, use a
//! [`BackendService`](crate::backend::BackendService):
//!
//! ```
//! use tower::ServiceBuilder;
//! use tower_dcr::backend::BackendService;
//! use tower_dcr::operation::Register;
//! use tower_dcr::policy::{MaxRedirectUris, Policies};
//! use tower_dcr::{Action, Backend, BoxError, ClientMetadata, Reply, backend_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
//! let backend = ServiceBuilder::new()
//!     .load_shed()
//!     .concurrency_limit(64)
//!     .layer_fn(BackendService::new)
//!     .layer(Policies::new().with(MaxRedirectUris::new(5)))
//!     .service(backend);
//!
//! let reply = backend.execute(Register::new(ClientMetadata::parse("{}")?).into()).await?;
//! assert_eq!(reply.action(), Action::Created);
//! # Ok(())
//! # }
//! ```

mod erased_policy;
#[cfg(feature = "uri-policies")]
mod fetched_uris;
mod forced_members;
mod max_redirect_uris;
mod member_policy;
mod members;
mod only_members;
mod policies;
mod policy_backend;
mod policy_fn;
mod policy_trait;
mod proposal;
#[cfg(feature = "uri-policies")]
mod redirect_uris;
mod rejection;
mod scopes;
#[cfg(feature = "uri-policies")]
mod self_asserted_uris;
mod software_statement;

#[cfg(feature = "uri-policies")]
#[cfg_attr(docsrs, doc(cfg(feature = "uri-policies")))]
pub use self::fetched_uris::FetchedUris;
pub use self::forced_members::ForcedMembers;
pub use self::max_redirect_uris::MaxRedirectUris;
pub use self::only_members::OnlyMembers;
pub use self::policies::Policies;
pub use self::policy_backend::PolicyBackend;
pub use self::policy_fn::{PolicyClosure, PolicyFn, policy_fn};
pub use self::policy_trait::Policy;
pub use self::proposal::Proposal;
#[cfg(feature = "uri-policies")]
#[cfg_attr(docsrs, doc(cfg(feature = "uri-policies")))]
pub use self::redirect_uris::RedirectUris;
pub use self::rejection::Rejection;
pub use self::scopes::Scopes;
#[cfg(feature = "uri-policies")]
#[cfg_attr(docsrs, doc(cfg(feature = "uri-policies")))]
pub use self::self_asserted_uris::SelfAssertedUris;
