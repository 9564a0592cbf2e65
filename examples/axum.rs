//! An axum application with registration: a page of its own, the metadata document that clients discover the endpoint
//! by, and the layer.
//!
//! `cargo run --example axum`, with an embedded registry, or with Authlete where the environment names it.
//!
//! - `DCR_DATABASE`: the file that the embedded registry keeps its clients in; in memory unless set;
//! - `AUTHLETE_BASE_URL`, `AUTHLETE_SERVICE_APIKEY`, `AUTHLETE_SERVICE_ACCESSTOKEN`: an Authlete service;
//! - `LISTEN`: the address to listen on, `127.0.0.1:3000` unless set;
//! - `DCR_BASE_URL`: the public base URL, `http://` and `LISTEN` unless set.

mod common;

use axum::routing::get;
use axum::{Json, Router};
use tower_dcr::DcrLayer;

#[tokio::main]
async fn main() -> Result<(), common::Failure> {
    common::log();
    let (listener, base_url) = common::listen().await?;

    let (backend, supported) = common::backend::from_env(&base_url)?;
    let dcr = DcrLayer::new(backend).endpoint_layer(common::cors());

    let metadata = Json(common::authorization_server_metadata(&base_url, supported));
    let app = Router::new()
        .route("/", get(async || "A page of the application.\n"))
        .route(
            "/.well-known/oauth-authorization-server",
            get(async move || metadata).layer(common::cors()),
        )
        // Last, after every route, nest, merge and fallback.
        .layer(dcr);

    common::print_what_to_try(&base_url);
    println!(
        "# the application itself\ncurl -sSi {base_url}/\ncurl -sSi -w '\\n' {base_url}/.well-known/oauth-authorization-server\n"
    );
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(common::stop()) => served?,
        () = common::stop_and_patience() => {}
    }
    Ok(())
}
