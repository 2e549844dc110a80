//! What the variants of a kind find, where each finds something else.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What a variant found of a resource, which only that variant reads; for kinds whose variants find things of different
/// types.
#[derive(Clone)]
pub struct Found(Arc<dyn AnyFound>);

impl Found {
    pub fn new<F: AnyFound>(found: F) -> Self {
        Self(Arc::new(found))
    }

    /// Returns it to the variant that found it; anything else is a bug in the kind.
    pub fn of<F: AnyFound>(&self) -> &F {
        let found: &dyn Any = &*self.0;
        found.downcast_ref().expect("what was found is handed to the variant that found it")
    }
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(&*other.0)
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What [`Found`] may hold: anything that can be compared and shown.
pub trait AnyFound: Any + fmt::Debug + Send + Sync {
    fn equals(&self, other: &dyn AnyFound) -> bool;
}

impl<F: Any + fmt::Debug + PartialEq + Send + Sync> AnyFound for F {
    fn equals(&self, other: &dyn AnyFound) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<F>().is_some_and(|other| self == other)
    }
}
