//! What a resource kind is and takes: its page, and the reference of all kinds.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::resource::{Attribute, COMMON, Choice, KindObject, Shape, Uses, Variant, Variants};

use super::paint::{Paint, Role};

/// Renders what a kind is and takes, in Markdown that reads well in a terminal.
pub fn kind(kind: &dyn KindObject, paint: Paint) -> String {
    let docs = kind.documentation();
    let mut page = String::new();
    let _ = writeln!(page, "{}\n", paint.paint(Role::Heading, &format!("# {}", kind.name())));
    let _ = writeln!(page, "{}\n", docs.summary);
    let _ = writeln!(page, "Section `{}`. The name: {}\n", kind.section(), lower_first(docs.name));
    let _ = writeln!(page, "{}\n", paint.paint(Role::Heading, "## Attributes"));
    attributes(&mut page, kind.attributes(), 0);
    let common = kind.common_attributes();
    let what = if common.len() == COMMON.len() { "On every resource" } else { "Of what is on every resource, only" };
    let names: Vec<String> = common.iter().map(|attribute| format!("`{}`", attribute.name)).collect();
    let _ = writeln!(page, "\n{what}: {}.\n", names.join(", "));
    if let stays @ [_, ..] = kind.info().stays {
        let names: Vec<String> = stays.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(page, "`ignore_changes` may name {}.\n", names.join(", "));
    }
    if let Some(all) = kind.variants() {
        let _ = writeln!(page, "{}\n", paint.paint(Role::Heading, "## Variants"));
        variants(&mut page, all);
    }
    let _ = writeln!(page, "{}\n", paint.paint(Role::Heading, "## Example"));
    let _ = writeln!(page, "```yaml\n{}\n```\n", docs.example.trim_end());
    let _ = writeln!(page, "{}\n", paint.paint(Role::Heading, "## Notes"));
    let _ = writeln!(page, "{}", docs.notes.trim_end());
    needs(&mut page, docs.uses, paint);
    page
}

/// Says what its programs use on a host besides what every Debian system has, as far as that was seen.
fn needs(page: &mut String, uses: &str, paint: Paint) {
    let uses = Uses::parse(uses).unwrap_or_default();
    let programs = uses.programs.iter().map(|(package, programs)| {
        let programs: Vec<String> = programs.iter().map(|program| format!("`{program}`")).collect();
        match programs.is_empty() {
            true => format!("the package `{package}`"),
            false => format!("{} of `{package}`", programs.join(", ")),
        }
    });
    let paths = |paths: &BTreeSet<String>| paths.iter().map(|path| format!("`{path}`")).collect();
    let parts: [(&str, Vec<String>); 3] =
        [("Starts", programs.collect()), ("Reads", paths(&uses.reads)), ("Writes", paths(&uses.writes))];
    let parts: Vec<_> = parts.iter().filter(|(_, what)| !what.is_empty()).collect();
    if parts.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n{}\n", paint.paint(Role::Heading, "## Needs on the host"));
    for (verb, what) in parts {
        let _ = writeln!(page, "- {verb} {}.", what.join("; "));
    }
}

/// Renders the reference of all kinds: what every resource may have, then each kind's page, one level down.
pub fn kinds(all: &[&dyn KindObject]) -> String {
    let mut text = String::from("# Resource kinds\n\n");
    for kind in all {
        let _ = writeln!(text, "- [{0}](#{0}): {1}", kind.name(), lower_first(kind.documentation().summary));
    }
    text.push_str("\n## On every resource\n\n");
    attributes(&mut text, COMMON, 0);
    for one in all {
        text.push('\n');
        let mut is_code = false;
        for line in kind(*one, Paint { color: false }).lines() {
            is_code ^= line.starts_with("```");
            if line.starts_with('#') && !is_code {
                text.push('#');
            }
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn attributes(page: &mut String, all: &[Attribute], depth: usize) {
    for attribute in all {
        let must = match (attribute.required, attribute.default) {
            (true, _) => "; required".to_string(),
            (false, Some(default)) => format!("; default {default}"),
            (false, None) => String::new(),
        };
        let indent = "  ".repeat(depth);
        let _ = writeln!(
            page,
            "{indent}- `{}` ({}{must}): {}",
            attribute.name,
            attribute.shape.describe(),
            attribute.summary
        );
        for inner in objects(&attribute.shape) {
            attributes(page, inner, depth + 1);
        }
    }
}

/// Says who picks a variant, and of each what it has, what it needs, and what it is by default for.
fn variants(page: &mut String, all: &Variants) {
    let _ = match all.choice {
        Choice::Spec { attribute } => writeln!(page, "`{attribute}` says which.\n"),
        Choice::Host { may_come: false, .. } => writeln!(page, "The {} of the host decides.\n", all.noun),
        Choice::Host { may_come: true, .. } => {
            writeln!(page, "The {} of the host decides, which may come with the same run.\n", all.noun)
        }
    };
    for variant in all.all {
        let title = if variant.title == variant.name { String::new() } else { format!(" ({})", variant.title) };
        let _ = writeln!(page, "- `{}`{title}: {}.", variant.name, described(variant).join("; "));
    }
    page.push('\n');
}

fn described(variant: &Variant) -> Vec<String> {
    let features = variant.features.iter().map(|feature| match feature.attributes {
        [] => feature.name.to_string(),
        attributes => {
            let attributes: Vec<String> = attributes.iter().map(|attribute| format!("`{attribute}`")).collect();
            format!("{} ({})", feature.name, attributes.join(", "))
        }
    });
    let features: Vec<String> = features.collect();
    let needs: Vec<String> = variant.confine.iter().map(|confine| confine.describe()).collect();
    let parts =
        [("has", features.join(", ")), ("needs", needs.join(", ")), ("by default for", variant.default_for.join(", "))];
    let parts = parts.into_iter().filter(|(_, words)| !words.is_empty());
    parts.map(|(verb, words)| format!("{verb} {words}")).collect()
}

/// Returns the attributes of objects anywhere in a shape.
fn objects(shape: &Shape) -> Vec<&'static [Attribute]> {
    match shape {
        Shape::Object(inner) => vec![inner],
        Shape::List(inner) | Shape::Map(inner) => objects(inner),
        Shape::Either(shapes) => shapes.iter().flat_map(objects).collect(),
        _ => Vec::new(),
    }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
