//! The HTTP client with its type erased, and the meaning of its errors.

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

use super::error::AuthleteError;
#[cfg(feature = "authlete-client")]
use super::stream_refused::is_stream_refused;
use crate::BoxError;

pub(super) type ResponseBody = UnsyncBoxBody<Bytes, BoxError>;

/// The service of a [`Transport`].
pub(super) type HttpService =
    BoxCloneSyncService<Request<Full<Bytes>>, Response<ResponseBody>, BoxError>;

/// Returns whether an error of the HTTP client means that the connection could not be made.
pub(super) type IsConnectError = Arc<dyn Fn(&(dyn Error + 'static)) -> bool + Send + Sync>;

/// Sends requests, and returns the responses with unread bodies.
#[derive(Clone)]
pub(super) struct Transport {
    pub(super) service: HttpService,
    pub(super) is_connect_error: IsConnectError,
}

impl Transport {
    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<ResponseBody>, AuthleteError> {
        let service = self.service.clone();
        service.oneshot(request).await.map_err(|error| {
            if (self.is_connect_error)(&*error) {
                return AuthleteError::connect(error);
            }
            #[cfg(feature = "authlete-client")]
            if is_stream_refused(&*error) {
                return AuthleteError::stream_refused(error);
            }
            AuthleteError::interrupted(error)
        })
    }
}

/// Erases the type of an HTTP client.
pub(super) fn erase<S, B>(client: S) -> HttpService
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    BoxCloneSyncService::new(
        client
            .map_err(Into::into)
            .map_response(|response: Response<B>| response.map(erase_body)),
    )
}

fn erase_body<B>(body: B) -> ResponseBody
where
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
        .map_err(Into::into)
        .boxed_unsync()
}
