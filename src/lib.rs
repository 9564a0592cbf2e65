//! OAuth 2.0 Dynamic Client Registration ([RFC 7591] and [RFC 7592]) for any tower server, by
//! adding one layer.
//!
//! [`DcrLayer`] answers two endpoints:
//!
//! - The client registration endpoint, `POST /register`.
//! - The client configuration endpoint, `GET`, `PUT` and `DELETE /register/{client_id}`.
//!
//! All other requests go to the inner service. The layer calls a [`Backend`], and turns its
//! [`Reply`] into an HTTP response.
//!
//! ```
//! use axum::{Router, routing::get};
//! use http::Request;
//! use tower::ServiceExt;
//! use tower_dcr::{DcrLayer, registry::Registry};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = Registry::in_memory("https://as.example.com/register")?;
//! let app: Router = Router::new()
//!     .route("/", get(async || "hello"))
//!     .layer(DcrLayer::for_registry(registry)?);
//!
//! let registration = Request::post("/register")
//!     .header("content-type", "application/json")
//!     .body(r#"{"redirect_uris":["https://client.example.org/callback"]}"#.to_owned())?;
//! assert_eq!(app.oneshot(registration).await?.status(), 201);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go from here
//!
//! | you want to | see |
//! |---|---|
//! | add registration to a server | [`DcrLayer`], its [builder](DcrBuilder), and [where to put it](guide::placement) |
//! | decide who may register | [`initial_access`], [`policy`], and [the guide](guide::who_may_register) |
//! | choose a backend | [`registry`], [`authlete`], or [your own](guide::your_own_backend) |
//! | add CORS, limits and traces | [`DcrLayer::endpoint_layer`] |
//! | compose services | [`Dcr`], [`DcrEndpoint`], [`endpoint::Respond`], [`backend::BackendService`] |
//! | see what happened | [`Outcome`] |
//! | know each response | [the HTTP contract](guide::http_contract) |
//!
//! # How a request is processed
//!
//! ```text
//! http::Request ──► Dcr ── any other path ──► inner service
//!                    │
//!                    ▼
//!             endpoint layers       yours: CORS, limits, traces
//!                    ▼
//!              DcrEndpoint          request → Operation → Backend → Reply → http::Response
//! ```
//!
//! # Features
//!
//! | feature | adds | default |
//! |---|---|---|
//! | `tokio` | the [body](DcrBuilder::body_timeout) and [backend](DcrBuilder::backend_timeout) time-outs; [`CompleteOnDisconnectLayer`](endpoint::CompleteOnDisconnectLayer); 503 for the errors of tower's `Timeout` and `Buffer` | yes |
//! | `tracing` | a span for each operation, the causes of 5xx, warnings | yes |
//! | `registry` | [`registry`], in memory | no |
//! | `registry-file` | [`registry`], in a file; enables `registry` and `tokio` | no |
//! | `uri-policies` | the [policies](policy) that parse URIs | no |
//! | `authlete` | [`authlete`], with your HTTP client; enables `tokio` | no |
//! | `authlete-client` | [`authlete`], with the built-in HTTP client; enables `authlete` | no |
//! | `authlete-emulator` | an Authlete to develop against; enables `authlete` | no |
//!
//! The time-outs need a tokio runtime with its timer enabled, as `#[tokio::main]` has. Outside a
//! runtime there are no time-outs.
//!
//! # Closures
//!
//! Many settings accept a closure that returns a future. Such a future cannot borrow from the
//! closure or from a borrowed argument. Clone what it needs, then write `async move { .. }`. An
//! `async` closure borrows what it captures, so most of these settings do not accept one:
//!
//! | function | closure that returns a future | `async` closure |
//! |---|---|---|
//! | [`backend_fn`] | yes | only if it captures nothing |
//! | [`policy::policy_fn`](policy::policy_fn()) | no; it accepts a plain closure that returns the `Result` itself | yes, if what it captures is `Clone` |
//! | [`DcrBuilder::require_initial_access_token`] | yes | no |
//! | [`DcrLayer::select_backend`] | yes | no |
//! | `AuthleteBuilder::credentials_fn` | yes | no |
//!
//! [RFC 7591]: https://www.rfc-editor.org/rfc/rfc7591
//! [RFC 7592]: https://www.rfc-editor.org/rfc/rfc7592
#![forbid(unsafe_code)]
// No input may make the library panic.
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "authlete")]
#[cfg_attr(docsrs, doc(cfg(feature = "authlete")))]
pub mod authlete;
pub mod backend;
pub mod endpoint;
pub mod guide;
pub mod initial_access;
pub mod layer;
pub mod metadata;
pub mod operation;
pub mod policy;
#[cfg(feature = "registry")]
#[cfg_attr(docsrs, doc(cfg(feature = "registry")))]
pub mod registry;
pub mod reply;
mod telemetry;
pub mod token;
mod util;

#[doc(no_inline)]
pub use self::backend::{Backend, backend_fn};
#[doc(no_inline)]
pub use self::endpoint::DcrEndpoint;
#[doc(no_inline)]
pub use self::layer::{ConfigError, Dcr, DcrBuilder, DcrLayer};
#[doc(no_inline)]
pub use self::metadata::ClientMetadata;
#[doc(no_inline)]
pub use self::operation::Operation;
#[doc(no_inline)]
pub use self::reply::{Action, ErrorCode, Reply};
pub use self::telemetry::Outcome;
#[doc(no_inline)]
pub use self::token::BearerToken;

/// A boxed error of any type. It is the same type as [`tower::BoxError`].
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Compiles the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
