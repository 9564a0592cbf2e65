//! How often somebody may register.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use governor::middleware::NoOpMiddleware;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use tower_dcr::ErrorCode;
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

use super::error;

/// The address of the peer; of IPv6 the network, since who has one address has 2^64. Behind a proxy the peer is the proxy:
/// take the address from the header that it sets, then, and from no other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerNetwork;

impl KeyExtractor for PeerNetwork {
    type Key = IpAddr;

    fn extract<T>(&self, request: &Request<T>) -> Result<IpAddr, GovernorError> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let ConnectInfo(peer) = peer.ok_or(GovernorError::UnableToExtractKey)?;
        Ok(match peer.ip().to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        })
    }
}

type Limit = GovernorLayer<PeerNetwork, NoOpMiddleware<governor::clock::QuantaInstant>, Body>;

/// How often the addresses are forgotten that may do everything again; the limiter itself keeps each that it ever saw.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// So many attempts to register at once, good or bad, and then one in each period.
pub(crate) fn registrations(burst: u32, period: Duration) -> Limit {
    of(Some(Method::POST), burst, period)
}

/// So many requests of any kind at once, and then one in each period. A token that comes with an update costs nothing: it
/// is judged last.
pub(crate) fn requests(burst: u32, period: Duration) -> Limit {
    of(None, burst, period)
}

fn of(method: Option<Method>, burst: u32, period: Duration) -> Limit {
    let mut config = GovernorConfigBuilder::default().key_extractor(PeerNetwork);
    config.burst_size(burst).period(period);
    if let Some(method) = method {
        config.methods(vec![method]);
    }
    let config = config.finish().expect("neither is zero");
    let limiter = Arc::downgrade(config.limiter());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(FORGET_EVERY).await;
            let Some(limiter) = limiter.upgrade() else {
                return;
            };
            limiter.retain_recent();
        }
    });
    GovernorLayer::new(config).error_handler(|error| in_json(&error))
}

/// As the registration service answers: a JSON object, and when to come again. The layer rounds that down: `Retry-After`
/// would be too early, or 0.
fn in_json(error: &GovernorError) -> Response<Body> {
    let GovernorError::TooManyRequests { wait_time, .. } = *error else {
        return error::response(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::ServerError,
            "The registration service failed.",
        );
    };
    let mut response = error::response(
        StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::TemporarilyUnavailable,
        "Too many requests from this address.",
    );
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(wait_time + 1));
    response
}
