//! What programs find: each function of the prelude.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::support::{each, record, section};
use crate::model::{Arg, ProbeStatus, Row};
use crate::row;

#[test]
fn rows_keep_every_field_and_every_character() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let all: String = (1..=0x7f_u8).map(char::from).chain("äöü€𝄞\u{80}\u{88}\u{a0}".chars()).collect();
        let rows = vec![
            row!["a", "", "c", ""],
            row!["", "", ""],
            row![""],
            Row::new(),
            row!["it's", "$HOME `id` $(id) \\ \" * ? [a-z] !", "~"],
            row!["two\nlines\n", "tab\there", "\u{1c}n \u{1f} \u{1e}"],
            row![all.as_str()],
            row!["-n", "-e x", " leading and trailing  "],
        ];
        let script = r#"
            i=0
            for row in $ROWS; do
                split_row "$row"
                decode "$f1"; one=$decoded
                decode "$f2"; two=$decoded
                decode "$f3"
                emit "$i" "$one" "$two" "$decoded" "$f4" end
                i=$((i + 1))
            done
        "#;
        let output = section(&host, script, rows.clone()).await;
        assert_eq!(output.status, ProbeStatus::Done, "{output:?}");
        assert_eq!(output.messages, Vec::<String>::new());
        assert_eq!(output.records.len(), rows.len());
        for (at, row) in rows.iter().enumerate() {
            let mut fields: Vec<&str> = row.iter().map(Arg::expose).collect();
            fields.resize(4, "");
            fields.push("end");
            assert_eq!(output.records[at], record(at, &fields));
        }
    });
}

#[test]
fn every_byte_survives_the_frame() {
    each(|flavour| async move {
        let host = flavour.host().await;
        // Shells keep marks of their own among the bytes from 0x81 to 0x88.
        let text: String = (0x80_u32..0x900).filter_map(char::from_u32).collect();
        let output = section(
            &host,
            r#"split_row "$ROWS"; emit 0 "$f1" "$(printf '%s' "$f1" | sha256sum)""#,
            vec![row![text.as_str()]],
        )
        .await;
        assert_eq!(output.records[0].field(0), text);
        let hash = crate::model::Content::new(text.as_bytes());
        assert_eq!(output.records[0].field(1).split(' ').next(), Some(hash.hash()));
    });
}

#[test]
fn path_state_tells_absent_from_denied() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        std::fs::write(at("file"), "").unwrap();
        symlink("/nowhere", at("dangling")).unwrap();
        let rows = vec![
            row![at("file")],
            row![at("dangling")],
            row![at("missing")],
            row![at("missing/below/it")],
            row![at("file/below")],
            row!["/missing-at-the-top"],
            row!["/"],
        ];
        let script = r#"
            i=0
            for row in $ROWS; do
                split_row "$row"
                if path_state "$f1"; then emit $i yes "$path_state"; else emit $i no "$path_state"; fi
                i=$((i + 1))
            done
        "#;
        let output = section(&host, script, rows).await;
        let states: Vec<&str> = output.records.iter().map(|record| record.field(1)).collect();
        assert_eq!(states, ["present", "present", "absent", "absent", "absent", "absent", "present"]);
        assert!(output.records.iter().all(|record| (record.field(0) == "yes") == (record.field(1) == "present")));
    });
}

#[test]
fn scan_paths_tells_what_is_there() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        for name in ["plain", "with space", "with'quote", "back\\slash", "star*", "-dash", "ü", "last"] {
            std::fs::write(at(name), name).unwrap();
        }
        std::fs::create_dir(at("folder")).unwrap();
        std::fs::set_permissions(at("plain"), std::fs::Permissions::from_mode(0o4751)).unwrap();
        std::fs::set_permissions(at("folder"), std::fs::Permissions::from_mode(0o1700)).unwrap();
        symlink("plain", at("link")).unwrap();
        let names =
            ["plain", "no", "with space", "with'quote", "back\\slash", "star*", "-dash", "ü", "folder", "link", "last"];
        let script = r#"
            scan_paths hash
            for line in $scanned; do
                split_row "$line"
                emit "$f1" "$f2" "$f3" "$f4" "$f5" "$f6" "$f7" "$f8"
            done
        "#;
        let output = section(&host, script, names.iter().map(|name| row![at(name), "more"]).collect()).await;
        assert_eq!(output.messages, Vec::<String>::new());
        let owner = owner();
        for (index, name) in names.iter().enumerate() {
            let path = at(name);
            let hash = crate::model::Content::new(name.as_bytes()).hash().to_string();
            let size = name.len().to_string();
            let expected = match *name {
                "no" => record(index, &["absent", "", "", "", "", "", ""]),
                "plain" => record(index, &["file", &owner, &owner, "4751", &size, &hash, &path]),
                "folder" | "link" => output.records[index].clone(),
                _ => record(index, &["file", &owner, &owner, "0644", &size, &hash, &path]),
            };
            assert_eq!(output.records[index], expected);
        }
        assert_eq!(&output.records[8].fields[..4], ["directory", owner.as_str(), owner.as_str(), "1700"]);
        assert_eq!(output.records[9].field(0), "link".replace("link", "symlink"));
        assert_eq!(output.records[9].field(6), at("link"));

        let without = section(&host, "scan_paths; printf '%s\\n' \"$scanned\"", vec![row![at("plain")]]).await;
        assert_eq!(without.messages.len(), 1);
        let none = section(&host, "scan_paths; emit 0 \"$scanned\"", vec![]).await;
        assert_eq!(none.records, [record(0, &[""])]);
    });
}

#[test]
fn only_files_are_hashed_and_only_from_the_row_on_that_is_given() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        for name in ["plain", "same", "other"] {
            std::fs::write(at(name), name).unwrap();
        }
        // Whoever reads it waits.
        assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        let hash = |name: &str| crate::model::Content::new(name.as_bytes()).hash().to_string();
        let wanted = |name: &str| row![at(name), hash("same"), "1000"];
        for missing in [false, true] {
            let mut rows = vec![row![at("plain")], row![at("")], wanted("same"), wanted("other")];
            if missing {
                rows.extend([wanted("none"), wanted("fifo"), wanted("same")]);
            }
            let output = section(&host, "emit_files 2", rows).await;
            assert_eq!(output.messages, Vec::<String>::new());
            let (contents, records): (Vec<_>, Vec<_>) =
                output.records.iter().partition(|record| record.field(0) == "content");
            assert_eq!(contents, [&record(3, &["content", "b3RoZXI="])]);
            let last = |at: usize| records[at].fields.last().map(String::as_str);
            assert_eq!((records[0].field(0), output.records[0].fields.len()), ("file", 4));
            assert_eq!((records[1].field(0), output.records[1].fields.len()), ("directory", 4));
            assert_eq!((records[2].index, last(2)), (2, Some(hash("same").as_str())));
            assert_eq!((records[3].index, last(3)), (3, Some(hash("other").as_str())));
            if missing {
                assert_eq!(*records[4], record(4, &["absent"]));
                assert_eq!((records[5].field(0), last(5)), ("other", Some("")));
                assert_eq!((records[6].index, last(6)), (6, Some(hash("same").as_str())));
            }
        }
    });
}

#[test]
fn numbers_of_accounts_become_names() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let script = r#"
            printf '%s\n' 0 1 0 54321 | awk "$awk_names"'{ print user_name($1), group_name($1) }' |
                while read -r line; do emit 0 "$line"; done
        "#;
        let output = section(&host, script, vec![]).await;
        assert_eq!(output.messages, Vec::<String>::new());
        let names: Vec<&str> = output.records.iter().map(|record| record.field(0)).collect();
        assert_eq!(names, ["root root", "daemon daemon", "root root", "54321 54321"]);
    });
}

#[test]
fn scan_paths_survives_what_vanishes() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        for name in ["a", "b", "c", "d"] {
            std::fs::write(at(name), name).unwrap();
        }
        // One path goes before stat looks at it, and one between that and its hash.
        let script = r#"
            split_row "${ROWS#*"$NL"}"
            vanishing="$f1"
            split_row "$ROWS"
            _with_paths() {
                rm -f "$vanishing"
                _list=$1
                shift
                [ "$1" != sha256sum ] || rm -f "${vanishing%b}d"
                "$@" -- $_list 2>/dev/null
            }
            scan_paths hash
            for line in $scanned; do
                split_row "$line"
                emit "$f1" "$f2" "$f5" "$f7"
            done
        "#;
        let output = section(&host, script, ["a", "b", "c", "d"].map(|name| row![at(name)]).into()).await;
        let states: Vec<&str> = output.records.iter().map(|record| record.field(0)).collect();
        assert_eq!(states, ["file", "absent", "file", "absent"], "{output:?}");
        assert_eq!(output.records[2].field(2), crate::model::Content::new(*b"c").hash());
    });
}

#[test]
fn many_rows_take_few_processes() {
    each(|flavour| async move {
        let folder = tempfile::tempdir().unwrap();
        let script = "scan_paths hash; for line in $scanned; do split_row \"$line\"; emit \"$f1\" \"$f2\"; done";
        let host = flavour.host_alone(&folder).await;
        section(&host, "", vec![]).await;
        let mut counts = Vec::new();
        for many in [10, 1_000] {
            let rows = (0..many).map(|at| {
                let path = folder.path().join(format!("file-{at}"));
                std::fs::write(&path, "x").unwrap();
                row![path.to_str().unwrap()]
            });
            let before = host.stats().processes.unwrap();
            let output = section(&host, script, rows.collect()).await;
            assert_eq!(output.records.len(), many);
            counts.push(host.stats().processes.unwrap() - before);
        }
        // What lets time pass starts one each second; a long list of arguments is split in two.
        assert!(counts[0] > 5 && counts[1] < counts[0] + 20, "{counts:?}");
    });
}

#[test]
fn each_of_very_many_files_has_its_own_hash() {
    each(|flavour| async move {
        let folder = tempfile::tempdir().unwrap();
        let host = flavour.host().await;
        // More than one list of arguments holds, so that several programs hash them side by side.
        let files: Vec<_> = (0..3_000)
            .map(|at| {
                let path = folder.path().join(format!("{at:0100}"));
                std::fs::write(&path, at.to_string()).unwrap();
                (path.to_str().unwrap().to_string(), crate::model::Content::new(at.to_string().into_bytes()))
            })
            .collect();
        let rows = files.iter().map(|(path, content)| row![path.as_str(), content.hash(), "0"]);
        let output = section(&host, "emit_files", rows.collect()).await;
        assert_eq!(output.messages, Vec::<String>::new());
        assert_eq!(output.records.len(), files.len());
        for (record, (_, content)) in output.records.iter().zip(&files) {
            assert_eq!(record.field(5), content.hash(), "{record:?}");
        }
    });
}

fn owner() -> String {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}
