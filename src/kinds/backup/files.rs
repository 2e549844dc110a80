//! The files of a backup on the host: its program, service and timer.

use crate::kinds::shared::{ALONE, BESIDE};
use crate::model::Content;

use super::settings::Settings;
use super::source::Source;

/// The files, as they should be.
#[derive(Clone, Debug)]
pub(super) struct Files([Content; 3]);

impl Files {
    pub fn new(settings: &Settings, source: &dyn Source) -> Self {
        let Settings { name, schedule, .. } = settings;
        let head = "#!/bin/sh\n# Written by infra; what is changed here by hand is undone.\n";
        let (lines, functions) = (settings.lines(), source.functions());
        let program = format!("{head}{lines}\n{ALONE}{BESIDE}{functions}{}", include_str!("program.sh"));
        let service = format!(
            "# Written by infra.\n[Unit]\nDescription=Backup {name}\nAfter=network.target {SERVERS}\n\n[Service]\nType=oneshot\n\
             ExecStart=/usr/local/sbin/infra-backup-{name} run\nNice=10\nIOSchedulingClass=idle\n"
        );
        let timer = format!(
            "# Written by infra.\n[Unit]\nDescription=Makes backup {name}\n\n[Timer]\nOnCalendar={schedule}\nPersistent=true\n\n\
             [Install]\nWantedBy=timers.target\n"
        );
        Self([program, service, timer].map(|text| Content::new(text.into_bytes())))
    }

    /// Returns program, service and timer.
    pub fn each(&self) -> [&Content; 3] {
        self.0.each_ref()
    }

    /// Returns them one after another.
    pub fn contents(&self) -> impl Iterator<Item = &Content> {
        self.0.iter()
    }
}

/// What may be dumped has started before, where it is on the host.
const SERVERS: &str = "mariadb.service mysql.service postgresql.service redis-server.service";

/// Returns the paths of program, service and timer.
pub(super) fn paths(name: &str) -> [String; 3] {
    [
        format!("/usr/local/sbin/infra-backup-{name}"),
        format!("/etc/systemd/system/infra-backup-{name}.service"),
        format!("/etc/systemd/system/infra-backup-{name}.timer"),
    ]
}

/// Returns type, owner, group and mode of the file with this number.
pub(super) fn access(at: usize) -> &'static str {
    if at == 0 { "file root:root 0700" } else { "file root:root 0644" }
}
