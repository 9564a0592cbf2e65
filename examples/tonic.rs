//! A gRPC service and registration on one port: tonic with the layer, over HTTP/1.1 and HTTP/2.
//!
//! Run it with `cargo run --example tonic`. The gRPC service is the standard health check. The
//! built-in registry is in memory, so it is empty at each start.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LISTEN` | the address to listen on | `127.0.0.1:3000` |
//! | `DCR_BASE_URL` | the public base URL | `http://` and `LISTEN` |

mod common;

use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tower_dcr::DcrLayer;
use tower_dcr::registry::Registry;

#[tokio::main]
async fn main() -> Result<(), common::Failure> {
    common::log();
    let (listener, base_url) = common::listen().await?;
    let address = listener.local_addr()?;

    let registry = Registry::in_memory(&format!("{base_url}/register"))?;
    let dcr = DcrLayer::for_registry(registry)?.endpoint_layer(common::cors());
    let (_reporter, health) = tonic_health::server::health_reporter();

    common::print_what_to_try(&base_url);
    println!(
        r"# the gRPC service on the same port: grpc-status: 0, and SERVING (08 01) in the body
printf '\0\0\0\0\0' | curl -s --http2-prior-knowledge \
  http://{address}/grpc.health.v1.Health/Check \
  -H 'Content-Type: application/grpc' -H 'TE: trailers' --data-binary @- -D - | od -c
"
    );
    let serving = Server::builder()
        // gRPC only needs HTTP/2, but most clients register over HTTP/1.1.
        .accept_http1(true)
        .layer(dcr)
        .add_service(health)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener), common::stop());
    tokio::select! {
        result = serving => result?,
        () = common::stop_and_patience() => {}
    }
    Ok(())
}
