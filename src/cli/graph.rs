//! `infra graph` and `infra why`: where each edge comes from.

use std::fmt::Write;

use clap::Args;

use crate::graph::Reason;
use crate::model::Address;
use crate::render::visible;
use crate::survey::Survey;
use crate::ui::Terminal;

use super::context::Loaded;
use super::exit::{Exit, Usage};
use super::options::SpecOptions;

#[derive(Debug, Args)]
pub struct GraphArguments {
    #[command(flatten)]
    spec: SpecOptions,

    /// The language of the graph; dot is Graphviz's.
    #[arg(long, value_enum, default_value_t = Language::Dot)]
    format: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Language {
    Dot,
    Mermaid,
}

#[derive(Debug, Args)]
pub struct WhyArguments {
    /// The resource: host/kind:name, or kind:name where one host has it.
    address: String,

    #[command(flatten)]
    spec: SpecOptions,
}

/// Prints the graph: an arrow reads "comes before".
pub fn graph(arguments: &GraphArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let loaded = Loaded::new(&arguments.spec, terminal)?;
    let survey = loaded.survey(terminal)?;
    let escape = |text: &str| visible(text).replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = String::new();
    match arguments.format {
        Language::Dot => text.push_str("digraph infra {\n  rankdir = LR;\n  node [shape = box];\n"),
        Language::Mermaid => text.push_str("flowchart LR\n"),
    }
    for node in 0..survey.len() {
        let name = escape(&survey.resolved(node).address.to_string());
        let _ = match arguments.format {
            Language::Dot => writeln!(text, "  n{node} [label = \"{name}\"];"),
            Language::Mermaid => writeln!(text, "  n{node}[\"{}\"]", name.replace("\\\"", "#quot;")),
        };
    }
    for node in 0..survey.len() {
        let mut before: Vec<_> = survey.graph().dependencies(node).collect();
        before.sort_by_key(|(before, _)| *before);
        for (before, reason) in before {
            let reason = escape(&describe(reason, &loaded));
            let _ = match arguments.format {
                Language::Dot => writeln!(text, "  n{before} -> n{node} [label = \"{reason}\"];"),
                Language::Mermaid => {
                    writeln!(text, "  n{before} -- \"{}\" --> n{node}", reason.replace("\\\"", "#quot;"))
                }
            };
        }
    }
    if arguments.format == Language::Dot {
        text.push_str("}\n");
    }
    terminal.data(&text)?;
    Ok(Exit::Success)
}

/// Prints what a resource depends on and what depends on it, each with the reason, and the phase of its host it is in.
pub fn why(arguments: &WhyArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let loaded = Loaded::new(&arguments.spec, terminal)?;
    let survey = loaded.survey(terminal)?;
    let found: Vec<usize> = (0..survey.len())
        .filter(|&node| {
            let address = &survey.resolved(node).address;
            address.to_string() == arguments.address || address.local() == arguments.address
        })
        .collect();
    if found.is_empty() {
        let known: Vec<String> = (0..survey.len()).map(|node| survey.resolved(node).address.local()).collect();
        let near = crate::diagnostic::nearest(&arguments.address, known.iter().map(String::as_str));
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(Usage(format!("no resource has the address `{}`{hint}", arguments.address)).into());
    }
    let mut text = String::new();
    for node in found {
        let resolved = survey.resolved(node);
        let _ = writeln!(text, "{}", visible(&resolved.address.to_string()));
        let _ = writeln!(text, "  declared at {}", loaded.sources.place(resolved.span));
        let mut edges: Vec<(usize, String)> = survey
            .graph()
            .dependencies(node)
            .map(|(before, reason)| {
                (before, format!("after   {}: {}", address(&survey, before), describe(reason, &loaded)))
            })
            .collect();
        edges.sort();
        let mut after: Vec<(usize, String)> = survey
            .graph()
            .dependants(node)
            .map(|(after, reason)| {
                (after, format!("before  {}: {}", address(&survey, after), describe(reason, &loaded)))
            })
            .collect();
        after.sort();
        let phase = format!("phase   {}", survey.graph().phase(node).describe());
        let phase = match survey.graph().moved_by(node) {
            Some(other) => format!("{phase}; {} needs it there", address(&survey, other)),
            None => phase,
        };
        for line in [phase].into_iter().chain(edges.into_iter().chain(after).map(|(_, line)| line)) {
            let _ = writeln!(text, "  {}", visible(&line));
        }
    }
    terminal.data(&text)?;
    Ok(Exit::Success)
}

fn address<'a>(survey: &'a Survey<'_>, node: usize) -> &'a Address {
    &survey.resolved(node).address
}

fn describe(reason: &Reason, loaded: &Loaded) -> String {
    match reason {
        Reason::DependsOn(span) => format!("depends_on at {}", loaded.sources.place(*span)),
        Reason::Provides(claim) => format!("{} {}", claim.space.0, claim.name),
        Reason::Follows(claim) => format!("usually after {} {}", claim.space.0, claim.name).trim_end().to_string(),
        Reason::Contains(folder) => format!("inside {folder}"),
        Reason::Value => "a value known once it is applied".into(),
        Reason::Triggers(action) => format!("{}s when it changes", action.word()),
    }
}
