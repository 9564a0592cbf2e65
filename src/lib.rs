//! OAuth 2.0 Dynamic Client Registration
//! ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591), [RFC 7592](https://www.rfc-editor.org/rfc/rfc7592)) for any
//! tower server.
#![forbid(unsafe_code)]
// No input makes the library panic.
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backend;
mod builder;
mod clock;
#[cfg(feature = "embedded")]
#[cfg_attr(docsrs, doc(cfg(feature = "embedded")))]
pub mod embedded;
mod endpoint;
mod json;
mod layer;
mod metadata;
mod operation;
mod outcome;
mod paths;
mod reply;
mod service;
mod token;

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
pub use self::service::{Dcr, ResponseBody, ResponseFuture};
pub use self::token::{BearerToken, InvalidToken};

/// Any error, as tower's layers pass it on.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
