//! Counted allocations: a request that passes through costs none, and a client in the registry
//! takes no more memory than its metadata.

use std::convert::Infallible;
use std::future::{Future as _, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::{AllocationInfo, measure};
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use serde_json::Value;
use tower::{Layer, Service};
use tower_dcr::operation::Register;
use tower_dcr::registry::Registry;
use tower_dcr::{
    Backend, BoxError, ClientMetadata, DcrEndpoint, DcrLayer, ErrorCode, Reply, backend_fn,
};
use tower_http::cors::{AllowOrigin, CorsLayer};

type Body = Full<bytes::Bytes>;

/// An application that allocates nothing.
#[derive(Clone)]
struct App;

impl Service<Request<Body>> for App {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        ready(Ok(Response::new(request.into_body())))
    }
}

fn requests() -> Vec<Request<Body>> {
    [
        "/",
        "/register/",
        "/registered",
        "/register/a/b",
        "/an/application's/page?with=query",
    ]
    .into_iter()
    .cycle()
    .take(1_000)
    .map(|path| {
        Request::post(path)
            .header("authorization", "Bearer token")
            .body(Body::from("body"))
            .unwrap()
    })
    .collect()
}

/// Counts the allocations of these requests. Each request has a clone of the service, as with axum.
fn count<S>(service: &S, requests: Vec<Request<Body>>) -> AllocationInfo
where
    S: Service<Request<Body>, Error = Infallible> + Clone,
{
    let mut context = Context::from_waker(Waker::noop());
    measure(|| {
        for request in requests {
            let mut service = service.clone();
            assert!(service.poll_ready(&mut context).is_ready());
            let future = pin!(service.call(request));
            assert!(future.poll(&mut context).is_ready());
        }
    })
}

#[test]
fn request_that_passes_through_allocates_no_more_than_the_inner_service() {
    let backend = backend_fn(|_| async {
        Ok::<_, BoxError>(Reply::refuse(
            ErrorCode::AccessDenied,
            "This is not allowed.",
        ))
    });
    let origins = ["https://a.example", "https://b.example"].map(HeaderValue::from_static);
    let layer = DcrLayer::new(backend).endpoint_layer(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_headers([http::header::AUTHORIZATION, http::header::CONTENT_TYPE]),
    );
    let service = layer.layer(App);

    let bare = count(&App, requests());
    let layered = count(&service, requests());
    println!("bare: {bare:?}\nwith the layer: {layered:?}");
    assert_eq!(layered.count_total, bare.count_total);
    assert_eq!(layered.bytes_total, bare.bytes_total);

    // The counter works: a request on a registration path does allocate.
    let ours = vec![Request::get("/register/1").body(Body::default()).unwrap()];
    assert!(count(&service, ours).count_total > 0);
}

#[test]
fn request_that_passes_a_named_segment_allocates_nothing() {
    let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    let layer = DcrLayer::builder(backend)
        .registration_path("/{region}/{tenant}/register")
        .configuration_path("/{region}/{tenant}/clients")
        .build()
        .unwrap();
    let paths = [
        "/",
        "/eu/blue/regist",
        "/eu/blue/clients",
        "/eu//register",
        "/a/b/c/d/e",
    ];
    let requests = || {
        let requests = paths.into_iter().cycle().take(1_000);
        requests
            .map(|path| Request::post(path).body(Body::from("body")).unwrap())
            .collect::<Vec<_>>()
    };
    let bare = count(&App, requests());
    let layered = count(&layer.layer(App), requests());
    assert_eq!(layered.count_total, bare.count_total);
    let ours = Request::post("/eu/blue/register").body(Body::default());
    assert!(count(&layer.layer(App), vec![ours.unwrap()]).count_total > 0);
}

/// The middleware boxes the future of the endpoint stack, and puts the route into the extensions of
/// the request. The extensions are a boxed map of boxed values, so that makes three allocations
/// more if they were empty, and one if a framework has filled them.
#[test]
fn matched_request_costs_the_middleware_at_most_four_allocations() {
    let backend = || backend_fn(|_| async { Ok::<_, BoxError>(Reply::ok("{}")) });
    let endpoint = DcrEndpoint::new(backend());
    let service = DcrLayer::new(backend()).layer(App);
    let request = || {
        Request::get("/register/1")
            .header("authorization", "Bearer token")
            .body(Body::default())
            .unwrap()
    };
    let with_extensions = || {
        let mut request = request();
        request.extensions_mut().insert("of the framework");
        request
    };
    for (make, most) in [(&request as &dyn Fn() -> _, 4), (&with_extensions, 2)] {
        // The first calls initialize what is created once.
        count(&endpoint, vec![make()]);
        count(&service, vec![make()]);
        let alone = count(&endpoint, vec![make()]).count_total;
        let layered = count(&service, vec![make()]).count_total;
        println!("endpoint alone: {alone}, with the middleware: {layered}");
        assert!(
            layered > alone && layered - alone <= most,
            "{layered} {alone}"
        );
    }
}

/// 64 KiB of JSON can become megabytes once they are parsed into a tree. The registry neither keeps
/// nor builds such a tree.
#[test]
fn registered_client_takes_no_more_memory_than_its_metadata() {
    const LIMIT: usize = 64 * 1024;
    let filled = |start: &str, item: &str, end: &str| {
        // The rest is for the members that the registry adds.
        let count = (LIMIT - 1_000 - start.len() - end.len()) / (item.len() + 1);
        format!("{start}{}{end}", vec![item; count].join(","))
    };
    let redirect = r#"{"redirect_uris":["https://client.example.org/cb"]"#;
    let deep = format!("{}0{}", "{\"\":".repeat(110), "}".repeat(110));
    let deep = format!("{{\"kty\":\"x\",\"x\":{deep}}}");
    let members: Vec<String> = (0..2_500)
        .map(|n| format!(",\"client_name#{n:x}\":\"\""))
        .collect();
    let members = members.concat();
    for (name, body) in [
        (
            "text",
            format!(
                "{redirect},\"client_name\":\"{}\"}}",
                "x".repeat(LIMIT - 1_000)
            ),
        ),
        (
            "deep keys",
            filled(&format!("{redirect},\"jwks\":{{\"keys\":["), &deep, "]}}"),
        ),
        (
            "flat keys",
            filled(
                &format!("{redirect},\"jwks\":{{\"keys\":["),
                "{\"kty\":\"x\"}",
                "]}}",
            ),
        ),
        (
            "numbers",
            filled(
                &format!("{redirect},\"jwks\":{{\"keys\":[],\"x\":["),
                "1e15",
                "]}}",
            ),
        ),
        (
            "contacts",
            filled(&format!("{redirect},\"contacts\":["), "\"\"", "]}"),
        ),
        (
            "redirect URIs",
            filled("{\"redirect_uris\":[", "\"a:\"", "]}"),
        ),
        ("members", format!("{redirect}{members}}}")),
        (
            "unknown",
            filled(&format!("{redirect},\"unknown\":["), "[]", "]}"),
        ),
    ] {
        // Without the limits, which would refuse most of these bodies.
        let backend = Registry::builder("https://as.example.com/register")
            .max_metadata_length(2 * LIMIT)
            .max_redirect_uris(LIMIT)
            .max_contacts(LIMIT)
            .build();
        let endpoint = DcrEndpoint::new(backend.unwrap());
        let request = Request::post("/register")
            .header("content-type", "application/json")
            .body(Body::from(body.clone()))
            .unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let info = measure(|| {
            let mut endpoint = endpoint.clone();
            let future = pin!(endpoint.call(request));
            let Poll::Ready(Ok(response)) = future.poll(&mut context) else {
                panic!("the response is not ready at once");
            };
            assert_eq!(response.status(), 201, "{name}");
        });
        println!("{name}, {} bytes: {info:?}", body.len());
        // The text of the request was freed.
        let written = i64::try_from(body.len()).unwrap();
        let kept = info.bytes_current + written;
        assert!(
            kept <= 2 * written,
            "{name}: the registry keeps {kept} bytes"
        );
        assert!(
            info.bytes_max <= 32 * LIMIT as u64,
            "{name}: it used {} bytes at once",
            info.bytes_max
        );
    }
}

#[test]
fn deleted_clients_leave_no_memory_behind() {
    let backend = Registry::in_memory("https://as.example.com/register").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.unwrap();
    let register_use_and_delete = |count: usize| {
        measure(|| {
            runtime.block_on(async {
                for _ in 0..count {
                    let metadata = r#"{"redirect_uris":["https://client.example.org/cb"]}"#;
                    let metadata = ClientMetadata::parse(metadata).unwrap();
                    let reply = backend
                        .execute(Register::new(metadata).into())
                        .await
                        .unwrap();
                    let information: Value =
                        serde_json::from_slice(reply.content().unwrap()).unwrap();
                    let id = information["client_id"].as_str().unwrap();
                    backend.mark_used(id).await.unwrap();
                    assert!(backend.delete(id).await.unwrap());
                }
            });
        })
    };
    // The tables keep the memory of their first growth.
    register_use_and_delete(100);
    let left = register_use_and_delete(1_000).bytes_current;
    assert!(left.abs() < 1_000, "{left} bytes were not freed");
}
