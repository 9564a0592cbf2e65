//! `DcrLayer::boxed`: an endpoint stack whose type can be written down.

#[path = "support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body as _, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{Layer, ServiceExt, service_fn};
use tower_dcr::backend::{SharedBackend, Unavailable};
use tower_dcr::layer::{BoxedBody, BoxedEndpoint};
use tower_dcr::operation::OperationKind;
use tower_dcr::{BoxError, Dcr, DcrLayer, Operation, Reply, backend_fn};
use tower_http::cors::CorsLayer;
use tower_http::trace::TraceLayer;

use support::socket::{send_bytes, serve};
use support::*;

/// A struct with the layer, and with the service that it creates, in its fields.
struct Server<ReqBody, App> {
    layer: DcrLayer<SharedBackend, BoxedEndpoint<ReqBody>>,
    service: Dcr<App, BoxedEndpoint<ReqBody>>,
}

fn layer(recorder: &RecordingBackend) -> DcrLayer<SharedBackend> {
    DcrLayer::builder(SharedBackend::new(recorder.clone()))
        .body_limit(100)
        .build()
        .unwrap()
}

async fn page<ReqBody>(_: Request<ReqBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("a page")))
}

/// Requests for every response that a client can get, and for the application.
fn requests() -> Vec<Request<Full<Bytes>>> {
    let mut requests = vec![
        registration_request(CLIENT),
        registration_request("{"),
        registration_request(vec![b' '; 101]),
        configuration_request("GET", "/elsewhere", "token", ""),
    ];
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"] {
        requests.push(configuration_request(
            method,
            "/register/1",
            "token",
            CLIENT,
        ));
        requests.push(configuration_request(
            method,
            "/register/%zz",
            "token",
            CLIENT,
        ));
    }
    for request in &mut requests {
        let origin = "https://app.example".parse().unwrap();
        request.headers_mut().insert("origin", origin);
    }
    requests
}

#[tokio::test]
async fn boxed_and_unboxed_stacks_respond_alike() {
    let [one, other] = [RecordingBackend::default(), RecordingBackend::default()];
    let unboxed = layer(&one)
        .endpoint_layer(CorsLayer::permissive())
        .endpoint_layer(TraceLayer::new_for_http())
        .layer(service_fn(page));
    let boxed = layer(&other)
        .endpoint_layer(CorsLayer::permissive())
        .endpoint_layer(TraceLayer::new_for_http())
        .boxed();
    let server = Server {
        service: boxed.layer(service_fn(page)),
        layer: boxed,
    };
    for request in requests() {
        let expected = send(&unboxed, request.clone()).await;
        let again = server.layer.layer(service_fn(page));
        for service in [&server.service, &again] {
            let response = send(service, request.clone()).await;
            assert_eq!(response.status, expected.status, "{request:?}");
            assert_eq!(response.headers, expected.headers, "{request:?}");
            assert_eq!(response.body, expected.body, "{request:?}");
            let without_time = |response: &TestResponse| {
                let outcome = response.outcome.as_ref()?;
                let cause = outcome.cause().map(ToString::to_string);
                Some((
                    outcome.operation(),
                    outcome.action(),
                    outcome.error(),
                    cause,
                ))
            };
            assert_eq!(without_time(&response), without_time(&expected));
        }
    }
    assert_eq!(other.calls(), 2 * one.calls());
    assert_eq!(one.calls(), 4);
}

#[tokio::test]
async fn layers_can_be_added_to_a_boxed_stack() {
    let layer = layer(&RecordingBackend::default())
        .boxed()
        .endpoint_layer(CorsLayer::permissive())
        .boxed()
        .endpoint_layer(tower::util::MapResponseLayer::new(
            |mut response: Response<_>| {
                response.headers_mut().insert("x-outer", 1.into());
                response
            },
        ));
    let service = layer.layer(service_fn(page));
    let response = send(&service, registration_request(CLIENT)).await;
    assert_eq!(response.status, StatusCode::CREATED);
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!(response.header("x-outer"), Some("1"));
    response.assert_well_formed();
}

/// The error is answered by the middleware, or by `handle_errors`.
#[tokio::test]
async fn errors_of_a_boxed_stack_become_5xx() {
    let failing = |error: fn() -> BoxError| {
        let fails = tower::layer::layer_fn(move |_| {
            service_fn(move |_: Request<Full<Bytes>>| async move {
                Err::<Response<Full<Bytes>>, _>(error())
            })
        });
        layer(&RecordingBackend::default())
            .endpoint_layer(fails)
            .boxed()
    };
    let failed = failing(|| "no such table".into());
    let unavailable = failing(|| {
        WrappedError(
            Unavailable::new()
                .with_retry_after(Duration::from_secs(7))
                .into(),
        )
        .into()
    });
    for (layer, status, error) in [
        (failed, 500, "server_error"),
        (unavailable, 503, "temporarily_unavailable"),
    ] {
        let by_the_middleware =
            send(&layer.layer(service_fn(page)), registration_request(CLIENT)).await;
        let handled = layer
            .handle_errors()
            .endpoint_layer(CorsLayer::permissive());
        let by_handle_errors = send(
            &handled.layer(service_fn(page)),
            registration_request(CLIENT),
        )
        .await;
        for response in [&by_the_middleware, &by_handle_errors] {
            response.assert_error(status, error);
            let outcome = response.outcome.as_ref().unwrap();
            assert_eq!(outcome.operation(), Some(OperationKind::Register));
            assert!(outcome.cause().is_some());
            let retry_after = (status == 503).then_some("7");
            assert_eq!(response.header("retry-after"), retry_after);
        }
        let origin = "access-control-allow-origin";
        assert_eq!(by_the_middleware.header(origin), None);
        assert_eq!(by_handle_errors.header(origin), Some("*"));
    }
}

/// The state of a layer below the box is one, and its readiness is awaited.
#[tokio::test(start_paused = true)]
async fn boxed_stack_keeps_shared_limits() {
    let slow = backend_fn(|_: Operation| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, Infallible>(Reply::created("{}"))
    });
    let limited = DcrLayer::new(slow)
        .endpoint_layer(ConcurrencyLimitLayer::new(1))
        .boxed();
    let services = [0, 1].map(|_| limited.layer(service_fn(page)));
    let started = tokio::time::Instant::now();
    let [one, other] = services
        .each_ref()
        .map(|service| send(service, registration_request(CLIENT)));
    let (one, other) = tokio::join!(one, other);
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (201, 201));
    assert_eq!(started.elapsed(), Duration::from_secs(2));

    let shedding = limited.endpoint_layer(LoadShedLayer::new());
    let service = shedding.layer(service_fn(page));
    let (one, other) = tokio::join!(
        send(&service, registration_request(CLIENT)),
        send(&service, registration_request(CLIENT))
    );
    assert_eq!(one.status, StatusCode::CREATED);
    other.assert_error(503, "temporarily_unavailable");
}

#[tokio::test]
async fn axum_router_takes_a_boxed_layer() {
    struct Registration(DcrLayer<SharedBackend, BoxedEndpoint<Body>>);

    let registration = Registration(
        layer(&RecordingBackend::default())
            .endpoint_layer(CorsLayer::permissive())
            .boxed(),
    );
    let app: Router = Router::new()
        .route("/", get(async || "a page"))
        .layer(registration.0);
    let response = send(&app, registration_request(CLIENT).map(Body::new)).await;
    assert_eq!(response.status, StatusCode::CREATED);
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    let page = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(send(&app, page).await.body, "a page");
}

#[tokio::test]
async fn hyper_server_takes_a_boxed_layer() {
    let layer = layer(&RecordingBackend::default())
        .endpoint_layer(CorsLayer::permissive())
        .boxed();
    let server: Server<Incoming, _> = Server {
        service: layer.layer(service_fn(page)),
        layer,
    };
    let address = serve(server.service).await;
    let length = CLIENT.len();
    let registration = format!(
        "POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{CLIENT}"
    );
    let response = send_bytes(address, registration).await;
    assert_eq!(response.status, StatusCode::CREATED);
    response.assert_well_formed();
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    let page = send_bytes(address, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(page.body, "a page");
    drop(server.layer);
}

#[tokio::test]
async fn boxed_body_knows_its_size() {
    let service = layer(&RecordingBackend::default())
        .boxed()
        .layer(service_fn(page));
    let response = service.oneshot(registration_request(CLIENT)).await.unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(17));
    assert!(!response.body().is_end_stream());

    let default = BoxedBody::default();
    assert_eq!(default.size_hint().exact(), SizeHint::with_exact(0).exact());
    assert!(default.is_end_stream());
}
