//! OAuth 2.0 Dynamic Client Registration ([RFC 7591] and [RFC 7592]) for any tower server, by adding one layer.
//!
//! [`DcrLayer`] answers the client registration endpoint, `POST /register`, and the client configuration endpoint,
//! `GET`, `PUT` and `DELETE /register/{client_id}`, and leaves every other request to the service inside. It asks a
//! [`Backend`], and turns the backend's [`Reply`] into the right HTTP response.
//!
//! ```
//! use axum::{Router, routing::get};
//! use http::Request;
//! use tower::ServiceExt;
//! use tower_dcr::{DcrLayer, embedded::EmbeddedBackend};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let backend = EmbeddedBackend::in_memory("https://as.example.com/register")?;
//! let app: Router = Router::new()
//!     .route("/", get(async || "hello"))
//!     .layer(DcrLayer::new(backend));
//!
//! let registration = Request::post("/register")
//!     .header("content-type", "application/json")
//!     .body(r#"{"redirect_uris":["https://client.example.org/callback"]}"#.to_owned())?;
//! assert_eq!(app.oneshot(registration).await?.status(), 201);
//! # Ok(())
//! # }
//! ```
//!
//! # The way of a request
//!
//! ```text
//! http::Request ──► Dcr ── the path is not ours ──► the inner service
//!                    │
//!                    ▼
//!             endpoint layers       yours: CORS, limits, traces, on our paths only
//!                    ▼
//!              DcrEndpoint          request → Operation → Backend → Reply → http::Response
//! ```
//!
//! - To add registration to a server: [`DcrLayer`], its [builder](DcrBuilder) for other paths and limits, and
//!   [`endpoint_layer`](DcrLayer::endpoint_layer) for what shall stand around it.
//! - To decide who registers: [`AuthleteBackend`](authlete::AuthleteBackend), Authlete's Web API; [`EmbeddedBackend`], a
//!   registry that needs no other server; a [`Backend`] of your own, or a closure in [`backend_fn`]; and the backends
//!   around a backend in [`policy`].
//! - To compose services: [`Dcr`] is the middleware, [`DcrEndpoint`] the service that answers, and [`BackendService`] a
//!   backend as a tower service.
//! - To see what happened: [`Outcome`], in the extensions of each response.
//!
//! The README has the whole HTTP contract, and a table of where in axum the layer works.
//!
//! # Features
//!
//! - `tokio` (default): the [body time-out](DcrBuilder::body_timeout) and the
//!   [backend time-out](DcrBuilder::backend_timeout), on tokio's timer; and tower's errors `Elapsed` and `Closed`, which
//!   need tokio themselves, are known as 503. They do not run outside a tokio runtime.
//! - `tracing` (default): each operation has a span, the cause of each 5xx is logged at error level, and a registry that
//!   fills up at warning level.
//! - `embedded`: the module [`embedded`]; `embedded-redb` keeps its clients in a file.
//! - `policy`: those of the policies in the module [`policy`] that look into URIs, and [`TokenList`].
//! - `authlete`: the module [`authlete`], for an HTTP client that you bring; `authlete-client` brings one, and
//!   `authlete-emulator` an Authlete to develop against.
//!
//! [RFC 7591]: https://www.rfc-editor.org/rfc/rfc7591
//! [RFC 7592]: https://www.rfc-editor.org/rfc/rfc7592
#![forbid(unsafe_code)]
// No input makes the library panic.
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
mod backend;
mod builder;
mod clock;
#[cfg(feature = "embedded")]
#[cfg_attr(docsrs, doc(cfg(feature = "embedded")))]
pub mod embedded;
mod endpoint;
#[cfg(any(feature = "embedded", feature = "policy"))]
mod host;
mod json;
mod layer;
#[cfg(any(feature = "authlete", feature = "embedded", feature = "policy"))]
mod loopback;
mod metadata;
mod operation;
mod outcome;
mod paths;
pub mod policy;
mod reply;
mod service;
mod span;
mod token;
mod verifier;

pub use self::backend::{
    Backend, BackendFn, BackendService, SharedBackend, Unavailable, backend_fn,
};
pub use self::builder::{ConfigError, DcrBuilder};
#[cfg(feature = "embedded")]
#[cfg_attr(docsrs, doc(cfg(feature = "embedded")))]
pub use self::embedded::EmbeddedBackend;
pub use self::endpoint::{DcrEndpoint, EndpointBody, EndpointFuture};
pub use self::layer::DcrLayer;
pub use self::metadata::{ClientMetadata, MetadataError};
pub use self::operation::{Delete, Operation, OperationKind, Read, Register, Update};
pub use self::outcome::Outcome;
pub use self::reply::{Action, ErrorCode, Reply};
pub use self::service::{AnswerErrors, AnswerErrorsFuture, Dcr, ResponseBody, ResponseFuture};
pub use self::token::{BearerToken, InvalidToken};
#[cfg(feature = "policy")]
#[cfg_attr(docsrs, doc(cfg(feature = "policy")))]
pub use self::verifier::TokenList;
pub use self::verifier::TokenVerifier;

/// Any error, as tower's layers pass it on.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
