/// One of Authlete's clusters, for [`AuthleteBuilder::cluster`](super::AuthleteBuilder::cluster).
///
/// ```
/// use tower_dcr::authlete::Cluster;
///
/// assert_eq!(Cluster::Eu.base_url(), "https://eu.authlete.com");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cluster {
    /// `https://us.authlete.com`
    Us,
    /// `https://jp.authlete.com`
    Jp,
    /// `https://eu.authlete.com`
    Eu,
    /// `https://br.authlete.com`
    Br,
}

impl Cluster {
    /// Returns the base URL of the cluster's Web API, without a slash at its end.
    #[must_use]
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Us => "https://us.authlete.com",
            Self::Jp => "https://jp.authlete.com",
            Self::Eu => "https://eu.authlete.com",
            Self::Br => "https://br.authlete.com",
        }
    }
}
