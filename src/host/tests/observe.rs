//! Observations: sections, timeouts, facts, and hosts that write nonsense.

use std::time::Duration;

use super::support::{each, observe, record, section};
use crate::host::Problem;
use crate::model::{LONGEST_LINE, Probe, ProbeStatus, Redactor, Value};
use crate::row;
use crate::spec::FACTS;

#[test]
fn the_first_request_brings_facts_and_all_sections() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let observed = observe(
            &host,
            vec![
                ("one", Probe::new("emit 0 first; exit 3", vec![])),
                (
                    "two",
                    Probe::new(
                        "for row in $ROWS; do split_row \"$row\"; emit 0 \"$f1\"; done; return 0",
                        vec![row!["x"]],
                    ),
                ),
                ("three", Probe::new("printf 'no newline'", vec![])),
            ],
        )
        .await;
        assert_eq!(observed.sections["one"].status, ProbeStatus::Failed(3));
        assert_eq!(observed.sections["one"].records, [record(0, &["first"])]);
        assert_eq!(observed.sections["two"].status, ProbeStatus::Done);
        assert_eq!(observed.sections["two"].records, [record(0, &["x"])]);
        assert_eq!(observed.sections["three"].messages, ["no newline"]);
        assert!(observed.owed.is_empty());
        let Some(Value::Map(facts)) = observed.facts else { panic!("no facts") };
        assert!(facts.keys().eq(FACTS.iter().map(|fact| fact.name)), "{facts:?}");
        let Value::Map(os) = &facts["os"] else { panic!("no system") };
        assert!(os.keys().eq(FACTS[0].inside.iter().map(|fact| fact.name)), "{os:?}");
        assert_eq!(facts["system"], Value::from("Linux"));
        assert!(matches!(facts["cpus"], Value::Integer(1..)), "{facts:?}");
        assert!(matches!(facts["memory"], Value::Integer(1_000_000..)));
        assert!(matches!(&facts["tools"], Value::List(tools) if flavour.name == "busybox" || !tools.is_empty()));
        let stats = host.stats();
        assert_eq!(stats.frames, 1);
        assert!(stats.bytes_sent > 1_000 && stats.bytes_received > 100);

        let again = observe(&host, vec![]).await;
        assert!(again.facts.is_none());
        assert_eq!(host.stats().frames, 2);
    });
}

#[test]
fn a_section_that_breaks_leaves_the_others_alone() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let observed = observe(
            &host,
            vec![
                ("syntax", Probe::new("if then fi (", vec![])),
                ("changes the shell", Probe::new("IFS=x; PATH=; set +f; emit() { :; }; cd /; exec 3<&-", vec![])),
                ("reads input", Probe::new("cat; read -r line; emit 0 \"[$line]\"", vec![])),
                ("kills itself", Probe::new("exec sh -c 'kill -9 $$'", vec![])),
                ("after", Probe::new("emit 0 fine", vec![])),
            ],
        )
        .await;
        assert!(matches!(observed.sections["syntax"].status, ProbeStatus::Failed(_)), "{observed:?}");
        assert!(!observed.sections["syntax"].messages.is_empty());
        assert_eq!(observed.sections["reads input"].records, [record(0, &["[]"])]);
        assert_eq!(observed.sections["kills itself"].status, ProbeStatus::Failed(137));
        assert_eq!(observed.sections["after"].records, [record(0, &["fine"])]);
    });
}

#[test]
fn a_section_that_hangs_is_ended_with_its_children() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        let hang = "split_row \"$ROWS\"; emit 0 before; (sleep 1000 & echo $! >>\"$f1\"; sleep 1000 | sleep 1000) & echo $! >>\"$f1\"; sleep 1000";
        let mut probe = Probe::new(hang, vec![row![pids.to_str().unwrap()]]);
        probe.timeout = Duration::from_secs(1);
        let observed = observe(&host, vec![("hangs", probe), ("after", Probe::new("emit 0 fine", vec![]))]).await;
        assert_eq!(observed.sections["hangs"].status, ProbeStatus::TimedOut);
        assert_eq!(observed.sections["hangs"].records, [record(0, &["before"])]);
        assert_eq!(observed.sections["after"].records, [record(0, &["fine"])]);
        let pids = std::fs::read_to_string(pids).unwrap();
        assert_eq!(pids.lines().count(), 2);
        for pid in pids.lines() {
            super::support::gone(pid).await;
        }
    });
}

#[test]
fn sections_side_by_side_are_told_apart() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("left");
        let hangs = || {
            let mut probe = Probe::new("emit 0 before; sleep 1000", vec![]);
            probe.timeout = Duration::from_secs(1);
            probe
        };
        let leaves = "set -- 'sleep 1000 & echo $! >>\"$f1\"'; split_row \"$ROWS\"; eval \"$1\"; emit 0 fine";
        let leaves = Probe::new(leaves, vec![row![left.to_str().unwrap()]]);
        let many = "i=0; while [ $i -lt 20000 ]; do emit $i a record of some length; i=$((i + 1)); done";
        let names = ["hangs", "hangs too", "leaves", "leaves too", "many", "many too", "fine", "fine too"];
        let of = |name: &str| match name.split(' ').next() {
            Some("hangs") => hangs(),
            Some("leaves") => leaves.clone(),
            Some("many") => Probe::new(many, vec![]),
            _ => Probe::new("emit 0 fine; exit 3", vec![]),
        };
        let observed = observe(&host, names.into_iter().map(|name| (name, of(name))).collect()).await;
        assert_eq!(host.stats().frames, 1);
        for name in names {
            let output = &observed.sections[name];
            let (status, count) = match name.split(' ').next() {
                Some("hangs") => (ProbeStatus::TimedOut, 1),
                Some("leaves") => (ProbeStatus::Done, 1),
                Some("many") => (ProbeStatus::Done, 20_000),
                _ => (ProbeStatus::Failed(3), 1),
            };
            assert_eq!((&output.status, output.records.len()), (&status, count), "{name}: {:?}", output.messages);
        }
        // The answer was there although what they left behind goes on, and holds their output open.
        let left = std::fs::read_to_string(left).unwrap();
        assert_eq!(left.lines().count(), 2);
        for process in left.lines() {
            assert!(!super::support::is_gone(process));
            assert!(std::process::Command::new("kill").arg(process).status().unwrap().success());
        }
    });
}

#[test]
fn probes_share_a_look_at_paths() {
    each(|flavour| async move {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        for name in ["same", "other", "plain"] {
            std::fs::write(at(name), name).unwrap();
        }
        let hash = crate::model::Content::new(*b"same").hash().to_string();
        let file = |name: &str| row![at(name), hash.as_str(), "1000", "more"];
        let probes = || {
            vec![
                ("files", Probe::of_files(vec![file("same"), file("missing"), file("other")], "")),
                ("folders", Probe::of_paths([at(""), at("none"), at("plain")])),
                (
                    "units",
                    Probe::of_files(vec![file("other")], "# Then\nsplit_row \"$ROWS\"; emit 0 last \"$f4\"; exit 5"),
                ),
                ("none", Probe::of_paths(Vec::<String>::new())),
            ]
        };
        let host = flavour.host_alone(&folder).await;
        observe(&host, vec![]).await;
        let before = host.stats();
        let together = observe(&host, probes()).await;
        let after = host.stats();
        let mut processes = 0;
        for (name, probe) in probes() {
            let before = host.stats();
            let apart = observe(&host, vec![(name, probe)]).await;
            assert_eq!(together.sections[name].status, apart.sections[name].status, "{name}");
            assert_eq!(together.sections[name].records, apart.sections[name].records, "{name}");
            processes += host.stats().processes.unwrap() - before.processes.unwrap();
        }
        assert_eq!(together.sections["files"].records.len(), 4);
        assert_eq!(together.sections["units"].records.last(), Some(&record(0, &["last", "more"])));
        assert_eq!(together.sections["units"].status, ProbeStatus::Failed(5));
        assert_eq!(after.frames - before.frames, 1);
        let taken = after.processes.unwrap() - before.processes.unwrap();
        assert!(taken * 4 < processes * 3, "{taken} processes together, {processes} apart");
    });
}

#[test]
fn nonsense_is_kept_small_and_fit_to_be_shown() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let script = r#"
            printf '\036fake!done\037 1\n'
            printf '\033[31mred\033[0m\033]0;title\007 \001\002 10%%\r20%%\n'
            printf 'x\000y\n'
            head -c 3000000 /dev/zero | tr '\000' z
            printf '\n'
            emit 0 "$(printf 'a\nb\037c')" ok
            printf '%s%snotanumber%sx\n' "$R" "$US" "$US"
        "#;
        let output = section(&host, script, vec![]).await;
        assert_eq!(output.status, ProbeStatus::Done);
        assert_eq!(output.records, [record(0, &["a\nb\u{1f}c", "ok"])]);
        assert_eq!(output.messages.len(), 5, "{:?}", output.messages.iter().map(String::len).collect::<Vec<_>>());
        assert_eq!(output.messages[1], "red  10%\r20%");
        assert!(output.messages.iter().all(|message| message.len() <= LONGEST_LINE));
        assert_eq!(Redactor::default().shown(&output.messages[1]), "20%");
        let flood = section(&host, "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done", vec![]).await;
        assert_eq!(flood.messages.len(), 50);
        assert_eq!(flood.messages[49], "line 4999");
    });
}

#[test]
fn an_answer_without_end_is_refused() {
    each(|flavour| async move {
        let host = flavour.host().await;
        // Fields take memory even where they are empty.
        let script = r#"
            fields=$US
            while [ ${#fields} -lt 16384 ]; do fields=$fields$fields; done
            while :; do printf '%s\n' "$R${US}0$fields"; done
        "#;
        let answer = host.observe(vec![("it".to_string(), Probe::new(script, vec![]))]).await;
        let problem = answer.unwrap_err().problem;
        assert!(matches!(&problem, Problem::Protocol(said) if said.contains("128 MiB")), "{problem:?}");
    });
}

#[test]
fn one_record_of_nothing_but_fields_is_refused() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let script = r#"
            printf '%s0' "$R$US"
            head -c 4000000 /dev/zero | tr '\000' '\037'
            printf '\n'
        "#;
        let answer = host.observe(vec![("it".to_string(), Probe::new(script, vec![]))]).await;
        let problem = answer.unwrap_err().problem;
        assert!(matches!(&problem, Problem::Protocol(said) if said.contains("64 MiB")), "{problem:?}");
    });
}

#[test]
fn tens_of_thousands_of_rows_pass() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let rows = (0..30_000).map(|at| row![format!("/some/path/of/some/length/{at}"), "root", "0644"]).collect();
        let output =
            section(&host, "i=0; for row in $ROWS; do split_row \"$row\"; emit $i \"$f1\"; i=$((i+1)); done", rows)
                .await;
        assert_eq!(output.records.len(), 30_000);
        assert_eq!(output.records[29_999], record(29_999, &["/some/path/of/some/length/29999"]));
    });
}

#[test]
fn what_a_shell_cannot_carry_is_refused() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let probe = Probe::new(":", vec![row!["a\0b"]]);
        let error = host.observe(vec![("it".into(), probe)]).await.unwrap_err();
        assert!(matches!(error.problem, Problem::NulByte(_)), "{error}");
    });
}

#[test]
fn a_shell_that_dies_is_a_lost_connection() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let probe = Probe::new("kill -9 $$", vec![]);
        let error = host.observe(vec![("it".into(), probe)]).await.unwrap_err();
        assert!(matches!(error.problem, Problem::ConnectionLost { .. }), "{error}");
        // The next request starts a shell anew.
        let output = section(&host, "emit 0 back", vec![]).await;
        assert_eq!(output.records, [record(0, &["back"])]);
    });
}
