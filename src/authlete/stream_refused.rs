//! HTTP/2 streams that the server refused before it processed anything.

use std::error::Error;

use h2::Reason;

use crate::util::error_chain::sources;

/// Returns whether an error of the HTTP client proves that the server did not process the request.
///
/// RFC 9113 section 8.7 names two proofs:
///
/// - The server reset the stream with `REFUSED_STREAM`.
/// - The server sent a `GOAWAY` whose last stream is before this one. The crate `h2` reports a
///   remote `GOAWAY` only on such streams. On the others, it reports an I/O error.
pub(super) fn is_stream_refused(error: &(dyn Error + 'static)) -> bool {
    sources(error)
        .find_map(|error| error.downcast_ref::<h2::Error>())
        .is_some_and(|error| {
            error.is_remote()
                && (error.is_go_away()
                    || (error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM)))
        })
}
