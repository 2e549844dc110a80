//! What kinds were seen to use on hosts is what they claim: whatever another resource could bring comes before.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use infra::kinds;
use infra::resource::{Claim, Claims, Space, Touches, Uses};

use crate::support::kinds::Trial;
use crate::support::uses::table::{Called, called_as};
use crate::support::uses::trace::{Use, What, read};
use crate::support::uses::{called, claims};

/// Packages that every host has that `infra` works with: what boots it, logs in and installs.
const SYSTEM: &[&str] = &[
    "adduser",
    "apt",
    "dbus",
    "gpgv",
    "init-system-helpers",
    "iproute2",
    "openssh-server",
    "procps",
    "sudo",
    "systemd",
];

/// What is used and not claimed, and why: the kind (`*` is any), then a package or the beginning of a path.
const REASONS: &[(&str, &str, &str)] = &[
    ("*", "/etc/ssl", "what authorities are trusted comes with packages, or by a command, which touches everything"),
    ("*", "/etc/systemd", "units that the spec has come first by their names"),
    ("*", "/etc/.pwd", "the lock of the files of accounts"),
    ("*", "/etc/group", "accounts are claimed by name"),
    ("*", "/etc/gshadow", "accounts are claimed by name"),
    ("*", "~/.dockercfg", "of a Docker that is too old for infra"),
    ("*", "mariadb-client-core", "its program is claimed as mysql"),
    ("*", "/var/lib/postgresql", "what the server has; the client's wrapper looks for its port"),
    ("*", "/etc/gcrypt", "says what a processor cannot do, and is on no host"),
    ("*", "nodejs", "npm is a program of it, and does not come without"),
    ("*", "python3-minimal", "comes with the tool that is written in it"),
    ("acme_order", "/etc/infra", "where the kind keeps the orders"),
    ("acme_order", "/var/lib/letsencrypt", "where certbot keeps its own"),
    ("acme_order", "/var/log/letsencrypt", "where certbot keeps its own"),
    ("acme_order", "~/.inputrc", "of the keyboard, which nobody sits at"),
    ("acme_order", "{dir}", "the folder is the certificate's, which is required"),
    ("cert", "/etc/certs", "folders on the way are made"),
    ("cert", "/etc/infra", "where the kind keeps how to renew"),
    ("cert", "/etc/nginx", "folders on the way are made"),
    ("cert", "/usr/local/lib", "where the kind keeps what renews"),
    ("cert", "{dir}", "its files are claimed one by one; the folder holds those of other times beside them"),
    ("check", "curl", "checks come after everything"),
    ("docker_engine", "~/.docker", "the engine is asked, and no registry"),
    ("docker_login", "~/.docker", "the file is Docker's own; who writes it as well comes before"),
    ("firewall_rule", "/etc/ssh", "no rule may shut out the port that sshd has at that moment, whatever it will have"),
    ("firewall_rule", "/etc/iptables", "the rules as netfilter-persistent keeps them; the kind owns all of the file"),
    ("logrotate", "/etc/logrotate.d", "rules are judged one by one, and other files come in any order"),
    ("logrotate", "/etc/popt", "other names for options, which nobody gives"),
    ("logrotate", "~/.popt", "other names for options, which nobody gives"),
    ("logrotate", "/var/lib/logrotate", "when what was rotated; logrotate's own"),
    ("migration", "mariadb-client", "comes with the server"),
    ("migration", "{backup}", "dumps in a folder that is required"),
    ("nginx_site", "/var/lib/nginx", "folders that nginx makes when it judges"),
    ("nginx_site", "/var/log/nginx", "logs that nginx opens when it judges"),
    ("npm_package", "/etc/netsvc.conf", "of another system"),
    ("npm_package", "/etc/svc.conf", "of another system"),
    ("npm_project", "/var/www", "the home of an account that the system brings, which the spec does not name"),
    ("npm_project", "~/.npm", "npm's own store and logs"),
    ("package", "/etc/apt", "apt's other settings are often those of a package, which brings them first"),
    ("package", "/etc/debconf.conf", "comes with the system"),
    (
        "package_repository",
        "/etc/apt/apt.conf.d",
        "settings there are often those of a package, which brings them first",
    ),
    ("package_repository", "/var/cache/apt", "apt's own"),
    ("package_repository", "/var/lib/apt", "apt's own"),
    ("package_repository", "/var/lib/dpkg", "apt's own"),
    ("pm2_app", "~/.pm2", "PM2's own"),
    ("python_env", "/etc/debian_version", "comes with the system"),
    ("python_env", "~/.cache", "pip's own store"),
    ("seed", "/var/lib/app.db-journal", "SQLite's, beside the database"),
    ("seed", "{database}", "claimed as a database"),
    ("setting", "/etc/ssh", "sshd judges with what is there, and again what comes later"),
    ("sudoers", "/etc/sudoers.d", "rules are judged together, and come in any order"),
    ("user", "/etc/passwd", "accounts are claimed by name"),
    ("user", "/etc/shadow", "accounts are claimed by name"),
    ("user", "/etc/shadow-maint", "of another distribution"),
    ("user", "/etc/subgid", "accounts are claimed by name"),
    ("user", "/etc/subuid", "accounts are claimed by name"),
];

/// What the claims of a kind's resources stand for, in the words of `uses.yaml`.
#[derive(Default)]
struct Claimed {
    programs: BTreeSet<String>,
    exact: BTreeSet<String>,
    /// With all that lies below.
    whole: BTreeSet<String>,
    /// Where it may write without that anything comes before or after by it.
    touched: BTreeSet<String>,
    touches_all: bool,
}

impl Claimed {
    fn add(&mut self, claims: &Claims, called: &[Called]) {
        let place = |path: &str| called_as(path, called).trim_end_matches("/**").to_string();
        let places = |space: Space, claims: &[Claim]| -> Vec<String> {
            claims.iter().filter(|claim| claim.space == space).map(|claim| place(&claim.name)).collect()
        };
        for claims in [&claims.provides, &claims.shares] {
            self.whole.extend(places(Space::PATH, claims));
        }
        for claims in [&claims.requires, &claims.reads, &claims.follows] {
            self.exact.extend(places(Space::PATH, claims));
            self.whole.extend(places(Space::BELOW, claims));
            for claim in claims.iter() {
                match claim.space {
                    Space::PROGRAM | Space::PACKAGE => _ = self.programs.insert(claim.name.clone()),
                    Space::HOME => match claim.name.split_once('/') {
                        Some((_, inside)) => _ = self.whole.insert(place(&format!("/root/{inside}"))),
                        // Whoever makes the home comes before what is written there.
                        None => _ = self.touched.insert("~".into()),
                    },
                    _ => {}
                }
            }
        }
        match &claims.touches {
            Touches::Nothing => {}
            Touches::Below(paths) => self.touched.extend(paths.iter().map(|path| place(path))),
            Touches::System | Touches::Everything => self.touches_all = true,
        }
    }

    fn has(&self, place: &str, is_written: bool) -> bool {
        let place = place.strip_suffix("/**").unwrap_or(place);
        let mut tops = place.match_indices('/').map(|(at, _)| &place[..at]).chain([place]);
        self.exact.contains(place)
            || (is_written && self.touches_all)
            || tops.any(|top| self.whole.contains(top) || (is_written && self.touched.contains(top)))
    }
}

/// Returns what the resources of each kind claim in the specs of its trials.
fn claimed() -> BTreeMap<&'static str, Claimed> {
    let mut all: BTreeMap<&'static str, Claimed> = BTreeMap::new();
    for trial in Trial::all() {
        for kind in trial.kinds() {
            let kind = kinds::by_name(kind).unwrap().name();
            let called = called(&trial, kind);
            let claimed = all.entry(kind).or_default();
            claims(&trial, kind).iter().for_each(|(_, claims)| claimed.add(claims, &called));
        }
    }
    all
}

#[test]
fn what_a_kind_uses_is_claimed() {
    let mut wrong = Vec::new();
    let mut reasons: HashSet<(&str, &str)> = REASONS.iter().map(|(kind, what, _)| (*kind, *what)).collect();
    let claimed = claimed();
    for kind in kinds::all().iter().map(|kind| kind.name()) {
        let uses = Uses::parse(kinds::by_name(kind).unwrap().documentation().uses).unwrap();
        let Some(claimed) = claimed.get(kind) else { continue };
        let mut found = |what: &str, is_claimed: bool| {
            let known = REASONS.iter().filter(|(of, start, _)| {
                (*of == "*" || *of == kind) && (what == *start || what.starts_with(&format!("{start}/")))
            });
            let known: Vec<_> = known.map(|(kind, what, _)| (*kind, *what)).collect();
            if !is_claimed && known.is_empty() {
                wrong.push(format!("{kind}: {what}"));
            }
            if !is_claimed {
                known.iter().for_each(|reason| _ = reasons.remove(reason));
            }
        };
        for (package, programs) in &uses.programs {
            let is_claimed = claimed.programs.contains(package)
                || programs.iter().any(|program| claimed.programs.contains(program))
                || SYSTEM.contains(&package.as_str());
            found(package, is_claimed);
        }
        uses.reads.iter().for_each(|place| found(place, claimed.has(place, false)));
        uses.writes.iter().for_each(|place| found(place, claimed.has(place, true)));
    }
    assert!(wrong.is_empty(), "used, not claimed, and without a reason:\n{}", wrong.join("\n"));
    assert!(reasons.is_empty(), "reasons for what is claimed or not used: {reasons:?}");
}

#[test]
fn a_trace_tells_what_steps_did() {
    let log = r#"1     execve("/usr/sbin/sshd", ["/usr/sbin/sshd", "-D"], 0x7ffd /* 5 vars */) = 0
1     clone(child_stack=NULL, flags=SIGCHLD) = 2
1     openat(AT_FDCWD</>, "/etc/before", O_RDONLY) = 3</etc/before>
2     clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
3     execve("/usr/bin/setsid", ["setsid", "/bin/sh", "-c", "IFS= read -r \"size\"; "..., "infra: file"], 0x55f8 /* 8 vars */ <unfinished ...>
2     <... clone resumed>)              = 3
3     <... execve resumed>)             = 0
2     vfork()                           = 4
4     execve("/usr/bin/stat", ["stat", "/x"], 0x55f8 /* 8 vars */) = -1 ENOENT (No such file or directory)
4     openat(5</srv/a b>, "../of the check", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)
3     clone3({flags=CLONE_VM, exit_signal=SIGCHLD}, 88) = 5
5     execve("/usr/bin/apt-get", ["apt-get"], 0x55f8 /* 8 vars */) = 0
5     --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=187} ---
5     openat(AT_FDCWD</>, "/made", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</made>
5     openat(AT_FDCWD</>, "/denied", O_WRONLY) = -1 EACCES (Permission denied)
5     openat(AT_FDCWD</>, "/on-the-way", O_RDONLY|O_PATH) = 3</on-the-way>
5     renameat2(AT_FDCWD</var>, "one", AT_FDCWD</var>, "/two", RENAME_NOREPLACE) = 0
5     symlinkat("/text", AT_FDCWD</etc>, "link") = 0
5     vfork()                           = 6
6     execve("/usr/bin/dpkg", ["dpkg", "-i"], 0x55f8 /* 8 vars */) = 0
6     openat(AT_FDCWD</>, "/of/the/package", O_WRONLY) = 3</of/the/package>
"#;
    let uses: BTreeSet<(String, What, String)> =
        read(log).into_iter().map(|Use { kind, what, path }| (kind, what, path)).collect();
    let expected = [
        (What::Started, "/usr/bin/setsid"),
        (What::Started, "/usr/bin/apt-get"),
        (What::Read, "/srv/of the check"),
        (What::Written, "/made"),
        (What::Written, "/var/one"),
        (What::Written, "/two"),
        (What::Written, "/etc/link"),
    ];
    assert_eq!(uses, expected.into_iter().map(|(what, path)| ("file".into(), what, path.into())).collect());
}
