//! Packages that many hosts have from the start, put onto a base once.
//!
//! A layer is what an overlay over the base took up while the packages were installed in it; hosts are overlays over
//! both. Its name has the base's and a digest of the list, so that it goes when either changes.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::base::contained;
use super::files::delete;
use super::lock::FileLock;
use super::progress::Progress;
use super::recipe::{Recipe, digest};
use super::state::StateFolder;
use super::wait::Deadline;
use super::{program, tree};

/// How long another process may take for the layer this one waits for.
const BUILD_TIME: Duration = Duration::from_secs(20 * 60);

/// Mounts the tree where nobody else sees it, and goes into it. Its arguments are the options of the overlay, the place
/// of the tree, and what to run there.
const ENTER: &str = r#"
set -eu
mount -t overlay -o "$1" overlay "$2"
mount -t proc proc "$2/proc"
mount --bind /dev "$2/dev"
tree=$2
shift 2
exec chroot "$tree" "$@"
"#;

/// Installs packages, running inside. What they start is started by hosts when they boot.
const INSTALL: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d
apt-get install --yes --no-install-recommends "$@"
rm /usr/sbin/policy-rc.d
apt-get clean
"#;

/// Makes the layer of a list of packages unless it is there, and returns the name of what hosts with them stand on.
pub fn ensure(
    state: &StateFolder,
    base: &str,
    packages: &[String],
    recipe: &Recipe,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<String> {
    if packages.is_empty() {
        return Ok(base.to_owned());
    }
    let name = name(base, packages);
    if state.base(&name).is_dir() {
        return Ok(name);
    }
    let list = packages.join(" ");
    let lock = state.layer_lock(&name);
    let _lock = match FileLock::try_take(&lock)? {
        Some(lock) => lock,
        None => {
            progress(Progress::WaitingForLayer(list.clone()));
            FileLock::take(&lock, Deadline::after(BUILD_TIME))?
        }
    };
    if state.base(&name).is_dir() {
        return Ok(name);
    }
    progress(Progress::BuildingLayer(list.clone()));
    let unfinished = state.unfinished_layer(&name);
    delete(&unfinished)?;
    let log = state.layer_log(&name);
    build(&unfinished, &state.base(base), packages, recipe, &log, progress)
        .with_context(|| format!("cannot install {list} over {base}; the whole output is in {}", log.display()))?;
    state.install_layer(&unfinished.join("upper"), &name)?;
    delete(&unfinished)?;
    Ok(name)
}

fn name(base: &str, packages: &[String]) -> String {
    let parts = [INSTALL].into_iter().chain(packages.iter().map(String::as_str));
    format!("{base}+{}", digest(parts.map(str::as_bytes)))
}

fn build(
    folder: &Path,
    base: &Path,
    packages: &[String],
    recipe: &Recipe,
    log: &Path,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<()> {
    let [upper, work, tree] = ["upper", "work", "tree"].map(|name| folder.join(name));
    for path in [&upper, &work, &tree] {
        fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
        // What is uppermost says who may enter the root of the tree.
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    let mut log = fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = contained("sh");
    command.args(["-c", ENTER, "sh"]).arg(tree::options(&[base.to_owned()], &upper, &work)).arg(&tree);
    command.args(["sh", "-c", INSTALL, "sh"]).args(packages).envs(recipe.guest_environment());
    program::run_with_lines(command, |text| {
        // The log is a convenience: a full disk shows in what is being built.
        let _ = writeln!(log, "{text}");
        progress(Progress::BaseOutput(text.to_owned()));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_named_by_its_base_and_its_list() {
        let of =
            |base: &str, packages: &[&str]| name(base, &packages.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of("bookworm-1", &["a", "b"]), of("bookworm-1", &["a", "b"]));
        assert!(of("bookworm-1", &["a"]).starts_with("bookworm-1+"));
        let names = [of("bookworm-1", &["a", "b"]), of("bookworm-1", &["ab"]), of("bookworm-2", &["a", "b"])];
        assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
    }

    #[test]
    fn hosts_with_a_layer_stand_on_it_and_on_its_base() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        assert_eq!(state.lower("bookworm-1"), [state.base("bookworm-1")]);
        assert_eq!(state.lower("bookworm-1+a"), [state.base("bookworm-1+a"), state.base("bookworm-1")]);
    }
}
