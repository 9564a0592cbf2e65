//! Path templates: `/t/{tenant}/register`.

use std::sync::Arc;

use super::segment_decoding;
use crate::operation::PathParams;

/// A path with literal and named segments. Matching allocates nothing.
#[derive(Clone, Debug)]
pub(super) struct Template {
    text: Box<str>,
    /// The segments, if at least one is named. Otherwise the text is compared as a whole.
    segments: Option<Box<[Segment]>>,
}

#[derive(Clone, Debug)]
enum Segment {
    Literal(Box<str>),
    Named(Arc<str>),
}

impl Segment {
    fn new(text: &str) -> Self {
        match name_of(text) {
            Some(name) => Self::Named(name.into()),
            None => Self::Literal(text.into()),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => &**literal == text,
            Self::Named(_) => !text.is_empty(),
        }
    }
}

/// Returns the name in a named segment: `tenant` in `{tenant}`.
pub(crate) fn name_of(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

impl Template {
    /// Creates a template. The builder has checked the text.
    pub(super) fn new(text: &str) -> Self {
        let has_names = text.split('/').any(|segment| name_of(segment).is_some());
        let segments = || text.split('/').skip(1).map(Segment::new).collect();
        Self {
            text: text.into(),
            segments: has_names.then(segments),
        }
    }

    /// Returns whether the whole path matches.
    pub(super) fn matches(&self, path: &str) -> bool {
        match &self.segments {
            None => path == &*self.text,
            Some(segments) => {
                let mut parts = path.split('/').skip(1);
                segments
                    .iter()
                    .all(|segment| parts.next().is_some_and(|part| segment.matches(part)))
                    && parts.next().is_none()
                    && path.starts_with('/')
            }
        }
    }

    /// Decodes the named segments of a path that matches. Returns `None` if one of them cannot be
    /// decoded.
    pub(super) fn params(&self, path: &str) -> Option<PathParams> {
        let Some(segments) = &self.segments else {
            return Some(PathParams::default());
        };
        let parts = path.split('/').skip(1);
        let params = segments
            .iter()
            .zip(parts)
            .filter_map(|(segment, part)| match segment {
                Segment::Literal(_) => None,
                Segment::Named(name) => Some(
                    segment_decoding::decode(part)
                        .map(|value| (Arc::clone(name), value.into_boxed_str())),
                ),
            });
        params.collect()
    }
}
