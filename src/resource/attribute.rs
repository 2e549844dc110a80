//! What a kind's section may hold, and what is said of it: checking, `explain`, the JSON schema and the reference come
//! from this.

use crate::ledger::Prune;

/// One attribute of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub shape: Shape,
    pub required: bool,
    /// What holds where the spec leaves it out, as YAML text; `None` where it is then left alone.
    pub default: Option<&'static str>,
    /// One sentence, third person, with units.
    pub summary: &'static str,
}

impl Attribute {
    /// An attribute that may be left out.
    pub const fn optional(name: &'static str, shape: Shape, summary: &'static str) -> Self {
        Self { name, shape, required: false, default: None, summary }
    }

    /// An attribute that must be there (unless `state: absent`).
    pub const fn required(name: &'static str, shape: Shape, summary: &'static str) -> Self {
        Self { name, shape, required: true, default: None, summary }
    }

    /// An attribute with a default, written as YAML.
    pub const fn default(name: &'static str, shape: Shape, default: &'static str, summary: &'static str) -> Self {
        Self { name, shape, required: false, default: Some(default), summary }
    }
}

/// The shape of an attribute's value.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Any scalar or structure.
    Any,
    /// A text; numbers and booleans written without quotes are an error that says to quote them.
    Text,
    /// A text, number or boolean, taken as text.
    Scalar,
    Bool,
    /// An integer in a range, both ends included.
    Integer {
        min: i64,
        max: i64,
    },
    /// An octal file mode written as a text: `"0640"`.
    Mode,
    /// An absolute path without `..`, trailing slash or control characters.
    Path,
    /// A unix user or group name.
    Account,
    /// A time such as `30s`, `5m`, `2h`, `1d`.
    Duration,
    /// A size in bytes such as `512MiB`, `2GB`, or a plain number.
    Size,
    /// One of these words.
    OneOf(&'static [&'static str]),
    List(&'static Shape),
    /// A mapping from names to values of one shape.
    Map(&'static Shape),
    /// A mapping with these keys.
    Object(&'static [Attribute]),
    /// Several shapes are fine.
    Either(&'static [Shape]),
    /// Addresses (`kind:name`, `host/kind:name`) or globs of them.
    Selectors,
    /// A file beside the spec, copied as it is. The kind receives its bytes.
    Source,
    /// A minijinja file beside the spec, rendered. The kind receives the result.
    Template,
    /// A folder beside the spec. The kind receives a mapping from relative path to
    /// `{content: …, executable: bool}` or `{link: target}` or `{directory: true}`.
    Folder,
}

impl Shape {
    /// Returns the words for it in messages and docs.
    pub fn describe(&self) -> String {
        match self {
            Self::Any => "any value".into(),
            Self::Text => "a text".into(),
            Self::Scalar => "a text, number or boolean".into(),
            Self::Bool => "true or false".into(),
            Self::Integer { min, max } => match (*min, *max) {
                (i64::MIN, i64::MAX) => "an integer".into(),
                (min, i64::MAX) => format!("an integer from {min}"),
                (min, max) => format!("an integer from {min} to {max}"),
            },
            Self::Mode => "an octal mode in quotes, such as \"0640\"".into(),
            Self::Path => "an absolute path".into(),
            Self::Account => "a user or group name".into(),
            Self::Duration => "a duration such as 30s, 5m, 2h or 1d".into(),
            Self::Size => "a size such as 512MiB or 2GB".into(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::List(item) => format!("a list, each item {}", item.describe()),
            Self::Map(value) => format!("a mapping, each value {}", value.describe()),
            Self::Object(attributes) => {
                let keys: Vec<&str> = attributes.iter().map(|attribute| attribute.name).collect();
                format!("a mapping with {}", keys.join(", "))
            }
            Self::Either(shapes) => shapes.iter().map(Self::describe).collect::<Vec<_>>().join(", or "),
            Self::Selectors => "a list of addresses or globs, such as \"file:/etc/app/**\"".into(),
            Self::Source => "a file beside the spec".into(),
            Self::Template => "a template file beside the spec".into(),
            Self::Folder => "a folder beside the spec".into(),
        }
    }
}

/// What `on` may be: a host's name, several, or labels.
pub const ON: Shape = Shape::Either(&[Shape::Text, Shape::List(&Shape::Text), Shape::Map(&Shape::Scalar)]);

/// Whether a resource is wanted or unwanted.
pub const STATE: Attribute =
    Attribute::default("state", Shape::OneOf(&["present", "absent"]), "present", "Whether the resource should exist.");

/// The attributes every resource has, unless its kind takes fewer ([`Kind::COMMON`](super::Kind::COMMON)). The spec and plan layers handle them; kinds never see them, except through
/// [`crate::resource::Resource`].
pub const COMMON: &[Attribute] = &[
    Attribute::optional("on", ON, "Host names, or labels that a host must have; all hosts where left out."),
    Attribute::optional(
        "depends_on",
        Shape::Selectors,
        "Resources that must be in place first, beyond the inferred ones.",
    ),
    Attribute::optional("when", Shape::Any, "An expression; where it is false the resource is left alone."),
    Attribute::optional(
        "for_each",
        Shape::Any,
        "A list or mapping; makes one resource for each item, with `each.key` and `each.value` in scope.",
    ),
    STATE,
    Attribute::optional("timeout", Shape::Duration, "How long one step for it may take before it is killed."),
    Attribute::default("retries", Shape::Integer { min: 0, max: 100 }, "0", "How often a failed step is tried again."),
    Attribute::optional("as", Shape::Account, "The unix user its commands run as."),
    Attribute::optional(
        "lifecycle",
        Shape::Object(&[
            Attribute::default(
                "prevent_destroy",
                Shape::Bool,
                "false",
                "Refuses any plan that would delete or replace it.",
            ),
            Attribute::default(
                "prune",
                Shape::OneOf(Prune::WORDS),
                "delete",
                "What becomes of it once it has left the spec, if `infra` created it; `confirm` deletes it once `--confirm` names it, `keep` lets it go.",
            ),
            Attribute::optional(
                "ignore_changes",
                Shape::List(&Shape::Text),
                "What stays as the host has it, once the resource is there; the kind's page says what may.",
            ),
        ]),
        "How it may change.",
    ),
];

/// What `infra explain` and the reference say of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Documentation {
    /// One sentence: what the resource is.
    pub summary: &'static str,
    /// What the name means: "The absolute path."
    pub name: &'static str,
    /// A section of a spec that works.
    pub example: &'static str,
    /// What a reader needs beyond the table: how it is observed, what it costs, what it does not do. Markdown.
    pub notes: &'static str,
    /// What its programs were seen to use on a host: the text of [`super::Uses`].
    pub uses: &'static str,
}
