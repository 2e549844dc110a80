//! YAML text as a tree of nodes with exact places.
//!
//! Built from the parser's events with a stack of its own, so that nothing here recurses over what a file holds.
//! Mistakes that leave the structure intact (a key written twice, an unknown alias, a tag) are collected and the
//! reading goes on; only a text that is not YAML ends it. `docs/decisions/001-yaml-crate.md` has the reasons.

use std::collections::HashMap;

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, StructureStyle};

use crate::diagnostic::{Diagnostic, FileId, Span};
use crate::model::{Entry, Node, NodeValue, Value};

/// How deep lists and mappings may lie in each other.
pub(super) const MAX_DEPTH: usize = 100;
/// How many nodes a file may have.
const MAX_NODES: usize = 2_000_000;
/// How much aliases may copy in all, in bytes of text plus a flat cost for each node.
const MAX_COPIED: usize = 32 << 20;
const NODE_COST: usize = 64;

/// Reads a text. `None` where it is no YAML or empty; the reason is among the diagnostics.
pub(super) fn parse(text: &str, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
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
                builder.syntax_error(&error);
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
            && let NodeValue::Scalar(value @ Value::Text(_)) = node.value
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
    items: Vec<Node>,
}

#[derive(Default)]
struct Map {
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
    key: Option<Key>,
    merges: Vec<(Span, Node)>,
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
    node: Node,
    cost: usize,
    depth: usize,
}

struct Builder<'a> {
    text: &'a str,
    file: FileId,
    diagnostics: &'a mut Vec<Diagnostic>,
    stack: Vec<Level>,
    anchors: HashMap<usize, Anchored>,
    root: Option<Node>,
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

    fn syntax_error(&mut self, error: &granit_parser::ScanError) {
        use granit_parser::ErrorKind;
        let at = error.marker().byte_offset().unwrap_or_default().min(self.text.len());
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span { file: self.file, start: at, end: at.saturating_add(1).min(self.text.len() as u32) };
        let diagnostic = match error.kind() {
            ErrorKind::RecursionLimitExceeded => too_deep(span),
            ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
                Diagnostic::error(span, "a tab cannot indent YAML").help("use spaces")
            }
            kind => {
                let diagnostic = Diagnostic::error(span, format!("this is not YAML: {kind}"));
                if self.text[..at as usize].trim_end().ends_with("{{") || self.text[at as usize..].starts_with('{') {
                    diagnostic.help("a value that starts with an expression needs quotes: \"{{ vars.name }}\"")
                } else {
                    diagnostic
                }
            }
        };
        self.diagnostics.push(diagnostic);
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
                    return self.complete(Node::scalar(Value::text(text), span), anchor);
                }
                let value = if is_plain { plain(&text) } else { Value::text(text) };
                self.complete(Node::scalar(value, span), anchor)
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
                self.complete(Node::scalar(Value::Null, span), 0)
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
                (NodeValue::List(list.items), last)
            }
            Open::Map(map) => {
                let last = map.entries.last().map(|entry| entry.value.span);
                (NodeValue::Map(self.merged(map)), last)
            }
        };
        let end = if level.flow { end.end } else { last.map_or(level.start.end, |last| last.end) };
        let span = Span { end: end.max(level.start.start), ..level.start };
        self.complete(Node { value, span }, level.anchor)
    }

    /// Adds the entries of `<<`; what the mapping says itself wins.
    fn merged(&mut self, map: Map) -> Vec<Entry> {
        let Map { mut entries, mut index, merges, .. } = map;
        for (span, node) in merges {
            let sources = match node.value {
                NodeValue::List(items) => items,
                _ => vec![node],
            };
            for source in sources {
                let NodeValue::Map(merged) = source.value else {
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
            return self.complete(Node::scalar(Value::Null, span), 0);
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
    fn complete(&mut self, mut node: Node, anchor: usize) -> Result<(), Stop> {
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

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(span, format!("lists and mappings lie in each other more than {MAX_DEPTH} deep"))
}

/// Takes a node as a key of a mapping.
fn key(node: Node, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Key {
    let what = node.type_name();
    let start = node.span.start as usize;
    diagnostics.push(match node.value {
        NodeValue::Scalar(Value::Text(name)) => return Key::Name(name, node.span),
        // An expression without quotes reads as a mapping in a mapping; the inner one is reported.
        NodeValue::Map(_) if text[start..].starts_with("{{") => return Key::Bad,
        NodeValue::Map(_) if text[..start].ends_with('{') => {
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
fn measure(node: &Node) -> (usize, usize) {
    let mut cost = 0;
    let mut deepest = 0;
    let mut todo = vec![(node, 1)];
    while let Some((node, depth)) = todo.pop() {
        cost += NODE_COST;
        deepest = deepest.max(depth);
        match &node.value {
            NodeValue::Scalar(Value::Text(text)) => cost += text.len(),
            NodeValue::Scalar(_) => {}
            NodeValue::List(items) => todo.extend(items.iter().map(|item| (item, depth + 1))),
            NodeValue::Map(entries) => {
                cost += entries.iter().map(|entry| entry.key.len()).sum::<usize>();
                todo.extend(entries.iter().map(|entry| (&entry.value, depth + 1)));
            }
        }
    }
    (cost, deepest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Sources, render_all};

    /// Parses and prints each node as `place "source text" = value`.
    fn outline(text: &str) -> String {
        let mut sources = Sources::default();
        let file = sources.add("infra.yaml", text);
        let mut diagnostics = Vec::new();
        let mut out = String::new();
        if let Some(node) = parse(text, file, &mut diagnostics) {
            write(&node, "", &sources, &mut out);
        }
        if !diagnostics.is_empty() {
            out.push_str(&render_all(&diagnostics, &sources, false));
        }
        out
    }

    fn write(node: &Node, path: &str, sources: &Sources, out: &mut String) {
        let slice = sources.slice(node.span);
        match &node.value {
            NodeValue::Scalar(value) => out.push_str(&format!("{path}: {slice:?} = {value:?}\n")),
            NodeValue::List(items) => {
                out.push_str(&format!("{path}: {slice:?}\n"));
                for (at, item) in items.iter().enumerate() {
                    write(item, &format!("{path}[{at}]"), sources, out);
                }
            }
            NodeValue::Map(entries) => {
                out.push_str(&format!("{path}: {slice:?}\n"));
                for entry in entries {
                    let key = sources.slice(entry.key_span);
                    write(&entry.value, &format!("{path}.{key}"), sources, out);
                }
            }
        }
    }

    #[test]
    fn every_node_knows_its_place_in_bytes() {
        insta::assert_snapshot!(outline(
            "名字: 值\nquoted: \"引\\u00e9\\n\" # 注\nsingle: 'it''s'\nplain: two words\nlist:\n- 甲\n- {乙: [1, 丙]}\nblock: |\n  第一\n    second\n\nfolded: >-\n  a\n  b\nlast: end"
        ), @r#"
: "名字: 值\nquoted: \"引\\u00e9\\n\" # 注\nsingle: 'it''s'\nplain: two words\nlist:\n- 甲\n- {乙: [1, 丙]}\nblock: |\n  第一\n    second\n\nfolded: >-\n  a\n  b\nlast: end"
.名字: "值" = Text("值")
.quoted: "\"引\\u00e9\\n\"" = Text("引é\n")
.single: "'it''s'" = Text("it's")
.plain: "two words" = Text("two words")
.list: "甲\n- {乙: [1, 丙]}"
.list[0]: "甲" = Text("甲")
.list[1]: "{乙: [1, 丙]}"
.list[1].乙: "[1, 丙]"
.list[1].乙[0]: "1" = Integer(1)
.list[1].乙[1]: "丙" = Text("丙")
.block: "第一\n    second" = Text("第一\n  second\n")
.folded: "a\n  b" = Text("a b")
.last: "end" = Text("end")
"#);
    }

    #[test]
    fn plain_scalars_get_their_types() {
        insta::assert_snapshot!(outline(
            "a: [1, -1, +2, 0, 00, 0640, 0o640, 0x1F, 1_000, 1.5, -.5, 1e3, 1.10, 1.2.3, 9223372036854775807, 9223372036854775808]\nb: [true, True, yes, no, on, off, y, null, ~, '', \"1\", '~', .inf, .nan, e, 1e, e1]\nc:\n1.10: key\n0640: key\ntrue: key\n"
        ), @r#"
: "a: [1, -1, +2, 0, 00, 0640, 0o640, 0x1F, 1_000, 1.5, -.5, 1e3, 1.10, 1.2.3, 9223372036854775807, 9223372036854775808]\nb: [true, True, yes, no, on, off, y, null, ~, '', \"1\", '~', .inf, .nan, e, 1e, e1]\nc:\n1.10: key\n0640: key\ntrue: key"
.a: "[1, -1, +2, 0, 00, 0640, 0o640, 0x1F, 1_000, 1.5, -.5, 1e3, 1.10, 1.2.3, 9223372036854775807, 9223372036854775808]"
.a[0]: "1" = Integer(1)
.a[1]: "-1" = Integer(-1)
.a[2]: "+2" = Integer(2)
.a[3]: "0" = Integer(0)
.a[4]: "00" = Text("00")
.a[5]: "0640" = Text("0640")
.a[6]: "0o640" = Text("0o640")
.a[7]: "0x1F" = Integer(31)
.a[8]: "1_000" = Text("1_000")
.a[9]: "1.5" = Float(1.5)
.a[10]: "-.5" = Float(-0.5)
.a[11]: "1e3" = Float(1000.0)
.a[12]: "1.10" = Float(1.1)
.a[13]: "1.2.3" = Text("1.2.3")
.a[14]: "9223372036854775807" = Integer(9223372036854775807)
.a[15]: "9223372036854775808" = Text("9223372036854775808")
.b: "[true, True, yes, no, on, off, y, null, ~, '', \"1\", '~', .inf, .nan, e, 1e, e1]"
.b[0]: "true" = Bool(true)
.b[1]: "True" = Bool(true)
.b[2]: "yes" = Text("yes")
.b[3]: "no" = Text("no")
.b[4]: "on" = Text("on")
.b[5]: "off" = Text("off")
.b[6]: "y" = Text("y")
.b[7]: "null" = Null
.b[8]: "~" = Null
.b[9]: "''" = Text("")
.b[10]: "\"1\"" = Text("1")
.b[11]: "'~'" = Text("~")
.b[12]: ".inf" = Text(".inf")
.b[13]: ".nan" = Text(".nan")
.b[14]: "e" = Text("e")
.b[15]: "1e" = Text("1e")
.b[16]: "e1" = Text("e1")
.c: "c" = Null
.1.10: "key" = Text("key")
.0640: "key" = Text("key")
.true: "key" = Text("key")
"#);
    }

    #[test]
    fn anchors_aliases_and_merges() {
        insta::assert_snapshot!(outline(
            "base: &base {mode: '0644', owner: root}\na:\n  <<: *base\n  owner: www\nb: {owner: x, <<: [*base, {group: g}]}\nc: *base\nd:\n  <<: 3\n"
        ), @r#"
: "base: &base {mode: '0644', owner: root}\na:\n  <<: *base\n  owner: www\nb: {owner: x, <<: [*base, {group: g}]}\nc: *base\nd:\n  "
.base: "{mode: '0644', owner: root}"
.base.mode: "'0644'" = Text("0644")
.base.owner: "root" = Text("root")
.a: "<<: *base\n  owner: www"
.a.owner: "www" = Text("www")
.a.mode: "'0644'" = Text("0644")
.b: "{owner: x, <<: [*base, {group: g}]}"
.b.owner: "x" = Text("x")
.b.mode: "'0644'" = Text("0644")
.b.group: "g" = Text("g")
.c: "{mode: '0644', owner: root}"
.c.mode: "'0644'" = Text("0644")
.c.owner: "root" = Text("root")
.d: ""
error: `<<` takes a mapping, this is an integer
 --> infra.yaml:8:3
  |
8 |   <<: 3
  |   ^^
  |
help: write `<<: *anchor`, or a list of such aliases

1 error
"#);
    }

    #[test]
    fn mistakes_are_collected() {
        insta::assert_snapshot!(outline(
            "a: 1\nb: 2\na: 3\nc:\n  d: 1\n  d: 2\n  d: 3\ne: *nowhere\nf: !vault x\ng: !!str 8\n[h]: 1\n{{ x }}: 2\n: 3\ni: &i [*i]\n"
        ), @r#"
: "a: 1\nb: 2\na: 3\nc:\n  d: 1\n  d: 2\n  d: 3\ne: *nowhere\nf: !vault x\ng: !!str 8\n[h]: 1\n{{ x }}: 2\n: 3\ni: &i [*i]"
.a: "1" = Integer(1)
.b: "2" = Integer(2)
.c: "d: 1"
.c.d: "1" = Integer(1)
.e: "*nowhere" = Null
.f: "x" = Text("x")
.g: "8" = Text("8")
.i: "[*i]"
.i[0]: "*i" = Null
error: `a` is here twice
 --> infra.yaml:3:1
  |
3 | a: 3
  | ^
  |
note: it was here before
 --> infra.yaml:1:1
  |
1 | a: 1
  | -
help: a mapping has each key once: remove one, or join the two

error: `d` is here twice
 --> infra.yaml:6:3
  |
6 |   d: 2
  |   ^
  |
note: it was here before
 --> infra.yaml:5:3
  |
5 |   d: 1
  |   -
help: a mapping has each key once: remove one, or join the two

error: `d` is here twice
 --> infra.yaml:7:3
  |
7 |   d: 3
  |   ^
  |
note: it was here before
 --> infra.yaml:5:3
  |
5 |   d: 1
  |   -
help: a mapping has each key once: remove one, or join the two

error: there is no anchor `&nowhere` before this alias
 --> infra.yaml:8:4
  |
8 | e: *nowhere
  |    ^^^^^^^^
  |
help: a text that starts with `*` needs quotes

error: the tag `!vault` means nothing in a spec
 --> infra.yaml:9:4
  |
9 | f: !vault x
  |    ^^^^^^
  |
help: a text that starts with `!` needs quotes

error: a key must be a text, this is a list
  --> infra.yaml:11:1
   |
11 | [h]: 1
   | ^^^

error: an expression needs quotes around the whole text
  --> infra.yaml:12:1
   |
12 | {{ x }}: 2
   | ^^^^^^^
   |
help: without them `{` starts a YAML mapping: write "{{ vars.name }}"

error: a key must be a text, this is null
  --> infra.yaml:13:1
   |
13 | : 3
   | ^

error: this alias lies inside what it names
  --> infra.yaml:14:8
   |
14 | i: &i [*i]
   |        ^^

9 errors
"#);
    }

    #[test]
    fn what_is_no_yaml_says_why() {
        let all: Vec<String> = [
            "a: {{ vars.x }}\n",
            "a: b: c\n",
            "a:\n\t- b\n",
            "a: [1, 2\n",
            "a: \"x\n",
            "",
            "# nothing\n",
            "---\na: 1\n---\nb: 2\n",
            "a\0b",
            "a: 1\n  b: 2\n",
            "\u{feff}a: 1\n",
            "a: |\n x\n\u{1}\n",
            "@x",
        ]
        .iter()
        .map(|text| format!("{text:?}\n{}", outline(text)))
        .collect();
        insta::assert_snapshot!(all.join("\n"), @r##"
"a: {{ vars.x }}\n"
: "a: {{ vars.x }}"
.a: "{{ vars.x }}"
error: an expression needs quotes around the whole text
 --> infra.yaml:1:4
  |
1 | a: {{ vars.x }}
  |    ^^^^^^^^^^^^
  |
help: without them `{` starts a YAML mapping: write "{{ vars.name }}"

1 error

"a: b: c\n"
error: this is not YAML: mapping values are not allowed in this context
 --> infra.yaml:1:5
  |
1 | a: b: c
  |     ^

1 error

"a:\n\t- b\n"
error: a tab cannot indent YAML
 --> infra.yaml:2:2
  |
2 |  - b
  |  ^
  |
help: use spaces

1 error

"a: [1, 2\n"
error: this is not YAML: unclosed bracket '['
 --> infra.yaml:1:4
  |
1 | a: [1, 2
  |    ^

1 error

"a: \"x\n"
error: this is not YAML: invalid indentation in multiline quoted scalar
 --> infra.yaml:2:1
  |
2 |
  | ^

1 error

""
error: the file is empty
 --> infra.yaml:1:1
  |
1 |
  | ^
  |
help: a spec starts with `infra: 1`

1 error

"# nothing\n"
error: the file is empty
 --> infra.yaml:1:1
  |
1 | # nothing
  | ^
  |
help: a spec starts with `infra: 1`

1 error

"---\na: 1\n---\nb: 2\n"
: "a: 1"
.a: "1" = Integer(1)
error: a second YAML document starts here
 --> infra.yaml:3:1
  |
3 | ---
  | ^^^
  |
help: a file of a spec is one document; put the rest into a file of its own and `include:` it

1 error

"a\0b"
error: this is not a text file: it holds a NUL byte
 --> infra.yaml:1:2
  |
1 | a�b
  |  ^
  |
help: a spec is YAML text in UTF-8

1 error

"a: 1\n  b: 2\n"
error: this is not YAML: mapping values are not allowed in this context
 --> infra.yaml:2:4
  |
2 |   b: 2
  |    ^

1 error

"\u{feff}a: 1\n"
: "a: 1"
.a: "1" = Integer(1)

"a: |\n x\n\u{1}\n"
error: this is not YAML: unexpected character: `\u{1}'
 --> infra.yaml:3:1
  |
3 | �
  | ^

1 error

"@x"
error: this is not YAML: unexpected character: `@'
 --> infra.yaml:1:1
  |
1 | @x
  | ^

1 error
"##);
    }

    #[test]
    fn deep_nesting_and_alias_bombs_are_refused() {
        for deep in [
            "[".repeat(3_000),
            "{a: ".repeat(3_000),
            (0..3_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
            "- ".repeat(3_000),
        ] {
            assert!(outline(&deep).contains("more than 100 deep"), "{}", outline(&deep));
        }
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let previous = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!("a{level}: &a{level} [{previous}]\n"));
        }
        assert!(outline(&bomb).contains("copy too much"));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(1000));
        assert!(outline(&long).contains("copy too much"));
    }

    #[test]
    fn scalars_from_outside_a_file() {
        assert_eq!(scalar("8001"), Value::Integer(8001));
        assert_eq!(scalar("true"), Value::Bool(true));
        assert_eq!(scalar("\"8001\""), Value::text("8001"));
        assert_eq!(scalar("a: b"), Value::text("a: b"));
        assert_eq!(scalar("[x"), Value::text("[x"));
        assert_eq!(scalar(" x "), Value::text(" x "));
        assert_eq!(scalar(""), Value::Null);
    }
}
