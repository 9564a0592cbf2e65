//! `Debug` of errors that say what to write instead.

use std::fmt;

/// Writes the name of the type and the text of `Display`. A `main` that returns an error prints its
/// `Debug`, so the advice must be in it.
pub(crate) fn debug_text(
    f: &mut fmt::Formatter<'_>,
    type_name: &str,
    error: &dyn fmt::Display,
) -> fmt::Result {
    f.debug_tuple(type_name)
        .field(&format_args!("{error}"))
        .finish()
}
