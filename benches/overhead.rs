//! The cost of the layer. It measures the inner service alone, the same service behind the layer,
//! and a registration with a backend that always sends the same reply. All are measured in one run,
//! so that they can be compared.
//!
//! Run it with `cargo bench --bench overhead`.

use std::convert::Infallible;
use std::hint::black_box;

use axum::body::Body;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::{Request, Response};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_dcr::{DcrLayer, Operation, Reply, backend_fn};
use tower_http::cors::CorsLayer;

const CLIENT: &str = r#"{
    "redirect_uris": ["https://client.example.org/callback"],
    "client_name": "My Client",
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"]
}"#;
const INFORMATION: &str =
    r#"{"client_id":"s6BhdRkqt3","redirect_uris":["https://client.example.org/callback"]}"#;

fn page() -> Request<Body> {
    Request::get("/a/page?of=the&application")
        .body(Body::empty())
        .unwrap()
}

fn registration() -> Request<Body> {
    Request::post("/register")
        .header("content-type", "application/json")
        .body(Body::from(CLIENT))
        .unwrap()
}

/// Measures one request. It calls a clone of the service, as frameworks do.
fn measure<S, B>(criterion: &mut Criterion, name: &str, service: &S, request: fn() -> Request<Body>)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    criterion
        .benchmark_group("overhead")
        .bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter_batched(
                request,
                async |request| black_box(service.clone().oneshot(request).await.unwrap()),
                BatchSize::SmallInput,
            );
        });
}

fn overhead(criterion: &mut Criterion) {
    let app = service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(Body::from("a page")))
    });
    let backend = backend_fn(async |_: Operation| Ok::<_, Infallible>(Reply::created(INFORMATION)));
    let service = DcrLayer::new(backend).layer(app);
    let with_cors = DcrLayer::new(backend)
        .endpoint_layer(CorsLayer::permissive())
        .layer(app);

    measure(criterion, "the inner service alone", &app, page);
    measure(criterion, "passing through", &service, page);
    measure(
        criterion,
        "passing through, with CORS as endpoint layer",
        &with_cors,
        page,
    );
    measure(
        criterion,
        "a registration, with a fixed reply",
        &service,
        registration,
    );
}

criterion_group!(benches, overhead);
criterion_main!(benches);
