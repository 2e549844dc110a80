//! A fleet as it is in earnest: every application on one of ten hosts, with all that belongs to it, and an environment
//! merged over all of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use infra::model::Secret;
use infra::spec::{LoadOptions, MemoryFiles, SecretState};

const HOSTS: usize = 10;
/// How many resources one application comes to.
const PER_APPLICATION: usize = 50;

/// Loads the environment that is merged over the fleet.
pub fn options() -> LoadOptions {
    LoadOptions { environment: Some("prod".into()), ..LoadOptions::default() }
}

/// Returns the secrets that come from this machine: one for each application.
pub fn secrets(resources: usize) -> BTreeMap<String, SecretState> {
    let secret = |number: usize| Secret::new(format!("secret-of-application-{number}"));
    (0..count(resources)).map(|number| (format!("key_{number}"), SecretState::Known(secret(number)))).collect()
}

fn count(resources: usize) -> usize {
    (resources / PER_APPLICATION).max(1)
}

/// Returns a spec of applications that comes to as many resources: accounts, packages, files with expressions and
/// secrets, units, services that restart, certificates, sites, databases with accounts and migrations, containers,
/// commands, checks, and modules three deep.
pub fn systems(resources: usize) -> MemoryFiles {
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    let mut overlay: BTreeMap<&str, String> = BTreeMap::new();
    let mut vars = String::new();
    for number in 0..count(resources) {
        let _ = writeln!(vars, "    app{number}: {{ port: {}, level: info, tags: [a, b] }}", 1024 + number);
        let _ =
            writeln!(overlay.entry("vars").or_insert_with(|| "  apps:\n".into()), "    app{number}: {{ level: warn }}");
        let _ = writeln!(overlay.entry("users").or_default(), "  app{number}: {{ shell: /bin/bash }}");
        let _ = writeln!(overlay.entry("crons").or_default(), "  rotate app{number}: null");
        application(number, &mut sections);
    }
    let mut spec = String::from("infra: 1\nname: systems\n");
    let _ = write!(spec, "vars:\n  root: /opt\n  apps:\n{vars}hosts:\n");
    for host in 0..HOSTS {
        let _ = writeln!(spec, "  host{host}: {{ labels: {{ rack: r{} }} }}", host % 3);
    }
    for (section, body) in &sections {
        let _ = write!(spec, "{section}:\n{}{body}", common(section));
    }
    let mut env = String::from("infra: 1\n");
    for (section, body) in overlay {
        let _ = write!(env, "{section}:\n{body}");
    }
    MemoryFiles::new()
        .file("infra.yaml", spec)
        .file("env/prod.yaml", env)
        .file("app.conf.j2", "# {{ each.value }} of {{ host.name }}\nroot = {{ vars.root }}\n")
        .file("schema/001_first.sql", "CREATE TABLE a (id INT);\n")
        .file("schema/002_second.sql", "ALTER TABLE a ADD b INT;\n")
        .file("site/module.yaml", SITE)
        .file("site/page.j2", "{{ inputs.name }}: {{ each.value.title }}\n")
        .file("part/module.yaml", PART)
        .file("leaf/module.yaml", LEAF)
}

/// What each host has once.
fn common(section: &str) -> &'static str {
    match section {
        "packages" => "  mariadb-server: {}\n  nginx: {}\n  docker.io: {}\n  openssl: {}\n",
        "services" => {
            "  mariadb: { running: true }\n  docker: { running: true }\n  \
             nginx: { running: true, reload_on: [\"nginx_site:*\"] }\n"
        }
        _ => "",
    }
}

/// A list of mappings, a module in it, and one in that.
const SITE: &str = "infra: 1
inputs:
  name: text
  port: { type: integer, default: 80 }
  pages: { type: list, items: { type: mapping, keys: { title: text } } }
directories:
  '/opt/{{ inputs.name }}/pages': { owner: '{{ inputs.name }}', mode: '0750' }
files:
  '/opt/{{ inputs.name }}/pages/{{ each.key }}.txt':
    for_each: '{{ inputs.pages }}'
    template: page.j2
    owner: '{{ inputs.name }}'
modules:
  part: { source: ../part, with: { folder: '/opt/{{ inputs.name }}/pages' } }
outputs:
  address: '{{ inputs.name }}:{{ inputs.port }}'
";

const PART: &str = "infra: 1
inputs: { folder: text }
files:
  '{{ inputs.folder }}/part.txt': { content: '{{ modules.leaf.path }}' }
modules:
  leaf: { source: ../leaf, with: { folder: '{{ inputs.folder }}' } }
";

const LEAF: &str = "infra: 1
inputs: { folder: text }
vars: { name: leaf.txt }
files:
  '{{ inputs.folder }}/{{ vars.name }}': { content: leaf }
outputs: { path: '{{ inputs.folder }}/{{ vars.name }}' }
";

fn application(number: usize, sections: &mut BTreeMap<&str, String>) {
    let app = format!("app{number}");
    let on = format!("on: host{}", number % HOSTS);
    let owned = format!("owner: {app}, group: {app}, {on}");
    let port = 1024 + number;
    let mut add = |section, text: String| {
        let body: &mut String = sections.entry(section).or_default();
        body.push_str("  ");
        body.push_str(&text);
        body.push('\n');
    };
    add("secrets", format!("key_{number}: {{ env: KEY_{number} }}"));
    add(
        "secrets",
        format!(
            "password_{number}: {{ generate: {{ length: 24 }}, \
             keep: {{ path: /etc/{app}.env, key: PASSWORD, host: host{} }} }}",
            number % HOSTS
        ),
    );
    add("groups", format!("{app}: {{ {on} }}"));
    add("users", format!("{app}: {{ group: {app}, {on} }}"));
    for part in ["server", "tools"] {
        add("packages", format!("{app}-{part}: {{ {on} }}"));
    }
    for part in ["", "/conf", "/data", "/log"] {
        add("directories", format!("/opt/{app}{part}: {{ {owned}, mode: \"0750\" }}"));
    }
    add(
        "files",
        format!(
            "\"{{{{ vars.root }}}}/{app}/conf/{{{{ each.value }}}}.conf\": \
             {{ for_each: [a, b, c, d, e, f, g, h], template: app.conf.j2, {owned} }}"
        ),
    );
    for file in 0..8 {
        add(
            "files",
            format!(
                "/opt/{app}/conf/{file}.ini: {{ content: \"port={{{{ vars.apps.{app}.port }}}} \
                 level={{{{ vars.apps.{app}.level }}}} at={{{{ modules.site_{app}.address }}}}\", {owned} }}"
            ),
        );
    }
    add("files", format!("/opt/{app}/key: {{ content: \"{{{{ secrets.key_{number} }}}}\", mode: \"0600\", {owned} }}"));
    add(
        "files",
        format!("/opt/{app}/env: {{ content: \"P={{{{ secrets.password_{number} }}}}\", mode: \"0600\", {owned} }}"),
    );
    add("units", format!("{app}.service: {{ content: \"[Service]\\nExecStart=/opt/{app}/run\", {on} }}"));
    add(
        "services",
        format!("{app}: {{ running: true, restart_on: [\"file:/opt/{app}/conf/**\", \"file:/opt/{app}/env\"], {on} }}"),
    );
    add("crons", format!("clean {app}: {{ schedule: \"@daily\", command: clean {app}, user: {app}, {on} }}"));
    add("crons", format!("rotate {app}: {{ schedule: \"@daily\", command: rotate {app}, {on} }}"));
    add(
        "certs",
        format!("{app}.test: {{ issuer: self_signed, dir: /etc/ssl/{app}, group: {app}, reload: [nginx], {on} }}"),
    );
    add(
        "nginx_sites",
        format!(
            "{app}: {{ content: \"server {{ listen 443 ssl; ssl_certificate /etc/ssl/{app}/fullchain.pem; \
             root /opt/{app}/data; }}\", {on} }}"
        ),
    );
    add("databases", format!("{app}: {{ engine: mysql, {on} }}"));
    for user in ["reader", "writer"] {
        add(
            "database_users",
            format!(
                "{user}{number}@localhost: {{ engine: mysql, password: \"{{{{ secrets.key_{number} }}}}\", \
                 grants: {{ \"{app}.*\": [SELECT, INSERT] }}, {on} }}"
            ),
        );
    }
    add("migrations", format!("{app}: {{ engine: mysql, dir: schema, {on} }}"));
    add(
        "compose_projects",
        format!(
            "{app}: {{ dir: /srv/{app}, env: {{ KEY: \"{{{{ secrets.key_{number} }}}}\" }}, \
             services: {{ web: {{ image: nginx, ports: [\"127.0.0.1:{port}:80\"], \
             volumes: [\"/opt/{app}/conf:/etc/nginx/conf.d:ro\"] }} }}, {on} }}"
        ),
    );
    add("commands", format!("index {app}: {{ run: index, creates: /opt/{app}/data/index, as: {app}, {on} }}"));
    add(
        "commands",
        format!(
            "warm {app}: {{ run: warm, creates: /opt/{app}/data/warm, \
             depends_on: [\"command:index {app}\", \"service:{app}\"], {on} }}"
        ),
    );
    add("checks", format!("{app}: {{ tcp: \"127.0.0.1:{port}\", {on} }}"));
    add(
        "modules",
        format!(
            "site_{app}: {{ source: site, with: {{ name: {app}, pages: [{{ title: a }}, {{ title: b }}] }}, {on} }}"
        ),
    );
}
