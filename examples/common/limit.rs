//! Limits for the requests of one peer.

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

/// Counts requests by the address of the peer. An IPv6 address counts with its whole /64 network,
/// because a single host has 2^64 addresses there.
///
/// Behind a proxy, the peer is the proxy. Then take the address from the header that the proxy
/// sets, and from no other header.
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

/// How often idle addresses are purged. Without that, the limiter keeps every address.
const PURGE_INTERVAL: Duration = Duration::from_secs(60);

/// Limits registrations, successful or not: `burst` at once, then one in each period.
pub(crate) fn registrations(burst: u32, period: Duration) -> Limit {
    limit(Some(Method::POST), burst, period)
}

/// Limits requests of any kind: `burst` at once, then one in each period. It also bounds the
/// updates of callers without a valid token, which the backend verifies only after the policies.
pub(crate) fn requests(burst: u32, period: Duration) -> Limit {
    limit(None, burst, period)
}

fn limit(method: Option<Method>, burst: u32, period: Duration) -> Limit {
    let mut config = GovernorConfigBuilder::default().key_extractor(PeerNetwork);
    config.burst_size(burst).period(period);
    if let Some(method) = method {
        config.methods(vec![method]);
    }
    let config = config.finish().expect("burst and period are not zero");
    let limiter = Arc::downgrade(config.limiter());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(PURGE_INTERVAL).await;
            let Some(limiter) = limiter.upgrade() else {
                return;
            };
            limiter.retain_recent();
        }
    });
    GovernorLayer::new(config).error_handler(|error| error_response(&error))
}

/// Answers like the registration service: a JSON object, and when to try again. The limiter rounds
/// its wait down, so one second is added.
fn error_response(error: &GovernorError) -> Response<Body> {
    let GovernorError::TooManyRequests { wait_time, .. } = *error else {
        let failed = ErrorCode::ServerError.response(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The registration service failed.",
        );
        return failed.map(Body::new);
    };
    let mut response = ErrorCode::TemporarilyUnavailable.response(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests from this address.",
    );
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(wait_time + 1));
    response.map(Body::new)
}
