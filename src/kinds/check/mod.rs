//! `check`: something that must hold once everything is in place.

mod expectation;

use crate::model::{Arg, Changes, Expect, Probe, ProbeOutput, Row, Secret, Step, Value};
use crate::{expect, records, row, rows};

use crate::resource::batch::parse_all;
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Mode, Observation, Phase, Planned, Resource, Shape, Space,
};

use expectation::{Expectation, Wanted};

/// Something that must hold once everything is in place.
pub struct Check;

/// What is looked at, and what must be seen.
#[derive(Clone, Debug)]
pub struct Desired {
    form: Form,
    expectations: Vec<Expectation>,
    /// How long an apply waits for it, in seconds.
    within: u64,
    /// How long an apply waits between looks, in seconds.
    every: u64,
}

/// How it is looked at.
#[derive(Clone, Debug)]
enum Form {
    Http {
        /// A curl configuration: URL, headers, whether certificates are checked.
        config: Arg,
    },
    Tcp {
        host: String,
        port: String,
    },
    Command(Arg),
    /// A check that should be absent.
    None,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    holds: bool,
    /// For each expectation that was looked at, its number, whether it holds, and what was seen.
    seen: Vec<(usize, bool, String)>,
    /// Why there was no answer to look at.
    silent: Option<String>,
}

rows! {
    include_str!("look.sh") => struct Looked { form, within, every; more }
    include_str!("look.sh") => struct Tcp { host, port }
    include_str!("look.sh") => struct OfCommand { user, text }
    include_str!("look.sh") => struct Http { config, statuses; more }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "ok" => Good,
        "bad" => Bad,
        "no-user" => NoUser,
        "no-tool" => NoTool,
        "answer" => Silent { verdict, seen },
        _ => Expectation { number, verdict, seen },
    }
}

impl Kind for Check {
    const KIND: &'static str = "check";
    const SECTION: &'static str = "checks";
    const KIND_MODE: Mode = Mode::Check;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional("http", Shape::Text, "A URL that is fetched from the host: http:// or https://."),
        Attribute::optional(
            "status",
            Shape::Either(&[STATUS, Shape::List(&STATUS)]),
            "The HTTP status, or several of which any will do; 200 where left out.",
        ),
        Attribute::optional(
            "json",
            Shape::Map(&Shape::Any),
            "What the JSON body must hold: from paths such as `status` or `items.0.name` to values.",
        ),
        Attribute::optional(
            "contains",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "Texts that the body must contain.",
        ),
        Attribute::optional("headers", Shape::Map(&Shape::Scalar), "Headers of the request; they may be secret."),
        Attribute::default("insecure", Shape::Bool, "false", "Takes any certificate."),
        Attribute::optional("tcp", Shape::Text, "HOST:PORT, which must accept a connection from the host."),
        Attribute::optional("command", Shape::Text, "A command run by `sh`, which must succeed; it may be secret."),
        Attribute::default("within", Shape::Duration, "30s", "How long an apply waits until it holds."),
        Attribute::default("every", Shape::Duration, "1s", "How long an apply waits between two looks."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "Something that must hold once everything is in place.",
        name: "Any words that say what it is about.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let forms: Vec<&str> = ["http", "tcp", "command"].into_iter().filter(|form| fields.has(form)).collect();
        match forms.as_slice() {
            [_] => {}
            _ if fields.is_absent() => {}
            [] => fields.error("http", "a check needs one of `http`, `tcp` and `command`", "add the one it is about"),
            [_, second, ..] => {
                fields.error(second, "a check has one of `http`, `tcp` and `command`", "make it two checks")
            }
        }
        let form = forms.first().copied().filter(|_| !fields.is_absent()).unwrap_or_default();
        if form != "http" && !fields.is_absent() {
            for only in ["status", "json", "contains", "headers"] {
                if fields.has(only) {
                    fields.error(only, format!("`{only}` is about an answer to `http`"), "take it away");
                }
            }
        }
        let (form, expectations) = match form {
            "http" => (http(fields), expectation::of_http(fields)),
            "tcp" => (tcp(fields), vec![Expectation::new("connection", "open", Wanted::Open)]),
            "command" => {
                let text = fields.arg("command").unwrap_or_else(|| Arg::Plain(String::new()));
                (Form::Command(text), vec![Expectation::new("exit status", "0", Wanted::Success)])
            }
            _ => (Form::None, Vec::new()),
        };
        let mut seconds = |attribute| fields.duration(attribute).unwrap_or_default().as_millis().div_ceil(1000) as u64;
        Desired { form, expectations, within: seconds("within"), every: seconds("every").max(1) }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        Claims::new().phase(Phase::Check).requires_some(Space::USER, resource.run_as.as_ref())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let script = concat!(include_str!("look.sh"), include_str!("probe.sh"));
        let mut probe = Probe::new(script, all.iter().map(|resource| check_row(resource)).collect());
        probe.timeout = std::time::Duration::from_secs(20);
        probe
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_all(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("holds", observed.holds.into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else { return changes };
        if observed.holds {
            return changes;
        }
        if let Some(reason) = &observed.silent {
            let expected = resource.desired.expectations.first().map(|expectation| expectation.words());
            changes.push("answer", reason.as_str(), expected);
        }
        for (number, _, seen) in observed.seen.iter().filter(|(_, holds, _)| !holds) {
            if let Some(expectation) = resource.desired.expectations.get(*number) {
                changes.push(&expectation.label, expectation.seen(seen), expectation.shown.clone());
            }
        }
        if changes.is_empty() {
            changes.push("holds", false, true);
        }
        changes
    }

    fn expected(_resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(expect![Seen::Good])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let rows = batch.iter().map(|planned| check_row(planned.resource)).collect();
        let longest = batch.iter().map(|planned| planned.resource.desired.within).max().unwrap_or_default();
        let purpose = match batch {
            [planned] => format!("wait until {} holds", planned.resource.name()),
            _ => format!("wait until {} checks hold", batch.len()),
        };
        let script = concat!(include_str!("look.sh"), include_str!("wait.sh"));
        let timeout = std::time::Duration::from_secs(longest + 30);
        vec![Step::new(script, (0..batch.len()).collect(), purpose).rows(rows).timeout(timeout)]
    }
}

const STATUS: Shape = Shape::Integer { min: 100, max: 599 };

fn http(fields: &mut Fields<'_>) -> Form {
    let url = fields.text("http").unwrap_or_default();
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    if rest.is_empty() || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        fields.error("http", format!("`{url}` is not a URL"), "write it as http://HOST:PORT/PATH, without spaces");
    }
    let mut config = format!("url = {}\n", quoted(&url));
    let mut is_secret = false;
    for (name, value) in fields.args("headers") {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        if !is_name || value.expose().contains(['\r', '\n', '\0']) {
            let help = "a name has no spaces or colons, a value is one line";
            fields.error("headers", format!("`{name}` is not a header"), help);
        }
        is_secret |= matches!(value, Arg::Secret(_));
        config.push_str(&format!("header = {}\n", quoted(&format!("{name}: {}", value.expose()))));
    }
    if fields.bool("insecure") == Some(true) {
        config.push_str("insecure\n");
    }
    Form::Http { config: if is_secret { Arg::Secret(Secret::new(config)) } else { Arg::Plain(config) } }
}

/// Quotes a value of a curl configuration (curl(1), `--config`) so that it is a JSON string as well.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t"))
}

fn tcp(fields: &mut Fields<'_>) -> Form {
    let text = fields.text("tcp").unwrap_or_default();
    let (host, port) = text.rsplit_once(':').unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_host = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte));
    if !is_host || port.parse::<u16>().map_or(true, |port| port == 0) {
        fields.error("tcp", format!("`{text}` is not HOST:PORT"), "write it as 127.0.0.1:5432 or [::1]:5432");
    }
    Form::Tcp { host: host.to_string(), port: port.to_string() }
}

fn check_row(resource: &Resource<Desired>) -> Row {
    let Desired { form, expectations, within, every } = &resource.desired;
    let (form, more) = match form {
        Form::None => ("none", Row::new()),
        Form::Tcp { host, port } => ("tcp", row![Tcp { host, port }]),
        Form::Command(text) => ("command", row![OfCommand { user: resource.run_as.as_ref(), text: text.clone() }]),
        Form::Http { config } => {
            let statuses = expectations.iter().find_map(Expectation::statuses);
            let mut row = row![Http { config: config.clone(), statuses }];
            row.extend(expectations.iter().enumerate().flat_map(|(number, expectation)| expectation.fields(number)));
            ("http", row)
        }
    };
    let mut row = row![Looked { form, within: *within, every: *every }];
    row.extend(more);
    row
}

fn observation(first: Seen<'_>, more: &[Seen<'_>], resource: &Resource<Desired>) -> Observation<Observed> {
    if resource.is_absent() {
        // Nothing is looked at, so that nothing can fail.
        return Observation::Present(Observed { holds: true, seen: Vec::new(), silent: None });
    }
    match first {
        verdict @ (Seen::Good | Seen::Bad) => {
            let silent = more.iter().find_map(|seen| match seen {
                Seen::Silent { seen, .. } => Some(seen.to_string()),
                _ => None,
            });
            let seen = more.iter().filter_map(|seen| match seen {
                Seen::Expectation { number, verdict, seen } => {
                    Some((number.parse().ok()?, *verdict == "ok", seen.to_string()))
                }
                _ => None,
            });
            Observation::Present(Observed { holds: matches!(verdict, Seen::Good), seen: seen.collect(), silent })
        }
        Seen::NoUser => Observation::Later {
            needs: Claim::new(Space::USER, resource.run_as.clone().unwrap_or_default()),
            reason: "the user it runs as is not there yet".into(),
        },
        Seen::NoTool => {
            let (program, reason) = match resource.desired.form {
                Form::Tcp { .. } => ("python3", "neither bash nor python3 is there to open a connection with"),
                _ => ("curl", "neither curl nor python3 is there to ask with"),
            };
            Observation::Later { needs: Claim::new(Space::PROGRAM, program), reason: reason.into() }
        }
        Seen::Silent { .. } | Seen::Expectation { .. } => {
            Observation::Failed("the probe does not say whether it holds".into())
        }
    }
}
