//! No secret leaks. Every secret, token and metadata value contains a sentinel, in every operation
//! and every failure. The sentinel appears in no `Debug`, no log line and no error.

#[path = "support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_dcr::backend::{BackendService, SharedBackend, Unavailable};
use tower_dcr::registry::{ClientOrder, Registry};
use tower_dcr::{Backend, BoxError, DcrEndpoint, DcrLayer, Operation, Outcome, Reply, backend_fn};
use tracing_subscriber::fmt::MakeWriter;

use support::*;

/// Held by the test that runs. `tracing` caches for the whole process whether anybody listens to a
/// callsite.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const SENTINEL: &str = "SENTINEL";
const TOKEN: &str = "token-SENTINEL";
const CONTENT: &str = r#"{
    "client_id": "1",
    "client_secret": "secret-SENTINEL",
    "registration_access_token": "token-SENTINEL",
    "client_name": "name-SENTINEL"
}"#;

/// Collects the log, and all `Debug` texts.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Adds both `Debug` forms of a value.
    fn debug(&self, value: &impl Debug) {
        let mut text = String::new();
        writeln!(text, "{value:?} {value:#?}").unwrap();
        self.0.lock().unwrap().extend(text.bytes());
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Written {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Valid and refused requests, with a sentinel wherever a client can write one.
fn requests() -> Vec<Request<Full<Bytes>>> {
    let metadata = json!({
        "client_name": "name-SENTINEL",
        "redirect_uris": ["https://SENTINEL.example/cb"],
        "jwks": {"keys": [{"kty": "RSA", "n": "key-SENTINEL"}]},
        "name-SENTINEL": "value-SENTINEL",
    })
    .to_string();
    let bad = [
        metadata.replace("https:", "javascript:"),
        metadata.replace("[\"https:", "[1,\"https:"),
        metadata.replace("\"client_name\":", "\"name-SENTINEL\":"),
        metadata.replace('}', ""),
        format!("[{metadata}]"),
        format!("\"{SENTINEL}\""),
        "{\"SENTINEL\":1e999}".to_owned(),
        "{\"SENTINEL\":\"\\ud800\"}".to_owned(),
        "{\"client_name\":{\"a\":\"SENTINEL\"}}".to_owned(),
    ];
    let mut requests = vec![registration_request(metadata.clone())];
    for method in ["POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for path in [
            "/register",
            "/register/1",
            "/register/%zz-SENTINEL",
            "/register?access_token=token-SENTINEL",
            "/register/1?access_token=token-SENTINEL",
            "/register?x=SENTINEL",
        ] {
            requests.push(configuration_request(method, path, TOKEN, metadata.clone()));
        }
        for body in &bad {
            requests.push(configuration_request(
                method,
                "/register",
                TOKEN,
                body.clone(),
            ));
            requests.push(configuration_request(
                method,
                "/register/1",
                TOKEN,
                body.clone(),
            ));
        }
    }
    for request in &mut requests {
        request
            .headers_mut()
            .insert("cookie", "session=SENTINEL".parse().unwrap());
    }
    for malformed in [
        "Bearer SENTINEL SENTINEL",
        "Bearer \"SENTINEL\"",
        "Basic SENTINEL",
    ] {
        for mut request in [
            registration_request(CLIENT),
            configuration_request("GET", "/register/1", TOKEN, ""),
        ] {
            request
                .headers_mut()
                .insert("authorization", malformed.parse().unwrap());
            requests.push(request);
        }
    }
    let mut typed = registration_request(metadata);
    typed
        .headers_mut()
        .insert("content-type", "text/SENTINEL".parse().unwrap());
    requests.push(typed);
    requests
}

/// Makes a backend that records the `Debug` of each operation, and replies like this.
fn spy<E>(
    written: &Written,
    reply: impl Fn(&Operation) -> Result<Reply, E> + Send + Sync + 'static,
) -> impl Backend
where
    E: Into<BoxError> + Send + 'static,
{
    let written = written.clone();
    backend_fn(move |operation: Operation| {
        written.debug(&operation);
        match &operation {
            Operation::Register(register) => written.debug(register),
            Operation::Read(read) => written.debug(read),
            Operation::Update(update) => written.debug(update),
            Operation::Delete(delete) => written.debug(delete),
        }
        written.debug(&operation.token());
        written.debug(&operation.metadata());
        let reply = reply(&operation);
        if let Ok(reply) = &reply {
            written.debug(reply);
        }
        async { reply }
    })
}

/// Sends all requests, and records the `Debug` of everything but the content of a reply.
async fn ask_all<S, B>(written: &Written, service: S)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible> + Clone + Debug,
    S::Future: Debug,
    B: http_body::Body<Error: Debug> + Debug,
{
    written.debug(&service);
    for request in requests() {
        let mut service = service.clone();
        let future = service.ready().await.unwrap().call(request);
        written.debug(&future);
        let response = future.await.unwrap();
        if let Some(outcome) = response.extensions().get::<Outcome>() {
            written.debug(outcome);
            let mut cause = outcome.cause().map(|cause| cause as &(dyn Error + 'static));
            while let Some(error) = cause {
                written.debug(&error.to_string());
                written.debug(&error);
                cause = error.source();
            }
        }
        written.debug(&response.body());
        written.debug(&response.headers());
        let quiet = response.status().as_u16() >= 400;
        let response = TestResponse::read(response).await;
        if quiet
            && !response
                .json()
                .as_object()
                .unwrap()
                .contains_key("client_id")
        {
            // The error responses of this crate quote nothing either.
            written.debug(&response.body);
        }
    }
}

fn layered<B: Backend>(
    backend: B,
) -> impl Service<
    Request<Full<Bytes>>,
    Response = Response<impl http_body::Body<Error = BoxError> + Debug>,
    Error = Infallible,
    Future: Debug,
> + Clone
+ Debug {
    #[derive(Clone, Copy, Debug)]
    struct App;

    impl Service<Request<Full<Bytes>>> for App {
        type Response = Response<Full<Bytes>>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<Full<Bytes>>, Infallible>>;

        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Infallible>> {
            std::task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
            std::future::ready(Ok(Response::default()))
        }
    }

    DcrLayer::new(backend).layer(App)
}

#[tokio::test(start_paused = true)]
async fn no_secret_of_a_request_or_a_reply_leaks() {
    let _alone = ALONE.lock().await;
    let written = Written::default();
    let _guard = tracing::subscriber::set_default(subscriber(&written));

    let replies: [fn() -> Reply; 10] = [
        || Reply::created(CONTENT),
        || Reply::ok(CONTENT),
        || Reply::updated(CONTENT),
        || Reply::deleted(),
        || Reply::bad_request(CONTENT),
        || Reply::unauthorized(CONTENT),
        || Reply::internal_server_error(CONTENT),
        || Reply::ok("\"SENTINEL\""),
        || Reply::created("{\"SENTINEL"),
        || Reply::bad_request(b"{\"SENTINEL\":\"\xff\"}".to_vec()),
    ];
    for reply in replies {
        ask_all(
            &written,
            layered(spy(&written, move |_| Ok::<_, Infallible>(reply()))),
        )
        .await;
    }
    ask_all(
        &written,
        layered(spy(&written, |_| Err::<Reply, _>("failed"))),
    )
    .await;
    ask_all(
        &written,
        layered(spy(&written, |_| {
            Err::<Reply, _>(WrappedError(Unavailable::new().into()))
        })),
    )
    .await;
    ask_all(
        &written,
        layered(SharedBackend::new(spy(&written, |_| {
            Ok::<_, Infallible>(Reply::ok(CONTENT))
        }))),
    )
    .await;

    // Neither time-out leaks: that of the builder and that of tower.
    let never = || backend_fn(|_: Operation| std::future::pending::<Result<Reply, Infallible>>());
    ask_all(&written, layered(never())).await;
    let timeout = ServiceBuilder::new()
        .timeout(Duration::from_millis(1))
        .service(BackendService::new(never()));
    ask_all(&written, layered(timeout)).await;

    let text = written.text();
    assert!(!text.contains(SENTINEL), "{}", around(&text, SENTINEL));
    // The test is not vacuous: the texts that may be written are there.
    for expected in [
        "ERROR",
        "client registration failed",
        "the time-out elapsed before the answer came",
        "operation=\"update\"",
        "client_id: \"1\"",
    ] {
        assert!(text.contains(expected), "{expected}");
    }
}

/// The secrets that the registry issues.
#[tokio::test]
async fn no_issued_secret_leaks() {
    let _alone = ALONE.lock().await;
    let written = Written::default();
    let _guard = tracing::subscriber::set_default(subscriber(&written));
    let directory = tempfile::tempdir().unwrap();
    let builder =
        Registry::builder("https://as.example.com/register").rotate_registration_access_token(true);
    written.debug(&builder);
    let mut issued = vec![SENTINEL.to_owned()];
    for registry in [
        builder.clone().build().unwrap(),
        builder
            .file(directory.path().join("clients.redb"))
            .build()
            .unwrap(),
    ] {
        written.debug(&registry);
        ask_all(&written, layered(registry.clone())).await;
        let listed = registry.list(ClientOrder::Age, None, 99).await.unwrap();
        assert!(!listed.clients.is_empty());
        written.debug(&listed);
        let endpoint = DcrEndpoint::new(spy_on(&written, registry.clone()));
        let client = send(&endpoint, registration_request(CLIENT)).await.json();
        let member = |name: &str| client[name].as_str().unwrap().to_owned();
        let (id, token, secret) = (
            member("client_id"),
            member("registration_access_token"),
            member("client_secret"),
        );
        written.debug(&registry.client(&id).await.unwrap());
        let path = format!("/register/{id}");
        for (method, token) in [
            ("GET", &token),
            ("PUT", &token),
            ("GET", &secret),
            ("DELETE", &token),
            ("GET", &token),
        ] {
            let response = endpoint
                .clone()
                .oneshot(configuration_request(
                    method,
                    &path,
                    token,
                    client.to_string(),
                ))
                .await
                .unwrap();
            written.debug(&response.extensions().get::<Outcome>());
            written.debug(&response);
        }
        issued.extend([token, secret]);
    }

    let text = written.text();
    for secret_text in &issued {
        assert!(
            !text.contains(secret_text),
            "{}",
            around(&text, secret_text)
        );
    }
}

fn subscriber(written: &Written) -> impl tracing::Subscriber + Send + Sync {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(written.clone())
        .with_ansi(false)
        .finish()
}

/// Makes a backend of a registry that records the `Debug` of operations and replies.
fn spy_on(written: &Written, backend: Registry) -> impl Backend {
    let written = written.clone();
    backend_fn(move |operation: Operation| {
        let (written, backend) = (written.clone(), backend.clone());
        async move {
            written.debug(&operation);
            let reply = backend.execute(operation).await;
            written.debug(&reply);
            reply
        }
    })
}

/// Returns the text around the first place that contains a secret.
fn around(text: &str, secret_text: &str) -> String {
    let at = text.find(secret_text).unwrap_or_default();
    text.chars()
        .skip(at.saturating_sub(300))
        .take(400)
        .collect()
}

#[test]
fn errors_quote_nothing() {
    let _alone = ALONE.blocking_lock();
    let written = Written::default();
    let token = tower_dcr::BearerToken::new("SENTINEL SENTINEL").unwrap_err();
    let metadata = tower_dcr::ClientMetadata::parse("{\"SENTINEL\":SENTINEL}").unwrap_err();
    let endpoint =
        Registry::in_memory("https://user:SENTINEL@as.example.com/register").unwrap_err();
    written.debug(&token.to_string());
    written.debug(&token);
    written.debug(&metadata.to_string());
    written.debug(&metadata);
    written.debug(&endpoint.to_string());
    written.debug(&endpoint);
    assert!(token.source().is_none() && metadata.source().is_none());
    assert!(!written.text().contains(SENTINEL), "{}", written.text());
}

#[tokio::test]
async fn cause_with_line_breaks_stays_on_one_log_line() {
    let _alone = ALONE.lock().await;
    let written = Written::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(written.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let endpoint = DcrEndpoint::new(backend_fn(|_: Operation| async {
        Err::<Reply, _>(WrappedError("first\nERROR second\x1b[2J\r".into()))
    }));
    send(&endpoint, registration_request(CLIENT))
        .await
        .assert_error(500, "server_error");
    let text = written.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains(r"wrapped: first\nERROR second\u{1b}[2J\r"),
        "{text}"
    );
    assert!(text.contains("ERROR") && text.contains("operation=\"register\""));
}
