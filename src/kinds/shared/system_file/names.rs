//! Which names the reader of a folder takes.

use crate::resource::Fields;

/// The rule for files that are named as their resources are.
pub(crate) struct NameRule {
    /// What such a file is: "a site".
    pub what: &'static str,
    /// Says what of a name makes the reader pass over the file.
    pub passed_over: fn(&str) -> Option<String>,
}

/// Reports a name that the reader would not take.
pub(crate) fn check_name(fields: &mut Fields<'_>, rule: &NameRule) {
    let name = fields.name();
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if let Some(wrong) = (rule.passed_over)(name) {
        fields.error("name", wrong, "choose another name");
    } else if !is_plain || name.starts_with('.') || name.is_empty() {
        let message = format!("`{name}` is not the name of {}", rule.what);
        fields.error("name", message, "use letters, digits, `.`, `_` and `-`");
    }
}
