//! What can go wrong.

use std::fmt;
#[cfg(feature = "registry-file")]
use std::path::{Path, PathBuf};

use super::store::Fault;
#[cfg(feature = "registry-file")]
use super::store::file::FileFault;
use crate::BoxError;
use crate::backend::Unavailable;

/// What can go wrong with an [`Registry`](super::Registry). It says nothing of a client.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegistryError {
    /// The URL given for the client configuration endpoint cannot be given to clients.
    #[non_exhaustive]
    InvalidConfigurationEndpoint {
        /// What is wrong with it.
        fault: &'static str,
    },

    /// A setting that makes no sense.
    #[non_exhaustive]
    InvalidSetting {
        /// Which one, by the name of the builder's method.
        setting: &'static str,
        /// What is wrong with it.
        fault: &'static str,
    },

    /// The text is no [cursor](super::Client::cursor).
    InvalidCursor,

    /// The file is open already, in this process or another. Two registries in one file would not see each other's clients.
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    #[non_exhaustive]
    Locked {
        /// The file.
        path: PathBuf,
    },

    /// The file cannot be opened: it is damaged, of a newer format, no registry at all, or cannot be read and written.
    #[cfg(feature = "registry-file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "registry-file")))]
    #[non_exhaustive]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
        /// The error behind it, where there is one.
        source: Option<BoxError>,
    },

    /// The file could not be read, or not be written, while the server ran: 503. Where the change may have been kept all
    /// the same, the [`Unavailable`] in it says so. The registry opens the file anew by itself.
    #[non_exhaustive]
    Storage {
        /// Whether anything may have happened; its own source is the error of the disk.
        source: Unavailable,
    },

    /// There is no room for another client: 503. See [`max_clients`](super::RegistryBuilder::max_clients).
    #[non_exhaustive]
    Full {
        /// Nothing has happened.
        source: Unavailable,
    },

    /// The system's random number generator failed, so no credentials could be issued, and nothing was changed.
    #[non_exhaustive]
    Random {
        /// The system's error.
        source: BoxError,
    },

    /// The system would not start the thread that works in the background.
    #[non_exhaustive]
    Thread {
        /// The system's error.
        source: BoxError,
    },
}

#[cfg(feature = "registry-file")]
impl RegistryError {
    pub(super) fn of_file(path: &Path, fault: FileFault) -> Self {
        let path = path.to_owned();
        match fault {
            FileFault::Locked => Self::Locked { path },
            FileFault::Thread(source) => Self::Thread { source },
            fault => Self::Unusable {
                path,
                fault: fault.description(),
                source: fault.into_source(),
            },
        }
    }
}

impl From<Fault> for RegistryError {
    fn from(fault: Fault) -> Self {
        Self::Storage {
            source: fault.into(),
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidConfigurationEndpoint { fault } => write!(
                f,
                "the URL of the client configuration endpoint {fault}: write one like \"https://as.example.com/register\""
            ),
            Self::InvalidSetting { setting, fault } => write!(f, "{setting} {fault}"),
            Self::InvalidCursor => {
                f.write_str("the text is no cursor of a list of clients in this order")
            }
            #[cfg(feature = "registry-file")]
            Self::Locked { path } => write!(
                f,
                "the file \"{}\" is open already, in this process or another: give each registry a file of its own",
                path.display()
            ),
            #[cfg(feature = "registry-file")]
            Self::Unusable { path, fault, .. } => {
                write!(f, "the file \"{}\" {fault}", path.display())
            }
            Self::Storage { .. } => f.write_str("the registry's file cannot be reached"),
            Self::Full { .. } => f.write_str(
                "the registry is full: raise max_clients, or delete clients that are not used",
            ),
            Self::Random { .. } => f.write_str("the system's random number generator failed"),
            Self::Thread { .. } => f.write_str("the system would not start a thread"),
        }
    }
}

impl std::error::Error for RegistryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::InvalidConfigurationEndpoint { .. }
            | Self::InvalidSetting { .. }
            | Self::InvalidCursor => None,
            #[cfg(feature = "registry-file")]
            Self::Locked { .. } => None,
            #[cfg(feature = "registry-file")]
            Self::Unusable { source, .. } => source.as_deref().map(|source| source as _),
            Self::Storage { source } | Self::Full { source } => Some(source),
            Self::Random { source } | Self::Thread { source } => Some(&**source),
        }
    }
}
