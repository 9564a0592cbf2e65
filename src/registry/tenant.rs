//! Registries that share a store.

use std::sync::Arc;

use super::Registry;
use super::config_error::RegistryConfigError;
use super::inner::Inner;
use super::registration_endpoint::RegistrationEndpoint;
use super::settings::Settings;
use super::tenant_name::TenantName;

impl Registry {
    /// Returns the registry of a tenant. It has a URL and clients of its own.
    ///
    /// | shared by all tenants | apart |
    /// |---|---|
    /// | the settings, the callback and the clock | the URL |
    /// | the file and its backup | clients, secrets and tokens |
    /// | the threads | the limit [`max_clients`](super::RegistryBuilder::max_clients): a full tenant evicts only its own clients |
    ///
    /// - The original registry, which the builder built, is a tenant without a name. It sees no
    ///   client of the others. You may leave it empty, and use only named tenants.
    /// - Two registries with one name are one tenant. Names do not nest:
    ///   `registry.tenant("a", …)?.tenant("b", …)` is the tenant `b`.
    /// - A name has 1 to 128 characters of `A-Z a-z 0-9 - . _ ~`. `A` and `a` are two names.
    /// - The URL follows the rules of [`in_memory`](Self::in_memory). It must lead to this tenant
    ///   and to no other. It is not stored.
    /// - A tenant exists as soon as it has a client. In a file, its clients survive a restart.
    /// - [Unused clients](super::RegistryBuilder::remove_never_used_after) are removed from all
    ///   tenants, even if no `Registry` of the tenant exists.
    ///
    /// The call opens nothing and waits for nothing, so it may be made for each request. Make it
    /// only for tenants that you know: a name from a request would let everybody create tenants.
    ///
    /// # Errors
    ///
    /// - [`RegistryConfigError::InvalidTenantName`] if the name breaks these rules.
    /// - [`RegistryConfigError::InvalidRegistrationEndpoint`] if the URL breaks the rules.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use std::sync::Arc;
    ///
    /// use http::Request;
    /// use http::request::Parts;
    /// use tower::ServiceExt;
    /// use tower_dcr::operation::PathParams;
    /// use tower_dcr::registry::Registry;
    /// use tower_dcr::{BoxError, DcrLayer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let registry = Registry::in_memory("https://as.example.com/register")?;
    /// let mut tenants = HashMap::new();
    /// for name in ["blue", "green"] {
    ///     let url = format!("https://as.example.com/t/{name}/register");
    ///     tenants.insert(name.to_owned(), registry.tenant(name, url)?);
    /// }
    /// let tenants = Arc::new(tenants);
    ///
    /// let selected = Arc::clone(&tenants);
    /// let endpoint = DcrLayer::select_backend(move |parts: &Parts| {
    ///     let name = PathParams::of(parts);
    ///     let tenant = name.get("tenant").and_then(|name| selected.get(name).cloned());
    ///     async move { Ok::<_, BoxError>(tenant) }
    /// })
    /// .registration_path("/t/{tenant}/register")
    /// .build_endpoint()?;
    ///
    /// let request = Request::post("/t/blue/register")
    ///     .header("content-type", "application/json")
    ///     .body(String::from(r#"{"redirect_uris":["https://client.example.org/cb"]}"#))?;
    /// let response = endpoint.oneshot(request).await?;
    /// assert_eq!(response.status(), 201);
    /// # use http_body_util::BodyExt;
    /// # let body = response.into_body().collect().await?.to_bytes();
    /// # let client: serde_json::Value = serde_json::from_slice(&body)?;
    /// # let client_id = client["client_id"].as_str().unwrap();
    /// assert!(tenants["blue"].client(client_id).await?.is_some());
    /// assert!(tenants["green"].client(client_id).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn tenant(
        &self,
        name: impl Into<String>,
        url: impl Into<String>,
    ) -> Result<Self, RegistryConfigError> {
        let Inner {
            settings, shared, ..
        } = &*self.inner;
        let tenant = TenantName::new(&name.into())
            .map_err(|problem| RegistryConfigError::InvalidTenantName { problem })?;
        let endpoint = RegistrationEndpoint::new(&url.into(), settings.https_only)
            .map_err(|problem| RegistryConfigError::InvalidRegistrationEndpoint { problem })?;
        let settings = Settings {
            endpoint,
            ..Settings::clone(settings)
        };
        Ok(Self {
            inner: Arc::new(Inner {
                tenant,
                settings: Arc::new(settings),
                shared: Arc::clone(shared),
            }),
        })
    }
}
