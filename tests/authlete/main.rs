//! Authlete as the backend.

#[path = "../support/mod.rs"]
mod support;

mod backend_options;
mod calls;
mod credentials_fn;
mod documented_data;
mod emulator;
mod failures;
mod http_client;
mod initial_access_token;
mod keep_alive;
mod peer;
mod refused_streams;
mod retries;
mod services;
mod settings;
mod tls;

use tower_dcr::operation::Register;
use tower_dcr::{BearerToken, ClientMetadata, Operation};

fn metadata(text: &str) -> ClientMetadata {
    ClientMetadata::parse(text).unwrap()
}

fn registration() -> Operation {
    Register::new(metadata("{ \"client_name\": \"My Dynamic Client\" }")).into()
}

fn token(text: &str) -> BearerToken {
    BearerToken::new(text).unwrap()
}
