//! Values, failures and their places, secrets, and the limits on hostile expressions.

use super::super::Scoped;
use super::*;
use crate::model::{Until, Value};
use proptest::prelude::*;

fn value(yaml: &str) -> Value {
    crate::spec::yaml::parse(yaml, crate::diagnostic::FileId(0), &mut Vec::new()).unwrap().to_value()
}

/// Renders a text with some values in scope.
fn render(text: &str) -> String {
    let environments = Environments::new();
    let engine = Engine::new(&environments);
    let mut vars = value(
        "{port: 8001, on: true, off: false, ratio: 0.5, whole: 2.0, name: web, none: null, list: [a, b], map: {x: 1}, dir: /opt/app}",
    );
    if let Value::Map(entries) = &mut vars {
        entries.insert("login".into(), {
            let mut login = value("{user: app}");
            if let Value::Map(login) = &mut login {
                login.insert("password".into(), Value::Secret(Secret::new("hunter2")));
            }
            login
        });
    }
    let secrets = Value::Map([("token".to_string(), Value::Secret(Secret::new("hunter2")))].into_iter().collect());
    let host = Value::Map(
        [("name".to_string(), Value::text("app1")), ("facts".to_string(), Value::Unknown(Until::Facts("app1".into())))]
            .into_iter()
            .collect(),
    );
    let touch = |value: &Value| Some(Scoped::new(value).touch(engine.recorder()));
    let context = Context { vars: touch(&vars), secrets: touch(&secrets), host: touch(&host), ..Context::default() };
    match engine.render(text, &context) {
        Ok(value) => format!("{value:?}"),
        Err(failure) => {
            let at = failure.range.map_or("?".to_string(), |range| format!("{:?}", &text[range]));
            format!("{at}: {}", failure.message)
        }
    }
}

#[test]
fn texts_and_whole_expressions() {
    let all = [
        "plain",
        "{{ vars.port }}",
        "{{- vars.port -}}",
        " {{ vars.port }}",
        "{{ vars.port }}\n",
        "{{ vars.port }}{{ vars.port }}",
        "{{ vars.on }}",
        "on: {{ vars.on }}, off: {{ vars.off }}, {{ vars.ratio }}, {{ vars.whole }}",
        "{{ vars.list }}",
        "{{ vars.list }}!",
        "{{ vars.map }}",
        "{{ vars.map }}!",
        "{{ vars.none }}",
        "{{ vars.none }}!",
        "{{ vars.port + 1 }}",
        "{{ vars.port / 2 }}",
        "{{ 9223372036854775807 + 1 }}",
        "{{ vars.port ~ '' }}",
        "{{ vars.missing }}",
        "{{ vars.missing }}!",
        "{{ vars.missing | default(3) }}",
        "{{ vars.missing is defined }}",
        "{{ vars.missing.deeper }}",
        "{{ nothing }}",
        "{% if vars.on %}yes{% else %}no{% endif %}",
        "echo ${#vars} {{ vars.name }} # {# kept #}",
        "{{ vars.name | upper }}{% for x in vars.list %}-{{ x }}{% endfor %}",
        "{{ '}}' }}",
        "{{ vars.list | map('upper') | join(',') }}",
        "{{ vars.map | tojson }}",
        "{{ range }}",
        "{{ range(3) }}",
        "{{ vars.name.upper() }}",
        "{{ 1 // 0 }}",
        "{{ vars.port + vars.name }}",
        "<{{ vars.name }}&{{ '<' }}",
        "a  {{- vars.name -}}  b",
        "{{ vars.name }}  {{- vars.port + 1 }}\n\n{{ vars.on -}}\n",
        "{% raw %}{{ x }}{% endraw %}{{ vars.name }}",
        "{{ vars.name }}{{ '{{' }}.Names{{ '}}' }}",
        "{{ {'a': {'b': 1}} }}",
        "x{{ {'a': {'b': 1}}.a.b }}",
    ]
    .map(|text| format!("{text:?} -> {}", render(text)));
    insta::assert_snapshot!(all.join("\n"), @r#"
"plain" -> Text("plain")
"{{ vars.port }}" -> Integer(8001)
"{{- vars.port -}}" -> Integer(8001)
" {{ vars.port }}" -> Text(" 8001")
"{{ vars.port }}\n" -> Text("8001\n")
"{{ vars.port }}{{ vars.port }}" -> Text("80018001")
"{{ vars.on }}" -> Bool(true)
"on: {{ vars.on }}, off: {{ vars.off }}, {{ vars.ratio }}, {{ vars.whole }}" -> Text("on: true, off: false, 0.5, 2.0")
"{{ vars.list }}" -> List([Text("a"), Text("b")])
"{{ vars.list }}!" -> "vars.list": this fails: a list cannot be put into a text as it is; use `| join(", ")`, `| tojson` or a loop
"{{ vars.map }}" -> Map({"x": Integer(1)})
"{{ vars.map }}!" -> "vars.map": this fails: a mapping cannot be put into a text as it is; use `| tojson` or a loop
"{{ vars.none }}" -> Null
"{{ vars.none }}!" -> "vars.none": this fails: null cannot be put into a text; give it a value, or use `| default(…, true)`
"{{ vars.port + 1 }}" -> Integer(8002)
"{{ vars.port / 2 }}" -> Float(4000.5)
"{{ 9223372036854775807 + 1 }}" -> "9223372036854775807 + 1": this fails: it is a number beyond 64 bits
"{{ vars.port ~ '' }}" -> Text("8001")
"{{ vars.missing }}" -> "missing": `vars` has no `missing`
"{{ vars.missing }}!" -> "missing": `vars` has no `missing`
"{{ vars.missing | default(3) }}" -> Integer(3)
"{{ vars.missing is defined }}" -> Bool(false)
"{{ vars.missing.deeper }}" -> "missing": `vars` has no `missing`
"{{ nothing }}" -> "nothing": `nothing` is undefined
"{% if vars.on %}yes{% else %}no{% endif %}" -> Text("yes")
"echo ${#vars} {{ vars.name }} # {# kept #}" -> Text("echo ${#vars} web # {# kept #}")
"{{ vars.name | upper }}{% for x in vars.list %}-{{ x }}{% endfor %}" -> Text("WEB-a-b")
"{{ '}}' }}" -> Text("}}")
"{{ vars.list | map('upper') | join(',') }}" -> Text("A,B")
"{{ vars.map | tojson }}" -> Text("{\"x\": 1}")
"{{ range }}" -> "range": this fails: plain object is no value of a spec
"{{ range(3) }}" -> List([Integer(0), Integer(1), Integer(2)])
"{{ vars.name.upper() }}" -> Text("WEB")
"{{ 1 // 0 }}" -> "1 // 0": this fails: unable to calculate 1 // 0
"{{ vars.port + vars.name }}" -> "vars.port + vars.name": this fails: tried to use + operator on unsupported types number and string
"<{{ vars.name }}&{{ '<' }}" -> Text("<web&<")
"a  {{- vars.name -}}  b" -> Text("awebb")
"{{ vars.name }}  {{- vars.port + 1 }}\n\n{{ vars.on -}}\n" -> Text("web8002\n\ntrue")
"{% raw %}{{ x }}{% endraw %}{{ vars.name }}" -> Text("{{ x }}web")
"{{ vars.name }}{{ '{{' }}.Names{{ '}}' }}" -> Text("web{{.Names}}")
"{{ {'a': {'b': 1}} }}" -> Map({"a": Map({"b": Integer(1)})})
"x{{ {'a': {'b': 1}}.a.b }}" -> Text("x1")
"#);
}

#[test]
fn an_if_without_else_is_the_empty_text() {
    for (text, expected) in [
        ("{{ 'a' if vars.off }}", "Text(\"\")"),
        ("<{{ 'a' if vars.off }}>", "Text(\"<>\")"),
        ("<{{ 'a' if vars.on }}>", "Text(\"<a>\")"),
        ("{% for x in vars.list %}{{ x }}{{ ', ' if not loop.last }}{% endfor %}", "Text(\"a, b\")"),
        ("{{ 'a' ~ ('b' if vars.off) }}", "Text(\"a\")"),
        ("{{ ('a' if vars.off) | upper }}", "Text(\"\")"),
        ("{{ ('a' if vars.off) | default('d') }}", "Text(\"d\")"),
        ("{{ secrets.token if vars.off }}", "Text(\"\")"),
        ("{{ 'a' if secrets.token == 'x' }}", "Secret((sensitive))"),
        ("{{ 'a' if host.facts.x }}", "Unknown(Facts(\"app1\"))"),
        // What is not there is a mistake all the same.
        ("{{ vars.missing if vars.on }}", "\"missing\": `vars` has no `missing`"),
        ("<{{ vars['miss' ~ 'ing'] }}>", "\"vars['miss' ~ 'ing']\": `vars['miss' ~ 'ing']` is undefined"),
        ("{{ 'a' if vars.missing }}", "\"missing\": `vars` has no `missing`"),
        (
            "{% if vars.on %}{{ vars['miss' ~ 'ing'] }}{% endif %}",
            "\"vars['miss' ~ 'ing']\": `vars['miss' ~ 'ing']` is undefined",
        ),
        ("{% for x in vars.list %}{{ x.y }},{% endfor %}", "\"x.y\": `x.y` is undefined"),
    ] {
        assert_eq!(render(text), expected, "{text}");
    }
}

#[test]
fn filters_do_what_those_of_jinja_and_ansible_do() {
    for (text, expected) in [
        ("{{ 'a b/c&ü' | urlencode }}", "Text(\"a%20b/c%26%C3%BC\")"),
        ("{{ {'q': 'a b', 'n': 1} | urlencode }}", "Text(\"q=a%20b&n=1\")"),
        ("{{ 'user:pass' | b64encode }}", "Text(\"dXNlcjpwYXNz\")"),
        ("{{ 'dXNlcjpwYXNz' | b64decode }}", "Text(\"user:pass\")"),
        ("{{ vars.port | b64encode | b64decode }}", "Text(\"8001\")"),
        (
            "{{ '/a/b.txt' | basename }} {{ '/a/b.txt' | dirname }} {{ '/a/' | basename }}|{{ '/a' | dirname }}|{{ 'a' | dirname }}",
            "Text(\"b.txt /a |/|\")",
        ),
        (
            "{{ ['it\\'s', 'plain-1.0', '', 'a b'] | map('quote') | join(' ') }}",
            "Text(\"'it'\\\"'\\\"'s' plain-1.0 '' 'a b'\")",
        ),
        ("{{ 'abc' | hash }}", "Text(\"a9993e364706816aba3e25717850c26c9cd0d89d\")"),
        ("{{ 'abc' | hash('md5') }}", "Text(\"900150983cd24fb0d6963f7d28e17f72\")"),
        (
            "{{ 'v1.2.3' | regex_replace('^v(\\\\d+)\\\\.(?P<minor>\\\\d+).*', '\\\\g<minor>-\\\\1$') }}",
            "Text(\"2-1$\")",
        ),
        ("{{ 'AbA' | regex_replace('a', '', ignorecase=true) }}", "Text(\"b\")"),
        (
            "{{ 'web1' is match('web\\\\d') }} {{ 'my-web1' is match('web') }} {{ 'my-web1' is search('web') }}",
            "Text(\"true false true\")",
        ),
        ("{{ vars.map | combine({'y': 2}, {'x': 3}) }}", "Map({\"x\": Integer(3), \"y\": Integer(2)})"),
        (
            "{{ {'a': {'b': 1}} | combine({'a': {'c': 2}}, recursive=true) }}",
            "Map({\"a\": Map({\"b\": Integer(1), \"c\": Integer(2)})})",
        ),
        ("{% for k, v in vars.map.items() %}{{ k }}={{ v }}{% endfor %}", "Text(\"x=1\")"),
        (
            "{{ vars.map.get('z', 'none') }} {{ 'a,b'.split(',') | join(' ') }} {{ vars.name.startswith('we') }}",
            "Text(\"none a b true\")",
        ),
        ("{{ secrets.token | b64encode }}", "Secret((sensitive))"),
        (
            "{{ secrets.token | b64decode }}",
            "\"b64decode\": this fails (invalid operation); the details are not shown because it uses a secret",
        ),
        ("{{ secrets.token | hash('sha256') }}", "Secret((sensitive))"),
        (
            "{{ vars.login.items() | list }}",
            "?: a secret was used to make lists in a list, so its shape could give the secret away",
        ),
        ("{{ vars.login.get('user') }}", "Text(\"app\")"),
        ("{{ vars.login.get('password') }}", "Secret((sensitive))"),
        ("{{ (vars.login | combine({'x': 1})).x }}", "Secret((sensitive))"),
        ("{{ host.facts.os | b64encode }}", "Unknown(Facts(\"app1\"))"),
        ("{{ vars.missing | b64encode }}", "\"missing\": `vars` has no `missing`"),
        ("{{ '%' | b64decode }}", "\"b64decode\": this fails: it is no base64: Invalid symbol 37, offset 0."),
        (
            "{{ 'a' | regex_replace('(', '') }}",
            "\"regex_replace('(', '')\": this fails: the pattern is no regular expression: unclosed group",
        ),
        (
            "{{ 'a' | hash('crc') }}",
            "\"hash('crc')\": this fails: it knows md5, sha1, sha224, sha256, sha384 and sha512",
        ),
    ] {
        assert_eq!(render(text), expected, "{text}");
    }
}

#[test]
fn what_touches_a_secret_is_secret_and_never_in_a_message() {
    let all = [
        "{{ secrets.token }}",
        "{{ secrets['tok' ~ 'en'] }}",
        "a{{ secrets.token }}b",
        "{{ secrets.token | upper }}",
        "{{ secrets.token[0] }}",
        "{{ secrets.token[1:3] }}",
        "{{ secrets.token | length }}",
        "{{ secrets.token == 'hunter2' }}",
        "{% if secrets.token %}yes{% endif %}",
        "{% if secrets.token is defined %}yes{% endif %}",
        "{{ secrets | length }}",
        "{{ secrets | tojson }}",
        "{{ secrets | string }}",
        "{{ secrets }}",
        "{{ secrets | list }}",
        "{{ secrets | items | list }}",
        "{{ secrets | dictsort }}",
        "{% for name, value in secrets | items %}{{ name }}={{ value }}{% endfor %}",
        "{% for name in secrets %}{{ name }}{% endfor %}",
        "{{ vars.login }}",
        "{{ vars.login.user }}",
        "{{ vars.login.password }}",
        "{{ vars.login | tojson }}",
        "{{ vars.login ~ '' }}",
        "{{ [vars.login, vars.port] }}",
        "{{ [secrets.token, 1] }}",
        "{{ {secrets.token: 1} }}",
        "{{ secrets.token | int }}",
        "{{ secrets.token + 1 }}",
        "{{ vars[secrets.token] }}",
        "{{ secrets.token | nofilter }}",
        "{{ '%s' | format(secrets.token) }}",
        "{{ vars | tojson }}",
        "{{ vars }}",
        "{{ [secrets.token] | first }}",
        "{{ secrets.token if vars.off else 'none' }}",
        "{% set x = secrets.token %}fixed",
    ]
    .map(|text| format!("{text:?} -> {}", render(text)));
    let all = all.join("\n");
    assert!(!all.replace("'hunter2'", "").contains("hunter"), "{all}");
    insta::assert_snapshot!(all, @r#"
"{{ secrets.token }}" -> Secret((sensitive))
"{{ secrets['tok' ~ 'en'] }}" -> Secret((sensitive))
"a{{ secrets.token }}b" -> Secret((sensitive))
"{{ secrets.token | upper }}" -> Secret((sensitive))
"{{ secrets.token[0] }}" -> Secret((sensitive))
"{{ secrets.token[1:3] }}" -> Secret((sensitive))
"{{ secrets.token | length }}" -> Secret((sensitive))
"{{ secrets.token == 'hunter2' }}" -> Secret((sensitive))
"{% if secrets.token %}yes{% endif %}" -> Secret((sensitive))
"{% if secrets.token is defined %}yes{% endif %}" -> Secret((sensitive))
"{{ secrets | length }}" -> Integer(1)
"{{ secrets | tojson }}" -> Secret((sensitive))
"{{ secrets | string }}" -> Secret((sensitive))
"{{ secrets }}" -> Map({"token": Secret((sensitive))})
"{{ secrets | list }}" -> List([Text("token")])
"{{ secrets | items | list }}" -> ?: a secret was used to make lists in a list, so its shape could give the secret away
"{{ secrets | dictsort }}" -> ?: a secret was used to make lists in a list, so its shape could give the secret away
"{% for name, value in secrets | items %}{{ name }}={{ value }}{% endfor %}" -> Secret((sensitive))
"{% for name in secrets %}{{ name }}{% endfor %}" -> Text("token")
"{{ vars.login }}" -> Map({"user": Text("app"), "password": Secret((sensitive))})
"{{ vars.login.user }}" -> Text("app")
"{{ vars.login.password }}" -> Secret((sensitive))
"{{ vars.login | tojson }}" -> Secret((sensitive))
"{{ vars.login ~ '' }}" -> Secret((sensitive))
"{{ [vars.login, vars.port] }}" -> List([Map({"user": Text("app"), "password": Secret((sensitive))}), Integer(8001)])
"{{ [secrets.token, 1] }}" -> List([Secret((sensitive)), Secret((sensitive))])
"{{ {secrets.token: 1} }}" -> ?: a secret was used to make a mapping, so its shape could give the secret away
"{{ secrets.token | int }}" -> "int": this fails (invalid operation); the details are not shown because it uses a secret
"{{ secrets.token + 1 }}" -> "secrets.token + 1": this fails (invalid operation); the details are not shown because it uses a secret
"{{ vars[secrets.token] }}" -> "vars[secrets.token]": `vars[secrets.token]` is undefined
"{{ secrets.token | nofilter }}" -> "nofilter": there is no filter `nofilter`
"{{ '%s' | format(secrets.token) }}" -> Secret((sensitive))
"{{ vars | tojson }}" -> Secret((sensitive))
"{{ vars }}" -> Map({"port": Integer(8001), "on": Bool(true), "off": Bool(false), "ratio": Float(0.5), "whole": Float(2.0), "name": Text("web"), "none": Null, "list": List([Text("a"), Text("b")]), "map": Map({"x": Integer(1)}), "dir": Text("/opt/app"), "login": Map({"user": Text("app"), "password": Secret((sensitive))})})
"{{ [secrets.token] | first }}" -> Secret((sensitive))
"{{ secrets.token if vars.off else 'none' }}" -> Text("none")
"{% set x = secrets.token %}fixed" -> Secret((sensitive))
"#);
}

#[test]
fn what_touches_something_unknown_is_unknown() {
    let all = [
        "{{ host.name }}",
        "{{ host.facts }}",
        "{{ host.facts.os }}",
        "a{{ host.facts.os }}",
        "{{ host.facts.os | default('x') }}",
        "{% if host.facts.os == 'debian' %}a{% endif %}",
        "{{ host }}",
        "{{ host | tojson }}",
        "{{ secrets.token ~ host.facts.os }}",
        "{{ [host.facts] | length }}",
    ]
    .map(|text| format!("{text:?} -> {}", render(text)));
    insta::assert_snapshot!(all.join("\n"), @r#"
"{{ host.name }}" -> Text("app1")
"{{ host.facts }}" -> Unknown(Facts("app1"))
"{{ host.facts.os }}" -> Unknown(Facts("app1"))
"a{{ host.facts.os }}" -> Unknown(Facts("app1"))
"{{ host.facts.os | default('x') }}" -> Unknown(Facts("app1"))
"{% if host.facts.os == 'debian' %}a{% endif %}" -> Unknown(Facts("app1"))
"{{ host }}" -> Map({"name": Text("app1"), "facts": Unknown(Facts("app1"))})
"{{ host | tojson }}" -> Unknown(Facts("app1"))
"{{ secrets.token ~ host.facts.os }}" -> Unknown(Facts("app1"))
"{{ [host.facts] | length }}" -> Unknown(Facts("app1"))
"#);
}

#[test]
fn what_uses_several_unknown_secrets_waits_for_all() {
    let environments = Environments::new();
    let engine = Engine::new(&environments);
    let later = |name: &str| Value::Unknown(Until::applied(format!("app1/secret:{name}").parse().unwrap()));
    let map = |entries: Vec<(&str, Value)>| {
        Value::Map(entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    };
    let touch = |value: &Value| Some(Scoped::new(value).touch(engine.recorder()));
    let facts = Value::Unknown(Until::Facts("app1".into()));
    let context = Context {
        vars: touch(&map(vec![("both", Value::List(vec![later("c"), later("d")])), ("b", later("b"))])),
        secrets: touch(&map(vec![("a", later("a")), ("b", later("b")), ("c", later("c"))])),
        host: touch(&map(vec![("facts", facts)])),
        ..Context::default()
    };
    let waits = |text: &str| match engine.render(text, &context) {
        Ok(value) => value.unknown().map_or("nothing".to_string(), |until| until.to_string()),
        Err(failure) => failure.message,
    };
    for (text, expected) in [
        ("{{ secrets.b }} and {{ secrets.a }}", "app1/secret:a, app1/secret:b"),
        ("{{ secrets.a ~ secrets.b ~ secrets.a }}", "app1/secret:a, app1/secret:b"),
        ("{{ secrets.a | b64encode }}{{ vars.b }}", "app1/secret:a, app1/secret:b"),
        ("{{ vars.both }}", "app1/secret:c, app1/secret:d"),
        ("{% for one in vars.both %}{{ one }}{% endfor %}", "app1/secret:c, app1/secret:d"),
        (
            "{% if true %}{{ secrets.a }}{{ secrets.b }}{% else %}{{ secrets.c }}{% endif %}",
            "app1/secret:a, app1/secret:b",
        ),
        // What stands in for a secret is no number; then all that is named counts.
        ("{{ (secrets.a | int) + (secrets.b | int) }}", "app1/secret:a, app1/secret:b"),
        ("{{ secrets.a | int }} {{ secrets.b }}", "app1/secret:a, app1/secret:b"),
        ("{% set n = secrets.a | int %}{{ secrets.b }}", "app1/secret:a, app1/secret:b"),
        ("{{ secrets.a }} {{ host.facts.os }}", "the facts of app1"),
        ("{{ secrets.a and 'x' }}", "app1/secret:a"),
    ] {
        assert_eq!(waits(text), expected, "{text}");
    }
}

#[test]
fn hostile_texts_end() {
    let deep =
        |open: &str, close: &str, count: usize| format!("{{{{ {}1{} }}}}", open.repeat(count), close.repeat(count));
    for text in [
        deep("(", ")", 10_000),
        deep("[", "]", 10_000),
        deep("not ", "", 10_000),
        deep("-", "", 10_000),
        deep("1 + ", "", 10_000),
        deep("", ".a", 10_000),
        deep("", "|upper", 10_000),
        deep("1 if 1 else ", "", 10_000),
        deep("{1: ", "}", 10_000),
        "{% if 1 %}".repeat(10_000),
        format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(10_000)),
        format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(200)),
        deep("(", ")", 149),
        deep("not ", "", 490),
        deep("-", "", 490),
        deep("1 + ", "", 245),
        deep("", ".a", 245),
        deep("", "|upper", 245),
        deep("1 if 1 else ", "", 120),
        "{{ 'x' * 99999999999 }}".into(),
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}".into(),
        "{% for a in range(99999) %}{{ 'x' * 1000000 }}{% endfor %}".into(),
        "{{ range(999999999999) | list }}".into(),
        "{{ [1] * 99999999999 }}".into(),
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}".into(),
        "{{ 2 ** 99999 }}".into(),
        "{% include 'x' %}".into(),
        "{{".into(),
        "{%".into(),
        "{{ }}".into(),
        "{{}}".into(),
        "{{-}}".into(),
        "{{ 'é' }} {{ é }}".into(),
        "\n".repeat(70_000) + "{{ x + }}",
        "\n".repeat(70_000) + "{{ x.y }}",
        "é".repeat(70_000) + "{{ x + }}",
        "x".repeat(70_000) + "{{ x + }}",
    ] {
        let shown: String = text.chars().take(40).collect();
        let result = std::panic::catch_unwind(|| render(&text));
        assert!(result.is_ok(), "{shown}");
    }
}

#[test]
fn every_filter_test_and_function_that_is_listed_exists() {
    for filter in super::super::vocabulary::FILTERS {
        assert_eq!(render(&format!("{{{{ '{filter}' is filter }}}}")), "Bool(true)", "{filter}");
    }
    for test in super::super::vocabulary::TESTS {
        assert_eq!(render(&format!("{{{{ '{test}' is test }}}}")), "Bool(true)", "{test}");
    }
    for function in super::super::vocabulary::FUNCTIONS {
        assert!(!render(&format!("{{{{ {function} is defined }}}}")).contains("false"), "{function}");
    }
}

/// Renders a text as a string of a spec or as a file; returns it with the lines that no secret has part in, where it is secret.
fn rendered(text: &str, is_file: bool, secret: &str) -> Option<(String, Vec<String>)> {
    let environments = Environments::new();
    let engine = Engine::new(&environments);
    let secret = || Value::Secret(Secret::new(secret));
    let map = |entries: Vec<(&str, Value)>| {
        Value::Map(entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    };
    let login = map(vec![("user", Value::text("app")), ("password", secret())]);
    let vars = map(vec![("port", Value::Integer(8001)), ("list", value("[a, b]")), ("login", login)]);
    let secrets = map(vec![("token", secret())]);
    let touch = |value: &Value| Some(Scoped::new(value).touch(engine.recorder()));
    let context = Context { vars: touch(&vars), secrets: touch(&secrets), ..Context::default() };
    let value = if is_file { engine.render_file("text", text, &context) } else { engine.render(text, &context) };
    match value {
        Ok(Value::Secret(secret)) => {
            let lines = secret.open().of(secret.expose()).map(String::from).collect();
            Some((secret.expose().to_string(), lines))
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// Whatever the secret is, the same lines are open, and none has anything of it.
    #[test]
    fn open_lines_are_the_same_whatever_the_secret_is(
        parts in prop::collection::vec(prop::sample::select(vec![
            "plain", "\n", "a=b\n", " # x\n", "{{ vars.port }}", "p={{ vars.port }}\n", "{{ secrets.token }}",
            "{{ secrets.token | upper }}\n", "{{ vars.login.password }}", "{{ vars.login }}", "{{ vars.login.user }}\n",
            "{{ 'x' if secrets.token == 'QQQQQQ' else 'y\\n' }}", "{{ vars.list | join(secrets.token) }}", "{{- vars.port -}}\n",
            "{{ secrets.token[9:] }}", "{{ '' if secrets.token else 'a' }}", "{% if secrets.token == 'QQQQQQ' %}open\n{% endif %}",
            "{% set x = secrets.token %}{{ x }}", "{% for x in secrets.token %}\n{% endfor %}", "{# c #}",
        ]), 1..12),
        is_file in any::<bool>(),
    ) {
        let text = parts.concat();
        let secrets = ["QQQQQQ", "ZZZ\nZZZ", "\nQ\n", "", "Z\n", "ZZZZZZZZZZZ"];
        let all: Vec<_> = secrets.iter().filter_map(|secret| rendered(&text, is_file, secret)).collect();
        prop_assert!(all.windows(2).all(|pair| pair[0].1 == pair[1].1), "{text:?} {all:?}");
        for (output, lines) in &all {
            for line in lines {
                prop_assert!(!line.contains(['Q', 'Z']) && output.split('\n').any(|other| other == line), "{text:?} {all:?}");
            }
        }
    }
}

#[test]
fn lines_beside_a_secret_are_open_in_strings_and_files_without_blocks() {
    let text = "PORT={{ vars.port }}\nPASSWORD={{ secrets.token }}\nUSER={{ vars.login.user }}\n";
    for is_file in [false, true] {
        let (_, lines) = rendered(text, is_file, "QQQQQQ").expect("it is secret");
        assert_eq!(lines, ["PORT=8001", "USER=app"], "{is_file}");
    }
    let blocks = format!("{text}{{% if vars.port %}}x{{% endif %}}\n");
    assert_eq!(rendered(&blocks, true, "QQQQQQ").expect("it is secret").1, Vec::<String>::new());
}
