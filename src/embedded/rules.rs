//! Which metadata is accepted, and what is kept of it (RFC 7591 section 2).

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::object::Object;
use super::redirect_uri;
use super::uri::is_url_of;
use crate::ErrorCode;
use crate::metadata::Members;

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

    fn redirect_uri(description: &str) -> Self {
        Self {
            error: ErrorCode::InvalidRedirectUri,
            description: description.to_owned(),
        }
    }
}

/// The type of a member's value.
#[derive(Clone, Copy)]
enum Type {
    String,
    /// A string that is shown to users as a link, or as an image: a URL of a web page, and nothing that a browser runs.
    WebUrl,
    /// A string that the server may fetch: a URL over TLS.
    HttpsUrl,
    Strings,
    Object,
}

/// The members that are kept. Those marked as human-readable may also have a language tag (section 2.2).
const MEMBERS: [(&str, Type, bool); 15] = [
    ("redirect_uris", Type::Strings, false),
    ("token_endpoint_auth_method", Type::String, false),
    ("grant_types", Type::Strings, false),
    ("response_types", Type::Strings, false),
    ("client_name", Type::String, true),
    ("client_uri", Type::WebUrl, true),
    ("logo_uri", Type::WebUrl, true),
    ("scope", Type::String, false),
    ("contacts", Type::Strings, false),
    ("tos_uri", Type::WebUrl, true),
    ("policy_uri", Type::WebUrl, true),
    ("jwks_uri", Type::HttpsUrl, false),
    ("jwks", Type::Object, false),
    ("software_id", Type::String, false),
    ("software_version", Type::String, false),
];

const AUTHORIZATION_CODE: &str = "authorization_code";

const GRANT_TYPES: [&str; 6] = [
    AUTHORIZATION_CODE,
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

/// The methods of the IANA registry that a client can be registered with, and whether the registry issues a secret for
/// them.
const AUTH_METHODS: [(&str, bool); 7] = [
    ("none", false),
    ("client_secret_basic", true),
    ("client_secret_post", true),
    ("client_secret_jwt", true),
    ("private_key_jwt", false),
    ("tls_client_auth", false),
    ("self_signed_tls_client_auth", false),
];

/// Metadata as it is kept: known members of the right types, no omissions, defaults filled in.
pub(super) struct Accepted {
    /// A JSON object. As text it takes no more room than the client took to write it.
    pub(super) metadata: Box<str>,
    /// Whether the client authenticates with a secret.
    pub(super) needs_secret: bool,
}

/// What a registry accepts.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Whether a client of a redirect-based grant must have a redirect URI.
    pub(super) redirect_uris_required: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            redirect_uris_required: true,
        }
    }
}

impl Rules {
    /// Judges what a client asks for.
    pub(super) fn accept(&self, asked: &Members<'_>) -> Result<Accepted, Refusal> {
        let mut kept = Map::new();
        // Keys are kept as they were written: a number in them may have more digits than a double.
        let mut jwks = None;
        for (name, value) in asked {
            if is_omission(value) && !(name == "response_types" && value.get().starts_with('[')) {
                continue;
            }
            match type_of(name) {
                None => {}
                Some(Type::Object) => jwks = Some(object(name, value)?),
                Some(Type::String) => {
                    let text: String = typed(name, value, "a string")?;
                    kept.insert(name.clone(), text.into());
                }
                Some(Type::WebUrl) => {
                    let url = url(name, value, &["https", "http"], "an http or https URL")?;
                    kept.insert(name.clone(), url.into());
                }
                Some(Type::HttpsUrl) => {
                    let url = url(name, value, &["https"], "an https URL")?;
                    kept.insert(name.clone(), url.into());
                }
                Some(Type::Strings) => {
                    let texts: Vec<String> = typed(name, value, "an array of strings")?;
                    kept.insert(name.clone(), texts.into());
                }
            }
        }
        // Section 2: they must not both be present.
        if jwks.is_some() && kept.contains_key("jwks_uri") {
            return Err(Refusal::metadata("jwks and jwks_uri exclude each other."));
        }
        let needs_secret = settle_auth_method(&mut kept)?;
        settle_grants(&mut kept)?;
        settle_redirect_uris(&mut kept, self.redirect_uris_required)?;
        let mut metadata = Object::default();
        for (name, value) in &kept {
            metadata.add(name, value);
        }
        if let Some(jwks) = jwks {
            metadata.add("jwks", jwks);
        }
        Ok(Accepted {
            metadata: metadata.into_text().into(),
            needs_secret,
        })
    }
}

/// What clients send where they mean nothing (RFC 7592 section 2.2): `null`, `""` and `[]`. Of response types an empty
/// list is a value: the client uses no authorization endpoint.
pub(super) fn is_omission(value: &RawValue) -> bool {
    let text = value.get();
    let items = text
        .strip_prefix('[')
        .and_then(|items| items.strip_suffix(']'));
    matches!(text, "null" | "\"\"") || items.is_some_and(|items| items.trim().is_empty())
}

fn type_of(name: &str) -> Option<Type> {
    let (base, tagged) = match name.split_once('#') {
        Some((base, tag)) if !tag.is_empty() => (base, true),
        Some(_) => return None,
        None => (name, false),
    };
    MEMBERS
        .iter()
        .find(|(member, _, human_readable)| *member == base && (*human_readable || !tagged))
        .map(|(_, expected, _)| *expected)
}

/// The value of a member that has a type.
fn typed<T: DeserializeOwned>(name: &str, value: &RawValue, expected: &str) -> Result<T, Refusal> {
    serde_json::from_str(value.get()).map_err(|_| wrong_type(name, expected))
}

fn url(name: &str, value: &RawValue, schemes: &[&str], expected: &str) -> Result<String, Refusal> {
    let text: String = typed(name, value, expected)?;
    if is_url_of(&text, schemes) {
        Ok(text)
    } else {
        Err(wrong_type(name, expected))
    }
}

fn object<'v>(name: &str, value: &'v RawValue) -> Result<&'v RawValue, Refusal> {
    if value.get().starts_with('{') {
        Ok(value)
    } else {
        Err(wrong_type(name, "an object"))
    }
}

fn wrong_type(name: &str, expected: &str) -> Refusal {
    // The name is one of ours, but for a language tag.
    let name = name.split('#').next().unwrap_or_default();
    let description = format!("{name} must be {expected}.");
    if name == "redirect_uris" {
        Refusal::redirect_uri(&description)
    } else {
        Refusal::metadata(description)
    }
}

fn settle_auth_method(kept: &mut Map<String, Value>) -> Result<bool, Refusal> {
    let method = kept
        .entry("token_endpoint_auth_method")
        .or_insert_with(|| json!("client_secret_basic"));
    AUTH_METHODS
        .iter()
        .find(|(name, _)| method == name)
        .map(|(_, needs_secret)| *needs_secret)
        .ok_or_else(|| Refusal::metadata("The token_endpoint_auth_method is not supported."))
}

/// Grant types, response types, and that they fit each other (section 2.1).
fn settle_grants(kept: &mut Map<String, Value>) -> Result<(), Refusal> {
    let grants = kept
        .entry("grant_types")
        .or_insert_with(|| json!([AUTHORIZATION_CODE]));
    if let Some(grants) = grants.as_array_mut() {
        // Clients ask for whatever they can do; section 2 lets a server replace what it does not do.
        grants.retain(|grant| GRANT_TYPES.iter().any(|supported| grant == supported));
        if grants.is_empty() {
            return Err(Refusal::metadata("None of the grant_types is supported."));
        }
    }
    let with_code = has(kept, "grant_types", AUTHORIZATION_CODE);
    let responses = kept.entry("response_types").or_insert_with(|| {
        if with_code {
            json!(["code"])
        } else {
            json!([])
        }
    });
    let all_are_code = responses
        .as_array()
        .is_some_and(|types| types.iter().all(|response| response == "code"));
    if !all_are_code {
        return Err(Refusal::metadata(
            "Of response_types only code is supported.",
        ));
    }
    if with_code != has(kept, "response_types", "code") {
        return Err(Refusal::metadata(
            "The grant type authorization_code and the response type code need each other.",
        ));
    }
    Ok(())
}

fn settle_redirect_uris(kept: &mut Map<String, Value>, required: bool) -> Result<(), Refusal> {
    let required = required && has(kept, "grant_types", AUTHORIZATION_CODE);
    // Clients break where the member is missing, so it is there even where it says nothing.
    let uris = kept.entry("redirect_uris").or_insert_with(|| json!([]));
    let uris = uris.as_array().map(Vec::as_slice).unwrap_or_default();
    if uris.is_empty() && required {
        return Err(Refusal::redirect_uri(
            "The grant type authorization_code needs at least one redirect URI.",
        ));
    }
    for uri in uris.iter().filter_map(Value::as_str) {
        redirect_uri::check(uri).map_err(Refusal::redirect_uri)?;
    }
    Ok(())
}

fn has(metadata: &Map<String, Value>, name: &str, item: &str) -> bool {
    metadata
        .get(name)
        .and_then(Value::as_array)
        .is_some_and(|items| items.iter().any(|have| have == item))
}
