//! What a spec has run on this machine: the list of `infra validate --executes`, and what `--no-exec` refuses.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::diagnostic::{Diagnostic, Sources, Span};
use crate::render::{FORMAT_VERSION, visible};
use crate::spec::{Executes, Execution};
use crate::survey::Survey;

/// Makes the list as text: one line for each, its place first.
pub fn text(name: &str, executes: &[Execution], survey: &Survey<'_>) -> String {
    if executes.is_empty() {
        return format!("{name} runs nothing on this machine.\n");
    }
    let sources = survey.sources();
    let mut text = String::new();
    for execution in executes {
        let _ = writeln!(text, "{}  {}", sources.place(execution.span), sentence(&execution.what));
        for (address, span) in resources(&execution.what, survey) {
            let _ = writeln!(text, "{}    {}", sources.place(span), visible(&address));
        }
    }
    text
}

/// Makes the list as JSON.
pub fn json(executes: &[Execution], survey: &Survey<'_>) -> Json {
    let sources = survey.sources();
    let list = executes.iter().map(|execution| {
        let mut one = described(&execution.what);
        one["place"] = place(execution.span, sources);
        if let Executes::Host(_) = execution.what {
            let resources = resources(&execution.what, survey);
            let resources =
                resources.map(|(address, span)| json!({ "address": address, "place": place(span, sources) }));
            one["resources"] = resources.collect();
        }
        one
    });
    json!({ "format_version": FORMAT_VERSION, "executes": list.collect::<Vec<_>>() })
}

/// Makes the mistakes that `--no-exec` takes it for.
pub fn refusals(executes: &[Execution]) -> Vec<Diagnostic> {
    let refuse = |execution: &Execution| {
        Diagnostic::error(execution.span, format!("--no-exec: {}", sentence(&execution.what)))
            .help("leave --no-exec out only for a spec whose author may run programs as you")
    };
    executes.iter().map(refuse).collect()
}

fn sentence(what: &Executes) -> String {
    match what {
        Executes::Command { secret, words } => {
            format!("the secret `{secret}` is what `{}` prints here", visible(&words.join(" ")))
        }
        Executes::Decryption { secret, program, file } => {
            format!("the secret `{secret}` is what `{program}` decrypts of `{}` here", visible(&shown(file)))
        }
        Executes::SshConfiguration { host, file, line, keyword } => format!(
            "the host `{host}` is reached with `{keyword}` in line {line} of `{}`, which ssh runs here",
            visible(&shown(file))
        ),
        Executes::UnreadSshConfiguration { host, file } => format!(
            "the host `{host}` is reached with `{}`, which the spec may not read; what ssh runs for it here is not known",
            visible(&shown(file))
        ),
        Executes::Host(host) => format!("the host `{host}` is this machine: all that is said of it runs here"),
    }
}

fn described(what: &Executes) -> Json {
    match what {
        Executes::Command { secret, words } => json!({ "kind": "command", "secret": secret, "words": words }),
        Executes::Decryption { secret, program, file } => {
            json!({ "kind": "decryption", "secret": secret, "program": program, "file": file })
        }
        Executes::SshConfiguration { host, file, line, keyword } => {
            json!({ "kind": "ssh_configuration", "host": host, "file": file, "line": line, "keyword": keyword })
        }
        Executes::UnreadSshConfiguration { host, file } => {
            json!({ "kind": "unread_ssh_configuration", "host": host, "file": file })
        }
        Executes::Host(host) => json!({ "kind": "host", "host": host }),
    }
}

/// Returns the resources that are on this machine because a host is.
fn resources<'s>(what: &'s Executes, survey: &'s Survey<'_>) -> impl Iterator<Item = (String, Span)> + 's {
    let all = (0..survey.len()).map(|node| survey.resolved(node));
    let here = all.filter(move |resolved| match what {
        Executes::Host(host) => *resolved.address.host == **host && !resolved.left_alone,
        _ => false,
    });
    here.map(|resolved| (resolved.address.to_string(), resolved.span))
}

fn place(span: Span, sources: &Sources) -> Json {
    let (line, column) = sources.line_column(span);
    json!({ "file": sources.name(span.file), "line": line, "column": column })
}

fn shown(file: &std::path::Path) -> String {
    file.display().to_string()
}
