//! What differs between desired and actual.

use super::Value;

/// What is going to happen to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// It is as it should be.
    None,
    /// It is looked at and never changed (a check, a requirement).
    Read,
    Create,
    Update,
    Delete,
    /// Deleted and created again.
    Replace,
    /// A command that runs because its guard says so.
    Run,
    /// Only restarted.
    Restart,
    /// Only reloaded.
    Reload,
}

impl Action {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Read,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Replace,
        Self::Run,
        Self::Restart,
        Self::Reload,
    ];

    /// Returns the one with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }

    /// Returns the word for it in JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "no-op",
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Replace => "replace",
            Self::Run => "run",
            Self::Restart => "restart",
            Self::Reload => "reload",
        }
    }

    /// Returns the symbol for it in text output.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::None => " ",
            Self::Read => "?",
            Self::Create => "+",
            Self::Update => "~",
            Self::Delete => "-",
            Self::Replace => "-/+",
            Self::Run | Self::Restart | Self::Reload => "!",
        }
    }
}

/// One attribute that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub attribute: String,
    /// As observed; `Null` where the resource is absent.
    pub before: Value,
    /// As it will be; `Null` where the resource goes, `Unknown` where only the apply can tell.
    pub after: Value,
    /// It can only be had by deleting the resource and creating it again.
    pub forces_replacement: bool,
}

/// Collects the attributes that differ, in the order they are compared.
#[derive(Clone, Debug, Default)]
pub struct Changes(Vec<Change>);

impl Changes {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a change if the two differ. `Content` is compared by hash. A secret on either side hides both.
    pub fn compare(&mut self, attribute: &str, before: impl Into<Value>, after: impl Into<Value>) -> bool {
        let (before, after) = (before.into(), after.into());
        let equal = match (&before, &after) {
            (Value::Content(a), Value::Content(b)) => a.hash() == b.hash(),
            (a, b) => a == b,
        };
        if !equal {
            self.push(attribute, before, after);
        }
        !equal
    }

    /// Compares only if something is desired: an attribute the spec leaves out is left alone.
    pub fn compare_if<T: Into<Value>>(&mut self, attribute: &str, before: impl Into<Value>, after: Option<T>) -> bool {
        after.is_some_and(|after| self.compare(attribute, before, after))
    }

    /// Adds a change without comparing.
    pub fn push(&mut self, attribute: &str, before: impl Into<Value>, after: impl Into<Value>) {
        let (mut before, mut after) = (before.into(), after.into());
        // What a secret replaces, or replaces a secret, is hidden too. A value known only later comes from a secret or
        // may: what it replaces is hidden as well.
        if before.is_sensitive() || after.is_sensitive() || after.unknown().is_some() {
            before = before.masked();
            after = after.masked();
        }
        self.0.push(Change { attribute: attribute.to_string(), before, after, forces_replacement: false });
    }

    /// Adds a change made elsewhere.
    pub fn push_change(&mut self, change: Change) {
        self.0.push(change);
    }

    /// Says that the change added last can only be had by replacing the resource.
    pub fn forces_replacement(&mut self) {
        if let Some(last) = self.0.last_mut() {
            last.forces_replacement = true;
        }
    }

    /// Returns whether there is a change of this attribute.
    pub fn has(&self, attribute: &str) -> bool {
        self.0.iter().any(|change| change.attribute == attribute)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what was collected.
    pub fn into_vec(self) -> Vec<Change> {
        self.0
    }
}
