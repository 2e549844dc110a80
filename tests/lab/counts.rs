//! What observing an unchanged host costs, in requests and processes; never in seconds.
use std::fmt::Write;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, text};

/// What `--stats` counts for app1.
struct Stats {
    logins: u64,
    frames: u64,
    processes: u64,
    sent: u64,
    received: u64,
}

#[track_caller]
fn stats(infra: &Infra) -> Stats {
    let output = infra.run("plan", &["--stats", "--detailed-exitcode"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "the plan is not empty: {}{said}", text(&output.stdout));
    let line = said.lines().find(|line| line.starts_with("stats app1:")).expect("--stats prints a line for each host");
    let count = |word: &str| -> u64 {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|each| each.trim_end_matches(',') == word).expect(word);
        // "bytes sent" has its number before both words.
        words[..at].iter().rev().find_map(|word| word.parse().ok()).expect(word)
    };
    Stats {
        logins: count("logins"),
        frames: count("frames"),
        processes: count("processes"),
        sent: count("sent"),
        received: count("received"),
    }
}

#[test]
fn an_unchanged_host_costs_one_frame_and_no_process_per_file() {
    let host = LabHost::boot("counts", support::release());
    let mut processes = Vec::new();
    for files in [10, 100, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let mut spec =
            "infra: 1\nname: counts\nhosts: { app1: {} }\ndirectories:\n  /opt/counts: {}\nfiles:\n".to_string();
        for file in 0..files {
            let _ = writeln!(
                spec,
                "  /opt/counts/{file}: {{ content: 'file {file}', mode: '0644', owner: root, group: root }}"
            );
        }
        std::fs::write(folder.path().join("infra.yaml"), spec).unwrap();
        let infra = Infra::new(folder.path(), &host.inventory());
        infra.apply();
        let counted = stats(&infra);
        assert_eq!(counted.frames, 1, "{files} files");
        // What every session needs, and the path, hash and limit of each file; what is told has no limit.
        assert!(counted.sent <= 20_000 + files * 100, "{files} files: {} bytes sent", counted.sent);
        // Half of what is told is the ledger.
        assert!(counted.received <= 5_000 + files * 260, "{files} files: {} bytes received", counted.received);
        processes.push(counted.processes);
    }
    assert!(processes.iter().all(|&count| count <= 20), "processes for 10, 100 and 1,000 files: {processes:?}");
    let (least, most) = (processes.iter().min().unwrap(), processes.iter().max().unwrap());
    assert!(most - least <= 4, "processes for 10, 100 and 1,000 files: {processes:?}");
}

#[test]
fn no_kind_of_the_everyday_ones_starts_a_process_per_resource() {
    let host = LabHost::boot("everyday", support::release());
    let mut processes = Vec::new();
    for number in [2, 20] {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = "infra: 1\nname: everyday\nhosts: { app1: {} }\n".to_string();
        let mut section = |name: &str, entry: &dyn Fn(usize) -> String| {
            let _ = writeln!(spec, "{name}:");
            for at in 0..number {
                let _ = writeln!(spec, "  {}", entry(at));
            }
        };
        section("groups", &|at| format!("g{at}: {{}}"));
        section("users", &|at| format!("u{at}: {{ system: true }}"));
        section("directories", &|at| format!("/opt/everyday/{at}: {{ owner: u{at} }}"));
        section("files", &|at| format!("/opt/everyday/{at}/file: {{ content: 'x', owner: u{at}, group: g{at} }}"));
        section("symlinks", &|at| format!("/opt/everyday/link{at}: {{ target: /opt/everyday/{at}/file }}"));
        section("units", &|at| {
            format!(
                "everyday{at}.service: {{ content: \"[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n\" }}"
            )
        });
        section("services", &|at| format!("everyday{at}: {{ running: true, enabled: true }}"));
        const PACKAGES: &[&str] = &[
            "bash",
            "dash",
            "coreutils",
            "grep",
            "sed",
            "tar",
            "gzip",
            "login",
            "mount",
            "passwd",
            "perl-base",
            "dpkg",
            "apt",
            "adduser",
            "base-files",
            "base-passwd",
            "debconf",
            "debianutils",
            "diffutils",
            "findutils",
        ];
        section("packages", &|at| format!("{}: {{}}", PACKAGES[at]));
        std::fs::write(folder.path().join("infra.yaml"), spec).unwrap();
        let infra = Infra::new(folder.path(), &host.inventory());
        infra.apply();
        let counted = stats(&infra);
        assert_eq!(counted.frames, 1);
        processes.push(counted.processes);
    }
    assert!(processes[1] <= processes[0] + 4, "processes for 2 and 20 of each kind: {processes:?}");
}

/// What the first apply of a spec costs, in frames, steps, processes and bytes sent, with a line of `--stats`.
#[track_caller]
fn applied(infra: &Infra) -> (u64, u64, u64, u64) {
    let output = infra.run("apply", &["--stats", "--auto-approve"]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{}{said}", text(&output.stdout));
    let line = said.lines().find(|line| line.starts_with("stats app1:")).expect("--stats prints a line for each host");
    let count = |word: &str| -> u64 {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|each| each.trim_end_matches(',') == word).expect(word);
        words[..at].iter().rev().find_map(|word| word.parse().ok()).expect(word)
    };
    (count("frames"), count("steps"), count("processes"), count("sent"))
}

#[test]
fn a_first_apply_starts_no_process_per_file_or_folder() {
    let host = LabHost::boot("first", support::release());
    let mut processes = Vec::new();
    for files in [10, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = format!("infra: 1\nname: first-{files}\nhosts: {{ app1: {{}} }}\ndirectories:\n");
        for at in 0..files / 10 {
            let _ = writeln!(spec, "  /opt/first/{at}: {{ mode: '0750' }}");
        }
        spec.push_str("files:\n");
        for file in 0..files {
            let _ = writeln!(
                spec,
                "  /opt/first/{}/{file}: {{ content: 'file {file}', mode: '0640', owner: root, group: root }}",
                file % (files / 10)
            );
        }
        std::fs::write(folder.path().join("infra.yaml"), spec).unwrap();
        let infra = Infra::new(folder.path(), &host.inventory());
        host.check("rm -rf /opt/first");
        let (frames, steps, count, _) = applied(&infra);
        assert_eq!((frames, steps), (4, 3), "{files} files");
        // One mv for each folder; nothing else grows.
        processes.push(count - files / 10);
        host.check("test -z \"$(find /opt/first -name '.infra*')\"");
    }
    // In the last look, more hashes take more than one process.
    assert!(processes[1] <= processes[0] + 12, "processes for 10 and 1,000 files: {processes:?}");
    assert!(processes[0] <= 150, "processes for 10 files: {processes:?}");
}

#[test]
fn a_first_apply_of_an_ordinary_host_takes_three_requests() {
    let host = LabHost::boot("ordinary", support::release());
    host.check(
        "for i in 1 2 3; do printf '[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' \
         >/etc/systemd/system/ordinary$i.service; done; mkdir -p /etc/cron.d; touch /usr/local/bin/crontab; \
         chmod +x /usr/local/bin/crontab; systemctl daemon-reload",
    );
    let mut spec = "infra: 1\nname: ordinary\nhosts: { app1: {} }\npackages: [bash, coreutils, grep, sed, tar]\n\
                    groups: { g1: {}, g2: {} }\nusers:\n"
        .to_string();
    let mut line = |text: String| {
        let _ = writeln!(spec, "{text}");
    };
    (1..=3).for_each(|at| line(format!("  u{at}: {{ system: true, groups: [g1] }}")));
    line("directories:".into());
    (0..10).for_each(|at| line(format!("  /opt/ordinary/{at}: {{ owner: u{}, group: g2, mode: '0750' }}", at % 3 + 1)));
    line("files:".into());
    (0..60).for_each(|at| {
        let (folder, user) = (at % 10, at % 3 + 1);
        line(format!(
            "  /opt/ordinary/{folder}/{at}.conf: {{ content: 'host = {{{{ host.name }}}}', owner: u{user}, group: g1 }}"
        ));
    });
    line("crons:".into());
    (1..=2).for_each(|at| line(format!("  job{at}: {{ schedule: '1 2 * * *', user: u{at}, command: 'true' }}")));
    line("services:".into());
    (1..=3).for_each(|at| line(format!("  ordinary{at}: {{ running: true, enabled: true }}")));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("infra.yaml"), spec).unwrap();
    let infra = Infra::new(folder.path(), &host.inventory());
    let (frames, steps, processes, sent) = applied(&infra);
    // One to observe, one to change, a last look, the ledger; a step for each kind, and that of the ledger.
    assert_eq!((frames, steps), (4, 7));
    assert!(processes <= 360, "{processes} processes");
    // What programs share is sent once, and so is a probe.
    assert!(sent <= 220_000, "{sent} bytes sent");
    // Nothing is left to do, and to see that takes little.
    let unchanged = stats(&infra);
    assert_eq!(unchanged.frames, 1);
    assert!(unchanged.processes <= 32, "{} processes", unchanged.processes);
    assert!(unchanged.sent <= 42_600, "{} bytes sent", unchanged.sent);
    assert!(unchanged.received <= 22_000, "{} bytes received", unchanged.received);
}

#[test]
fn a_host_of_a_fleet_costs_little() {
    let host = LabHost::boot("fleet", support::release());
    host.check(
        "printf '[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' \
         >/etc/systemd/system/fleet.service; mkdir -p /etc/cron.d; touch /usr/local/bin/crontab; \
         chmod +x /usr/local/bin/crontab; systemctl daemon-reload",
    );
    // More hosts than processors are a fleet, and one place for all makes it the same host, asked once and again.
    let processors = std::thread::available_parallelism().unwrap().get();
    let given = std::fs::read_to_string(host.inventory()).unwrap();
    let (start, one) = given.split_at(given.find("  \"app1\":").unwrap());
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("fleet.yaml");
    let mut all = String::from(start);
    (1..=processors + 1).for_each(|at| all.push_str(&one.replace("\"app1\"", &format!("\"app{at}\""))));
    std::fs::write(&inventory, all).unwrap();
    let spec = |hosts: usize, content: &str| {
        let hosts: String = (1..=hosts).map(|at| format!("app{at}: {{}}, ")).collect();
        let files: String = (0..5)
            .map(|at| format!("  /opt/fleet/{at}: {{ content: \"{content}\", owner: u1, group: g1, mode: '0640' }}\n"))
            .collect();
        let spec = format!(
            "infra: 1\nname: fleet\nhosts: {{ {hosts} }}\npackages: [bash]\ngroups: {{ g1: {{}} }}\n\
             users: {{ u1: {{ system: true, group: g1 }} }}\ndirectories: {{ /opt/fleet: {{}}, /opt/fleet/more: {{}} }}\n\
             files:\n{files}crons: {{ job: {{ schedule: '1 2 * * *', command: 'true' }} }}\n\
             services: {{ fleet: {{ running: true, enabled: true }} }}\n"
        );
        std::fs::write(folder.path().join("infra.yaml"), spec).unwrap();
    };
    spec(1, "text");
    let alone = Infra::new(folder.path(), &host.inventory());
    alone.apply();
    let by_itself = stats(&alone);
    assert!(by_itself.processes <= 30, "{} processes", by_itself.processes);
    // Where a spec reads facts, they cost a section and its awk (and uname on an old kernel); what a file is to hold is not
    // known before, so the host sends what each of the five holds.
    spec(1, "{{ 'text' if host.facts.cpus else '' }}");
    let with_facts = stats(&alone);
    let more = with_facts.processes - by_itself.processes;
    assert!((7..=9).contains(&more), "{more} processes more");
    assert_eq!(with_facts.frames, 1);
    spec(processors + 1, "text");
    let in_a_fleet = stats(&Infra::new(folder.path(), &inventory).option("--parallel=1"));
    assert!(in_a_fleet.processes <= 25, "{} processes", in_a_fleet.processes);
    assert!(in_a_fleet.processes + 4 <= by_itself.processes, "{} processes", by_itself.processes);
}

#[test]
fn a_plan_soon_after_another_logs_in_no_more() {
    let mut host = LabHost::boot("warm", support::release());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("infra.yaml"), "infra: 1\nname: warm\nhosts: { app1: {} }\n").unwrap();
    let infra = Infra::new(folder.path(), &host.inventory());
    let logins = |host: &LabHost| host.check("journalctl -u ssh | grep -c 'Accepted publickey for deploy' || true");
    // Each run ends although the connection stays: what it prints is read to the end.
    assert_eq!(stats(&infra).logins, 1);
    let before = logins(&host);
    assert_eq!(stats(&infra).logins, 0);
    assert_eq!(stats(&infra).logins, 0);
    assert_eq!(logins(&host), before);
    assert_eq!(stats(&infra.option("--control-persist=0")).logins, 1);
    assert_eq!(stats(&infra).logins, 0);
    host.cut_power();
    assert_eq!(stats(&infra).logins, 1);
}
