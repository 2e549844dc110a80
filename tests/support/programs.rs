//! The programs of kinds on a throwaway host, without the command around them: what a spec asks for becomes steps, which can be run
//! again and again.

use std::time::Duration;

use infra::diagnostic::Sources;
use infra::host::{FrameReport, FrameStep, Host, Options, StepFrame, Target, Transport};
use infra::kinds;
use infra::model::{Action, Change, SshOptions, sha256};
use infra::resource::{AnyObserved, AnyResource, ErasedPlanned, KindObject};
use infra::spec::{Knowledge, LoadOptions, MemoryFiles, load};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::lab::LabHost;

/// A connection as root.
pub struct Programs {
    host: Host,
    files: MemoryFiles,
}

/// Fills sections of a spec in, of which there are two forms: with one of two words in the place of WORD, and whatever depends on it.
/// The tar archive with the word's files has this SHA-256.
pub fn filled(sections: &str, word: &str, tar: &str) -> String {
    let other = |first: &'static str, second: &'static str| if word == "first" { first } else { second };
    sections
        .replace("WORD", word)
        .replace("KEY,", "'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDKcPXv4rKjjxQWGWCJVVcUgcVEnBYCxdJDgdJxfTGXH it',")
        .replace("OPTIONS", other("no-pty", "no-X11-forwarding"))
        .replace("OMIT", other("[]", "[dev]"))
        .replace("MODE", other("'0600'", "'0644'"))
        .replace("STATE", other("present", "absent"))
        .replace("SUM", &format!("'sha256:{}'", sha256(format!("{word}\n").as_bytes())))
        .replace("TAR", &format!("'sha256:{tar}'"))
}

impl Programs {
    /// Connects; the shell is what runs everything there, and the files are beside each spec.
    pub async fn connect(host: &LabHost, shell: &str, files: MemoryFiles) -> Self {
        Self { host: connection(host, shell).await, files }
    }

    /// Kills all of this run on the host, what guards it too, and connects anew, as the next run that is about to change something.
    pub async fn killed(self, host: &LabHost, shell: &str) -> Self {
        host.check(
            "for process in /proc/[0-9]*; do
                tr '\\0' ' ' <$process/cmdline 2>/dev/null | grep -q ' infra [0-9a-f]* /' && kill -KILL ${process#/proc/} || :
            done",
        );
        drop(self.host);
        let next = Self::connect(host, shell, self.files).await;
        next.host.lock(1, Instant::now() + Duration::from_secs(10), &mut |_| {}).await.unwrap();
        next
    }

    /// Returns the steps that the host needs to be as these sections of a spec say, which are all of one kind.
    pub async fn steps(&self, kind: &'static str, sections: &str) -> Vec<FrameStep> {
        let kind = kinds::by_name(kind).unwrap();
        let resources = self.resources(kind, sections);
        let all: Vec<&AnyResource> = resources.iter().collect();
        let seen = self.look(kind, &all).await;
        let changes: Vec<Vec<Change>> = all.iter().zip(&seen).map(|(r, s)| kind.diff(r, s).into_vec()).collect();
        let planned: Vec<ErasedPlanned<'_>> = (0..all.len())
            .filter(|&at| !changes[at].is_empty())
            .map(|at| ErasedPlanned {
                resource: all[at],
                observed: &seen[at],
                changes: &changes[at],
                action: Action::Update,
                owed: None,
            })
            .collect();
        let steps = kind.steps(&planned).into_iter();
        let named =
            |step: infra::model::Step| FrameStep { kind: kind.name(), ..FrameStep::new(step.purpose.clone(), step) };
        steps.map(named).collect()
    }

    /// Returns whether the host is as these sections say.
    pub async fn is_done(&self, kind: &'static str, sections: &str) -> bool {
        let kind = kinds::by_name(kind).unwrap();
        let resources = self.resources(kind, sections);
        let all: Vec<&AnyResource> = resources.iter().collect();
        let seen = self.look(kind, &all).await;
        all.iter().zip(&seen).all(|(resource, seen)| kind.diff(resource, seen).is_empty())
    }

    pub async fn run(&self, steps: &[FrameStep]) -> FrameReport {
        let (sender, _events) = mpsc::unbounded_channel();
        self.host.run(StepFrame { steps: steps.to_vec(), ..StepFrame::default() }, sender).await
    }

    pub async fn close(self) {
        self.host.close().await;
    }

    fn resources(&self, kind: &dyn KindObject, sections: &str) -> Vec<AnyResource> {
        let text = format!("infra: 1\nname: programs\nhosts: {{ app1: {{}} }}\n{sections}\n");
        let files = self.files.clone().file("spec/infra.yaml", text);
        let mut sources = Sources::default();
        let options = LoadOptions { spec: "spec".into(), ..LoadOptions::default() };
        let spec = load(&files, &options, &mut sources).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
        let resolution = spec.resolve(&files, &Knowledge::default(), &mut sources);
        assert!(resolution.diagnostics.is_empty(), "{:#?}", resolution.diagnostics);
        let of_kind = resolution.resources.into_iter().filter(|resolved| *resolved.address.kind == *kind.name());
        of_kind.map(|resolved| resolved.resource).collect()
    }

    async fn look(&self, kind: &'static dyn KindObject, all: &[&AnyResource]) -> Vec<AnyObserved> {
        let mut observed = self.host.observe(vec![("it".into(), kind.probe(all))]).await.unwrap();
        let output = observed.sections.remove("it").unwrap();
        let seen = kind.parse(all, &output);
        for seen in &seen {
            assert!(matches!(seen, AnyObserved::Absent(_) | AnyObserved::Present(_)), "{seen:?}\n{output:?}");
        }
        seen
    }
}

/// Makes a connection as root whose shells are this program.
async fn connection(host: &LabHost, shell: &str) -> Host {
    let details = host.details();
    let target = Target {
        name: "app1".into(),
        address: host.address(),
        user: Some("root".into()),
        become_root: false,
        password: None,
        transport: Transport::Ssh(SshOptions {
            identity_file: Some(details.key.clone()),
            config_file: Some("/dev/null".into()),
            known_hosts: Some(details.known_hosts.clone()),
            ..SshOptions::default()
        }),
    };
    let options = Options { shell: shell.into(), ..Options::default() };
    Host::connect(target, options).await.unwrap()
}
