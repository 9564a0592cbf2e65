//! How much metadata is kept of one client.

use super::refusal::Refusal;

/// Refuses metadata that is too long. The length is that of the stored JSON. Members that are
/// dropped do not count.
pub(super) fn check(metadata: &str, max: usize) -> Result<(), Refusal> {
    if metadata.len() > max {
        return Err(Refusal::metadata(format!(
            "The metadata is too long: at most {max} bytes of JSON are kept."
        )));
    }
    Ok(())
}
