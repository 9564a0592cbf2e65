//! The middleware as a tower service: readiness, errors, dropped futures, bodies and endpoint
//! layers.

#[path = "support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body as _, SizeHint};
use http_body_util::{BodyExt, Full};
use tower::layer::layer_fn;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_dcr::backend::BackendService;
use tower_dcr::endpoint::EndpointBody;
use tower_dcr::layer::ResponseBody;
use tower_dcr::{BoxError, DcrLayer, Operation, Reply, backend_fn};
use tower_test::mock;

use support::*;

type Body = Full<Bytes>;

fn elsewhere() -> Request<Body> {
    Request::get("/elsewhere").body(Body::default()).unwrap()
}

fn hello() -> Response<Body> {
    Response::new(Body::from("hello"))
}

#[tokio::test]
async fn readiness_is_that_of_the_inner_service() {
    let layer = DcrLayer::new(RecordingBackend::default());
    let (mut service, mut inner) =
        mock::spawn_with::<Request<Body>, Response<Body>, _, _>(|inner| {
            layer.layer(ReadinessCheck::new(inner))
        });

    inner.allow(0);
    assert!(service.poll_ready().is_pending());
    inner.allow(1);
    assert!(matches!(service.poll_ready(), Poll::Ready(Ok(()))));

    let response = tokio::spawn(service.call(elsewhere()));
    let (request, send) = inner.next_request().await.unwrap();
    assert_eq!(request.uri(), "/elsewhere");
    send.send_response(hello());
    assert_eq!(response.await.unwrap().unwrap().status(), StatusCode::OK);

    inner.send_error("closed");
    let Poll::Ready(Err(error)) = service.poll_ready() else {
        panic!("the error of the inner service is lost");
    };
    assert_eq!(error.to_string(), "closed");
}

#[tokio::test]
async fn matched_request_does_not_reach_the_inner_service() {
    let layer = DcrLayer::new(RecordingBackend::default());
    let (mut service, mut inner) =
        mock::spawn_with::<Request<Body>, Response<Body>, _, _>(|inner| {
            layer.layer(ReadinessCheck::new(inner))
        });
    assert!(matches!(service.poll_ready(), Poll::Ready(Ok(()))));
    let response =
        TestResponse::read(service.call(registration_request(CLIENT)).await.unwrap()).await;
    assert_eq!(response.status, StatusCode::CREATED);
    assert!(service.poll_ready().is_ready());

    // The next request does reach it, on the same service.
    let response = tokio::spawn(service.call(elsewhere()));
    let (_, send) = inner.next_request().await.unwrap();
    send.send_response(hello());
    response.await.unwrap().unwrap();
}

#[tokio::test]
async fn error_of_the_inner_service_keeps_its_type() {
    #[derive(Debug, PartialEq)]
    struct Mine(u8);

    let app = service_fn(|_: Request<Body>| async { Err::<Response<Body>, _>(Mine(7)) });
    let service = DcrLayer::new(RecordingBackend::default()).layer(app);
    let error: Mine = service.clone().oneshot(elsewhere()).await.unwrap_err();
    assert_eq!(error, Mine(7));
    // That type need not be an `Error`, even for a matched request.
    assert_eq!(
        send(&service, registration_request(CLIENT)).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn request_that_passes_through_is_not_changed() {
    #[derive(Clone, Debug, PartialEq)]
    struct Tag(&'static str);

    let app = service_fn(|request: Request<ScriptedBody>| async move {
        assert_eq!(request.extensions().get(), Some(&Tag("in")));
        assert_eq!(request.headers()["authorization"], "Bearer token");
        let mut response = Response::new(request.into_body());
        response.extensions_mut().insert(Tag("out"));
        Ok::<_, Infallible>(response)
    });
    let service = DcrLayer::new(RecordingBackend::default()).layer(app);
    let trailers: http::HeaderMap = [("x-sum".parse().unwrap(), "1".parse().unwrap())]
        .into_iter()
        .collect();
    let body = ScriptedBody::new([
        BodyStep::Data(Bytes::from_static(b"one")),
        BodyStep::Data(Bytes::from_static(b"two")),
        BodyStep::Trailers(trailers.clone()),
        BodyStep::Fail("broken".into()),
    ])
    .with_hint(6);
    let mut request = Request::post("/elsewhere").body(body).unwrap();
    request
        .headers_mut()
        .insert("authorization", "Bearer token".parse().unwrap());
    request.extensions_mut().insert(Tag("in"));

    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.extensions().get(), Some(&Tag("out")));
    assert!(response.headers().is_empty());
    let mut body = pin!(response.into_body());
    assert_eq!(body.size_hint().lower(), 6);
    assert_eq!(body.size_hint().upper(), None);
    assert!(!body.is_end_stream());
    let mut next = async || body.as_mut().frame().await;
    assert_eq!(next().await.unwrap().unwrap().into_data().unwrap(), "one");
    assert_eq!(next().await.unwrap().unwrap().into_data().unwrap(), "two");
    assert_eq!(
        next().await.unwrap().unwrap().into_trailers().unwrap(),
        trailers
    );
    assert_eq!(next().await.unwrap().unwrap_err().to_string(), "broken");
    assert!(next().await.is_none());
}

#[tokio::test]
async fn response_bodies_know_their_size() {
    let app = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(hello()) });
    let service = DcrLayer::new(RecordingBackend::default()).layer(app);
    let response = service.clone().oneshot(elsewhere()).await.unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(5));
    assert!(!response.body().is_end_stream());

    let response = service
        .clone()
        .oneshot(registration_request(CLIENT))
        .await
        .unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(17));
    assert!(!response.body().is_end_stream());

    let delete = configuration_request("DELETE", "/register/1", "token", "");
    let response = service.oneshot(delete).await.unwrap();
    // A declared size of 0 would become a `Content-Length`, which a 204 must not have.
    assert_eq!(response.body().size_hint().exact(), None);
    assert!(response.body().is_end_stream());

    // Outer layers that answer by themselves need a default body.
    let default = ResponseBody::<Body, EndpointBody>::default();
    assert_eq!(default.size_hint().exact(), SizeHint::with_exact(0).exact());
    assert!(default.is_end_stream());
}

#[tokio::test]
async fn unready_endpoint_does_not_delay_the_application() {
    let app = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(hello()) });
    let never = backend_fn(|_: Operation| pending::<Result<Reply, Infallible>>());
    let service = DcrLayer::new(never)
        .endpoint_layer(ConcurrencyLimitLayer::new(1))
        .endpoint_layer(layer_fn(ReadinessCheck::new))
        .layer(app);

    let mut first = service.clone();
    let mut first = pin!(
        first
            .ready()
            .await
            .unwrap()
            .call(registration_request(CLIENT))
    );
    let mut second = service.clone();
    let mut second = pin!(
        second
            .ready()
            .await
            .unwrap()
            .call(registration_request(CLIENT))
    );
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());

    let mut third = service.clone();
    let third = third.ready().await.unwrap();
    assert_eq!(
        third.call(elsewhere()).await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn unready_backend_is_awaited_in_the_response_future() {
    let (backend, mut handle) = mock::pair::<Operation, Reply>();
    // A mock is not `Sync`, and a backend must be. A buffer around it is.
    let backend = tower::buffer::Buffer::new(ReadinessCheck::new(backend), 8);
    let app = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(hello()) });
    let service = DcrLayer::new(ReadinessCheck::new(backend)).layer(app);

    handle.allow(0);
    let waiting = {
        let service = service.clone();
        tokio::spawn(async move { send(&service, registration_request(CLIENT)).await })
    };
    tokio::task::yield_now().await;
    assert_eq!(send(&service, elsewhere()).await.status, StatusCode::OK);
    assert!(!waiting.is_finished());

    handle.allow(1);
    let (operation, respond) = handle.next_request().await.unwrap();
    assert_eq!(operation.metadata().unwrap().as_str(), CLIENT);
    respond.send_response(Reply::created("{}"));
    assert_eq!(waiting.await.unwrap().status, StatusCode::CREATED);

    // After an error of the backend the service still works.
    handle.allow(2);
    let failing = {
        let service = service.clone();
        tokio::spawn(async move { send(&service, registration_request(CLIENT)).await })
    };
    handle.next_request().await.unwrap().1.send_error("failed");
    failing.await.unwrap().assert_error(500, "server_error");

    let next = tokio::spawn(async move { send(&service, registration_request(CLIENT)).await });
    reply_to_next(&mut handle, Reply::created("{}")).await;
    assert_eq!(next.await.unwrap().status, StatusCode::CREATED);
}

async fn reply_to_next(handle: &mut mock::Handle<Operation, Reply>, reply: Reply) {
    let (operation, respond) = handle.next_request().await.unwrap();
    assert!(matches!(operation, Operation::Register(_)));
    respond.send_response(reply);
}

#[tokio::test]
async fn dropped_response_future_drops_the_backend_future() {
    struct InFlight(Arc<AtomicUsize>);

    impl Drop for InFlight {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    let in_flight = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&in_flight);
    let backend = backend_fn(move |_: Operation| {
        count.fetch_add(1, Ordering::SeqCst);
        let guard = InFlight(Arc::clone(&count));
        async move {
            let _guard = guard;
            pending::<Result<Reply, Infallible>>().await
        }
    });
    let app = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(hello()) });
    // It works through tower's layers and through `BackendService` too.
    let service = DcrLayer::new(
        ServiceBuilder::new()
            .concurrency_limit(2)
            .service(BackendService::new(backend)),
    )
    .endpoint_layer(ConcurrencyLimitLayer::new(2))
    .layer(app);
    {
        let mut one = pin!(service.clone().oneshot(registration_request(CLIENT)));
        let mut other = pin!(service.clone().oneshot(configuration_request(
            "GET",
            "/register/1",
            "t",
            ""
        )));
        let mut context = Context::from_waker(Waker::noop());
        assert!(one.as_mut().poll(&mut context).is_pending());
        assert!(other.as_mut().poll(&mut context).is_pending());
        assert_eq!(in_flight.load(Ordering::SeqCst), 2);
    }
    assert_eq!(in_flight.load(Ordering::SeqCst), 0);

    // The slots of the limits are free again.
    let mut again = pin!(service.oneshot(registration_request(CLIENT)));
    assert!(
        again
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!(in_flight.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn service_works_after_a_backend_error() {
    let calls = AtomicUsize::new(0);
    let backend = backend_fn(move |_: Operation| {
        let fails = calls.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        async move {
            if fails {
                Err("failed")
            } else {
                Ok(Reply::created("{}"))
            }
        }
    });
    let app = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(hello()) });
    let mut service = DcrLayer::new(backend).layer(app);
    for status in [500, 201, 500, 201] {
        let response = service
            .ready()
            .await
            .unwrap()
            .call(registration_request(CLIENT))
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), status);
    }
}

#[tokio::test]
async fn endpoint_layer_state_is_shared_by_all_applications_of_the_layer() {
    let never = backend_fn(|_: Operation| pending::<Result<Reply, Infallible>>());
    let built = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&built);
    let layer = DcrLayer::new(never)
        .endpoint_layer(ConcurrencyLimitLayer::new(1))
        .endpoint_layer(LoadShedLayer::new())
        .endpoint_layer(layer_fn(move |inner| {
            count.fetch_add(1, Ordering::SeqCst);
            inner
        }));
    let apply = |layer: &DcrLayer<_, _>| {
        layer.layer(service_fn(|_: Request<Body>| async {
            Ok::<_, Infallible>(hello())
        }))
    };
    let services: Vec<_> = (0..100).map(|_| apply(&layer.clone())).collect();
    assert_eq!(built.load(Ordering::SeqCst), 1);

    let mut first = pin!(services[0].clone().oneshot(registration_request(CLIENT)));
    assert!(
        first
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    for service in &services[1..] {
        send(service, registration_request(CLIENT))
            .await
            .assert_error(503, "temporarily_unavailable");
    }
}

#[tokio::test]
async fn endpoint_layers_see_only_registration_paths_and_the_last_one_is_outermost() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let spy = |name: &'static str| {
        let seen = Arc::clone(&seen);
        tower::util::MapRequestLayer::new(move |request: Request<Body>| {
            seen.lock()
                .unwrap()
                .push((name, request.uri().path().to_owned()));
            request
        })
    };
    let app = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(hello()) });
    let service = DcrLayer::new(RecordingBackend::default())
        .endpoint_layer(spy("inner"))
        .endpoint_layer(spy("outer"))
        .layer(app);
    send(&service, elsewhere()).await;
    assert!(seen.lock().unwrap().is_empty());
    send(&service, registration_request(CLIENT)).await;
    let expected = [
        ("outer", "/register".to_owned()),
        ("inner", "/register".to_owned()),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn endpoint_layer_may_change_both_bodies() {
    let app = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(hello()) });
    let service = DcrLayer::new(RecordingBackend::default())
        .endpoint_layer(tower::util::MapRequestLayer::new(
            |request: Request<Body>| {
                request.map(|body| body.map_err(BoxError::from).boxed_unsync())
            },
        ))
        .endpoint_layer(tower::util::MapResponseLayer::new(
            |response: Response<EndpointBody>| response.map(axum::body::Body::new),
        ))
        .layer(app);
    let response = send(&service, registration_request(CLIENT)).await;
    assert_eq!(response.status, StatusCode::CREATED);
    response.assert_well_formed();
    assert_eq!(send(&service, elsewhere()).await.body, "hello");
}
