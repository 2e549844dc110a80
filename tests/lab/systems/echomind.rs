//! A system of containers: a database with vectors, a cache, a backend, a worker and a frontend.

use infra::lab::Release;

use super::driver::{break_and_mend, root, wait_for};
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

/// Takes a bare host to the system, and keeps it there.
pub fn lives() {
    // The images need pgvector, which Debian has from 13 on, and their base is made of the host's own tree.
    let mut host = LabHost::boot_for_containers("echomind", Release::Trixie);
    let keys = ["sk-openai-0123456789", "gm-gemini-0123456789"];
    let infra = Infra::new(&root().join("specs/echomind"), &host.inventory())
        .environment("lab")
        .variable("OPENAI_API_KEY", keys[0])
        .variable("GEMINI_API_KEY", keys[1]);

    let plan = infra.plan();
    plan.assert_no_problems();
    for local in ["docker_image:echomind/postgres:latest", "compose_project:echomind", "migration:echomind_db"] {
        assert_eq!(plan.resource(local)["action"], "create", "{}", plan.said);
    }
    let report = infra.apply_in_order_of_seed();
    infra.plan().assert_empty("after apply");
    is_mindful(&host);

    // Emails go through both: the database keeps them, the cache queues them, the worker gives them vectors.
    let post = "curl -fsS -X POST http://localhost:8080/api/v1/emails -d";
    host.check(&format!(
        "{post} '{{\"user\": 1, \"subject\": \"hello\"}}' && {post} '{{\"user\": 1, \"subject\": \"other\"}}'"
    ));
    let analyzed = "curl -fsS 'http://localhost:8080/api/v1/emails?user=1' | grep -o '\"analyzed\": true' | wc -l";
    wait_for(&host, analyzed, "2");
    assert!(host.check("curl -fsS 'http://localhost:8080/api/v1/search?like=hello'").starts_with(r#"["hello""#));

    // No secret is where anybody can see it: in containers' settings, argument lists, plans or reports.
    let credentials = host.check("sed 's/^[^=]*=//' /etc/echomind/credentials");
    let seen = host.check(
        "docker inspect $(docker ps -aq); cat /proc/[0-9]*/cmdline | tr '\\000' ' '; cat /opt/echomind/compose.yaml",
    );
    for secret in credentials.lines().chain(keys) {
        assert!(secret.len() >= 16 && !seen.contains(secret), "a secret is shown on the host");
        assert!(!plan.said.contains(secret) && !report.said.contains(secret), "a secret is in a plan or report");
    }

    // A backup of each, and both brought back.
    host.check("docker exec echomind-redis redis-cli SET keep me && systemctl start echomind-redis-backup");
    host.check("systemctl start infra-backup-echomind-database");
    host.check("docker exec echomind-redis redis-cli FLUSHALL && docker exec echomind-postgres psql -q -U echomind -d echomind_db -c 'DELETE FROM emails'");
    host.check("/usr/local/lib/echomind/redis-backup restore /backup/echomind/echomind-redis-*.rdb.gz");
    host.check(
        "infra-backup-echomind-database restore $(cd /backup/echomind && ls echomind-database-*.sql.gz | head -n 1)",
    );
    assert_eq!(host.check("docker exec echomind-redis redis-cli GET keep"), "me\n");
    wait_for(&host, analyzed, "2");
    infra.plan().assert_empty("after the restore");

    break_and_mend(&host, &infra, "echomind");

    // Without its server nothing can be said of migrations: that is no error, as the plan starts the server.
    host.check("docker rm -f echomind-postgres");
    let plan = infra.plan();
    plan.assert_no_problems();
    assert!(plan.said.contains("postgres: no container → create"), "{}", plan.said);
    infra.apply();
    infra.plan().assert_empty("after the database's container was removed");
    wait_for(&host, analyzed, "2");

    host.reboot();
    host.check("systemctl is-system-running --wait || true");
    infra.apply().assert_applied(&[], "a reboot");
    infra.plan().assert_empty("after a reboot");
    is_mindful(&host);
    wait_for(&host, analyzed, "2");
    assert_eq!(host.check("docker exec echomind-redis redis-cli GET keep"), "me\n");

    // A value that two services read restarts those two.
    let started = "docker inspect -f '{{.Name}} {{.State.StartedAt}}' $(docker ps -aq) | sort";
    let before = host.check(started);
    let changed = infra.variable("INFRA_VAR_jwt_hours", "72");
    changed.apply().assert_applied(
        &["file:/opt/echomind/config/config.yaml".into(), "compose_project:echomind".into()],
        "another value",
    );
    let after = host.check(started);
    let others: Vec<&str> =
        before.lines().filter(|line| !after.contains(line)).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(others, ["/echomind-backend", "/echomind-worker"]);
    changed.plan().assert_empty("after another value");
    commands_run_inside(&host);
}

/// A guarded command in a container runs once.
#[track_caller]
fn commands_run_inside(host: &LabHost) {
    let folder = tempfile::tempdir().unwrap();
    let spec = r#"
infra: 1
name: inside
hosts: { app1: {} }
commands:
  comment:
    in: compose_project:echomind/postgres
    as: postgres
    run: psql -q -U echomind -d echomind_db -c "COMMENT ON TABLE emails IS '$NOTE'"
    unless: psql -U echomind -d echomind_db -Atc "SELECT obj_description('emails'::regclass)" | grep -qx "$NOTE"
    environment: { NOTE: written inside }
"#;
    std::fs::write(folder.path().join("infra.yaml"), spec).unwrap();
    let infra = Infra::new(folder.path(), &host.inventory());
    infra.apply().assert_applied(&["command:comment".into()], "a command in a container");
    infra.plan().assert_empty("after a command in a container");
}

/// Asks what EchoMind's guide asks.
#[track_caller]
fn is_mindful(host: &LabHost) {
    host.check("docker exec echomind-postgres pg_isready");
    host.check("docker exec echomind-postgres psql -U echomind -d echomind_db -c 'SELECT 1;'");
    assert!(host.check("curl -fsS http://localhost:8080/health").contains(r#""status": "healthy""#));
    assert!(host.check("curl -fsS http://localhost:3000").contains("EchoMind"));
    let indexes = host.check("docker exec echomind-postgres psql -U echomind -d echomind_db -Atc '\\di'");
    assert!(indexes.contains("idx_email_user") && indexes.contains("idx_embedding_vector"), "{indexes}");
    assert!(host.check("docker exec echomind-redis redis-cli CONFIG GET maxmemory-policy").contains("allkeys-lru"));
    assert!(host.check("docker exec echomind-redis redis-cli CONFIG GET appendonly").contains("yes"));
    assert!(host.check("docker volume ls && docker network ls").contains("echomind_postgres_data"));
    host.check("systemctl is-active echomind-watch echomind-redis-backup.timer infra-backup-echomind-database.timer");
}
