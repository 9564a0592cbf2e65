//! What people put around the endpoints: each of these layers, with the registration service in it.

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
use tower::{Layer, Service, ServiceBuilder, service_fn};
use tower_dcr::backend::BackendService;
use tower_dcr::operation::OperationKind;
use tower_dcr::{BoxError, Dcr, DcrEndpoint, DcrLayer, Operation, Outcome, Reply, backend_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::map_response_body::MapResponseBodyLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

use support::*;

type App = tower::util::ServiceFn<
    fn(Request<Full<Bytes>>) -> std::future::Ready<Result<Response<Body>, Infallible>>,
>;

/// The application around it.
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
async fn cors_on_success_and_on_errors() {
    let layer = DcrLayer::builder(Recorder::default())
        .body_limit(100)
        .build()
        .unwrap()
        .endpoint_layer(cors());
    let service = layered(&layer);
    for (request, status) in [
        (register(r#"{"a":1}"#), 201),
        (register("{"), 400),
        (configure("GET", "/register/%zz", "t", ""), 401),
        (configure("PATCH", "/register/1", "t", ""), 405),
        (register(vec![b' '; 101]), 413),
    ] {
        let mut request = request;
        request
            .headers_mut()
            .insert("origin", "https://app.example".parse().unwrap());
        let answer = ask(&service, request).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        answer.assert_well_formed();
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
    let preflight = ask(&service, preflight).await;
    assert_eq!(preflight.status, 200);
    let methods = preflight.header("access-control-allow-methods").unwrap();
    assert_eq!(methods, "GET,POST,PUT,DELETE");
    // The application has its own.
    let page = ask(&service, Request::get("/").body(Full::default()).unwrap()).await;
    assert_eq!(page.header("access-control-allow-origin"), None);
}

fn from(peer: impl Into<SocketAddr>) -> Request<Full<Bytes>> {
    let mut request = register("{}");
    request.extensions_mut().insert(ConnectInfo(peer.into()));
    request
}

fn limited(recorder: &Recorder) -> DcrLayer<Recorder, impl EndpointService + use<>> {
    DcrLayer::new(recorder.clone())
        .endpoint_layer(MapResponseBodyLayer::new(Body::new))
        .endpoint_layer(limit::registrations(5, Duration::from_secs(60 * 60)))
}

/// What an endpoint stack of these tests is.
trait EndpointService:
    Service<Request<Full<Bytes>>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone
{
}

impl<S> EndpointService for S where
    S: Service<Request<Full<Bytes>>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
{
}

#[tokio::test]
async fn who_registers_too_often_is_told_when_to_come_again() {
    let recorder = Recorder::default();
    let service = layered(&limited(&recorder));
    let peer = (Ipv4Addr::new(192, 0, 2, 1), 1234);
    for _ in 0..5 {
        assert_eq!(ask(&service, from(peer)).await.status, 201);
    }
    let refused = ask(&service, from(peer)).await;
    refused.assert_error(429, "temporarily_unavailable");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3_500..=3_600).contains(&wait), "{wait}");
    // It is the layer's answer, not the service's.
    assert!(refused.outcome.is_none());
    // A client that is there is not kept from itself, and others are not either.
    let mut read = configure("GET", "/register/1", "t", "");
    read.extensions_mut()
        .insert(ConnectInfo(SocketAddr::from(peer)));
    assert_eq!(ask(&service, read).await.status, 200);
    assert_eq!(
        ask(&service, from((Ipv4Addr::new(192, 0, 2, 2), 1)))
            .await
            .status,
        201
    );
    assert_eq!(recorder.calls(), 7);
}

/// A token that comes with an update is judged last, so anybody can send one.
#[tokio::test]
async fn requests_of_any_kind_are_limited() {
    let recorder = Recorder::default();
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
        let mut request = configure(method, "/register/1", "made-up", "{}");
        let peer: SocketAddr = (Ipv4Addr::new(192, 0, 2, 1), 1).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        assert_eq!(ask(&service, request).await.status, status, "{method}");
    }
    assert_eq!(recorder.calls(), 3);

    // Rounded up: 0 would be an invitation to come again at once.
    let layer = DcrLayer::new(recorder)
        .endpoint_layer(MapResponseBodyLayer::new(Body::new))
        .endpoint_layer(limit::requests(1, Duration::from_secs(1)));
    let service = layered(&layer);
    let peer = (Ipv4Addr::new(192, 0, 2, 1), 1);
    assert_eq!(ask(&service, from(peer)).await.status, 201);
    let refused = ask(&service, from(peer)).await;
    refused.assert_error(429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));

    // Where the server does not tell who the peer is, nobody registers, and the client learns nothing of it.
    let answer = ask(&service, register("{}")).await;
    answer.assert_error(500, "server_error");
}

#[tokio::test]
async fn of_ipv6_a_whole_network_is_one_peer() {
    let recorder = Recorder::default();
    let service = layered(&limited(&recorder));
    let address =
        |network: u16, host: u16| (Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, host), 1);
    for host in 0..5 {
        assert_eq!(ask(&service, from(address(1, host))).await.status, 201);
    }
    assert_eq!(ask(&service, from(address(1, 99))).await.status, 429);
    assert_eq!(ask(&service, from(address(2, 1))).await.status, 201);
    // An IPv4 peer of a socket for both is the same peer.
    let v4 = Ipv4Addr::new(192, 0, 2, 1);
    for _ in 0..5 {
        assert_eq!(
            ask(&service, from((v4.to_ipv6_mapped(), 1))).await.status,
            201
        );
    }
    assert_eq!(ask(&service, from((v4, 1))).await.status, 429);
}

/// However many requests there are, and however many routes and clones of the service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_registrations_from_a_thousand_addresses() {
    const ADDRESSES: u32 = 1_000;
    const EACH: u32 = 100;

    let recorder = Recorder::default();
    let layer = limited(&recorder);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            // As axum does it for each route.
            let service = layered(&layer);
            tokio::spawn(async move {
                let (mut created, mut refused) = (0, 0);
                for n in (task..ADDRESSES * EACH).step_by(8) {
                    let address = Ipv4Addr::from_bits(0x0a00_0000 + n % ADDRESSES);
                    let answer = ask(&service, from((address, 1))).await;
                    match answer.status {
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

/// A backend that takes its time.
fn slow(time: Duration) -> impl tower_dcr::Backend {
    backend_fn(move |_: Operation| async move {
        tokio::time::sleep(time).await;
        Ok::<_, Infallible>(Reply::created("{}"))
    })
}

#[tokio::test(start_paused = true)]
async fn a_time_out_of_tower_http() {
    let time_out =
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(1));
    let layer = DcrLayer::new(slow(Duration::from_secs(2))).endpoint_layer(time_out);
    let answer = ask(&layered(&layer), register("{}")).await;
    // In the layer's own words: bound the backend by the builder's time-out for ours.
    assert_eq!(
        (answer.status.as_u16(), &*answer.body),
        (504, b"".as_slice())
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_time_out_of_tower_http() {
    let layer = DcrLayer::new(Recorder::default())
        .endpoint_layer(RequestBodyTimeoutLayer::new(Duration::from_secs(1)));
    let request = Request::post("/register")
        .header("content-type", "application/json")
        .body(Script::new([
            Step::Data(Bytes::from_static(b"{")),
            Step::Hang,
        ]))
        .unwrap();
    let inner = service_fn(|_: Request<Script>| async {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let answer = ask(&layer.layer(inner), request).await;
    answer.assert_error(408, "invalid_request");
}

#[tokio::test]
async fn a_panic_is_answered() {
    let panics = backend_fn(|operation: Operation| async move {
        assert!(operation.client_id().is_none(), "a bug of the backend");
        Ok::<_, Infallible>(Reply::created("{}"))
    });
    let layer = DcrLayer::new(panics).endpoint_layer(CatchPanicLayer::new());
    let service = layered(&layer);
    let answer = ask(&service, configure("GET", "/register/1", "t", "")).await;
    assert_eq!(answer.status, 500);
    assert!(!String::from_utf8_lossy(&answer.body).contains("bug"));
    assert_eq!(ask(&service, register("{}")).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_so_many_at_once() {
    let layer =
        DcrLayer::new(slow(Duration::from_secs(1))).endpoint_layer(ConcurrencyLimitLayer::new(2));
    let service = layered(&layer);
    let start = tokio::time::Instant::now();
    let asked = (0..6).map(|_| ask(&service, register("{}")));
    for answer in futures_all(asked).await {
        assert_eq!(answer.status, 201);
    }
    assert_eq!(start.elapsed().as_secs(), 3);
}

/// A stack that is not ready is waited for, and holds up nobody else.
#[tokio::test(start_paused = true)]
async fn a_stack_that_is_not_ready() {
    let layer = DcrLayer::new(slow(Duration::from_secs(1)))
        .endpoint_layer(ConcurrencyLimitLayer::new(1))
        .handle_errors();
    let service = layered(&layer);
    let start = tokio::time::Instant::now();
    let asked = async {
        let asked = (0..3).map(|_| ask(&service, register("{}")));
        let answers = futures_all(asked).await;
        assert!(answers.iter().all(|answer| answer.status == 201));
        start.elapsed().as_secs()
    };
    let page = async {
        ask(&service, Request::get("/").body(Full::default()).unwrap()).await;
        start.elapsed().as_secs()
    };
    assert_eq!(tokio::join!(asked, page), (3, 0));
}

/// Around the backend, a limit does not count who sends a body slowly.
#[tokio::test(start_paused = true)]
async fn a_slow_body_takes_no_place() {
    let backend = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .layer_fn(BackendService::new)
        .service(slow(Duration::from_secs(1)));
    let layer = DcrLayer::new(backend);
    let slow = |_| {
        let request = Request::post("/register").header("content-type", "application/json");
        let inner = service_fn(|_: Request<Script>| async {
            Ok::<_, Infallible>(Response::new(Body::empty()))
        });
        let service = layer.layer(inner);
        let body = Script::new([Step::Hang]);
        async move { ask(&service, request.body(body).unwrap()).await.status }
    };
    let service = layered(&layer);
    let quick = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        ask(&service, register("{}")).await.status
    };
    let (slow, quick) = tokio::join!(futures_all((0..8).map(slow)), quick);
    assert_eq!(quick, 201);
    assert!(slow.iter().all(|status| *status == 408));
    // It is a limit all the same.
    let asked = (0..2).map(|_| ask(&service, register("{}")));
    let [served, shed]: [Answer; 2] = futures_all(asked).await.try_into().unwrap();
    assert_eq!(served.status, 201);
    shed.assert_error(503, "temporarily_unavailable");
}

#[tokio::test(start_paused = true)]
async fn who_comes_too_many_is_told_to_come_again() {
    let layer = DcrLayer::new(slow(Duration::from_secs(1)))
        .endpoint_layer(ConcurrencyLimitLayer::new(2))
        .endpoint_layer(LoadShedLayer::new());
    let service = layered(&layer);
    let asked = (0..6).map(|_| ask(&service, register("{}")));
    let answers = futures_all(asked).await;
    let (shed, served): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((shed.len(), served.len()), (4, 2));
    for answer in shed {
        answer.assert_error(503, "temporarily_unavailable");
        let outcome: Outcome = answer.outcome.unwrap();
        assert_eq!(outcome.status(), 503);
    }
}

/// What a layer sheds has CORS headers, where its error is answered before the CORS layer sees it. The answer is the same.
#[tokio::test(start_paused = true)]
async fn errors_are_answered_below_the_layers_outside() {
    let limited = |time| {
        DcrLayer::new(slow(time))
            .endpoint_layer(ConcurrencyLimitLayer::new(1))
            .endpoint_layer(LoadShedLayer::new())
    };
    let bare = layered(&limited(Duration::from_secs(1)).endpoint_layer(cors()));
    let answered = layered(
        &limited(Duration::from_secs(1))
            .handle_errors()
            .endpoint_layer(cors()),
    );
    let from_a_page = |mut request: Request<Full<Bytes>>| {
        let origin = "https://app.example".parse().unwrap();
        request.headers_mut().insert("origin", origin);
        request
    };
    let asked = (0..2).map(|_| ask(&bare, from_a_page(register("{}"))));
    let [_, bare]: [Answer; 2] = futures_all(asked).await.try_into().unwrap();
    let asked = (0..2).map(|_| ask(&answered, from_a_page(register("{}"))));
    let [served, shed]: [Answer; 2] = futures_all(asked).await.try_into().unwrap();
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

/// Of what the stack answers itself, nothing is changed; to a HEAD there is no body.
#[tokio::test]
async fn what_is_no_error_passes() {
    let failing = tower::layer::layer_fn(|_: DcrEndpoint<Recorder>| {
        service_fn(|_: Request<Full<Bytes>>| async {
            Err::<Response<Body>, BoxError>("broken".into())
        })
    });
    let service = layered(
        &DcrLayer::new(Recorder::default())
            .endpoint_layer(failing)
            .handle_errors(),
    );
    let head = Request::head("/register").body(Full::default()).unwrap();
    let answer = ask(&service, head).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (500, 0));
    let answer = ask(&service, register("{}")).await;
    answer.assert_error(500, "server_error");

    let recorder = Recorder::default();
    let buffered = tower::buffer::BufferLayer::new(1);
    let service = layered(
        &DcrLayer::new(recorder.clone())
            .endpoint_layer(buffered)
            .handle_errors(),
    );
    for (request, status) in [
        (register("{}"), 201),
        (register("{"), 400),
        (configure("GET", "/register/1", "t", ""), 200),
    ] {
        let answer = ask(&service, request).await;
        assert_eq!(answer.status, status);
        answer.assert_well_formed();
    }
    let text = format!("{service:?}");
    assert!(text.starts_with("Dcr {"), "{text}");
}

async fn futures_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
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
