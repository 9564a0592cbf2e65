//! Where the credentials of a call come from: a fixed value or a function.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::credentials::Credentials;
use super::error::AuthleteError;
use crate::BoxError;
use crate::operation::Operation;

type CredentialsFuture = Pin<Box<dyn Future<Output = Result<Credentials, BoxError>> + Send>>;

/// The source of the credentials. Each attempt reads it once.
#[derive(Clone)]
pub(super) enum CredentialsSource {
    Fixed(Credentials),
    Function(Arc<dyn Fn(&Operation) -> CredentialsFuture + Send + Sync>),
}

impl CredentialsSource {
    pub(super) fn function<F, Fut>(function: F) -> Self
    where
        F: Fn(&Operation) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Credentials, BoxError>> + Send + 'static,
    {
        Self::Function(Arc::new(move |operation| Box::pin(function(operation))))
    }

    pub(super) async fn get(&self, operation: &Operation) -> Result<Credentials, AuthleteError> {
        match self {
            Self::Fixed(credentials) => Ok(credentials.clone()),
            Self::Function(function) => function(operation)
                .await
                .map_err(AuthleteError::credentials),
        }
    }
}
