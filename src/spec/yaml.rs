//! YAML text as a tree of nodes with exact places.
//!
//! Built from the parser's events with a stack of its own, so that nothing here recurses over what a file holds.
//! Mistakes that leave the structure intact (a key written twice, an unknown alias, a tag) are collected and the
//! reading goes on; only a text that is not YAML ends it. `docs/decisions/001-yaml-crate.md` has the reasons.

mod syntax;

use std::collections::HashMap;

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, StructureStyle};

use crate::diagnostic::{Diagnostic, FileId, Span};
use crate::model::{Entry, Value, YamlNode, YamlValue};

use syntax::{MAX_DEPTH, too_deep};

/// How many nodes a file may have.
const MAX_NODES: usize = 2_000_000;
/// How much aliases may copy in all, in bytes of text plus a flat cost for each node.
const MAX_COPIED: usize = 32 << 20;
const NODE_COST: usize = 64;

/// Reads a text. `None` where it is no YAML or empty; the reason is among the diagnostics.
pub(super) fn parse(text: &str, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> Option<YamlNode> {
    let whole = Span { file, start: 0, end: 0 };
    if let Some(at) = text.find('\0') {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        diagnostics.push(
            Diagnostic::error(Span { file, start: at, end: at }, "this is not a text file: it holds a NUL byte")
                .help("a spec is YAML text in UTF-8"),
        );
        return None;
    }
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    };
    let mut builder = Builder {
        text,
        file,
        diagnostics,
        stack: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        nodes: 0,
        copied: 0,
    };
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, place) = match event {
            Ok(event) => event,
            Err(error) => {
                builder.diagnostics.push(syntax::mistake(text, file, &error));
                return None;
            }
        };
        let span = builder.span(&place);
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                builder.diagnostics.push(
                    Diagnostic::error(span, "a second YAML document starts here").help(
                        "a file of a spec is one document; put the rest into a file of its own and `include:` it",
                    ),
                );
                break;
            }
        }
        if builder.event(event, span, place.tag_span()).is_err() {
            return None;
        }
    }
    let root = builder.root.take();
    match root {
        Some(node) if !node.is_null() => Some(node),
        _ => {
            diagnostics.push(Diagnostic::error(whole, "the file is empty").help("a spec starts with `infra: 1`"));
            None
        }
    }
}

/// Reads one scalar as YAML would (`8001` an integer, `true` a boolean), for values from outside a file.
pub(super) fn scalar(text: &str) -> Value {
    let trimmed = text.trim();
    let quoted = |quote: char| trimmed.len() >= 2 && trimmed.starts_with(quote) && trimmed.ends_with(quote);
    if quoted('"') || quoted('\'') {
        let mut unused = Vec::new();
        if let Some(node) = parse(trimmed, FileId(0), &mut unused)
            && let YamlValue::Scalar(value @ Value::Text(_)) = node.value
        {
            return value;
        }
    }
    match plain(trimmed) {
        // A text is taken as it is, blanks and all.
        Value::Text(_) => Value::text(text),
        value => value,
    }
}

/// Gives a plain scalar its type: YAML 1.2's core schema, except that numbers with leading zeros or underscores are
/// texts (they are modes, account numbers, versions), and so is what a 64-bit integer cannot hold.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    if digits.is_empty() || leading_zero {
        return Value::text(text);
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_or_else(|_| Value::text(text), Value::Integer);
    }
    if let Some(hex) = text.strip_prefix("0x")
        && !hex.is_empty()
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return i64::from_str_radix(hex, 16).map_or_else(|_| Value::text(text), Value::Integer);
    }
    let looks_like_a_float = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && !digits.starts_with(['e', 'E']);
    match text.parse::<f64>() {
        Ok(number) if looks_like_a_float && number.is_finite() => Value::Float(number),
        _ => Value::text(text),
    }
}

/// The text is beyond reading; the reason is among the diagnostics.
struct Stop;

enum Key {
    Name(String, Span),
    /// `<<`
    Merge(Span),
    /// Something that cannot be a key; reported.
    Bad,
}

struct List {
    items: Vec<YamlNode>,
}

#[derive(Default)]
struct Map {
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
    key: Option<Key>,
    merges: Vec<(Span, YamlNode)>,
}

enum Open {
    List(List),
    Map(Map),
}

struct Level {
    open: Open,
    start: Span,
    flow: bool,
    anchor: usize,
}

struct Anchored {
    node: YamlNode,
    cost: usize,
    depth: usize,
}

struct Builder<'a> {
    text: &'a str,
    file: FileId,
    diagnostics: &'a mut Vec<Diagnostic>,
    stack: Vec<Level>,
    anchors: HashMap<usize, Anchored>,
    root: Option<YamlNode>,
    nodes: usize,
    copied: usize,
}

impl Builder<'_> {
    fn span(&self, place: &granit_parser::Span) -> Span {
        let range = place.byte_range().unwrap_or_default();
        let end = range.end.max(range.start).min(self.text.len());
        let start = range.start.min(end);
        // A block scalar's range takes in the line ends after it.
        let covered = self.text.get(start..end).unwrap_or("");
        let end = start + covered.trim_end().len();
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { file: self.file, start: narrow(start), end: narrow(end) }
    }

    fn event(&mut self, event: Event<'_>, span: Span, tag_place: Option<granit_parser::Span>) -> Result<(), Stop> {
        let tag = event.tag().cloned();
        let tag_span = tag_place.map_or(span, |place| self.span(&place));
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_plain = style == ScalarStyle::Plain && self.tag(tag.as_ref(), tag_span) != Some("str");
                if let Some(Level { open: Open::Map(map), .. }) = self.stack.last_mut()
                    && map.key.is_none()
                    && (!is_plain || !matches!(plain(&text), Value::Null))
                {
                    if is_plain && text == "<<" {
                        map.key = Some(Key::Merge(span));
                        return Ok(());
                    }
                    // A key is the text as it stands: `1.10` is not 1.1.
                    return self.complete(YamlNode::scalar(Value::text(text), span), anchor);
                }
                let value = if is_plain { plain(&text) } else { Value::text(text) };
                self.complete(YamlNode::scalar(value, span), anchor)
            }
            Event::SequenceStart(style, anchor, _) => {
                self.tag(tag.as_ref(), tag_span);
                self.open(Open::List(List { items: Vec::new() }), span, style, anchor)
            }
            Event::MappingStart(style, anchor, _) => {
                self.tag(tag.as_ref(), tag_span);
                self.open(Open::Map(Map::default()), span, style, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                self.diagnostics.push(
                    Diagnostic::error(span, format!("there is no anchor `&{name}` before this alias"))
                        .help("a text that starts with `*` needs quotes"),
                );
                self.complete(YamlNode::scalar(Value::Null, span), 0)
            }
            _ => Ok(()),
        }
    }

    /// Returns the name of a core tag; reports any other.
    fn tag<'t>(&mut self, tag: Option<&'t granit_parser::Tag>, span: Span) -> Option<&'t str> {
        let tag = tag?;
        match tag.core_suffix() {
            Some(name @ ("str" | "int" | "float" | "bool" | "null" | "map" | "seq")) => Some(name),
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(span, format!("the tag `{}` means nothing in a spec", tag.original()))
                        .help("a text that starts with `!` needs quotes"),
                );
                None
            }
        }
    }

    fn open(&mut self, open: Open, start: Span, style: StructureStyle, anchor: usize) -> Result<(), Stop> {
        if self.stack.len() >= MAX_DEPTH {
            self.diagnostics.push(too_deep(start));
            return Err(Stop);
        }
        let flow = style == StructureStyle::Flow;
        self.stack.push(Level { open, start, flow, anchor });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Stop> {
        // The parser closes only what it opened.
        let Some(level) = self.stack.pop() else { return Ok(()) };
        let (value, last) = match level.open {
            Open::List(list) => {
                let last = list.items.last().map(|item| item.span);
                (YamlValue::List(list.items), last)
            }
            Open::Map(map) => {
                let last = map.entries.last().map(|entry| entry.value.span);
                (YamlValue::Map(self.merged(map)), last)
            }
        };
        let end = if level.flow { end.end } else { last.map_or(level.start.end, |last| last.end) };
        let span = Span { end: end.max(level.start.start), ..level.start };
        self.complete(YamlNode { value, span }, level.anchor)
    }

    /// Adds the entries of `<<`; what the mapping says itself wins.
    fn merged(&mut self, map: Map) -> Vec<Entry> {
        let Map { mut entries, mut index, merges, .. } = map;
        for (span, node) in merges {
            let sources = match node.value {
                YamlValue::List(items) => items,
                _ => vec![node],
            };
            for source in sources {
                let YamlValue::Map(merged) = source.value else {
                    self.diagnostics.push(
                        Diagnostic::error(span, format!("`<<` takes a mapping, this is {}", source.type_name()))
                            .help("write `<<: *anchor`, or a list of such aliases"),
                    );
                    continue;
                };
                for entry in merged {
                    if !index.contains_key(&entry.key) {
                        index.insert(entry.key.clone(), entries.len());
                        entries.push(entry);
                    }
                }
            }
        }
        entries
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Stop> {
        let Some(anchored) = self.anchors.get(&id) else {
            self.diagnostics.push(Diagnostic::error(span, "this alias lies inside what it names"));
            return self.complete(YamlNode::scalar(Value::Null, span), 0);
        };
        let (cost, depth) = (anchored.cost, anchored.depth);
        if self.stack.len() + depth > MAX_DEPTH {
            self.diagnostics.push(too_deep(span));
            return Err(Stop);
        }
        self.copy(cost, span)?;
        let node = self.anchors[&id].node.clone();
        self.complete(node, 0)
    }

    /// Counts what anchors and aliases copy: aliases of aliases multiply.
    fn copy(&mut self, cost: usize, span: Span) -> Result<(), Stop> {
        self.copied += cost;
        if self.copied <= MAX_COPIED {
            return Ok(());
        }
        self.diagnostics.push(
            Diagnostic::error(span, "anchors and aliases of this file copy too much")
                .help("aliases of aliases multiply; write the parts out, or use `vars:` and expressions"),
        );
        Err(Stop)
    }

    /// Hands a finished node to what it lies in.
    fn complete(&mut self, mut node: YamlNode, anchor: usize) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.diagnostics.push(Diagnostic::error(node.span, format!("the file has more than {MAX_NODES} values")));
            return Err(Stop);
        }
        if anchor != 0 {
            let (cost, depth) = measure(&node);
            self.copy(cost, node.span)?;
            self.anchors.insert(anchor, Anchored { node: node.clone(), cost, depth });
        }
        match self.stack.last_mut().map(|level| &mut level.open) {
            None => self.root = Some(node),
            Some(Open::List(list)) => list.items.push(node),
            Some(Open::Map(map)) => match map.key.take() {
                None => map.key = Some(key(node, self.text, self.diagnostics)),
                Some(Key::Bad) => {}
                Some(Key::Merge(span)) => map.merges.push((span, node)),
                Some(Key::Name(key, key_span)) => {
                    if node.is_null() && node.span.start == node.span.end {
                        // `name:` alone: the only thing to point at is the name.
                        node.span = key_span;
                    }
                    if let Some(&first) = map.index.get(&key) {
                        let first = map.entries[first].key_span;
                        self.diagnostics.push(
                            Diagnostic::error(key_span, format!("`{key}` is here twice"))
                                .related(first, "it was here before")
                                .help("a mapping has each key once: remove one, or join the two"),
                        );
                    } else {
                        map.index.insert(key.clone(), map.entries.len());
                        map.entries.push(Entry { key, key_span, value: node });
                    }
                }
            },
        }
        Ok(())
    }
}

/// Takes a node as a key of a mapping.
fn key(node: YamlNode, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Key {
    let what = node.type_name();
    let start = node.span.start as usize;
    diagnostics.push(match node.value {
        YamlValue::Scalar(Value::Text(name)) => return Key::Name(name, node.span),
        // An expression without quotes reads as a mapping in a mapping; the inner one is reported.
        YamlValue::Map(_) if text[start..].starts_with("{{") => return Key::Bad,
        YamlValue::Map(_) if text[..start].ends_with('{') => {
            let start = node.span.start - 1;
            let end = if text[node.span.end as usize..].starts_with('}') { node.span.end + 1 } else { node.span.end };
            Diagnostic::error(Span { start, end, ..node.span }, "an expression needs quotes around the whole text")
                .help("without them `{` starts a YAML mapping: write \"{{ vars.name }}\"")
        }
        _ => Diagnostic::error(node.span, format!("a key must be a text, this is {what}")),
    });
    Key::Bad
}

/// Returns what copying a node costs, and how deep it is.
fn measure(node: &YamlNode) -> (usize, usize) {
    let mut cost = 0;
    let mut deepest = 0;
    let mut todo = vec![(node, 1)];
    while let Some((node, depth)) = todo.pop() {
        cost += NODE_COST;
        deepest = deepest.max(depth);
        match &node.value {
            YamlValue::Scalar(Value::Text(text)) => cost += text.len(),
            YamlValue::Scalar(_) => {}
            YamlValue::List(items) => todo.extend(items.iter().map(|item| (item, depth + 1))),
            YamlValue::Map(entries) => {
                cost += entries.iter().map(|entry| entry.key.len()).sum::<usize>();
                todo.extend(entries.iter().map(|entry| (&entry.value, depth + 1)));
            }
        }
    }
    (cost, deepest)
}

#[cfg(test)]
mod tests;
