//! Which layer asked for an operation.

use std::fmt::{self, Display};
use std::sync::Arc;

/// A path of layers, each within the one before; it is formatted where somebody reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope(Arc<Level>);

#[derive(Debug, PartialEq, Eq)]
struct Level {
    outer: Option<Scope>,
    index: usize,
    name: String,
    /// What kind of layer it is, where its name alone does not say so.
    about: Option<String>,
}

impl Scope {
    /// The layer of this index and name in a network or a layer, which is itself a layer of `outer`: with what it is, given as
    /// class and description, where its name does not say so.
    pub(crate) fn new(outer: Option<&Self>, index: usize, name: &str, (class, described): (&str, String), named_by_user: bool) -> Self {
        let about = (described != class || named_by_user).then_some(described);
        Self(Arc::new(Level { outer: outer.cloned(), index, name: name.to_owned(), about }))
    }

    /// The names of the layers from the outermost on: `encoder/dense`.
    pub(crate) fn path(&self) -> String {
        let Level { outer, name, .. } = &*self.0;
        outer.as_ref().map_or_else(|| name.clone(), |outer| format!("{}/{name}", outer.path()))
    }

    /// This layer alone, without those that it is in.
    pub(crate) fn label(&self) -> impl Display {
        let Level { index, name, about, .. } = &*self.0;
        match about {
            Some(about) => format!("layer {index} `{name}` ({about})"),
            None => format!("layer {index} `{name}`"),
        }
    }
}

impl Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(outer) = &self.0.outer {
            write!(f, "{outer}: ")?;
        }
        write!(f, "{}", self.label())
    }
}
