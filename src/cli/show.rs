//! `infra show`: a saved plan for a reader, without spec, hosts and network.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::render::{FORMAT_VERSION, PlanJson, plan_markdown, visible};
use crate::saved::{About, SavedPlan};
use crate::ui::Terminal;

use super::exit::Exit;
use super::saved::{self, approval};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The saved plan.
    #[arg(value_name = "FILE")]
    plan: PathBuf,

    /// Names those who approved it as this file does (ssh-keygen(1), ALLOWED SIGNERS).
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<PathBuf>,

    /// The form of the plan.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
    Markdown,
}

/// What is printed for programs.
#[derive(serde::Serialize)]
struct Whole<'a> {
    format_version: [u32; 2],
    saved: Json,
    plan: PlanJson<'a>,
}

/// Prints a saved plan, and says who made it and who approved it.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let saved = saved::read(&arguments.plan)?;
    let (signatures, _) = approval::signatures(&arguments.plan, &saved.digest, arguments.allowed_signers.as_deref())?;
    let approved: Vec<String> = signatures.iter().map(approval::Signature::name).collect();
    match arguments.format {
        Format::Text => {
            terminal.plan(&saved.plan)?;
            said(&saved, &approved).iter().for_each(|line| terminal.status(line));
        }
        Format::Json => {
            let signatures = signatures.iter().map(|one| json!({ "key": one.key, "principals": one.principals }));
            let about = about(&saved, signatures.collect());
            terminal.json(&Whole { format_version: FORMAT_VERSION, saved: about, plan: PlanJson(&saved.plan) })?;
        }
        Format::Markdown => terminal.data(&plan_markdown(&saved.plan, &said(&saved, &approved)))?,
    }
    Ok(Exit::Success)
}

/// Says in a line or two where a plan comes from.
fn said(saved: &SavedPlan, approved: &[String]) -> Vec<String> {
    let About { by, created, expires, base, made, .. } = &saved.about;
    let mut from = format!("Saved {} by {} from {}", visible(created), visible(by), visible(&made.spec));
    if let Some(base) = base {
        let dirty = match base.dirty {
            Some(true) => ", with changes that are not committed",
            Some(false) => "",
            None => ", as far as is known",
        };
        from.push_str(&format!(" at commit {}{dirty}", visible(&base.commit)));
    }
    from.push('.');
    let mut lines = vec![from, format!("Digest: {}", saved.digest)];
    lines.extend(expires.iter().map(|expires| format!("To be applied before {}.", visible(expires))));
    lines.push(match approved.is_empty() {
        true => "Approved by nobody.".to_string(),
        false => format!("Approved by {}.", approved.join(", ")),
    });
    lines
}

/// Says it for programs: all but the hashes that only an apply can compare.
fn about(saved: &SavedPlan, approvals: Vec<Json>) -> Json {
    let About { infra, spec, made, created, expires, by, base, inputs, hosts, touched } = &saved.about;
    let hosts = hosts.iter().map(
        |host| json!({ "name": host.name, "address": host.address, "machine": host.machine, "serial": host.serial }),
    );
    json!({
        "digest": saved.digest, "infra": infra, "spec": spec, "made": made, "created": created, "expires": expires,
        "by": by, "base": base, "inputs": inputs, "hosts": hosts.collect::<Vec<_>>(),
        "touched": touched.iter().map(|touched| &touched.address).collect::<Vec<_>>(),
        "approvals": approvals,
    })
}
