//! The `subject_type` (OpenID Connect core section 8).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::string_list::strings;
use crate::util::uri;

/// The subject types that a client can be registered with.
pub(in crate::registry) const SUBJECT_TYPES: [&str; 2] = ["public", PAIRWISE];

const PAIRWISE: &str = "pairwise";

/// Checks the subject type. If only `pairwise` is supported, a client that names none gets it.
pub(super) fn fill_in(
    kept: &mut Map<String, Value>,
    supported: &[&'static str],
) -> Result<(), Refusal> {
    let subject_type = match (kept.get("subject_type").and_then(Value::as_str), supported) {
        (Some(requested), _) => requested,
        (None, [PAIRWISE]) => PAIRWISE,
        (None, _) => return Ok(()),
    };
    let Some(subject_type) = supported.iter().find(|known| **known == subject_type) else {
        return Err(Refusal::metadata("The subject_type is not supported."));
    };
    if *subject_type == PAIRWISE {
        check_sector(kept)?;
    }
    kept.insert("subject_type".to_owned(), json!(subject_type));
    Ok(())
}

/// Refuses `pairwise` with redirect URIs on several hosts. It would need a `sector_identifier_uri`
/// (OpenID Connect core section 8.1), which is not supported.
fn check_sector(kept: &Map<String, Value>) -> Result<(), Refusal> {
    // A URI without a host has a scheme of the client's own. The scheme counts as its host.
    let sector = |uri| uri::host(uri).or_else(|| uri.split(':').next().map(str::to_owned));
    let hosts: BTreeSet<_> = strings(kept, "redirect_uris").map(sector).collect();
    if hosts.len() > 1 {
        return Err(Refusal::metadata(
            "The subject_type pairwise is not supported with redirect URIs on several hosts.",
        ));
    }
    Ok(())
}
