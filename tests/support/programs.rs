//! The programs of kinds on a throwaway host, without the command around them: what a spec asks for becomes steps, which can be run
//! again and again.

use infra::diagnostic::Sources;
use infra::host::{FrameReport, FrameStep, Host, Options, StepFrame, Target, Transport};
use infra::kinds;
use infra::model::{Action, Change, SshOptions};
use infra::resource::{AnyObserved, AnyResource, ErasedPlanned, KindObject};
use infra::spec::{Knowledge, LoadOptions, MemoryFiles, load};
use tokio::sync::mpsc;

use super::lab::LabHost;

/// A connection as root.
pub struct Programs {
    host: Host,
    files: MemoryFiles,
}

impl Programs {
    /// Connects; the shell is what runs everything there, and the files are beside each spec.
    pub async fn connect(host: &LabHost, shell: &str, files: MemoryFiles) -> Self {
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
        Self { host: Host::connect(target, options).await.unwrap(), files }
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
        self.host.run(StepFrame { steps: steps.to_vec(), forget: vec![] }, sender).await
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
