//! Which backend an example has: the environment says.

use std::env;
use std::ffi::OsString;

use serde_json::{Map, Value};
use tower_dcr::authlete::AuthleteBackend;
use tower_dcr::backend::SharedBackend;
use tower_dcr::registry::Registry;

use super::Failure;

/// Authlete, where the environment names it; or else the embedded registry, in the file named by `DCR_DATABASE` or in
/// memory. Besides, what it supports, as members of the metadata document: of Authlete its own document says that.
pub(crate) fn from_env(base_url: &str) -> Result<(SharedBackend, Map<String, Value>), Failure> {
    let names_authlete = |(name, _): (OsString, _)| name.to_string_lossy().starts_with("AUTHLETE_");
    if env::vars_os().any(names_authlete) {
        let backend = SharedBackend::new(AuthleteBackend::from_env()?);
        println!("Clients are Authlete's.");
        return Ok((backend, Map::new()));
    }
    let configuration_endpoint = format!("{base_url}/register");
    let registry = if let Some(path) = env::var_os("DCR_DATABASE") {
        let registry = Registry::open(&configuration_endpoint, &path)?;
        println!("Clients are kept in {}.", path.display());
        registry
    } else {
        println!(
            "Clients are in memory: DCR_DATABASE names a file to keep them in, AUTHLETE_BASE_URL an Authlete."
        );
        Registry::in_memory(&configuration_endpoint)?
    };
    let supported = registry.server_metadata();
    Ok((SharedBackend::new(registry), supported))
}
