//! The default HTTP client: hyper-util's, with rustls and the platform's certificates.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;

use super::config_error::AuthleteConfigError;
use super::transport::{HttpService, erase};
use crate::util::error_chain::sources;

/// The longest time in which a connection is made, TLS included.
const MAX_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an unused connection is kept. It is shorter than the shortest idle time-out of a load
/// balancer, so that a connection that the load balancer closed is not used again.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may be silent before it is probed: by a `PING` of HTTP/2, and by TCP
/// keep-alive. Without probes, a connection that a NAT dropped would be used until the kernel ends
/// it, after about 15 minutes.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// How long the response to a probe may take. After that, the connection is closed.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// How many TCP probes may be lost.
const TCP_KEEP_ALIVE_RETRIES: u32 = 2;

/// Creates the client. It uses HTTP/1.1 or HTTP/2, as ALPN negotiates, and follows no redirect.
pub(super) fn new(attempt_timeout: Duration) -> Result<HttpService, AuthleteConfigError> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_keepalive(Some(KEEP_ALIVE_INTERVAL));
    http.set_keepalive_interval(Some(KEEP_ALIVE_TIMEOUT));
    http.set_keepalive_retries(Some(TCP_KEEP_ALIVE_RETRIES));
    let https = HttpsConnectorBuilder::new()
        .with_provider_and_platform_verifier(rustls::crypto::ring::default_provider())
        .map_err(|error| AuthleteConfigError::TlsSetup {
            source: error.into(),
        })?
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(http);
    // After this time, the connection counts as one that could not be made. After a time-out of the
    // whole attempt, nobody would know whether the request was sent. Half of the attempt's time is
    // left for the request.
    let connect_timeout = (attempt_timeout / 2).min(MAX_CONNECT_TIMEOUT);
    let client: legacy::Client<_, Full<Bytes>> = legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .http2_keep_alive_while_idle(true)
        .build(BoxCloneSyncService::new(Timeout::new(
            https,
            connect_timeout,
        )));
    Ok(erase(client))
}

/// Returns whether an error of hyper-util's client means that the connection could not be made.
pub(super) fn is_connect_error(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|error| {
        error
            .downcast_ref::<legacy::Error>()
            .is_some_and(legacy::Error::is_connect)
    })
}
