//! Places, kinds of scalars, and the limits on hostile documents.

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

fn write(node: &YamlNode, path: &str, sources: &Sources, out: &mut String) {
    let slice = sources.slice(node.span);
    match &node.value {
        YamlValue::Scalar(value) => out.push_str(&format!("{path}: {slice:?} = {value:?}\n")),
        YamlValue::List(items) => {
            out.push_str(&format!("{path}: {slice:?}\n"));
            for (at, item) in items.iter().enumerate() {
                write(item, &format!("{path}[{at}]"), sources, out);
            }
        }
        YamlValue::Map(entries) => {
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
  |
help: a text with a colon and a blank in it needs quotes

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
error: this is indented deeper than the line above, which it cannot belong to
 --> infra.yaml:2:3
  |
2 |   b: 2
  |   ^^^^
  |
help: do not indent it, as the line above, or end that line in `:` if this belongs to it

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
