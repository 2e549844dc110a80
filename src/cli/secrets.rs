//! `infra secrets`: which secrets there are, where they come from and who uses them; never their values.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use crate::kinds::SECRET;
use crate::model::{Address, Secret, Until, YamlNode};
use crate::render::FORMAT_VERSION;
use crate::spec::{Knowledge, Resolved, SecretOrigin, SecretSpec, SecretState, Spec};
use crate::ui::Terminal;

use super::context::Loaded;
use super::options::{Format, SpecOptions};
use super::secret_sources::{describe, unread};
use super::{DiskFiles, Exit};

#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Lists the secrets of a spec, their sources and who uses them; contacts no host and reads no secret.
    List(Arguments),
}

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    spec: SpecOptions,

    /// The form of the list.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What is said of one secret.
struct Listed<'s> {
    secret: &'s SecretSpec,
    /// Host, file and key of each place it is kept in.
    kept: Vec<(String, String, String)>,
    used_by: Vec<Address>,
}

pub fn run(command: &SecretsCommand, terminal: &Terminal) -> anyhow::Result<Exit> {
    let SecretsCommand::List(arguments) = command;
    let loaded = Loaded::new(&arguments.spec, terminal)?;
    // Mistakes are reported as everywhere.
    loaded.survey(terminal)?;
    let listed = list(&loaded);
    match arguments.format {
        Format::Text => terminal.data(&text(&listed))?,
        Format::Json => terminal.json(&as_json(&listed))?,
    }
    Ok(Exit::Success)
}

fn list(loaded: &Loaded) -> Vec<Listed<'_>> {
    let spec = &loaded.spec;
    let nothing = resolve(loaded, unread(spec));
    let secrets = spec.secrets.iter().map(|secret| {
        let of_it =
            nothing.iter().filter(|one| one.resource.kind.makes_value().is_some() && *one.address.name == *secret.name);
        let kept = of_it.filter_map(|resolved| {
            let keep = resolved.node.get("keep")?;
            let text = |key: &str| keep.get(key).and_then(YamlNode::as_text).map(String::from);
            Some((resolved.address.host.to_string(), text("path")?, text("key")?))
        });
        Listed { secret, kept: kept.collect(), used_by: used_by(loaded, &secret.name, &nothing) }
    });
    secrets.collect()
}

/// Finds the resources that wait for a secret when it is not known: alone, or with all others, in case what stands in
/// for those does not fit.
fn used_by(loaded: &Loaded, name: &str, nothing: &[Resolved]) -> Vec<Address> {
    let mark = Address::new("", SECRET.name(), name);
    let alone = resolve(loaded, all_but(&loaded.spec, name, &mark));
    let waits = |one: &&Resolved| {
        let waited_for = one.deferrals.iter().flat_map(|deferral| deferral.until.addresses());
        waited_for.into_iter().any(|address| address.kind == mark.kind && address.name == mark.name)
    };
    let mut users: Vec<Address> = alone
        .iter()
        .chain(nothing)
        .filter(|one| !one.left_alone)
        .filter(waits)
        .map(|one| one.address.clone())
        .collect();
    users.sort();
    users.dedup();
    users
}

/// Knows all secrets but one, which it marks.
fn all_but(spec: &Spec, name: &str, mark: &Address) -> BTreeMap<String, SecretState> {
    let state = |other: &SecretSpec| match other.name == name {
        true => SecretState::Later(Until::applied(mark.clone())),
        false => SecretState::Known(Secret::new("stand-in")),
    };
    spec.secrets.iter().map(|other| (other.name.clone(), state(other))).collect()
}

fn resolve(loaded: &Loaded, secrets: BTreeMap<String, SecretState>) -> Vec<Resolved> {
    let knowledge = Knowledge { secrets, ..Knowledge::default() };
    loaded.spec.resolve(&DiskFiles, &knowledge, &mut loaded.sources.clone()).resources
}

fn text(listed: &[Listed<'_>]) -> String {
    let mut text = String::new();
    for one in listed {
        let _ = writeln!(text, "{}", one.secret.name);
        for source in &one.secret.sources {
            let mut line = describe(&source.origin);
            if matches!(source.origin, SecretOrigin::Kept(_)) {
                for (host, path, key) in &one.kept {
                    let _ = write!(line, ", kept on {host} in {path} ({key})");
                }
            }
            let _ = writeln!(text, "  from     {line}");
        }
        if one.used_by.is_empty() {
            text.push_str("  used by  nothing\n");
        }
        for (at, address) in one.used_by.iter().enumerate() {
            let _ = writeln!(text, "  {}  {address}", if at == 0 { "used by" } else { "       " });
        }
    }
    if text.is_empty() { "The spec has no secrets.\n".into() } else { text }
}

fn as_json(listed: &[Listed<'_>]) -> Json {
    let secrets = listed.iter().map(|one| {
        let kept = one.kept.iter().map(|(host, path, key)| json!({ "host": host, "path": path, "key": key }));
        json!({
            "name": one.secret.name,
            "sources": one.secret.sources.iter().map(|source| origin(&source.origin)).collect::<Vec<_>>(),
            "kept": kept.collect::<Vec<_>>(),
            "used_by": one.used_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    json!({ "format_version": FORMAT_VERSION, "secrets": secrets.collect::<Vec<_>>() })
}

fn origin(origin: &SecretOrigin) -> Json {
    match origin {
        SecretOrigin::Env(name) => json!({ "env": name }),
        SecretOrigin::File(path) => json!({ "file": path }),
        SecretOrigin::Command(words) => json!({ "command": words }),
        SecretOrigin::Sops { file, key } => json!({ "sops": { "file": file, "key": key } }),
        SecretOrigin::Age { file, identity } => json!({ "age": { "file": file, "identity": identity } }),
        SecretOrigin::Kept(_) => json!({ "generate": {} }),
    }
}
