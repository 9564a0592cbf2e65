//! A hyper server with registration, without a framework. A tower service answers all other
//! requests.
//!
//! Run it with `cargo run --example hyper`. It serves HTTP/1.1 and HTTP/2. The built-in registry is
//! in memory, so it is empty at each start.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LISTEN` | the address to listen on | `127.0.0.1:3000` |
//! | `DCR_BASE_URL` | the public base URL | `http://` and `LISTEN` |

mod common;

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tower::{Layer, service_fn};
use tower_dcr::DcrLayer;
use tower_dcr::registry::Registry;

/// The application. It receives every request that is not for registration.
async fn app(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = format!("You asked for {}.\n", request.uri().path());
    Ok(Response::new(text.into()))
}

#[tokio::main]
async fn main() -> Result<(), common::Failure> {
    common::log();
    let (listener, base_url) = common::listen().await?;

    let registry = Registry::in_memory(&format!("{base_url}/register"))?;
    let dcr = DcrLayer::for_registry(registry)?.endpoint_layer(common::cors());
    let service = dcr.layer(service_fn(app));

    common::print_what_to_try(&base_url);
    println!("# the application itself\ncurl -sSi {base_url}/page\n");

    let server = auto::Builder::new(TokioExecutor::new());
    let connections = GracefulShutdown::new();
    let mut stop = pin!(common::stop());
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // The usual cause is too many open files, which is temporary.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(service.clone());
        let connection = server
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection ended early");
            }
        });
    }
    // Requests in progress have this time to finish.
    let _ = tokio::time::timeout(common::PATIENCE, connections.shutdown()).await;
    Ok(())
}
