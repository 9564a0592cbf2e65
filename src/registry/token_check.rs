//! Which client a registration access token belongs to, and the response if it belongs to none.

use super::credentials::TokenDigest;
use super::record::Record;
use crate::reply::{ErrorCode, Reply};

/// One of the client's registration access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented {
    Current,
    Previous,
}

/// Returns which valid token of the client this is. The work is the same for each token, and for a
/// client that does not exist.
pub(super) fn recognize(
    client: Option<&Record>,
    presented: &TokenDigest,
    now: u64,
) -> Option<Presented> {
    let current = client.and_then(|client| client.token.as_ref());
    let previous = client.and_then(|client| client.previous_token.as_ref());
    let valid = previous.filter(|(_, until)| now < *until);
    let is =
        |expected: Option<&TokenDigest>| expected.unwrap_or(&TokenDigest::NONE).matches(presented);
    let (is_current, is_previous) = (is(current), is(valid.map(|(digest, _)| digest)));
    if is_current {
        Some(Presented::Current)
    } else {
        is_previous.then_some(Presented::Previous)
    }
}

/// Makes the reply to a wrong token. A client that does not exist gets the same reply (OpenID
/// Connect registration section 4.4).
pub(super) fn wrong_token() -> Reply {
    Reply::refuse(
        ErrorCode::InvalidToken,
        "The token is not valid for this client.",
    )
}
