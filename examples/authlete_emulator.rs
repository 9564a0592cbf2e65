//! Emulates Authlete for development and tests, offline and from any language. It has Authlete's
//! wire protocol, and a registry in memory.
//!
//! `cargo run --example authlete_emulator`
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LISTEN` | the address to listen on | `127.0.0.1:8080` |
//! | `AUTHLETE_SERVICE_APIKEY` | the service ID | `1` |
//! | `AUTHLETE_SERVICE_ACCESSTOKEN` | the access token of the service | `emulated` |
//! | `DCR_BASE_URL` | the public base URL of the server that calls Authlete | `http://127.0.0.1:3000` |

mod common;

use std::env;

use axum::Router;
use tower_dcr::authlete::{AuthleteEmulator, Credentials};
use tower_dcr::registry::Registry;

#[tokio::main]
async fn main() -> Result<(), common::Failure> {
    common::log();
    let (listener, emulator_url) = common::bind("127.0.0.1:8080").await?;
    let variable =
        |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let server_url = variable("DCR_BASE_URL", "http://127.0.0.1:3000");
    let server_url = server_url.trim_end_matches('/');
    // A server on this machine must listen on the address that clients are told.
    let listen = match server_url
        .strip_prefix("http://")
        .filter(|address| !address.contains('/'))
    {
        Some(address) => format!("LISTEN={address} "),
        None => String::new(),
    };
    // 0.0.0.0 is no address to connect to.
    let emulator_url = emulator_url.replace("//0.0.0.0:", "//127.0.0.1:");
    let service_id = variable("AUTHLETE_SERVICE_APIKEY", "1");
    let access_token = variable("AUTHLETE_SERVICE_ACCESSTOKEN", "emulated");

    let registry = Registry::builder(format!("{server_url}/register"))
        .require_redirect_uris(false)
        .build()?;
    let authlete = AuthleteEmulator::new(registry, Credentials::new(&*service_id, &*access_token)?);

    println!(
        "Authlete is emulated at {emulator_url}/api/{service_id}/client/registration. Stop it \
         with ctrl-c.\n\
         Start the server that clients know as {server_url} with:\n\n\
         AUTHLETE_BASE_URL={emulator_url} AUTHLETE_SERVICE_APIKEY={service_id} \
         AUTHLETE_SERVICE_ACCESSTOKEN={access_token} {listen}DCR_BASE_URL={server_url} \
         cargo run --example axum\n"
    );
    let app = Router::new().fallback_service(authlete);
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(common::stop()) => served?,
        () = common::stop_and_patience() => {}
    }
    Ok(())
}
