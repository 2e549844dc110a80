//! Hosts for tests: this machine under dash, bash and busybox.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;

use crate::host::{Host, Options, Target, Transport};
use crate::model::{Observed, Probe, ProbeOutput, Record, Row};

/// A shell with the tools that go with it.
pub(super) struct Flavour {
    pub name: &'static str,
    folder: TempDir,
    path: String,
}

/// Dash and bash with this machine's tools; busybox with nothing but its own.
pub(super) static FLAVOURS: LazyLock<Vec<Flavour>> = LazyLock::new(|| {
    let usual = Options::default().path;
    ["dash", "bash", "busybox"]
        .into_iter()
        .map(|name| {
            let folder = tempfile::tempdir().unwrap();
            let program = which(name);
            let mut path = usual.clone();
            if name == "busybox" {
                let listed = std::process::Command::new(&program).arg("--list").output().unwrap();
                for applet in String::from_utf8(listed.stdout).unwrap().lines() {
                    std::os::unix::fs::symlink(&program, folder.path().join(applet)).unwrap();
                }
                // Debian's busybox has no su and no flock; where it is the system's own, it does.
                for program in ["su", "flock"] {
                    if !folder.path().join(program).exists() {
                        std::os::unix::fs::symlink(which(program), folder.path().join(program)).unwrap();
                    }
                }
                path = folder.path().to_str().unwrap().to_string();
            } else {
                // Called `sh`, bash behaves as POSIX says.
                std::os::unix::fs::symlink(&program, folder.path().join("sh")).unwrap();
            }
            Flavour { name, folder, path }
        })
        .collect()
});

fn which(program: &str) -> PathBuf {
    let path = Options::default().path;
    let found = path.split(':').map(|folder| Path::new(folder).join(program)).find(|file| file.exists());
    found.unwrap_or_else(|| panic!("{program} is needed for the tests of the host protocol"))
}

impl Flavour {
    pub fn options(&self) -> Options {
        Options {
            shell: self.folder.path().join("sh").to_str().unwrap().to_string(),
            path: self.path.clone(),
            state_folder: Some(self.folder.path().join("state").to_str().unwrap().to_string()),
            ..Options::default()
        }
    }

    pub async fn host(&self) -> Host {
        Host::connect(target(), self.options()).await.unwrap()
    }
}

impl Flavour {
    /// Connects to a shell that is alone in a namespace of process ids, so that only its own processes are counted.
    pub async fn host_alone(&self, folder: &TempDir) -> Host {
        let options = Options { count_processes: true, ..self.options() };
        let alone = folder.path().join("alone");
        let text = format!(
            "#!/bin/sh\nif [ $$ = 1 ]; then exec {0} \"$@\"; fi\nexec {1} --map-root-user --pid --fork --mount-proc \"$0\" \"$@\"\n",
            options.shell,
            which("unshare").display()
        );
        std::fs::write(&alone, text).unwrap();
        std::fs::set_permissions(&alone, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let shell = alone.to_str().unwrap().to_string();
        Host::connect(target(), Options { shell, ..options }).await.unwrap()
    }
}

pub(super) fn target() -> Target {
    Target {
        name: "here".into(),
        address: "localhost".into(),
        user: None,
        become_root: false,
        password: None,
        transport: Transport::Local,
    }
}

/// Runs a test under every flavour at once, and says under which it failed.
pub(super) fn each<F: Future<Output = ()>>(test: impl Fn(&'static Flavour) -> F + Sync) {
    let run = |flavour: &'static Flavour| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(120), test(flavour)).await.expect("the test hangs");
        });
    };
    let run = &run;
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            FLAVOURS.iter().map(|flavour| (flavour.name, scope.spawn(move || run(flavour)))).collect();
        let failed: Vec<&str> =
            threads.into_iter().filter_map(|(name, thread)| thread.join().is_err().then_some(name)).collect();
        assert!(failed.is_empty(), "it fails under {}", failed.join(", "));
    });
}

/// Runs one program as a section and returns what it wrote.
pub(super) async fn section(host: &Host, script: &'static str, rows: Vec<Row>) -> ProbeOutput {
    let mut observed = observe(host, vec![("it", Probe::new(script, rows))]).await;
    observed.sections.remove("it").unwrap()
}

pub(super) async fn observe(host: &Host, sections: Vec<(&str, Probe)>) -> Observed {
    let sections = sections.into_iter().map(|(name, probe)| (name.to_string(), probe)).collect();
    host.observe(sections).await.unwrap()
}

pub(super) fn record(index: usize, fields: &[&str]) -> Record {
    Record { index, fields: fields.iter().map(ToString::to_string).collect() }
}

/// Waits until a process is gone.
pub(super) async fn gone(process: &str) {
    for _ in 0..1000 {
        if is_gone(process) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("process {process} is still running");
}

/// Returns whether a process is gone. A zombie only waits for its parent to notice.
pub(super) fn is_gone(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.is_empty() || status.contains(") Z ")
}
