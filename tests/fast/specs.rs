//! What is in `specs/` and `examples/` is valid, and the quickstart does what it says.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::infra::Infra;
use crate::support::lab::text;

fn folders(of: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(of)).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path()).filter(|path| path.join("infra.yaml").exists());
    folders.collect()
}

/// The names of overlays in a spec's `env` folder.
fn environments(spec: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(spec.join("env")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_string()).collect()
}

#[test]
fn every_spec_and_example_is_valid() {
    let specs = [folders("specs"), folders("examples")].concat();
    assert!(specs.len() > 5, "{specs:?}");
    for spec in specs {
        let overlays = environments(&spec).into_iter().map(Some).chain([None]);
        for overlay in overlays {
            let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
            command.arg("validate").arg(&spec);
            command.args(overlay.iter().flat_map(|name| ["--env", name]));
            let output = command.output().unwrap();
            assert!(output.status.success(), "{} {overlay:?}\n{}", spec.display(), text(&output.stderr));
        }
    }
}

#[test]
fn quickstart_works_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("quick start");
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
    let infra = Infra::local(&spec, folder.path()).option("--var").option(&format!("dir={}", dir.display()));
    let page = dir.join("current/index.html");

    infra.plan().assert_no_problems();
    assert!(!dir.exists(), "a plan changes nothing");
    infra.apply();
    infra.plan().assert_empty("after apply");
    assert!(std::fs::read_to_string(&page).unwrap().contains("Hello, world!"));

    std::fs::write(&page, "edited").unwrap();
    let file = format!("file:{}/site/index.html", dir.display());
    let broken = infra.plan();
    // The command comes after the page, so whether it has to run is asked again; it does not.
    broken.assert_names(&[file.clone(), "command:count the page's words".into()], "an edited file");
    broken.assert_checks_fail(&["check:the page greets".into()], "an edited file");
    infra.apply().assert_applied(&[file], "an edited file");
    infra.plan().assert_empty("after mending an edited file");
}

#[test]
fn the_order_of_data_needs_no_depends_on() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/echoclip");
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    let output = command.args(["why", "migration:youtube_slicer"]).arg(&spec).output().unwrap();
    let said = text(&output.stdout);
    for first in [
        "database:youtube_slicer",
        "database_user:youtube_user@localhost",
        "python_env:/home/flowclip/EchoClip/backend/.venv",
        "setting:/home/flowclip/EchoClip/backend/.bootstrap_config.json",
    ] {
        assert!(said.contains(&format!("after   app1/{first}: ")), "{first} is not first\n{said}");
    }
    assert!(said.contains("before  app1/seed:system_configs: ") && !said.contains("depends_on"), "{said}");
}
