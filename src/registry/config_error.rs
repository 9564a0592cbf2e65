use std::error::Error;
use std::fmt;
use std::io;
#[cfg(feature = "registry-file")]
use std::path::{Path, PathBuf};

#[cfg(feature = "registry-file")]
use super::store::file::error::FileError;
#[cfg(feature = "registry-file")]
use crate::BoxError;
use crate::util::debug_text::debug_text;

/// The error of creating a registry: a wrong setting, a file that cannot be opened, or a thread
/// that did not start. `Display` and `Debug` say what to do.
#[non_exhaustive]
pub enum RegistryConfigError {
    /// The URL of the registration endpoint breaks the [rules](super::Registry::in_memory). The URL
    /// is not part of the error, because it may contain a password.
    #[non_exhaustive]
    InvalidRegistrationEndpoint {
        /// What is wrong with it. It continues a sentence that starts with the URL.
        problem: &'static str,
    },

    /// The name of a [tenant](super::Registry::tenant) is not allowed.
    #[non_exhaustive]
    InvalidTenantName {
        /// What is wrong with it. It continues a sentence that starts with the name.
        problem: &'static str,
    },

    /// A setting has a value with which the registry cannot work.
    #[non_exhaustive]
    InvalidSetting {
        /// The name of the builder's method.
        setting: &'static str,
        /// What is wrong with it. It continues a sentence that starts with the setting.
        problem: &'static str,
        /// What to write instead. It continues a sentence that starts with "write".
        instead: &'static str,
    },

    /// The file is open already, in this process or in another one. Two registries in one file
    /// would not see each other's clients.
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    #[non_exhaustive]
    Locked {
        /// The file.
        path: PathBuf,
    },

    /// The file cannot be opened: it is damaged, it has a newer format, it is no registry, or the
    /// system does not let the server read and write it.
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    #[non_exhaustive]
    UnusableFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it. It continues a sentence that starts with the file.
        problem: String,
        /// The error behind it, if there is one.
        source: Option<BoxError>,
    },

    /// The system did not start a thread that the registry needs.
    #[non_exhaustive]
    Thread {
        /// The system's error.
        source: io::Error,
    },
}

impl RegistryConfigError {
    #[cfg(feature = "registry-file")]
    pub(super) fn file(path: &Path, error: FileError) -> Self {
        let path = path.to_owned();
        match error {
            FileError::Locked => Self::Locked { path },
            FileError::Thread(source) => Self::Thread { source },
            error => Self::UnusableFile {
                path,
                problem: error.problem(),
                source: error.into_source(),
            },
        }
    }

    pub(super) fn thread(source: io::Error) -> Self {
        Self::Thread { source }
    }
}

impl fmt::Display for RegistryConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRegistrationEndpoint { problem } => write!(
                f,
                "the URL of the registration endpoint {problem}: write one like \
                 \"https://as.example.com/register\""
            ),
            Self::InvalidTenantName { problem } => write!(
                f,
                "the name of the tenant {problem}: write 1 to 128 characters of A-Z, a-z, 0-9, \
                 \"-\", \".\", \"_\" and \"~\""
            ),
            Self::InvalidSetting {
                setting,
                problem,
                instead,
            } => write!(f, "{setting} {problem}: write {instead}"),
            #[cfg(feature = "registry-file")]
            Self::Locked { path } => write!(
                f,
                "the file \"{}\" is open already, in this process or in another one: give each \
                 registry its own file, and clone the handle to share a registry",
                path.display()
            ),
            #[cfg(feature = "registry-file")]
            Self::UnusableFile {
                path,
                problem,
                source,
            } => {
                write!(f, "the file \"{}\" {problem}", path.display())?;
                match source {
                    Some(source) => write!(f, " ({source})"),
                    None => Ok(()),
                }
            }
            Self::Thread { .. } => f.write_str(
                "the system did not start a thread for the registry: raise the limit of threads",
            ),
        }
    }
}

impl fmt::Debug for RegistryConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_text(f, "RegistryConfigError", self)
    }
}

impl Error for RegistryConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::InvalidRegistrationEndpoint { .. }
            | Self::InvalidTenantName { .. }
            | Self::InvalidSetting { .. } => None,
            #[cfg(feature = "registry-file")]
            Self::Locked { .. } => None,
            #[cfg(feature = "registry-file")]
            Self::UnusableFile { source, .. } => source.as_deref().map(|source| source as _),
            Self::Thread { source } => Some(source),
        }
    }
}
