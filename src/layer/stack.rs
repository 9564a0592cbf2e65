use crate::endpoint::Paths;

/// What all services of one layer share: the paths, and the endpoint with its layers.
#[derive(Clone)]
pub(super) struct Stack<E> {
    pub(super) paths: Paths,
    pub(super) endpoint: E,
}
