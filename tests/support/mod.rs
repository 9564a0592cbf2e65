//! What the tests share: requests, checks of responses, and bodies, services and backends with a
//! scripted behaviour.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary compiles its own copy, and uses only a part of it"
)]

pub mod compile;
#[cfg(unix)]
pub mod example_process;
pub mod known_client;
pub mod random;
pub mod report;
pub mod socket;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tower::{Service, ServiceExt};
use tower_dcr::{Backend, BoxError, Operation, Outcome, Reply};

/// Client metadata that every backend accepts.
pub const CLIENT: &str = r#"{"redirect_uris":["https://client.example.org/cb"]}"#;

/// An HTTP response whose body was read to its end.
#[derive(Clone, Debug)]
pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub outcome: Option<Outcome>,
}

impl TestResponse {
    /// Reads the body of a response.
    pub async fn read<B>(response: Response<B>) -> Self
    where
        B: Body,
        B::Error: std::fmt::Debug,
    {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            outcome: parts.extensions.get().cloned(),
            body: body
                .collect()
                .await
                .expect("the body ends without an error")
                .to_bytes(),
        }
    }

    /// Returns the value of a header. Panics if the response has the header twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "the response has {name} twice");
        value
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// Returns the `error` of an error response.
    pub fn error(&self) -> String {
        self.json()["error"]
            .as_str()
            .expect("the body has an error")
            .to_owned()
    }

    /// Checks the error response to a `HEAD`: it has all headers of the response to a `GET`, and no
    /// body.
    #[track_caller]
    pub fn assert_head_of_error(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status);
        assert!(self.body.is_empty(), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(
            self.header("content-length")
                .unwrap()
                .parse::<usize>()
                .unwrap()
                > 0
        );
    }

    /// Checks what the HTTP contract requires of every response.
    #[track_caller]
    pub fn assert_well_formed(&self) {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(self.header("pragma"), Some("no-cache"), "{self:?}");
        if self.status == StatusCode::NO_CONTENT {
            assert!(self.body.is_empty());
            assert_eq!(self.header("content-type"), None);
            assert_eq!(self.header("content-length"), None);
            return;
        }
        assert_eq!(self.header("content-type"), Some("application/json"));
        let length = self.body.len().to_string();
        assert_eq!(self.header("content-length"), Some(&*length));
        assert!(self.json().is_object());
        assert_eq!(
            self.headers.contains_key("www-authenticate")
                && self.status == StatusCode::UNAUTHORIZED,
            self.status == StatusCode::UNAUTHORIZED,
            "every 401 has a challenge"
        );
    }

    /// Checks an error response that this crate wrote, with its status and its `error`.
    #[track_caller]
    pub fn assert_error(&self, status: u16, error: &str) {
        assert_eq!(
            (self.status.as_u16(), &*self.error()),
            (status, error),
            "{self:?}"
        );
        self.assert_well_formed();
        let body = self.json();
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        let description = body["error_description"].as_str().unwrap();
        assert!(!description.is_empty() && description.len() <= 200);
        assert!(
            description
                .bytes()
                .all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)),
            "{description}"
        );
    }
}

/// Calls a clone of a service once it is ready, as a server does, and reads the response to its
/// end.
pub async fn send<S, ReqBody, ResBody>(service: &S, request: Request<ReqBody>) -> TestResponse
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: std::fmt::Debug,
    ResBody: Body,
    ResBody::Error: std::fmt::Debug,
{
    TestResponse::read(service.clone().oneshot(request).await.unwrap()).await
}

/// Returns a valid registration request with this body.
pub fn registration_request(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post("/register")
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap()
}

/// Returns a request with this bearer token, for the client configuration endpoint.
pub fn configuration_request(
    method: &str,
    path: &str,
    token: &str,
    body: impl Into<Bytes>,
) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap()
}

/// A backend that answers every operation with success, and records the operations.
#[derive(Clone, Default)]
pub struct RecordingBackend {
    operations: Arc<Mutex<Vec<Operation>>>,
}

impl RecordingBackend {
    /// Returns all operations so far, the latest one last.
    pub fn operations(&self) -> Vec<Operation> {
        self.operations.lock().unwrap().clone()
    }

    /// Returns the number of operations so far.
    pub fn calls(&self) -> usize {
        self.operations.lock().unwrap().len()
    }
}

impl Backend for RecordingBackend {
    type Error = Infallible;

    async fn execute(&self, operation: Operation) -> Result<Reply, Infallible> {
        let reply = match &operation {
            Operation::Register(_) => Reply::created("{\"client_id\":\"1\"}"),
            Operation::Read(_) => Reply::ok("{\"client_id\":\"1\"}"),
            Operation::Update(_) => Reply::updated("{\"client_id\":\"1\"}"),
            Operation::Delete(_) => Reply::deleted(),
        };
        self.operations.lock().unwrap().push(operation);
        Ok(reply)
    }
}

/// One step of a [`ScriptedBody`].
pub enum BodyStep {
    Data(Bytes),
    Trailers(HeaderMap),
    Fail(BoxError),
    /// Stays pending for ever.
    Hang,
}

/// A body that follows a script. It counts the bytes that were read, and how often it was polled.
pub struct ScriptedBody {
    steps: VecDeque<BodyStep>,
    hint: SizeHint,
    taken: Arc<AtomicUsize>,
    polls: Arc<AtomicUsize>,
}

impl ScriptedBody {
    pub fn new(steps: impl IntoIterator<Item = BodyStep>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            hint: SizeHint::default(),
            taken: Arc::default(),
            polls: Arc::default(),
        }
    }

    /// Sets the lower bound of the size hint.
    pub fn with_hint(mut self, lower: u64) -> Self {
        self.hint.set_lower(lower);
        self
    }

    /// Returns the number of bytes that were read so far.
    pub fn taken(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.taken)
    }

    /// Returns how often the body was polled so far.
    pub fn polls(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.polls)
    }
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        match self.steps.pop_front() {
            None => Poll::Ready(None),
            Some(BodyStep::Data(data)) => {
                self.taken.fetch_add(data.len(), Ordering::SeqCst);
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(BodyStep::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Some(BodyStep::Fail(error)) => Poll::Ready(Some(Err(error))),
            Some(BodyStep::Hang) => {
                self.steps.push_front(BodyStep::Hang);
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// An error with another error as its source.
#[derive(Debug)]
pub struct WrappedError(pub BoxError);

impl std::fmt::Display for WrappedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("wrapped")
    }
}

impl Error for WrappedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// A service that forwards to an inner service, and panics if it is called before it was ready.
///
/// Readiness belongs to one instance (tower's `Service::poll_ready`), so a clone starts unready.
pub struct ReadinessCheck<S> {
    inner: S,
    ready: bool,
}

impl<S> ReadinessCheck<S> {
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            ready: false,
        }
    }
}

impl<S: Clone> Clone for ReadinessCheck<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

impl<S: Service<R>, R> Service<R> for ReadinessCheck<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let ready = self.inner.poll_ready(cx);
        self.ready = matches!(ready, Poll::Ready(Ok(())));
        ready
    }

    fn call(&mut self, request: R) -> S::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "the service was called before it was ready"
        );
        self.inner.call(request)
    }
}
