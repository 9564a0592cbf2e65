use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use http::request::Parts;
use serde_json::{Map, Value};

use super::Backend;
use super::selector::BackendSelector;
use crate::BoxError;
use crate::util::timeout::Timeout;

type SelectFuture<'s, B> = Pin<Box<dyn Future<Output = Result<Option<B>, BoxError>> + Send + 's>>;

/// The backend of an endpoint: always the same one, or one that a selector chooses.
pub(crate) enum BackendSource<B> {
    Fixed(B),
    Selected(Box<dyn SelectBoxed<B>>),
}

impl<B: Backend> BackendSource<B> {
    /// Returns the members that a fixed backend adds to the server's metadata document.
    pub(crate) fn server_metadata(&self) -> Map<String, Value> {
        match self {
            Self::Fixed(backend) => backend.server_metadata(),
            Self::Selected(_) => Map::new(),
        }
    }
}

impl<B> BackendSource<B> {
    pub(crate) fn selected<S: BackendSelector<Backend = B>>(selector: S) -> Self {
        Self::Selected(Box::new(selector))
    }

    /// Returns the backend for a request, or `None` if the selector does not know the tenant.
    /// A selector has this time to decide.
    pub(crate) async fn choose(
        &self,
        parts: &Parts,
        timeout: Timeout,
    ) -> Result<Option<Chosen<'_, B>>, BoxError> {
        match self {
            Self::Fixed(backend) => Ok(Some(Chosen::Fixed(backend))),
            Self::Selected(selector) => {
                let backend = timeout.run(selector.select_boxed(parts)).await??;
                Ok(backend.map(Chosen::Selected))
            }
        }
    }
}

/// The backend that answers one request.
pub(crate) enum Chosen<'b, B> {
    Fixed(&'b B),
    Selected(B),
}

impl<B> Deref for Chosen<'_, B> {
    type Target = B;

    fn deref(&self) -> &B {
        match self {
            Self::Fixed(backend) => backend,
            Self::Selected(backend) => backend,
        }
    }
}

/// [`BackendSelector`] as a trait that allows trait objects.
pub(crate) trait SelectBoxed<B>: Send + Sync {
    fn select_boxed<'s>(&'s self, parts: &'s Parts) -> SelectFuture<'s, B>;
}

impl<S: BackendSelector> SelectBoxed<S::Backend> for S {
    fn select_boxed<'s>(&'s self, parts: &'s Parts) -> SelectFuture<'s, S::Backend> {
        let backend = self.select(parts);
        Box::pin(async move { backend.await.map_err(Into::into) })
    }
}
