//! The `backchannel_logout_uri` (OpenID Connect back-channel logout section 2.2).

use crate::util::uri::is_url;

/// Returns whether a text is an `https` URL without a fragment. The server posts to it, and a
/// fragment is never sent.
pub(super) fn is_logout_url(text: &str) -> bool {
    is_url(text, &["https"]) && !text.contains('#')
}
