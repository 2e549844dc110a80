//! Colour, where the reader wants it.

use anstyle::{AnsiColor, Style};

/// What a piece of text means; colours follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Create,
    Change,
    Delete,
    Run,
    Heading,
    Faint,
    Error,
    Warning,
}

/// Puts colour on text, or leaves it alone. Output reads the same without.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paint {
    pub color: bool,
}

impl Paint {
    /// Paints a text for its role.
    pub fn paint(self, role: Role, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_string();
        }
        let style = match role {
            Role::Create => AnsiColor::Green.on_default(),
            Role::Change | Role::Warning => AnsiColor::Yellow.on_default(),
            Role::Delete | Role::Error => AnsiColor::Red.on_default(),
            Role::Run => AnsiColor::Cyan.on_default(),
            Role::Heading => Style::new().bold(),
            Role::Faint => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }
}
