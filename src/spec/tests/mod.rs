//! Cases: each file in `cases/` holds the files of a spec and how it is loaded; the snapshot beside it holds what comes
//! of it, resources or messages.
//!
//! A case starts with lines of settings (`options:` as on the command line, `facts:` and `secrets:` as YAML in one line),
//! then come the files, each after a line `=== PATH`.
#![allow(clippy::disallowed_methods, reason = "tests read their data")]

mod hostile;

use std::fmt::Write;
use std::path::Path;

use crate::diagnostic::{FileId, Sources, render_all};
use crate::model::{Secret, SshOptions, Value, YamlNode, YamlValue};

use super::*;

struct Case {
    files: MemoryFiles,
    options: LoadOptions,
    knowledge: Knowledge,
}

impl Case {
    fn parse(text: &str) -> Self {
        let text = format!("\n{text}");
        let mut parts = text.split("\n=== ");
        let mut options = LoadOptions { spec: "spec".into(), ..LoadOptions::default() };
        let mut knowledge = Knowledge::default();
        for line in parts.next().unwrap_or_default().lines() {
            match line.split_once(':') {
                Some(("options", words)) => options_of(words, &mut options),
                Some(("facts", yaml)) => {
                    for (host, facts) in mapping(yaml) {
                        knowledge.facts.insert(host, facts);
                    }
                }
                Some(("secrets", yaml)) => {
                    for (name, value) in mapping(yaml) {
                        let Value::Text(text) = value else { panic!("a secret is a text") };
                        knowledge.secrets.insert(name, SecretState::Known(Secret::new(text)));
                    }
                }
                _ => assert!(line.is_empty() || line.starts_with('#'), "what is `{line}`?"),
            }
        }
        // All of it is one repository.
        let mut files = MemoryFiles::new().folder(".git");
        for part in parts {
            let (path, text) = part.split_once('\n').expect("a file has a path and a text");
            // What separates two files belongs to neither.
            files = files.file(path, format!("{}\n", text.trim_end_matches('\n')));
        }
        Self { files, options, knowledge }
    }

    fn run(&self) -> String {
        let mut sources = Sources::default();
        let mut out = String::new();
        match load(&self.files, &self.options, &mut sources) {
            Err(diagnostics) => out.push_str(&render_all(&diagnostics, &sources, false)),
            Ok(spec) => {
                let resolution = spec.resolve(&self.files, &self.knowledge, &mut sources);
                if !resolution.diagnostics.is_empty() {
                    return render_all(&resolution.diagnostics, &sources, false);
                }
                for host in &spec.hosts {
                    let _ = writeln!(out, "host {}: {}", host.name, host_text(host));
                }
                for secret in &spec.secrets {
                    let origins: Vec<_> = secret.sources.iter().map(|source| &source.origin).collect();
                    let _ = writeln!(out, "secret {}: {origins:?}", secret.name);
                }
                for resolved in &resolution.resources {
                    resource_text(resolved, &mut out);
                }
                for pending in &resolution.pending {
                    let _ = writeln!(
                        out,
                        "pending {}/{}:{} until {:?} at {}",
                        pending.host,
                        pending.kind,
                        pending.name,
                        pending.until,
                        sources.place(pending.span)
                    );
                }
            }
        }
        out
    }
}

fn mapping(yaml: &str) -> indexmap::IndexMap<String, Value> {
    let mut diagnostics = Vec::new();
    match yaml::parse(yaml, FileId(0), &mut diagnostics).map(|node| node.to_value()) {
        Some(Value::Map(entries)) => entries,
        _ => panic!("{yaml} is no mapping: {diagnostics:?}"),
    }
}

fn options_of(words: &str, options: &mut LoadOptions) {
    let mut words = words.split_whitespace();
    while let Some(option) = words.next() {
        let value = words.next().expect("an option has a value").to_string();
        let pair = |text: &str| {
            let (name, value) = text.split_once('=').expect("NAME=VALUE");
            (name.to_string(), value.to_string())
        };
        match option {
            "-e" => options.environment = Some(value),
            "-i" => options.inventory = Some(value.into()),
            "--var" => options.vars.push(pair(&value)),
            "--env-var" => options.environment_vars.push(pair(&value)),
            "--host" => options.hosts.push(value),
            "--spec" => options.spec = value.into(),
            other => panic!("what is {other}?"),
        }
    }
}

fn host_text(host: &HostSpec) -> String {
    let mut text = host.address.clone();
    if let Some(user) = &host.user {
        let _ = write!(text, ", user {user}");
    }
    if host.r#become {
        text.push_str(", become");
    }
    if !host.labels.is_empty() {
        let _ = write!(text, ", labels {:?}", host.labels);
    }
    match &host.transport {
        Transport::Local => text.push_str(", local"),
        Transport::Ssh(ssh) if *ssh == SshOptions::default() => {}
        Transport::Ssh(ssh) => {
            let _ = write!(text, ", {ssh:?}");
        }
    }
    if host.role != HostRole::Selected {
        let _ = write!(text, ", {:?}", host.role);
    }
    text
}

fn resource_text(resolved: &Resolved, out: &mut String) {
    let _ = write!(out, "{}", resolved.address);
    for (flag, word) in [
        (resolved.left_alone, "left alone"),
        (resolved.resource.kind.is_absent(&resolved.resource), "absent"),
        (resolved.prevent_destroy, "prevent_destroy"),
        (resolved.overridden, "overridden"),
    ] {
        if flag {
            let _ = write!(out, ", {word}");
        }
    }
    if resolved.retries > 0 {
        let _ = write!(out, ", retries {}", resolved.retries);
    }
    if !resolved.ignore_changes.is_empty() {
        let _ = write!(out, ", ignore {:?}", resolved.ignore_changes);
    }
    let after: Vec<&str> = resolved.depends_on.iter().map(|(text, _)| text.as_str()).collect();
    if !after.is_empty() {
        let _ = write!(out, ", after {}", after.join(" "));
    }
    out.push('\n');
    for entry in resolved.node.entries() {
        let _ = writeln!(out, "  {}: {}", entry.key, node_text(&entry.value));
    }
    for deferral in &resolved.deferrals {
        let _ = writeln!(out, "  {} waits for {}", deferral.attribute, deferral.until);
    }
}

fn node_text(node: &YamlNode) -> String {
    match &node.value {
        YamlValue::Scalar(Value::Content(content)) if !content.is_sensitive() => {
            format!("content {:?}", content.text().unwrap_or("(binary)"))
        }
        YamlValue::Scalar(Value::Content(_)) => "content (sensitive)".into(),
        YamlValue::Scalar(Value::Text(text)) => format!("{text:?}"),
        YamlValue::Scalar(Value::Integer(number)) => number.to_string(),
        YamlValue::Scalar(Value::Bool(value)) => value.to_string(),
        YamlValue::Scalar(value) => format!("{value:?}"),
        YamlValue::List(items) => {
            format!("[{}]", items.iter().map(node_text).collect::<Vec<_>>().join(", "))
        }
        YamlValue::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|entry| format!("{}: {}", entry.key, node_text(&entry.value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/spec/cases");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    paths.sort();
    assert!(!paths.is_empty());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let output = Case::parse(&std::fs::read_to_string(&path).unwrap()).run();
        insta::assert_snapshot!(name, output);
    }
}

/// Loads a spec of one file that is right.
fn right(text: &str, sources: &mut Sources) -> Spec {
    let files = MemoryFiles::new().file("spec/infra.yaml", format!("infra: 1\nname: web\n{text}"));
    let options = LoadOptions { spec: "spec".into(), ..LoadOptions::default() };
    load(&files, &options, sources).unwrap_or_else(|wrong| panic!("{}", render_all(&wrong, sources, false)))
}

#[test]
fn the_password_for_sudo_is_worked_out_when_it_is_asked_for() {
    let mut sources = Sources::default();
    let spec = right(
        "hosts:\n  a: { become_password: \"{{ secrets.sudo }}\" }\n  b: { become_password: \"{{ secrets.kept }}\" }\n  c: {}\n  \
         d: { become_password: \"{{ host.facts.user }}\" }\n  e: { become_password: \"{{ secrets.sudo ~ host.name }}\" }\n\
         secrets:\n  sudo: { env: SUDO }\n  kept: { generate: {}, keep: { path: /x, key: K, host: b } }\n",
        &mut sources,
    );
    let knowledge = Knowledge {
        secrets: [("sudo".to_string(), SecretState::Known(Secret::new("hunter2")))].into(),
        ..Knowledge::default()
    };
    let mut password = |host: usize, knowledge: &Knowledge| {
        let password = spec.become_password(&spec.hosts[host], knowledge, &mut sources);
        password
            .map(|secret| secret.map(|secret| secret.expose().to_string()))
            .map_err(|wrong| wrong[0].message.clone())
    };
    assert_eq!(password(0, &knowledge), Ok(Some("hunter2".into())));
    assert_eq!(
        password(1, &knowledge),
        Err("the password for sudo is deferred until b/secret:kept, which sudo is needed for".into())
    );
    assert_eq!(password(2, &knowledge), Ok(None));
    assert_eq!(password(3, &knowledge), Err("the password for sudo is deferred until the facts of d".into()));
    assert_eq!(password(4, &knowledge), Ok(Some("hunter2e".into())));
    assert_eq!(password(0, &Knowledge::default()), Err("the secret `sudo` is not available".into()));
}

#[test]
fn more_is_resolved_as_more_is_known_and_the_same_comes_of_the_same() {
    let mut sources = Sources::default();
    let spec = right(
        "hosts: { a: {}, b: {} }\nvars: { os: \"{{ host.facts.os }}\" }\n\
         secrets: { kept: { generate: {}, keep: { path: /x, key: K, host: b } } }\n\
         files:\n  \"/{{ vars.os }}\": { content: \"{{ secrets.kept }}\", on: a }\n",
        &mut sources,
    );
    let files = MemoryFiles::new();
    let mut resolve = |knowledge: &Knowledge| {
        let resolution = spec.resolve(&files, knowledge, &mut sources);
        assert_eq!(resolution.diagnostics, []);
        let mut text = String::new();
        resolution.resources.iter().for_each(|resolved| resource_text(resolved, &mut text));
        (text, resolution.pending.len())
    };
    let mut knowledge = Knowledge::default();
    let (before, pending) = resolve(&knowledge);
    assert!(!before.contains("file:"), "{before}");
    assert_eq!(pending, 1);
    for host in ["a", "b"] {
        let facts = Value::Map([("os".to_string(), Value::text("debian"))].into_iter().collect());
        knowledge.facts.insert(host.into(), facts);
    }
    let (with_facts, pending) = resolve(&knowledge);
    assert!(with_facts.contains("a/file:/debian\n  content: Unknown(Applied([b/secret:kept]))"), "{with_facts}");
    assert_eq!(pending, 0);
    knowledge.secrets.insert("kept".into(), SecretState::Known(Secret::new("hunter2")));
    let (with_secrets, _) = resolve(&knowledge);
    assert!(with_secrets.contains("a/file:/debian\n  content: Secret((sensitive))"), "{with_secrets}");
    assert_eq!(resolve(&knowledge).0, with_secrets);
}

#[test]
fn what_expressions_make_of_secrets_is_known() {
    let mut sources = Sources::default();
    let spec = right(
        "hosts: { a: {} }\nsecrets: { p: { env: P }, q: { env: Q } }\nvars: { url: \"db://u:{{ secrets.p | upper }}@h\" }\n\
         files:\n  /a: { content: \"{{ vars.url }} {{ secrets.p[:8] }} {{ secrets.p | b64encode }} {{ host.name }}\" }\n  \
         /b: { content: \"{{ (secrets.p | split('-'))[0] }} {{ secrets.p | length }} {{ 'enabled' if secrets.q else 'off' }}\" }\n",
        &mut sources,
    );
    let files = MemoryFiles::new();
    let unread = spec.resolve(&files, &Knowledge::nothing(&spec), &mut sources);
    assert!(unread.derived.is_empty());
    let mut knowledge = Knowledge::default();
    for (name, value) in [("p", "correct-horse"), ("q", "battery-staple")] {
        knowledge.secrets.insert(name.into(), SecretState::Known(Secret::new(value)));
    }
    let resolution = spec.resolve(&files, &knowledge, &mut sources);
    assert!(resolution.diagnostics.is_empty());
    let mut derived: Vec<&str> = resolution.derived.iter().map(Secret::expose).collect();
    derived.sort_unstable();
    // The url is a secret as a whole, too; a word that the expression itself says is none, and neither is what is short.
    assert_eq!(derived, ["CORRECT-HORSE", "Y29ycmVjdC1ob3JzZQ==", "correct", "correct-", "db://u:CORRECT-HORSE@h"]);
}

#[test]
fn a_folder_is_taken_with_all_that_is_in_it() {
    let files = MemoryFiles::new()
        .file("site/index.html", "hello")
        .executable("site/bin/run", "#!/bin/sh\n")
        .link("site/bin/again", "run")
        .file("other/x", "x");
    let mut assets = read::Assets::default();
    let confined = |files| {
        let mut confined = confined::Confined::new(files, confined::Bounds::default());
        confined.enter(Path::new("")).unwrap();
        confined
    };
    let files = confined(&files);
    let folder = assets.folder(&files, Path::new("site")).unwrap();
    let node = YamlNode::from_value(folder, crate::diagnostic::Span { file: FileId(0), start: 0, end: 0 });
    assert_eq!(
        node_text(&node),
        "{bin: {directory: true}, bin/again: {link: \"run\"}, \
         bin/run: {content: content \"#!/bin/sh\\n\", executable: true}, \
         index.html: {content: content \"hello\", executable: false}}"
    );
    assert!(assets.folder(&files, Path::new("site/index.html")).is_err());
    assert!(assets.folder(&files, Path::new("nothing")).is_err());
    let with_pipe = MemoryFiles::new().other("site/pipe");
    assert!(assets.folder(&confined(&with_pipe), Path::new("site/..")).is_err());
}
