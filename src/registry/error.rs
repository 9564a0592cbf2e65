use std::error::Error;
use std::fmt;
#[cfg(feature = "registry-file")]
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::store::error::StoreError;
#[cfg(feature = "registry-file")]
use super::store::file::error::FileError;
use crate::BoxError;
use crate::backend::Unavailable;

/// The error of a running [`Registry`](super::Registry). It contains no token, no secret and no
/// metadata.
///
/// | method | meaning | the client receives |
/// |---|---|---|
/// | [`is_storage`](Self::is_storage) | the file cannot be read or written | 503 |
/// | [`is_full`](Self::is_full) | there is no room for another client | 503 |
/// | [`is_random`](Self::is_random) | the system has no random numbers | 500 |
/// | [`is_invalid_cursor`](Self::is_invalid_cursor) | [`list`] got a wrong cursor | nothing |
/// | [`is_backup_target`](Self::is_backup_target) | a backup cannot be written | nothing |
///
/// The last two come from calls that only your own code makes.
///
/// [`list`]: super::Registry::list
///
/// An error with 503 has an [`Unavailable`] in its [sources](Error::source).
/// [`Unavailable::find_in`] finds it, and it says whether the change may have happened.
///
/// ```
/// use tower_dcr::operation::Register;
/// use tower_dcr::registry::Registry;
/// use tower_dcr::{Backend, ClientMetadata};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = Registry::builder("https://as.example.com/register")
///     .max_clients(1)
///     .build()?;
/// let metadata = r#"{"redirect_uris":["https://client.example.org/cb"]}"#;
/// let register = Register::new(ClientMetadata::parse(metadata)?);
/// registry.execute(register.clone().into()).await?;
///
/// let error = registry.execute(register.into()).await.unwrap_err();
/// assert!(error.is_full());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RegistryError(Kind);

#[derive(Debug)]
enum Kind {
    Storage(Unavailable),
    Full(Unavailable),
    Random(BoxError),
    InvalidCursor,
    #[cfg(feature = "registry-file")]
    BackupTarget {
        path: PathBuf,
        problem: String,
        source: Option<BoxError>,
    },
}

impl RegistryError {
    /// Returns whether the registry's file could not be read or written. The registry opens the
    /// file again by itself.
    ///
    /// If the change may have been stored all the same, the [`Unavailable`] in the sources
    /// [says so](Unavailable::is_outcome_unknown).
    #[must_use]
    pub fn is_storage(&self) -> bool {
        matches!(self.0, Kind::Storage(_))
    }

    /// Returns whether there is no room for another client. Nothing was changed. See
    /// [`max_clients`](super::RegistryBuilder::max_clients).
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.0, Kind::Full(_))
    }

    /// Returns whether the system's random number generator failed. Nothing was changed.
    #[must_use]
    pub fn is_random(&self) -> bool {
        matches!(self.0, Kind::Random(_))
    }

    /// Returns whether the argument `after` of [`list`](super::Registry::list) is not a cursor for
    /// the order of the same call.
    #[must_use]
    pub fn is_invalid_cursor(&self) -> bool {
        matches!(self.0, Kind::InvalidCursor)
    }

    /// Returns whether the file for a [backup](super::Registry::backup) exists already, or cannot
    /// be written. The registry itself is not affected.
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    #[must_use]
    pub fn is_backup_target(&self) -> bool {
        matches!(self.0, Kind::BackupTarget { .. })
    }

    /// Creates the error of a full registry. It says when there is room again, if that is known.
    pub(super) fn full(retry_after: Option<Duration>) -> Self {
        let unavailable = Unavailable::new();
        Self(Kind::Full(match retry_after {
            Some(wait) => unavailable.with_retry_after(wait),
            None => unavailable,
        }))
    }

    pub(super) fn random(source: impl Into<BoxError>) -> Self {
        Self(Kind::Random(source.into()))
    }

    pub(super) fn invalid_cursor() -> Self {
        Self(Kind::InvalidCursor)
    }

    #[cfg(feature = "registry-file")]
    pub(super) fn backup_target(path: &Path, error: FileError) -> Self {
        Self(Kind::BackupTarget {
            path: path.to_owned(),
            problem: error.problem(),
            source: error.into_source(),
        })
    }
}

impl From<StoreError> for RegistryError {
    fn from(error: StoreError) -> Self {
        Self(Kind::Storage(error.into()))
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Storage(_) => f.write_str("the registry's file cannot be read or written"),
            Kind::Full(_) => f.write_str(
                "the registry is full: raise max_clients, or delete clients that are not used",
            ),
            Kind::Random(_) => f.write_str("the system's random number generator failed"),
            Kind::InvalidCursor => f.write_str(
                "the text is no cursor of a list in this order: pass `next` of the page before",
            ),
            #[cfg(feature = "registry-file")]
            Kind::BackupTarget { path, problem, .. } => {
                write!(f, "the backup file \"{}\" {problem}", path.display())
            }
        }
    }
}

impl Error for RegistryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Storage(source) | Kind::Full(source) => Some(source),
            Kind::Random(source) => Some(&**source),
            Kind::InvalidCursor => None,
            #[cfg(feature = "registry-file")]
            Kind::BackupTarget { source, .. } => source.as_deref().map(|source| source as _),
        }
    }
}
