//! What a test measured.

use std::io::{self, Write as _};

/// Prints a line to the terminal. The test harness hides what tests print with `println`.
pub fn report(line: &str) {
    writeln!(io::stderr(), "{line}").unwrap();
}
