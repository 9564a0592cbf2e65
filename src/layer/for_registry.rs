use super::{ConfigError, DcrBuilder, DcrLayer};
use crate::backend::Backend;
use crate::registry::Registry;

impl DcrLayer<Registry> {
    /// Creates the layer for a [`Registry`]. It takes both paths from the registry's URL, and
    /// `registration_only` from the registry's settings. So you write each of them once.
    ///
    /// ```
    /// use http::Request;
    /// use tower::{Layer, ServiceExt};
    /// use tower_dcr::DcrLayer;
    /// use tower_dcr::registry::Registry;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = axum::Router::new();
    /// let registry = Registry::in_memory("https://as.example.com/connect/register")?;
    /// let app = DcrLayer::for_registry(registry)?.layer(app);
    ///
    /// let request = Request::post("/connect/register")
    ///     .header("content-type", "application/json")
    ///     .body(r#"{"redirect_uris":["https://client.example.org/cb"]}"#.to_owned())?;
    /// assert_eq!(app.oneshot(request).await?.status(), 201);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidPath`] if the path of the URL has a character that the layer does not
    /// match, such as `*`.
    pub fn for_registry(registry: Registry) -> Result<Self, ConfigError> {
        let endpoint = registry.registration_endpoint().to_owned();
        let registration_only = registry.is_registration_only();
        DcrLayer::builder(registry)
            .registration_endpoint(endpoint)
            .registration_only(registration_only)
            .build()
    }
}

impl<B: Backend> DcrBuilder<B> {
    /// Copies the [registration endpoint](Self::registration_endpoint),
    /// [`registration_only`](Self::registration_only) and the
    /// [metadata](Self::server_metadata_of) from a registry. Use it if layers or policies are
    /// around the registry.
    ///
    /// It overwrites these three settings, but not [`registration_path`](Self::registration_path).
    /// If the layer has a separate [configuration path](Self::configuration_path), call
    /// `registration_endpoint` after `settings_of`, to replace the URL that it copied.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower::Layer;
    /// use tower_dcr::DcrLayer;
    /// use tower_dcr::policy::{MaxRedirectUris, Policies};
    /// use tower_dcr::registry::Registry;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let registry = Registry::in_memory("https://as.example.com/connect/register")?;
    /// let backend = Policies::new().with(MaxRedirectUris::new(5)).layer(registry.clone());
    /// let layer = DcrLayer::builder(backend).settings_of(&registry).build()?;
    ///
    /// let document = layer.server_metadata(json!({}));
    /// assert_eq!(document["registration_endpoint"], "https://as.example.com/connect/register");
    /// # Ok(())
    /// # }
    /// ```
    pub fn settings_of(self, registry: &Registry) -> Self {
        self.server_metadata_of(registry)
            .registration_endpoint(registry.registration_endpoint())
            .registration_only(registry.is_registration_only())
    }
}
