//! The rules for the paths in the settings.

use std::collections::BTreeSet;

use super::path_template::name_of;
use super::paths::DEFAULT_PATH;
use crate::util::uri::{PathFault, check_path};

/// Why a path cannot be a setting.
pub(crate) struct PathProblem {
    /// What is wrong. It continues a sentence that starts with the path.
    pub(crate) problem: &'static str,
    /// A valid path, made of the good segments.
    pub(crate) suggestion: String,
}

/// Checks a path of the settings. Requests are matched as they were sent, so the path must be one
/// that no client and no proxy changes. It must not look like a pattern, except for named segments.
pub(crate) fn check(path: &str) -> Result<(), PathProblem> {
    let problem = if !path.starts_with('/') {
        "does not start with \"/\""
    } else if path == "/" {
        "is the path of the whole application"
    } else {
        match check_path(path) {
            Err(PathFault::EmptySegment) => "ends with \"/\" or contains \"//\"",
            Err(PathFault::DotSegment) => "contains a dot segment",
            Ok(()) | Err(PathFault::Escape) => match check_segments(path) {
                Ok(()) => return Ok(()),
                Err(problem) => problem,
            },
        }
    };
    Err(PathProblem {
        problem,
        suggestion: suggest_path(path),
    })
}

fn check_segments(path: &str) -> Result<(), &'static str> {
    let mut names = BTreeSet::new();
    for segment in path.split('/').skip(1) {
        match name_of(segment) {
            Some("client_id") => {
                return Err("contains the client, but the layer adds the client itself");
            }
            Some(name) if !is_name(name) => {
                return Err("has a segment name with characters other than A-Z a-z 0-9 and _");
            }
            Some(name) if !names.insert(name) => return Err("uses a segment name twice"),
            None if segment.contains(['{', '}']) => {
                return Err("has braces that are not around a whole segment");
            }
            None if segment.starts_with(':') => {
                return Err("has a segment that starts with \":\"; a name is written in braces");
            }
            None if !segment.bytes().all(is_plain) => {
                return Err("contains a character other than A-Z a-z 0-9 and -._~!$&'()+,;=:@");
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Returns the names of the named segments.
pub(crate) fn names(path: &str) -> BTreeSet<&str> {
    path.split('/').filter_map(name_of).collect()
}

/// Returns whether a registration path could also be the path of a client: the configuration path
/// and one more segment.
pub(crate) fn overlap(registration: &str, configuration: &str) -> bool {
    let client = format!("{configuration}/{{client_id}}");
    let (registration, client): (Vec<_>, Vec<_>) = (
        registration.split('/').collect(),
        client.split('/').collect(),
    );
    let can_be_equal = |(one, other): (&&str, &&str)| {
        one == other || name_of(one).is_some() || name_of(other).is_some()
    };
    registration.len() == client.len() && registration.iter().zip(&client).all(can_be_equal)
}

/// Returns whether a path has a named segment.
pub(crate) fn has_names(path: &str) -> bool {
    path.split('/').any(|segment| name_of(segment).is_some())
}

/// Returns a valid path that is built from the valid segments of an invalid one. A segment that was
/// meant to be named stays named.
fn suggest_path(path: &str) -> String {
    // Only the path, if the whole URL was written.
    let path = path.split_once("://").map_or(path, |(_, rest)| {
        rest.split_once('/').map_or("", |(_, path)| path)
    });
    let mut names = BTreeSet::new();
    let mut suggestion = String::new();
    for segment in path.split('/') {
        if let Some(name) = intended_name(segment) {
            if names.insert(name.clone()) {
                suggestion.extend(["/{", &name, "}"]);
            }
        } else if !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain) {
            suggestion.extend(["/", segment]);
        }
    }
    if suggestion.is_empty() {
        DEFAULT_PATH.to_owned()
    } else {
        suggestion
    }
}

/// Returns the name that a segment was meant to have: `tenant_id` for `{tenant-id}`, `<tenant_id>`,
/// `:tenant_id` and the like.
fn intended_name(segment: &str) -> Option<String> {
    let is_named = segment.contains(['{', '}', '<', '>']) || segment.starts_with(':');
    let start = segment.find(['{', '<', ':']).map_or(0, |at| at + 1);
    let text = segment.get(start..)?;
    let name = text
        .get(..text.find(['}', '>']).unwrap_or(text.len()))?
        .replace('-', "_");
    (is_named && is_name(&name) && name != "client_id").then_some(name)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_name_char)
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns whether a byte is a `pchar` of RFC 3986 section 3.3, without escapes and `*`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@".contains(&byte)
}
