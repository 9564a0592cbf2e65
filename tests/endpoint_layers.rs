//! Endpoint layers that people use: CORS, limits, time-outs, and a layer that catches panics.

#[path = "../examples/common/limit.rs"]
mod limit;
#[path = "support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_dcr::backend::BackendService;
use tower_dcr::operation::OperationKind;
use tower_dcr::{
    BoxError, Dcr, DcrEndpoint, DcrLayer, ErrorCode, Operation, Outcome, Reply, backend_fn,
};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::map_response_body::MapResponseBodyLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

use support::*;

type App = tower::util::ServiceFn<
    fn(Request<Full<Bytes>>) -> std::future::Ready<Result<Response<Body>, Infallible>>,
>;

/// The inner service of the middleware.
fn app() -> App {
    service_fn(|_| std::future::ready(Ok(Response::new(Body::from("application")))))
}

fn layered<B, E>(layer: &DcrLayer<B, E>) -> Dcr<App, E>
where
    E: Clone,
    DcrLayer<B, E>: Layer<App, Service = Dcr<App, E>>,
{
    layer.layer(app())
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
}

#[tokio::test]
async fn cors_headers_are_on_success_and_on_errors() {
    let layer = DcrLayer::builder(RecordingBackend::default())
        .body_limit(100)
        .build()
        .unwrap()
        .endpoint_layer(cors());
    let service = layered(&layer);
    for (request, status) in [
        (registration_request(r#"{"a":1}"#), 201),
        (registration_request("{"), 400),
        (configuration_request("GET", "/register/%zz", "t", ""), 401),
        (configuration_request("PATCH", "/register/1", "t", ""), 405),
        (registration_request(vec![b' '; 101]), 413),
    ] {
        let mut request = request;
        request
            .headers_mut()
            .insert("origin", "https://app.example".parse().unwrap());
        let response = send(&service, request).await;
        assert_eq!(response.status, status);
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        response.assert_well_formed();
    }
    let preflight = Request::options("/register")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        )
        .body(Full::default())
        .unwrap();
    let preflight = send(&service, preflight).await;
    assert_eq!(preflight.status, 200);
    let methods = preflight.header("access-control-allow-methods").unwrap();
    assert_eq!(methods, "GET,POST,PUT,DELETE");
    // The CORS headers of the application are its own matter.
    let page = send(&service, Request::get("/").body(Full::default()).unwrap()).await;
    assert_eq!(page.header("access-control-allow-origin"), None);
}

fn from(peer: impl Into<SocketAddr>) -> Request<Full<Bytes>> {
    let mut request = registration_request("{}");
    request.extensions_mut().insert(ConnectInfo(peer.into()));
    request
}

fn limited(
    recorder: &RecordingBackend,
) -> DcrLayer<RecordingBackend, impl EndpointService + use<>> {
    DcrLayer::new(recorder.clone())
        .endpoint_layer(MapResponseBodyLayer::new(Body::new))
        .endpoint_layer(limit::registrations(5, Duration::from_secs(60 * 60)))
}

/// The endpoint stack of these tests.
trait EndpointService:
    Service<HttpRequest, Response = Response<Body>, Error = Infallible, Future: Send> + Clone
{
}

impl<S> EndpointService for S where
    S: Service<HttpRequest, Response = Response<Body>, Error = Infallible, Future: Send> + Clone
{
}

type HttpRequest = Request<Full<Bytes>>;

#[tokio::test]
async fn too_many_registrations_get_429_with_retry_after() {
    let recorder = RecordingBackend::default();
    let service = layered(&limited(&recorder));
    let peer = (Ipv4Addr::new(192, 0, 2, 1), 1234);
    for _ in 0..5 {
        assert_eq!(send(&service, from(peer)).await.status, 201);
    }
    let refused = send(&service, from(peer)).await;
    refused.assert_error(429, "temporarily_unavailable");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3_500..=3_600).contains(&wait), "{wait}");
    // The response is the layer's, so there is no outcome.
    assert!(refused.outcome.is_none());
    // Reads are not limited, and neither are other addresses.
    let mut read = configuration_request("GET", "/register/1", "t", "");
    read.extensions_mut()
        .insert(ConnectInfo(SocketAddr::from(peer)));
    assert_eq!(send(&service, read).await.status, 200);
    assert_eq!(
        send(&service, from((Ipv4Addr::new(192, 0, 2, 2), 1)))
            .await
            .status,
        201
    );
    assert_eq!(recorder.calls(), 7);
}

/// An application that limits requests by itself answers with `ErrorCode::response`.
#[tokio::test]
async fn error_code_response_makes_the_429_of_an_endpoint_layer() {
    let busy = tower::layer::layer_fn(|inner: DcrEndpoint<RecordingBackend>| {
        service_fn(move |request: Request<Full<Bytes>>| {
            let inner = inner.clone();
            async move {
                if request.method() != Method::POST {
                    return inner.oneshot(request).await;
                }
                let mut response = ErrorCode::TemporarilyUnavailable.response(
                    StatusCode::TOO_MANY_REQUESTS,
                    "Too many requests from \"this\" address\n.",
                );
                response.headers_mut().insert("retry-after", 60.into());
                Ok(response)
            }
        })
    });
    let recorder = RecordingBackend::default();
    let layer = DcrLayer::new(recorder.clone())
        .endpoint_layer(busy)
        .endpoint_layer(cors());
    let service = layered(&layer);
    let response = send(&service, registration_request(CLIENT)).await;
    response.assert_error(429, "temporarily_unavailable");
    assert_eq!(response.header("retry-after"), Some("60"));
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    let description = response.json()["error_description"].clone();
    assert_eq!(description, "Too many requests from 'this' address?.");
    // The response is the layer's, so there is no outcome.
    assert!(response.outcome.is_none());
    assert_eq!(recorder.calls(), 0);
    let read = configuration_request("GET", "/register/1", "t", "");
    assert_eq!(send(&service, read).await.status, 200);
}

/// The token of an update is checked last, so anybody can send a whole update.
#[tokio::test]
async fn requests_of_any_kind_are_limited() {
    let recorder = RecordingBackend::default();
    let layer = DcrLayer::new(recorder.clone())
        .endpoint_layer(MapResponseBodyLayer::new(Body::new))
        .endpoint_layer(limit::requests(3, Duration::from_secs(60)));
    let service = layered(&layer);
    for (method, status) in [
        ("PUT", 200),
        ("GET", 200),
        ("DELETE", 204),
        ("PUT", 429),
        ("GET", 429),
    ] {
        let mut request = configuration_request(method, "/register/1", "made-up", "{}");
        let peer: SocketAddr = (Ipv4Addr::new(192, 0, 2, 1), 1).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        assert_eq!(send(&service, request).await.status, status, "{method}");
    }
    assert_eq!(recorder.calls(), 3);

    // The time is rounded up, because 0 would invite the client to try again at once.
    let layer = DcrLayer::new(recorder)
        .endpoint_layer(MapResponseBodyLayer::new(Body::new))
        .endpoint_layer(limit::requests(1, Duration::from_secs(1)));
    let service = layered(&layer);
    let peer = (Ipv4Addr::new(192, 0, 2, 1), 1);
    assert_eq!(send(&service, from(peer)).await.status, 201);
    let refused = send(&service, from(peer)).await;
    refused.assert_error(429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));

    // If the server does not provide the address of the peer, nobody can register. The client does
    // not learn why.
    let response = send(&service, registration_request("{}")).await;
    response.assert_error(500, "server_error");
}

#[tokio::test]
async fn ipv6_network_of_64_bits_counts_as_one_peer() {
    let recorder = RecordingBackend::default();
    let service = layered(&limited(&recorder));
    let address =
        |network: u16, host: u16| (Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, host), 1);
    for host in 0..5 {
        assert_eq!(send(&service, from(address(1, host))).await.status, 201);
    }
    assert_eq!(send(&service, from(address(1, 99))).await.status, 429);
    assert_eq!(send(&service, from(address(2, 1))).await.status, 201);
    // An IPv4 peer has another address on a dual-stack socket, and is the same peer.
    let v4 = Ipv4Addr::new(192, 0, 2, 1);
    for _ in 0..5 {
        assert_eq!(
            send(&service, from((v4.to_ipv6_mapped(), 1))).await.status,
            201
        );
    }
    assert_eq!(send(&service, from((v4, 1))).await.status, 429);
}

/// The limit is exact with many requests at once, many routes and many clones of the service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limit_is_exact_for_100_000_registrations_from_1_000_addresses() {
    const ADDRESSES: u32 = 1_000;
    const EACH: u32 = 100;

    let recorder = RecordingBackend::default();
    let layer = limited(&recorder);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            // axum applies the layer once for each route.
            let service = layered(&layer);
            tokio::spawn(async move {
                let (mut created, mut refused) = (0, 0);
                for n in (task..ADDRESSES * EACH).step_by(8) {
                    let address = Ipv4Addr::from_bits(0x0a00_0000 + n % ADDRESSES);
                    let response = send(&service, from((address, 1))).await;
                    match response.status {
                        StatusCode::CREATED => created += 1,
                        StatusCode::TOO_MANY_REQUESTS => refused += 1,
                        status => panic!("{status}"),
                    }
                }
                (created, refused)
            })
        })
        .collect();
    let (mut created, mut refused) = (0, 0);
    for task in tasks {
        let (more_created, more_refused) = task.await.unwrap();
        created += more_created;
        refused += more_refused;
    }
    assert_eq!((created, refused), (5_000, 95_000));
    assert_eq!(recorder.calls(), 5_000);
}

/// A backend that needs this time.
fn slow(time: Duration) -> impl tower_dcr::Backend {
    backend_fn(move |_: Operation| async move {
        tokio::time::sleep(time).await;
        Ok::<_, Infallible>(Reply::created("{}"))
    })
}

#[tokio::test(start_paused = true)]
async fn tower_http_timeout_answers_by_itself() {
    let time_out =
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(1));
    let layer = DcrLayer::new(slow(Duration::from_secs(2))).endpoint_layer(time_out);
    let response = send(&layered(&layer), registration_request("{}")).await;
    // The response is that of the layer. `backend_timeout` answers in JSON instead.
    assert_eq!(
        (response.status.as_u16(), &*response.body),
        (504, b"".as_slice())
    );
}

#[tokio::test(start_paused = true)]
async fn tower_http_body_timeout_returns_408() {
    let layer = DcrLayer::new(RecordingBackend::default())
        .endpoint_layer(RequestBodyTimeoutLayer::new(Duration::from_secs(1)));
    let request = Request::post("/register")
        .header("content-type", "application/json")
        .body(ScriptedBody::new([
            BodyStep::Data(Bytes::from_static(b"{")),
            BodyStep::Hang,
        ]))
        .unwrap();
    let inner = service_fn(|_: Request<ScriptedBody>| async {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let response = send(&layer.layer(inner), request).await;
    response.assert_error(408, "invalid_request");
}

#[tokio::test]
async fn panic_of_the_backend_returns_500() {
    let panics = backend_fn(|operation: Operation| async move {
        assert!(operation.client_id().is_none(), "a bug in the backend");
        Ok::<_, Infallible>(Reply::created("{}"))
    });
    let layer = DcrLayer::new(panics).endpoint_layer(CatchPanicLayer::new());
    let service = layered(&layer);
    let response = send(
        &service,
        configuration_request("GET", "/register/1", "t", ""),
    )
    .await;
    assert_eq!(response.status, 500);
    assert!(!String::from_utf8_lossy(&response.body).contains("bug"));
    assert_eq!(send(&service, registration_request("{}")).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn concurrency_limit_bounds_the_operations_at_once() {
    let layer =
        DcrLayer::new(slow(Duration::from_secs(1))).endpoint_layer(ConcurrencyLimitLayer::new(2));
    let service = layered(&layer);
    let start = tokio::time::Instant::now();
    let responses = (0..6).map(|_| send(&service, registration_request("{}")));
    for response in join_all(responses).await {
        assert_eq!(response.status, 201);
    }
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn unready_stack_delays_only_registration_requests() {
    let layer = DcrLayer::new(slow(Duration::from_secs(1)))
        .endpoint_layer(ConcurrencyLimitLayer::new(1))
        .handle_errors();
    let service = layered(&layer);
    let start = tokio::time::Instant::now();
    let responses = async {
        let responses = (0..3).map(|_| send(&service, registration_request("{}")));
        let responses = join_all(responses).await;
        assert!(responses.iter().all(|response| response.status == 201));
        start.elapsed().as_secs()
    };
    let page = async {
        send(&service, Request::get("/").body(Full::default()).unwrap()).await;
        start.elapsed().as_secs()
    };
    assert_eq!(tokio::join!(responses, page), (3, 0));
}

/// A limit around the backend does not count requests whose body is still arriving.
#[tokio::test(start_paused = true)]
async fn slow_body_takes_no_slot_of_a_limit_around_the_backend() {
    let backend = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .layer_fn(BackendService::new)
        .service(slow(Duration::from_secs(1)));
    let layer = DcrLayer::new(backend);
    let slow = |_| {
        let request = Request::post("/register").header("content-type", "application/json");
        let inner = service_fn(|_: Request<ScriptedBody>| async {
            Ok::<_, Infallible>(Response::new(Body::empty()))
        });
        let service = layer.layer(inner);
        let body = ScriptedBody::new([BodyStep::Hang]);
        async move { send(&service, request.body(body).unwrap()).await.status }
    };
    let service = layered(&layer);
    let quick = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        send(&service, registration_request("{}")).await.status
    };
    let (slow, quick) = tokio::join!(join_all((0..8).map(slow)), quick);
    assert_eq!(quick, 201);
    assert!(slow.iter().all(|status| *status == 408));
    // The limit works.
    let responses = (0..2).map(|_| send(&service, registration_request("{}")));
    let [served, shed]: [TestResponse; 2] = join_all(responses).await.try_into().unwrap();
    assert_eq!(served.status, 201);
    shed.assert_error(503, "temporarily_unavailable");
}

#[tokio::test(start_paused = true)]
async fn load_shed_returns_503_with_temporarily_unavailable() {
    let layer = DcrLayer::new(slow(Duration::from_secs(1)))
        .endpoint_layer(ConcurrencyLimitLayer::new(2))
        .endpoint_layer(LoadShedLayer::new());
    let service = layered(&layer);
    let responses = (0..6).map(|_| send(&service, registration_request("{}")));
    let responses = join_all(responses).await;
    let (shed, served): (Vec<_>, Vec<_>) = responses
        .into_iter()
        .partition(|response| response.status == StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((shed.len(), served.len()), (4, 2));
    for response in shed {
        response.assert_error(503, "temporarily_unavailable");
        let outcome: Outcome = response.outcome.unwrap();
        assert_eq!(outcome.status(), 503);
    }
}

/// `handle_errors` makes the response before the CORS layer sees it, so that it has CORS headers.
/// The response is the same otherwise.
#[tokio::test(start_paused = true)]
async fn handle_errors_lets_outer_layers_see_a_response() {
    let limited = |time| {
        DcrLayer::new(slow(time))
            .endpoint_layer(ConcurrencyLimitLayer::new(1))
            .endpoint_layer(LoadShedLayer::new())
    };
    let bare = layered(&limited(Duration::from_secs(1)).endpoint_layer(cors()));
    let handled = layered(
        &limited(Duration::from_secs(1))
            .handle_errors()
            .endpoint_layer(cors()),
    );
    let from_a_page = |mut request: Request<Full<Bytes>>| {
        let origin = "https://app.example".parse().unwrap();
        request.headers_mut().insert("origin", origin);
        request
    };
    let responses = (0..2).map(|_| send(&bare, from_a_page(registration_request("{}"))));
    let [_, bare]: [TestResponse; 2] = join_all(responses).await.try_into().unwrap();
    let responses = (0..2).map(|_| send(&handled, from_a_page(registration_request("{}"))));
    let [served, shed]: [TestResponse; 2] = join_all(responses).await.try_into().unwrap();
    assert_eq!(served.status, 201);
    for shed in [&bare, &shed] {
        shed.assert_error(503, "temporarily_unavailable");
        let outcome = shed.outcome.as_ref().unwrap();
        assert_eq!(outcome.operation(), Some(OperationKind::Register));
        assert!(outcome.cause().is_some());
    }
    assert_eq!(bare.body, shed.body);
    assert_eq!(bare.header("access-control-allow-origin"), None);
    assert_eq!(shed.header("access-control-allow-origin"), Some("*"));
}

/// A response of the stack is not changed. A response to `HEAD` has no body.
#[tokio::test]
async fn handle_errors_passes_responses_through() {
    let failing = tower::layer::layer_fn(|_: DcrEndpoint<RecordingBackend>| {
        service_fn(|_: Request<Full<Bytes>>| async {
            Err::<Response<Body>, BoxError>("broken".into())
        })
    });
    let service = layered(
        &DcrLayer::new(RecordingBackend::default())
            .endpoint_layer(failing)
            .handle_errors(),
    );
    let head = Request::head("/register").body(Full::default()).unwrap();
    let response = send(&service, head).await;
    assert_eq!((response.status.as_u16(), response.body.len()), (500, 0));
    let response = send(&service, registration_request("{}")).await;
    response.assert_error(500, "server_error");

    let recorder = RecordingBackend::default();
    let buffered = tower::buffer::BufferLayer::new(1);
    let service = layered(
        &DcrLayer::new(recorder.clone())
            .endpoint_layer(buffered)
            .handle_errors(),
    );
    for (request, status) in [
        (registration_request("{}"), 201),
        (registration_request("{"), 400),
        (configuration_request("GET", "/register/1", "t", ""), 200),
    ] {
        let response = send(&service, request).await;
        assert_eq!(response.status, status);
        response.assert_well_formed();
    }
    let text = format!("{service:?}");
    assert!(text.starts_with("Dcr {"), "{text}");
}

/// Polls all futures until each has ended, and returns their outputs in order.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in &mut waiting {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if waiting.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    waiting
        .into_iter()
        .filter_map(|(_, output)| output)
        .collect()
}
