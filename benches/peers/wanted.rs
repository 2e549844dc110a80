//! The end state that every contestant is asked for, and what a host in it looks like.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The folder that all folders and files are in.
pub const ROOT: &str = "/etc/bench";

/// Folders that files are spread over, where there are files.
pub const DIRECTORIES: usize = 10;

/// A unix user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    pub name: &'static str,
    pub uid: u32,
    pub group: &'static str,
    pub gid: u32,
    pub home: &'static str,
    pub shell: &'static str,
    pub comment: &'static str,
}

/// A job of root's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    pub name: &'static str,
    /// Minute, hour, day of the month, month, day of the week.
    pub schedule: [&'static str; 5],
    pub command: &'static str,
}

impl Cron {
    pub fn schedule(&self) -> String {
        self.schedule.join(" ")
    }
}

/// What a host is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub packages: &'static [&'static str],
    pub groups: &'static [(&'static str, u32)],
    pub users: &'static [User],
    pub directories: usize,
    /// Files written from a template; file N is in folder N modulo the number of folders.
    pub files: usize,
    pub crons: &'static [Cron],
    pub services: &'static [&'static str],
    /// Who owns folders and files: names and numbers.
    pub owner: (&'static str, u32),
    pub group: (&'static str, u32),
}

const GROUPS: &[(&str, u32)] = &[("bench-web", 2001), ("bench-ops", 2002)];

static USERS: [User; 3] = [
    User {
        name: "bench-app",
        uid: 2101,
        group: "bench-web",
        gid: 2001,
        home: "/opt/bench-app",
        shell: "/usr/sbin/nologin",
        comment: "The application",
    },
    User {
        name: "bench-ada",
        uid: 2102,
        group: "bench-ops",
        gid: 2002,
        home: "/home/bench-ada",
        shell: "/bin/bash",
        comment: "Ada",
    },
    User {
        name: "bench-bob",
        uid: 2103,
        group: "bench-ops",
        gid: 2002,
        home: "/home/bench-bob",
        shell: "/bin/bash",
        comment: "Bob",
    },
];

static CRONS: [Cron; 2] = [
    Cron { name: "bench-nightly", schedule: ["30", "2", "*", "*", "*"], command: "/bin/true bench-nightly" },
    Cron { name: "bench-hourly", schedule: ["5", "*", "*", "*", "*"], command: "/bin/true bench-hourly" },
];

/// Packages that are on every host before anything is measured.
pub const PACKAGES: &[&str] = &["at", "cron", "jq", "memcached", "tree"];

const SERVICES: &[&str] = &["atd", "cron", "memcached"];

impl Wanted {
    /// Every kind: what a small server has.
    pub fn server() -> Self {
        Wanted {
            packages: PACKAGES,
            groups: GROUPS,
            users: &USERS,
            directories: DIRECTORIES,
            files: 60,
            crons: &CRONS,
            services: SERVICES,
            owner: ("bench-app", 2101),
            group: ("bench-web", 2001),
        }
    }

    /// A little of every kind, for fleets.
    pub fn node() -> Self {
        Wanted {
            packages: &["cron"],
            groups: &[("bench-web", 2001)],
            users: &USERS[..1],
            directories: 2,
            files: 5,
            crons: &CRONS[..1],
            services: &["cron"],
            ..Self::server()
        }
    }

    /// Folders and files only.
    pub fn files(count: usize) -> Self {
        Wanted {
            packages: &[],
            groups: &[],
            users: &[],
            directories: DIRECTORIES,
            files: count,
            crons: &[],
            services: &[],
            owner: ("root", 0),
            group: ("root", 0),
        }
    }

    /// The number of resources.
    pub fn resources(&self) -> usize {
        self.packages.len()
            + self.groups.len()
            + self.users.len()
            + self.directories
            + self.files
            + self.crons.len()
            + self.services.len()
    }

    pub fn directory(&self, number: usize) -> String {
        format!("{ROOT}/d{number}")
    }

    pub fn path(&self, file: usize) -> String {
        format!("{ROOT}/d{}/f{file}.conf", file % self.directories)
    }

    /// The file whose content depends on the revision.
    pub fn changing(&self) -> usize {
        self.files / 2
    }

    /// The content of a file, as the template renders it.
    pub fn content(&self, file: usize, revision: u32) -> String {
        let revision = if file == self.changing() { revision } else { 1 };
        let weights: String = (0..4).map(|worker| format!(" {}", worker * 2 + 1)).collect();
        format!(
            "# Settings of part {file}. Written from a template; changes by hand are overwritten.\n\
             [part]\nnumber = {file}\nrevision = {revision}\nlisten = 127.0.0.1:{}\n{PADDING}\
             [workers]\nweights ={weights} end\n",
            10_000 + file
        )
    }

    /// The template, which Jinja2 and minijinja render alike; `number` and `revision` are the expressions by which a
    /// contestant knows the two.
    pub fn template(&self, number: &str, revision: &str) -> String {
        format!(
            "# Settings of part {{{{ {number} }}}}. Written from a template; changes by hand are overwritten.\n\
             [part]\nnumber = {{{{ {number} }}}}\n\
             revision = {{{{ {revision} if {number} == {} else 1 }}}}\n\
             listen = 127.0.0.1:{{{{ 10000 + {number} }}}}\n{PADDING}\
             [workers]\nweights ={{% for worker in range(4) %}} {{{{ worker * 2 + 1 }}}}{{% endfor %}} end\n",
            self.changing()
        )
    }

    /// What `program/end-state` prints on a host that is as it is to be.
    pub fn end_state(&self, revision: u32) -> String {
        let mut lines = Vec::new();
        lines.extend(self.packages.iter().map(|name| format!("package {name} installed")));
        lines.extend(self.groups.iter().map(|(name, gid)| format!("group {name} {gid}")));
        lines.extend(self.users.iter().map(|user| {
            let User { name, uid, gid, comment, home, shell, .. } = user;
            format!("user {name}:{uid}:{gid}:{comment}:{home}:{shell}")
        }));
        let (owner, group) = (self.owner.0, self.group.0);
        lines.extend((0..self.directories).map(|at| format!("path {} d {owner} {group} 750", self.directory(at))));
        for file in 0..self.files {
            let path = self.path(file);
            lines.push(format!("path {path} f {owner} {group} 640"));
            lines.push(format!("content {} {path}", sha256(&self.content(file, revision))));
        }
        lines.extend(self.crons.iter().map(|cron| format!("job root {} {}", cron.schedule(), cron.command)));
        lines.extend(self.services.iter().map(|name| format!("service {name} active enabled")));
        lines.sort();
        lines.join("\n") + "\n"
    }
}

/// What makes the files as long as such files are.
const PADDING: &str = "# How long a request may wait before it is turned away, and how often it is tried again.\n\
                       timeout = 30s\nretries = 3\nbackoff = exponential\n\
                       # Where the part keeps what it works on. The folder is made when it starts.\n\
                       work = /var/tmp/parts\nlog_level = info\n";

/// A text's SHA-256 in hexadecimal.
pub fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
