//! Which metadata is accepted, and what is kept of it (RFC 7591 section 2, OpenID Connect registration section 2).

mod algorithms;
mod grants;
mod keys;
mod members;
mod redirect_uri;

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use self::grants::DEFAULT_GRANT_TYPES;
pub(super) use self::grants::{PASSWORD, supported_response_types};
use self::keys::Keys;
pub(super) use self::members::has_meaning;
pub(super) use self::redirect_uri::is_same_loopback;
use super::object::Object;
use crate::metadata::Members;
use crate::reply::ErrorCode;
use crate::util::json::is_omission;
use crate::util::uri;

/// Metadata that is not accepted, with a sentence for the client's developer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: ErrorCode,
    pub(super) description: String,
}

impl Refusal {
    pub(super) fn metadata(description: impl Into<String>) -> Self {
        Self {
            error: ErrorCode::InvalidClientMetadata,
            description: description.into(),
        }
    }

    fn redirect_uri(description: impl Into<String>) -> Self {
        Self {
            error: ErrorCode::InvalidRedirectUri,
            description: description.into(),
        }
    }
}

/// The methods of the IANA registry that a client can be registered with, and whether the registry issues a secret for
/// them.
pub(super) const AUTH_METHODS: [(&str, bool); 7] = [
    ("none", false),
    ("client_secret_basic", true),
    ("client_secret_post", true),
    ("client_secret_jwt", true),
    ("private_key_jwt", false),
    ("tls_client_auth", false),
    ("self_signed_tls_client_auth", false),
];

/// RFC 7591 section 2: where a client names no method.
const DEFAULT_AUTH_METHOD: &str = "client_secret_basic";

/// Metadata as it is kept: known members of the right types, no omissions, defaults filled in.
pub(super) struct Accepted {
    /// A JSON object. As text: as a tree it would take a multiple of that room.
    pub(super) metadata: Box<str>,
    /// Whether the client authenticates with a secret.
    pub(super) needs_secret: bool,
}

/// What a registry accepts.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Whether a client of a redirect-based grant must have a redirect URI.
    pub(super) redirect_uris_required: bool,
    pub(super) grant_types: Vec<String>,
    /// Some of [`AUTH_METHODS`], in the order of preference.
    pub(super) auth_methods: Vec<&'static str>,
    /// Members that are kept, whatever they hold.
    pub(super) kept_members: BTreeSet<String>,
    pub(super) max_redirect_uris: usize,
    pub(super) max_contacts: usize,
    /// Of the value, as JSON, in bytes.
    pub(super) max_member_length: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            redirect_uris_required: true,
            grant_types: DEFAULT_GRANT_TYPES.map(str::to_owned).to_vec(),
            auth_methods: AUTH_METHODS.map(|(name, _)| name).to_vec(),
            kept_members: BTreeSet::new(),
            max_redirect_uris: 32,
            max_contacts: 16,
            max_member_length: 16 * 1024,
        }
    }
}

impl Rules {
    /// Judges what a client asks for.
    pub(super) fn accept(&self, asked: &Members<'_>) -> Result<Accepted, Refusal> {
        let Kept {
            mut members,
            verbatim,
            keys,
        } = self.keep(asked)?;
        let needs_secret = self.settle_auth_method(&mut members, keys.as_ref())?;
        let uses_implicit = grants::settle(&mut members, &self.grant_types)?;
        self.settle_redirect_uris(&mut members, uses_implicit)?;
        let is_public = members
            .get("token_endpoint_auth_method")
            .is_some_and(|method| method == "none");
        if is_public && items(&members, "grant_types").any(|grant| grant == "client_credentials") {
            return Err(Refusal::metadata(
                "The grant type client_credentials needs a token_endpoint_auth_method other than none.",
            ));
        }
        judge_subject_type(&members)?;
        algorithms::judge(&members, needs_secret)?;

        let mut metadata = Object::default();
        for (name, value) in &members {
            metadata.add(name, value);
        }
        for (name, value) in verbatim {
            metadata.add(name, value);
        }
        Ok(Accepted {
            metadata: metadata.into_text().into(),
            needs_secret,
        })
    }

    /// The members that are kept, each of its type and within the bounds.
    fn keep<'m>(&self, asked: &'m Members<'_>) -> Result<Kept<'m>, Refusal> {
        let mut kept = Kept::default();
        for (name, value) in asked {
            let member = members::find(name);
            let known = member
                .map(|member| member.name)
                .or((name == "jwks").then_some("jwks"));
            // Of response types an empty list is a value: the client uses no authorization endpoint.
            let stands = name == "response_types" && value.get().starts_with('[');
            if known.is_none() && !self.kept_members.contains(name) || is_omission(value) && !stands
            {
                continue;
            }
            let check_length = |length| {
                if length <= self.max_member_length {
                    return Ok(());
                }
                let what = known.unwrap_or("A member");
                Err(Refusal::metadata(format!("{what} is too long.")))
            };
            if let Some(member) = member {
                let Some(value) = member.value(value)? else {
                    continue;
                };
                // Not as it was written: a client may send back what it got in another spelling.
                check_length(value.to_string().len())?;
                kept.members.insert(name.clone(), value);
            } else {
                check_length(value.get().len())?;
                if name == "jwks" {
                    kept.keys = Some(Keys::parse(value)?);
                }
                // As it was written: a number in it may have more digits than a double.
                kept.verbatim.push((name, value));
            }
        }
        for (name, max) in [
            ("redirect_uris", self.max_redirect_uris),
            ("contacts", self.max_contacts),
        ] {
            if items(&kept.members, name).count() > max {
                return Err(Refusal::metadata(format!("There are too many {name}.")));
            }
        }
        if kept.members.contains_key("sector_identifier_uri") {
            return Err(Refusal::metadata(
                "sector_identifier_uri is not supported: nothing is fetched, so it cannot be verified.",
            ));
        }
        // Section 2: they must not both be present.
        if kept.keys.is_some() && kept.members.contains_key("jwks_uri") {
            return Err(Refusal::metadata("jwks and jwks_uri exclude each other."));
        }
        Ok(kept)
    }

    /// The method is one that is supported and that the client has the means for. Gives whether it needs a secret.
    fn settle_auth_method(
        &self,
        kept: &mut Map<String, Value>,
        keys: Option<&Keys>,
    ) -> Result<bool, Refusal> {
        let method = match kept.get("token_endpoint_auth_method") {
            Some(method) => self
                .auth_methods
                .iter()
                .find(|supported| method == **supported),
            None => self
                .auth_methods
                .iter()
                .find(|supported| **supported == DEFAULT_AUTH_METHOD)
                .or(self.auth_methods.first()),
        };
        let Some(method) = method else {
            return Err(Refusal::metadata(
                "The token_endpoint_auth_method is not supported.",
            ));
        };
        let has_keys = kept.contains_key("jwks_uri") || keys.is_some_and(Keys::are_some);
        if matches!(*method, "private_key_jwt" | "self_signed_tls_client_auth") && !has_keys {
            return Err(Refusal::metadata(format!(
                "The token_endpoint_auth_method {method} needs jwks or jwks_uri."
            )));
        }
        kept.insert("token_endpoint_auth_method".to_owned(), json!(method));
        Ok(needs_secret(method))
    }

    /// The redirect URIs, each by itself and all with the `application_type`.
    fn settle_redirect_uris(
        &self,
        kept: &mut Map<String, Value>,
        uses_implicit: bool,
    ) -> Result<(), Refusal> {
        let uris: Vec<&str> = items(kept, "redirect_uris").collect();
        if uris.is_empty() && self.redirect_uris_required && grants::redirects(kept) {
            return Err(Refusal::redirect_uri(
                "The grant type needs at least one redirect URI.",
            ));
        }
        let kinds = uris
            .iter()
            .map(|uri| redirect_uri::check(uri))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|fault| Refusal::redirect_uri(format!("A redirect URI {fault}.")))?;
        let application_type = match kept.get("application_type").and_then(Value::as_str) {
            None if redirect_uri::are_native(&kinds) => "native",
            None | Some("web") => "web",
            Some("native") => "native",
            Some(_) => {
                return Err(Refusal::metadata(
                    "The application_type is neither web nor native.",
                ));
            }
        };
        if application_type == "web" {
            redirect_uri::check_web(&kinds, uses_implicit).map_err(Refusal::redirect_uri)?;
        }
        kept.insert("application_type".to_owned(), json!(application_type));
        // Clients break where the member is missing, so it is there even where it says nothing.
        kept.entry("redirect_uris").or_insert_with(|| json!([]));
        Ok(())
    }
}

/// What is kept of metadata.
#[derive(Default)]
struct Kept<'m> {
    /// Those that the rules look into.
    members: Map<String, Value>,
    /// The others, as they were written.
    verbatim: Vec<(&'m str, &'m RawValue)>,
    keys: Option<Keys>,
}

/// Whether the registry issues a secret for this method.
fn needs_secret(method: &str) -> bool {
    AUTH_METHODS.contains(&(method, true))
}

/// `pairwise` over several hosts needs a `sector_identifier_uri` (OpenID Connect core section 8.1), which is not supported.
fn judge_subject_type(kept: &Map<String, Value>) -> Result<(), Refusal> {
    match kept.get("subject_type").and_then(Value::as_str) {
        None | Some("public") => Ok(()),
        Some("pairwise") => {
            // What has no host, of a scheme of the client's own, is told apart by its scheme.
            let sector = |uri| uri::host(uri).or_else(|| uri.split(':').next().map(str::to_owned));
            let hosts: BTreeSet<_> = items(kept, "redirect_uris").map(sector).collect();
            if hosts.len() > 1 {
                return Err(Refusal::metadata(
                    "The subject_type pairwise is not supported with redirect URIs on several hosts.",
                ));
            }
            Ok(())
        }
        Some(_) => Err(Refusal::metadata(
            "The subject_type is neither public nor pairwise.",
        )),
    }
}

/// The strings in a list.
fn items<'m>(metadata: &'m Map<String, Value>, name: &str) -> impl Iterator<Item = &'m str> {
    let list = metadata.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}
