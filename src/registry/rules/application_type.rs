//! The `application_type`, and the redirect URIs that it allows (OpenID Connect registration
//! section 2).

use serde_json::{Map, Value, json};

use super::grant_types;
use super::redirect_uri::{self, Kind};
use super::refusal::Refusal;
use super::rule_settings::Rules;
use super::string_list::strings;

/// Checks the redirect URIs, one by one and together with the `application_type`. Fills in both.
pub(super) fn fill_in(
    kept: &mut Map<String, Value>,
    uses_implicit: bool,
    rules: &Rules,
) -> Result<(), Refusal> {
    let uris: Vec<&str> = strings(kept, "redirect_uris").collect();
    if uris.is_empty() && rules.redirect_uris_required && grant_types::redirect(kept) {
        return Err(Refusal::redirect_uri(
            "The grant type needs at least one redirect URI.",
        ));
    }
    let kinds = uris
        .iter()
        .map(|uri| redirect_uri::check(uri))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|problem| Refusal::redirect_uri(format!("A redirect URI {problem}.")))?;
    let application_type = match kept.get("application_type").and_then(Value::as_str) {
        None if are_native(&kinds) => "native",
        // RFC 7591 section 2 lets a server replace what a client requests. Cursor has sent `web`
        // with a scheme of its own.
        Some("web") if rules.corrects_application_type && kinds.contains(&Kind::PrivateUse) => {
            "native"
        }
        None | Some("web") => "web",
        Some("native") => "native",
        Some(_) => {
            return Err(Refusal::metadata(
                "The application_type is neither web nor native.",
            ));
        }
    };
    if application_type == "web" {
        check_web(&kinds, uses_implicit).map_err(Refusal::redirect_uri)?;
    }
    kept.insert("application_type".to_owned(), json!(application_type));
    // Some clients break if the member is missing, so it is there even if it is empty.
    kept.entry("redirect_uris").or_insert_with(|| json!([]));
    Ok(())
}

/// Returns whether a client that does not say its type is an application on the user's machine.
fn are_native(kinds: &[Kind]) -> bool {
    kinds
        .iter()
        .any(|kind| matches!(kind, Kind::LoopbackHttp | Kind::PrivateUse))
}

/// Refuses redirect URIs that an application on a web server cannot have.
fn check_web(kinds: &[Kind], uses_implicit: bool) -> Result<(), &'static str> {
    if kinds.contains(&Kind::PrivateUse) {
        return Err("A web client has a redirect URI that is neither https nor http.");
    }
    if uses_implicit && kinds.iter().any(|kind| *kind != Kind::Https) {
        return Err(
            "A web client with an implicit response type has a redirect URI other than https to \
             another machine.",
        );
    }
    Ok(())
}
