//! The HTTP client: any tower service, boxed.

use std::error::Error;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::BoxError;

pub(super) type ResponseBody = UnsyncBoxBody<Bytes, BoxError>;

/// Whether an error of the HTTP client means that the connection could not be made, so that nothing was sent.
pub(super) type IsConnectError = Arc<dyn Fn(&(dyn Error + 'static)) -> bool + Send + Sync>;

/// An HTTP client whose type is erased.
#[derive(Clone)]
pub(super) struct Transport(
    BoxCloneSyncService<Request<Full<Bytes>>, Response<ResponseBody>, BoxError>,
);

impl Transport {
    pub(super) fn new<S, B>(client: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(BoxCloneSyncService::new(
            client
                .map_err(Into::into)
                .map_response(|response: Response<B>| response.map(erase)),
        ))
    }

    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<ResponseBody>, BoxError> {
        self.0.clone().oneshot(request).await
    }
}

fn erase<B>(body: B) -> ResponseBody
where
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
        .map_err(Into::into)
        .boxed_unsync()
}

/// The default client, and what it means by its errors.
#[cfg(feature = "authlete-client")]
mod default {
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

    use super::Transport;
    use crate::BoxError;
    use crate::util::error_chain::sources;

    /// Shorter than the shortest idle time-out of a load balancer: what it closed is not used again.
    const IDLE: Duration = Duration::from_secs(30);

    /// HTTP/1.1 and HTTP/2 by ALPN, TLS with the platform's roots. It follows no redirect.
    ///
    /// A connection that takes longer than this to be made, TLS included, counts as one that could not be made; a time-out
    /// around the whole request could not tell it from one that was processed.
    pub(crate) fn pooled(connect_timeout: Duration) -> Result<Transport, BoxError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_platform_verifier(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(http);
        let client: legacy::Client<_, Full<Bytes>> = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(BoxCloneSyncService::new(Timeout::new(
                https,
                connect_timeout,
            )));
        Ok(Transport::new(client))
    }

    pub(crate) fn is_connect_error(error: &(dyn Error + 'static)) -> bool {
        sources(error).any(|error| {
            error
                .downcast_ref::<legacy::Error>()
                .is_some_and(legacy::Error::is_connect)
        })
    }
}

#[cfg(feature = "authlete-client")]
pub(super) use self::default::{is_connect_error, pooled};
