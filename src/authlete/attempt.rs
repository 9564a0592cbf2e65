//! One attempt of a call: one request and its response.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bytes::{BufMut, Bytes};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, timeout_at};

use super::credentials_source::CredentialsSource;
use super::deadline::Deadline;
use super::error::AuthleteError;
use super::rate_limit::retry_after;
use super::response::{AuthleteResponse, parse_api_error};
use super::transport::{ResponseBody, Transport};
use super::wire;
use crate::operation::Operation;

/// The settings of the client that each attempt uses.
#[derive(Clone)]
pub(super) struct AttemptSettings {
    pub(super) base_url: String,
    pub(super) credentials: CredentialsSource,
    pub(super) send_initial_access_token: bool,
    pub(super) headers: HeaderMap,
    pub(super) response_limit: usize,
    pub(super) transport: Transport,
}

impl AttemptSettings {
    /// Makes an attempt. It is cut off when the time of the attempt or of the call is over.
    pub(super) async fn attempt(
        &self,
        operation: &Operation,
        deadline: &Deadline,
    ) -> Result<AuthleteResponse, AuthleteError> {
        let end = deadline.of_attempt();
        let is_sent = AtomicBool::new(false);
        let attempt = async {
            let request = self.request(operation).await?;
            self.send(request, deadline, end, &is_sent).await
        };
        match timeout_at(end, attempt).await {
            Ok(result) => result,
            Err(_) => Err(AuthleteError::timeout(is_sent.load(Ordering::Relaxed))),
        }
    }

    async fn request(&self, operation: &Operation) -> Result<Request<Full<Bytes>>, AuthleteError> {
        let credentials = self.credentials.get(operation).await?;
        let uri = format!(
            "{}/api/{}{}",
            self.base_url,
            credentials.service_id(),
            wire::path(operation.kind())
        );
        let token = credentials.access_token().as_str();
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {token}")).map_err(AuthleteError::credentials)?;
        authorization.set_sensitive(true);
        let body = wire::body(operation, self.send_initial_access_token);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .body(Full::new(body))
            .map_err(AuthleteError::credentials)?;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(AUTHORIZATION, authorization);
        Ok(request)
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
        deadline: &Deadline,
        end: Instant,
        is_sent: &AtomicBool,
    ) -> Result<AuthleteResponse, AuthleteError> {
        // The credentials may have taken most of the time.
        if !deadline.allows_request(end) {
            return Err(AuthleteError::timeout(false));
        }
        // From here on, only the HTTP client knows whether the request was sent.
        is_sent.store(true, Ordering::Relaxed);
        let (head, body) = self.transport.send(request).await?.into_parts();
        match head.status {
            StatusCode::OK => AuthleteResponse::parse(&self.read(body).await?),
            StatusCode::TOO_MANY_REQUESTS => Err(AuthleteError::rate_limited(retry_after(
                &head.headers,
                SystemTime::now(),
            ))),
            status if status.is_client_error() || status.is_server_error() => {
                // The status decides the error, even if the body cannot be read.
                let body = self.read(body).await.unwrap_or_default();
                let (result_code, result_message) = parse_api_error(&body);
                Err(AuthleteError::api(status, result_code, result_message))
            }
            // Redirects are not followed: the token and the metadata are for this host only.
            _ => Err(AuthleteError::invalid_response(
                "has a status that is neither 200 nor an error",
            )),
        }
    }

    /// Reads the whole body of a response.
    async fn read(&self, mut body: ResponseBody) -> Result<Vec<u8>, AuthleteError> {
        let limit = self.response_limit;
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(AuthleteError::interrupted)?;
            if let Ok(data) = frame.into_data() {
                if data.len() > limit - bytes.len() {
                    return Err(AuthleteError::too_large());
                }
                bytes.put(data);
            }
        }
        Ok(bytes)
    }
}
