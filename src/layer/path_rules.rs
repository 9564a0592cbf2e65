//! The rules for the paths in the settings.

use std::collections::BTreeSet;

use super::error::ConfigError;
use crate::endpoint::{DEFAULT_PATH, name_of};
use crate::util::uri::{PathFault, check_path};

/// Checks a path of the settings. Requests are matched as they were sent, so the path must be one
/// that no client and no proxy changes. It must not look like a pattern, except for named segments.
pub(super) fn check(setting: &'static str, path: &str) -> Result<(), ConfigError> {
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
    Err(ConfigError::InvalidPath {
        setting,
        path: path.to_owned(),
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
            None if !segment.bytes().all(is_plain) => {
                return Err("contains a character other than A-Z a-z 0-9 and -._~!$&'()+,;=:@");
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Returns whether a registration path could also be the path of a client: the configuration path
/// and one more segment.
pub(super) fn overlap(registration: &str, configuration: &str) -> bool {
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
pub(super) fn has_names(path: &str) -> bool {
    path.split('/').any(|segment| name_of(segment).is_some())
}

/// Returns a valid path that is built from the valid segments of an invalid one.
fn suggest_path(path: &str) -> String {
    // Only the path, if the whole URL was written.
    let path = path.split_once("://").map_or(path, |(_, rest)| {
        rest.split_once('/').map_or("", |(_, path)| path)
    });
    let mut names = BTreeSet::new();
    let mut is_good = |segment: &&str| match name_of(segment) {
        Some(name) => is_name(name) && name != "client_id" && names.insert(name.to_owned()),
        None => !matches!(*segment, "" | "." | "..") && segment.bytes().all(is_plain),
    };
    let mut suggestion = String::new();
    for segment in path.split('/').filter(|segment| is_good(segment)) {
        suggestion.push('/');
        suggestion.push_str(segment);
    }
    if suggestion.is_empty() {
        DEFAULT_PATH.to_owned()
    } else {
        suggestion
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Returns whether a byte is a `pchar` of RFC 3986 section 3.3, without escapes and `*`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@".contains(&byte)
}
