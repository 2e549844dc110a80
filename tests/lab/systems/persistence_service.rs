//! A service with a database, its migrations and nginx before it.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use infra::lab::Release;

use super::driver::{break_and_mend, root, wait_for};
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

/// Takes a bare host to the system, and keeps it there.
pub fn lives() {
    // The guide's pins of Python packages have no wheels for a newer Python than Debian 12's.
    let mut host = LabHost::boot("persistence", Release::Bookworm);
    let infra = Infra::new(&root().join("specs/persistence-service"), &host.inventory());

    // The plan of a bare host is complete: there is no database server yet, and everything is in it.
    let plan = infra.plan();
    plan.assert_no_problems();
    for local in ["database:ai_terminal", "database_user:persistence@localhost", "migration:ai_terminal"] {
        assert_eq!(plan.resource(local)["action"], "create", "{}", plan.said);
    }
    assert!(plan.said.contains("001_translation_sessions.sql"), "pending migrations are named: {}", plan.said);

    infra.apply_in_order_of_seed();
    infra.plan().assert_empty("after apply");
    let health = host.check("curl -fsS http://localhost:8001/health");
    assert!(health.contains(r#""status":"healthy""#) && health.contains(r#""database":"healthy""#), "{health}");
    let post = "curl -fsS -X POST -H 'Content-Type: application/json' http://localhost:8001/api/v1/persistence";
    // Each of the two workers has a buffer of its own, so both are asked to write.
    host.check(&format!("{post}/sessions/batch -d '{{\"sessions\": [{{\"session_id\": \"s1\"}}]}}'"));
    host.check(&format!("for i in 1 2 3 4 5 6 7 8 9 10; do {post}/flush; done"));
    assert!(host.check("curl -fsS http://localhost:8001/api/v1/persistence/stats").contains("flush_count_today"));
    host.check("curl -fsS -H 'Host: persistence.example.com' http://127.0.0.1/api/v1/persistence/stats");
    wait_for(&host, "mariadb -N ai_terminal -e 'SELECT COUNT(*) FROM translation_sessions'", "1");
    assert!(host.check("mariadb -N ai_terminal -e 'SHOW TABLES'").contains("translation_tasks"));
    // This machine is neither the host itself nor the trusted client; nginx is for everybody.
    assert!(TcpStream::connect_timeout(&socket(&host, 8001), Duration::from_secs(3)).is_err(), "8001 is open");
    assert!(TcpStream::connect_timeout(&socket(&host, 80), Duration::from_secs(3)).is_ok(), "80 is closed");

    break_and_mend(&host, &infra, "persistence-service");

    // Without its server nothing can be said of the database: that is no error, as the plan starts the server.
    host.check("systemctl stop mariadb");
    let plan = infra.plan();
    plan.assert_no_problems();
    assert!(plan.names().contains("service:mariadb"), "{}", plan.said);
    infra.apply();
    infra.plan().assert_empty("after the database server was stopped");

    // An upgrade: what is buffered is written, the database is dumped before the migration, and the service restarts.
    let password = host.check("cat /etc/persistence-service/credentials");
    let report = infra.option("--rotate").option("db_password").apply();
    assert!(report.outcomes("applied").contains("service:persistence-service"), "{}", report.said);
    assert_ne!(host.check("cat /etc/persistence-service/credentials"), password);
    infra.plan().assert_empty("after the rotation");

    host.reboot();
    host.check("systemctl is-system-running --wait");
    infra.apply().assert_applied(&[], "a reboot");
    infra.plan().assert_empty("after a reboot");

    // The cron job's mail is on its way once the service is down.
    host.check("systemctl stop persistence-service");
    host.check("sh -c \"$(sed -n 's/^[^#].* root //p' /etc/cron.d/infra-persistence-health)\"");
    // The host's own cron may have sent one more meanwhile.
    wait_for(&host, "journalctl -t dma | grep -q 'mail to=<admin@example.com>' && echo sent", "sent");
}

fn socket(host: &LabHost, port: u16) -> SocketAddr {
    format!("{}:{port}", host.address()).parse().unwrap()
}
