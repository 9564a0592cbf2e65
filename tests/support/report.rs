//! What a test measured.

use std::io::{self, Write as _};

/// Prints a line to the terminal. The test harness hides what tests print with
/// `println` and `eprintln`.
pub fn report(line: &str) {
    let mut terminal = io::stderr();
    writeln!(terminal, "{line}").unwrap();
}
