//! An Authlete to develop and test against, offline and from any language: its wire protocol in front of an embedded
//! registry that is empty at each start.
//!
//! `cargo run --example authlete_emulator`
//!
//! - `LISTEN`: the address to listen on, `127.0.0.1:8080` unless set;
//! - `AUTHLETE_SERVICE_APIKEY`, `AUTHLETE_SERVICE_ACCESSTOKEN`: the service ID and its access token, `1` and `emulated`
//!   unless set;
//! - `DCR_BASE_URL`: the public base URL of the server in front, `http://127.0.0.1:3000` unless set: clients are told it.

mod common;

use std::env;

use axum::Router;
use tower_dcr::authlete::{AuthleteEmulator, Credentials};
use tower_dcr::registry::Registry;

#[tokio::main]
async fn main() -> Result<(), common::Failure> {
    common::log();
    let (listener, emulator_url) = common::bind("127.0.0.1:8080").await?;
    let or = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let server_url = or("DCR_BASE_URL", "http://127.0.0.1:3000");
    let server_url = server_url.trim_end_matches('/');
    // Where the server is on this machine, it has to listen where clients are told it is.
    let listen = match server_url
        .strip_prefix("http://")
        .filter(|address| !address.contains('/'))
    {
        Some(address) => format!("LISTEN={address} "),
        None => String::new(),
    };
    // Listening on every address, it is reached at this one.
    let emulator_url = emulator_url.replace("//0.0.0.0:", "//127.0.0.1:");
    let service_id = or("AUTHLETE_SERVICE_APIKEY", "1");
    let access_token = or("AUTHLETE_SERVICE_ACCESSTOKEN", "emulated");

    let registry = Registry::builder(format!("{server_url}/register"))
        .require_redirect_uris(false)
        .build()?;
    let authlete = AuthleteEmulator::new(registry, Credentials::new(&*service_id, &*access_token)?);

    println!(
        "Authlete is emulated at {emulator_url}/api/{service_id}/client/registration; stop with ctrl-c.\n\
         The server in front, which clients know as {server_url}, starts with:\n\n\
         AUTHLETE_BASE_URL={emulator_url} AUTHLETE_SERVICE_APIKEY={service_id} \
         AUTHLETE_SERVICE_ACCESSTOKEN={access_token} {listen}DCR_BASE_URL={server_url} cargo run --example axum\n"
    );
    let app = Router::new().fallback_service(authlete);
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(common::stop()) => served?,
        () = common::stop_and_patience() => {}
    }
    Ok(())
}
