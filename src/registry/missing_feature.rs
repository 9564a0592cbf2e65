//! The compile error for a registry in a file without the feature `registry-file`.

/// A bound that no type satisfies. The compiler then names the feature. Without the methods, it
/// would suggest [`Registry::in_memory`](super::Registry::in_memory), which keeps nothing.
#[diagnostic::on_unimplemented(
    message = "a registry in a file needs the feature `registry-file` of tower-dcr",
    label = "needs the feature `registry-file`",
    note = "enable it: cargo add tower-dcr --features registry-file"
)]
pub trait FeatureRegistryFile {
    /// Nobody can call this, because there is no implementation.
    fn never<T>(self) -> T;
}
