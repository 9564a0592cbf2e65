//! An axum application with registration. It has a page of its own, the metadata document in which
//! clients find the registration endpoint, and the layer.
//!
//! Run it with `cargo run --example axum`. The backend is Authlete if the environment names it, and
//! the built-in registry otherwise.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `DCR_DATABASE` | the file of the registry | none, the clients are in memory |
//! | `AUTHLETE_BASE_URL`, `AUTHLETE_SERVICE_APIKEY`, `AUTHLETE_SERVICE_ACCESSTOKEN` | an Authlete service | none |
//! | `LISTEN` | the address to listen on | `127.0.0.1:3000` |
//! | `DCR_BASE_URL` | the public base URL | `http://` and `LISTEN` |

mod common;

use axum::routing::get;
use axum::{Json, Router};
use tower_dcr::DcrLayer;

#[tokio::main]
async fn main() -> Result<(), common::Failure> {
    common::log();
    let (listener, base_url) = common::listen().await?;

    let dcr = DcrLayer::builder(common::backend::from_env(&base_url)?)
        .registration_endpoint(format!("{base_url}/register"))
        // A proxy in front may strip a prefix from the path, so the path is not that of the URL.
        .registration_path("/register")
        .build()?
        .endpoint_layer(common::cors());

    let metadata = common::authorization_server_metadata(&base_url);
    let metadata = Json(dcr.server_metadata(metadata));
    let app = Router::new()
        .route("/", get(async || "A page of the application.\n"))
        .route(
            "/.well-known/oauth-authorization-server",
            get(async move || metadata).layer(common::cors()),
        )
        // Add the layer last, after every route, nest, merge and fallback.
        .layer(dcr);

    common::print_what_to_try(&base_url);
    println!(
        "# the application itself\n\
         curl -sSi {base_url}/\n\
         curl -sSi -w '\\n' {base_url}/.well-known/oauth-authorization-server\n"
    );
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(common::stop()) => served?,
        () = common::stop_and_patience() => {}
    }
    Ok(())
}
