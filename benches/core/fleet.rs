//! A fleet of any size in memory: a spec with the usual mixture of resources, and hosts that answer its probes.

use std::collections::BTreeMap;
use std::fmt::Write;

use infra::model::Observed;
use infra::model::{Arg, Probe, ProbeOutput, ProbeStatus, Record, Row};
use infra::spec::MemoryFiles;
use infra::survey::Survey;

/// How many hosts a fleet has.
const HOSTS: usize = 10;
/// How many resources one application comes to on a host.
const PER_APPLICATION: usize = 50;

/// What hosts answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing of it is there.
    Bare,
    /// Everything is as the spec wants it.
    InPlace,
}

/// Returns a spec of applications on ten hosts that comes to as many resources: users, packages, folders, files with
/// templates and `for_each`, units, services, jobs, and a module used once an application.
pub fn applications(resources: usize) -> MemoryFiles {
    let mut spec = String::from("infra: 1\nname: fleet\nvars: { root: /opt, level: info, port: 8000 }\nhosts:\n");
    for host in 0..HOSTS {
        let _ = writeln!(spec, "  host{host}: {{ labels: {{ env: prod }} }}");
    }
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    for number in 0..(resources / HOSTS / PER_APPLICATION).max(1) {
        application(number, &mut sections);
    }
    for (section, body) in sections {
        let _ = write!(spec, "{section}:\n{body}");
    }
    MemoryFiles::new()
        .file("infra.yaml", spec)
        .file(
            "app.conf.j2",
            "# {{ each.value }} on {{ host.name }}\nlevel = {{ vars.level }}\nport = {{ vars.port }}\n",
        )
        .file(
            "app.unit.j2",
            "[Service]\nExecStart={{ vars.root }}/bin/app\nUser=root\n[Install]\nWantedBy=multi-user.target\n",
        )
        .file("logo.svg", "<svg/>\n")
        .file("site/module.yaml", SITE)
        .file("site/site.conf.j2", "server_name {{ inputs.name }};\nlisten {{ inputs.port }};\n# {{ each.value }}\n")
}

const SITE: &str = "infra: 1
inputs: { name: { type: text }, port: { type: integer, default: 80 } }
directories:
  '/opt/{{ inputs.name }}/site': { owner: '{{ inputs.name }}', group: '{{ inputs.name }}', mode: '0750' }
  '/opt/{{ inputs.name }}/logs': { owner: '{{ inputs.name }}', group: '{{ inputs.name }}', mode: '0750' }
files:
  '/opt/{{ inputs.name }}/site/{{ each.value }}.conf':
    for_each: [a, b, c, d, e, f, g, h, i]
    template: site.conf.j2
    owner: '{{ inputs.name }}'
    group: '{{ inputs.name }}'
    mode: '0640'
crons:
  'rotate {{ inputs.name }}': { schedule: '5 3 * * *', command: 'rotate {{ inputs.name }}' }
";

fn application(number: usize, sections: &mut BTreeMap<&str, String>) {
    let name = format!("app{number}");
    let of_application = format!("owner: {name}, group: {name}");
    let mut add = |section, text: String| sections.entry(section).or_default().push_str(&text);
    add("groups", format!("  {name}: {{}}\n"));
    add("users", format!("  {name}: {{ group: {name} }}\n"));
    for part in ["server", "client", "tools"] {
        add("packages", format!("  {name}-{part}: {{}}\n"));
    }
    add("directories", format!("  \"{{{{ vars.root }}}}/{name}\": {{ {of_application}, mode: \"0750\" }}\n"));
    add("directories", format!("  /opt/{name}/conf: {{ {of_application}, mode: \"0750\" }}\n"));
    add(
        "directories",
        format!(
            "  \"/opt/{name}/{{{{ each.value }}}}\":\n    for_each: [a, b, c, d]\n    {}\n    mode: \"0750\"\n",
            of_application.replace(", ", "\n    ")
        ),
    );
    add(
        "files",
        format!(
            "  \"{{{{ vars.root }}}}/{name}/conf/{{{{ each.value }}}}.conf\":\n    \
             for_each: [a, b, c, d, e, f, g, h, i, j, k, l]\n    template: app.conf.j2\n    {}\n    mode: \"0640\"\n",
            of_application.replace(", ", "\n    ")
        ),
    );
    for file in 0..8 {
        add(
            "files",
            format!(
                "  /opt/{name}/a/{file}.ini:\n    content: |\n      level={{{{ vars.level }}}}\n      host={{{{ host.name }}}}\n    \
                 {}\n    mode: \"0640\"\n",
                of_application.replace(", ", "\n    ")
            ),
        );
    }
    for file in 0..4 {
        add("files", format!("  /opt/{name}/b/{file}.svg: {{ source: logo.svg, {of_application}, mode: \"0640\" }}\n"));
    }
    add("units", format!("  {name}.service: {{ template: app.unit.j2 }}\n"));
    add(
        "services",
        format!("  {name}: {{ running: true, enabled: true, restart_on: [\"file:/opt/{name}/conf/**\"] }}\n"),
    );
    add("crons", format!("  clean {name}: {{ schedule: \"@daily\", command: clean {name} }}\n"));
    add("modules", format!("  site-{name}: {{ source: site, with: {{ name: {name}, port: 80 }} }}\n"));
}

/// Returns a spec that writes every resource out, all of them on one host: folders of a hundred files each.
pub fn written_out(resources: usize) -> MemoryFiles {
    let mut spec = String::from("infra: 1\nname: wide\nhosts: { host0: {} }\ndirectories:\n");
    for folder in 0..resources.div_ceil(100) {
        let _ = writeln!(spec, "  /opt/app{folder}: {{ owner: root, group: root, mode: \"0750\" }}");
    }
    spec.push_str("files:\n");
    for file in 0..resources - resources.div_ceil(100) {
        let folder = file / 100;
        let _ = writeln!(
            spec,
            "  /opt/app{folder}/{file}.conf: {{ content: \"number = {file}\", owner: root, group: root, mode: \"0640\" }}"
        );
    }
    MemoryFiles::new().file("infra.yaml", spec)
}

/// Makes up what each host answers to what a survey wants to know.
pub fn answers(survey: &Survey<'_>, state: State) -> Vec<(String, Observed)> {
    let mut counts: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for address in (0..survey.len()).map(|node| &survey.resolved(node).address) {
        *counts.entry(address.host.to_string()).or_default().entry(address.kind.to_string()).or_default() += 1;
    }
    let answer = |(host, sections): (String, Vec<_>)| {
        let told = answer(&sections, &counts[&host], state);
        (host, told)
    };
    survey.wanted().into_iter().map(answer).collect()
}

/// Answers the probes of one host; `counts` says how many resources of a kind it has.
fn answer(sections: &[(String, Probe)], counts: &BTreeMap<String, usize>, state: State) -> Observed {
    let sections = sections
        .iter()
        .map(|(kind, probe)| {
            // Some kinds ask about several resources in one row; nothing is known of their names then.
            let count = counts.get(kind).copied().unwrap_or_default();
            let row = |index: usize| if probe.rows.len() == count { probe.rows.get(index) } else { None };
            let mut records: Vec<Record> = (0..count)
                .flat_map(|index| {
                    records(kind, row(index), state).into_iter().map(move |fields| Record { index, fields })
                })
                .collect();
            // Which variant the host has is said last.
            let variant = match kind.as_str() {
                "package" | "package_repository" => Some("apt"),
                "nginx_site" => Some("sites_enabled"),
                _ => None,
            };
            let variant = variant.map(|variant| Record { index: 0, fields: vec!["variant".into(), variant.into()] });
            records.extend(variant);
            (kind.clone(), ProbeOutput { status: ProbeStatus::Done, records, messages: Vec::new() })
        })
        .collect();
    Observed { sections, ..Observed::default() }
}

fn records(kind: &str, row: Option<&Row>, state: State) -> Vec<Vec<String>> {
    let name = row.and_then(|row| row.first()).map_or("", Arg::expose);
    let hash = row.and_then(|row| row.get(1)).map_or("", Arg::expose);
    // `/opt/NAME/…` belongs to NAME where applications make it.
    let owner = match name.split('/').nth(2) {
        Some(owner) if kind == "file" || kind == "directory" => owner,
        _ => "root",
    };
    let records: &[&[&str]] = match (state, kind) {
        (State::Bare, "service") => &[&["stopped", "disabled", "not-found", "inactive", "dead", ""]],
        (State::Bare, "user" | "group") => &[&["absent"]],
        (State::Bare, "nginx_site") => &[&["absent"], &["link", "no", "", "no-nginx"]],
        (State::Bare, "database") => &[&["absent", "", "", ""]],
        (State::Bare, "database_user") => &[&["absent", ""]],
        (State::Bare, "migration") => &[&["error", "ERROR 1146 (42S02): Table 'app.schema_migrations' doesn't exist"]],
        (State::Bare, "compose_project") => &[&["absent"], &["docker", "ok"]],
        (State::Bare, "command") => &[&["wanted"]],
        (State::Bare, "check") => &[&["bad"], &["0", "bad", "Connection refused"]],
        (State::Bare, _) => &[&["absent"]],
        (State::InPlace, "file") => &[&["file", owner, owner, "0640", "7", hash]],
        (State::InPlace, "unit" | "cron") => &[&["file", "root", "root", "0644", "7", hash]],
        (State::InPlace, "directory") => &[&["directory", owner, owner, "0750"]],
        (State::InPlace, "user") => &[&["present", "1000", name, "/home/app", "/bin/sh", "yes", "yes", "", "", "", ""]],
        (State::InPlace, "group") => &[&["present", "1000"]],
        (State::InPlace, "package") => &[&["installed", "matches", "1.0", ""]],
        (State::InPlace, "service") => &[&["running", "enabled", "loaded", "active", "running", "enabled"]],
        (State::InPlace, other) => unreachable!("no fleet has a {other} in place"),
    };
    records.iter().map(|fields| fields.iter().map(|field| (*field).to_string()).collect()).collect()
}
