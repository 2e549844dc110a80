//! `moved:`: what resources were called before, so that what a ledger has under the old name is known to be the same.

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::kinds;

use super::super::draft::Item;
use super::Loader;

impl Loader<'_> {
    /// Reads old and new names.
    pub(super) fn moved(&mut self, items: IndexMap<String, Item>) -> Vec<(String, String)> {
        let mut moved = Vec::new();
        for (from, item) in items {
            let entry = item.entry;
            let Some(to) = entry.value.as_text().map(str::to_string) else {
                let what = entry.value.type_name();
                self.report(
                    Diagnostic::error(
                        entry.value.span,
                        format!("`moved` has a new name for each old one; this is {what}"),
                    )
                    .help("write `\"cron:old\": cron:new`"),
                );
                continue;
            };
            let mut kinds_of = Vec::new();
            for (text, span) in [(&from, entry.key_span), (&to, entry.value.span)] {
                match kind_of(text) {
                    Ok(kind) => kinds_of.push(kind),
                    Err(help) => self
                        .report(Diagnostic::error(span, format!("`{text}` is no resource's kind and name")).help(help)),
                }
            }
            match kinds_of.as_slice() {
                [one, other] if one != other => self.report(
                    Diagnostic::error(entry.value.span, format!("a {one} cannot have become a {other}"))
                        .help("take the old one out and put the new one in; `moved` is for names"),
                ),
                [_, _] => moved.push((from, to)),
                _ => {}
            }
        }
        moved
    }
}

/// Returns the kind of `kind:name`, or what to write.
fn kind_of(text: &str) -> Result<&'static str, String> {
    let write = || "write `kind:name`, without a host: it holds on all of them".to_string();
    let (kind, name) = text.split_once(':').ok_or_else(write)?;
    if name.is_empty() || kind.contains('/') {
        return Err(write());
    }
    let known = || kinds::all().iter().map(|kind| kind.name());
    known().find(|known| *known == kind).ok_or_else(|| did_you_mean(kind, known()).unwrap_or_else(write))
}
