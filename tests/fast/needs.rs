//! What the programs of a resource use comes before it, whichever kind brings it.

use std::path::Path;

use infra::cli::DiskFiles;
use infra::diagnostic::Sources;
use infra::spec::{Knowledge, LoadOptions, load};
use infra::survey::{Scope, Survey};

/// What comes right before what, of `tests/data/needs`.
const BEFORE: &[(&str, &[&str])] = &[
    (
        "docker_login:registry.example.com",
        &["service:docker", "package:docker-ce-cli", "file:/root/.docker/config.json"],
    ),
    ("docker_image:shop:1", &["docker_login:registry.example.com", "service:docker"]),
    ("docker_image:path:1", &["docker_login:registry.example.com", "docker_login:other.example.com", "service:docker"]),
    ("docker_network:net1", &["service:docker"]),
    ("docker_volume:vol1", &["service:docker"]),
    (
        "git_checkout:/opt/repo",
        &[
            "file:/etc/gitconfig",
            "file:/etc/ssh/ssh_known_hosts",
            "file:/srv/app/.gitconfig",
            "file:/srv/app/.ssh/config",
            "file:/srv/app/.ssh/id_ed25519",
            "file:/srv/app/.ssh/known_hosts",
            "package:git-lfs",
            "package:openssh-client",
        ],
    ),
    ("npm_project:/opt/web", &["file:/opt/web/package.json", "file:/etc/npmrc", "file:/srv/app/.npmrc"]),
    ("database:shop", &["file:/etc/mysql/conf.d/client.cnf"]),
    ("nginx_site:web", &["file:/etc/nginx/conf.d/log.conf"]),
    ("firewall_rule:web", &["file:/etc/ufw/sysctl.conf"]),
    ("npm_package:pm2", &["file:/etc/npmrc", "file:/root/.npmrc"]),
    ("user:app", &["file:/etc/skel/.profile"]),
    ("sudoers:app", &["file:/etc/sudoers"]),
    ("package_repository:private", &["file:/etc/apt/auth.conf.d/private.conf"]),
    ("acme_order:site", &["file:/etc/letsencrypt/cli.ini"]),
    ("package:git", &["file:/etc/apt/preferences.d/pin"]),
    ("pm2_app:api", &["file:/opt/api/env/bin/run", "package:nodejs"]),
    ("pm2_app:web", &["package:nodejs"]),
    (
        "python_env:/opt/env",
        &["directory:/srv/local", "file:/srv/local/pyproject.toml", "file:/etc/pip.conf", "package:python3.11-venv"],
    ),
    ("migration:with-alembic", &["service:postgresql"]),
    ("migration:with-knex", &["service:postgresql", "package:nodejs"]),
    ("download:/opt/zip", &["package:unzip"]),
    ("download:/opt/xz", &["package:xz-utils"]),
    ("command:load", &["file:/usr/local/bin/load", "file:/etc/load.conf"]),
    ("block:in-made-file", &["command:made-file"]),
    ("block:beside-secret", &["command:made-env", "secret:made"]),
    ("setting:/opt/made/json", &["command:made-json"]),
    ("secret:made", &["command:made-env"]),
    ("authorized_key:made", &["command:made-keys"]),
    ("file:/opt/made/key", &["command:made-key"]),
    ("directory:/opt/made/folder", &["command:made-folder"]),
    ("file:/etc/systemd/system/plain.service", &["user:app", "file:/etc/plain.env", "file:/usr/local/bin/load"]),
    ("service:plain", &["file:/etc/systemd/system/plain.service", "service:postgresql"]),
];

#[test]
fn what_programs_use_comes_before_them() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/needs");
    let mut sources = Sources::default();
    let loaded = load(&DiskFiles, &LoadOptions { spec, ..LoadOptions::default() }, &mut sources).unwrap();
    let secrets = Knowledge::nothing(&loaded).secrets;
    let survey = Survey::new(&loaded, &DiskFiles, sources, secrets, &Scope::default()).unwrap();
    let graph = survey.graph();
    let name = |node: usize| {
        let address = &survey.resolved(node).address;
        format!("{}:{}", address.kind, address.name)
    };
    let mut wrong = Vec::new();
    for (then, before) in BEFORE {
        let node = (0..survey.len()).find(|&node| name(node) == *then).unwrap_or_else(|| panic!("there is no {then}"));
        let found: Vec<String> = graph.dependencies(node).map(|(other, _)| name(other)).collect();
        wrong.extend(
            before.iter().filter(|one| !found.contains(&one.to_string())).map(|one| format!("{one} before {then}")),
        );
    }
    assert!(wrong.is_empty(), "no edge:\n{}\n", wrong.join("\n"));
}
