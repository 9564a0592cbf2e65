//! The backend of an example, as the environment names it.

use std::env;
use std::ffi::OsString;

use tower_dcr::authlete::AuthleteBackend;
use tower_dcr::backend::SharedBackend;
use tower_dcr::registry::Registry;

use super::Failure;

/// Returns Authlete if the environment names it. Otherwise returns the built-in registry, in the
/// file that `DCR_DATABASE` names or in memory.
pub(crate) fn from_env(base_url: &str) -> Result<SharedBackend, Failure> {
    let names_authlete = |(name, _): (OsString, _)| name.to_string_lossy().starts_with("AUTHLETE_");
    if env::vars_os().any(names_authlete) {
        let backend = AuthleteBackend::from_env()?;
        println!("The clients are stored by Authlete.");
        return Ok(SharedBackend::new(backend));
    }
    let url = format!("{base_url}/register");
    let Some(path) = env::var_os("DCR_DATABASE") else {
        println!(
            "The clients are in memory. To keep them, name a file in DCR_DATABASE, or an Authlete \
             in AUTHLETE_BASE_URL."
        );
        return Ok(SharedBackend::new(Registry::in_memory(&url)?));
    };
    let registry = Registry::open(&url, &path)?;
    println!("The clients are in the file {}.", path.display());
    Ok(SharedBackend::new(registry))
}
