//! The `subject_type` (OpenID Connect core section 8).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::string_list::strings;
use crate::util::uri;

/// Refuses `pairwise` with redirect URIs on several hosts. It would need a `sector_identifier_uri`
/// (OpenID Connect core section 8.1), which is not supported.
pub(super) fn check(kept: &Map<String, Value>) -> Result<(), Refusal> {
    match kept.get("subject_type").and_then(Value::as_str) {
        None | Some("public") => Ok(()),
        Some("pairwise") => {
            // A URI without a host has a scheme of the client's own. The scheme counts as its host.
            let sector = |uri| uri::host(uri).or_else(|| uri.split(':').next().map(str::to_owned));
            let hosts: BTreeSet<_> = strings(kept, "redirect_uris").map(sector).collect();
            if hosts.len() > 1 {
                return Err(Refusal::metadata(
                    "The subject_type pairwise is not supported with redirect URIs on several \
                     hosts.",
                ));
            }
            Ok(())
        }
        Some(_) => Err(Refusal::metadata(
            "The subject_type is neither public nor pairwise.",
        )),
    }
}
