//! An error and its sources.

use std::error::Error;
use std::fmt;
use std::io;

/// Displays an error and its sources on one line. Control characters are escaped.
pub(crate) struct Chain<'e>(pub(crate) &'e (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = String::new();
        for (depth, error) in sources(self.0).enumerate() {
            // Many wrappers display exactly the text of the error that they wrap.
            let text = error.to_string();
            if text == last {
                continue;
            }
            if depth > 0 {
                f.write_str(": ")?;
            }
            for c in text.chars() {
                if c.is_control() {
                    write!(f, "{}", c.escape_default())?;
                } else {
                    write!(f, "{c}")?;
                }
            }
            last = text;
        }
        Ok(())
    }
}

/// Iterates over an error, its source, the source of that one, and so on.
pub(crate) fn sources<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // `io::Error::source` skips the error that the `io::Error` was made from.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}
