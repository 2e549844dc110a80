//! The base tree of a release: what every host of that release is an overlay of.
//!
//! A base is made in a folder of its own and then renamed into place, so that what is there is whole. It is never
//! written to afterwards: changing the lower side of a mounted overlay is undefined (overlayfs, "Changes to underlying
//! filesystems").

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use super::lock::FileLock;
use super::program;
use super::progress::Progress;
use super::recipe::Recipe;
use super::state::StateFolder;
use super::wait::Deadline;
use super::{Account, Release};

/// What a cheap cloud image has, and no more: a spec that forgets a package must fail here, not on the real server.
const PACKAGES: &str = "systemd,systemd-sysv,libpam-systemd,dbus,openssh-server,sudo,iproute2,iptables,ca-certificates,\
                        curl,procps";

/// How long another process may take for the base this one waits for.
const BUILD_TIME: Duration = Duration::from_secs(20 * 60);

/// The age from which package lists of a base are likely to name versions that mirrors no longer carry.
const FRESH: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Finishes a debootstrapped tree, running inside it. Its argument is the account that specs log in as.
const FINISH: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive
update-ca-certificates
apt-get update
useradd --create-home --shell /bin/bash "$1"
systemctl enable systemd-networkd.service ssh.service
# Each host makes its own.
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id
apt-get clean
"#;

/// Returns the folder name of the base a release has on this machine.
pub fn name(release: Release, recipe: &Recipe) -> String {
    format!("{release}-{}", recipe.fingerprint(&[PACKAGES, FINISH]))
}

/// Makes the base of a release unless it is there, and returns its name in the state folder.
pub fn ensure(
    state: &StateFolder,
    release: Release,
    recipe: &Recipe,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<String> {
    let name = name(release, recipe);
    if is_whole(state, &name) && !is_stale(state, &name) {
        return Ok(name);
    }
    let lock = state.base_lock(release);
    let _lock = match FileLock::try_take(&lock)? {
        Some(lock) => lock,
        None => {
            progress(Progress::WaitingForBase(release));
            FileLock::take(&lock, Deadline::after(BUILD_TIME))?
        }
    };
    // With the lock held, what is being made belongs to a process that is no more.
    state.discard_unfinished_bases(release)?;
    let there = is_whole(state, &name);
    if there && !(is_stale(state, &name) && state.base_is_unused(&name)?) {
        return Ok(name);
    }
    progress(Progress::BuildingBase(release));
    let unfinished = state.unfinished_base(release);
    match build(&unfinished, &state.base_log(release), release, recipe, progress) {
        Ok(()) => state.install_base(&unfinished, &name)?,
        Err(error) if there => {
            progress(Progress::KeepingOldBase { release, reason: format!("{error:#}") });
        }
        Err(error) => {
            return Err(error.context(format!(
                "cannot build the {release} base; the whole output is in {}",
                state.base_log(release).display()
            )));
        }
    }
    Ok(name)
}

fn is_whole(state: &StateFolder, name: &str) -> bool {
    state.base(name).is_dir()
}

fn is_stale(state: &StateFolder, name: &str) -> bool {
    let built = fs::metadata(state.base(name).join(LISTS)).and_then(|lists| lists.modified());
    // A clock that went backwards makes nothing stale.
    built.is_ok_and(|built| SystemTime::now().duration_since(built).is_ok_and(|age| age > FRESH))
}

/// The package lists inside a tree; apt touches the folder whenever it has fetched them.
const LISTS: &str = "var/lib/apt/lists";

fn build(
    tree: &Path,
    log_path: &Path,
    release: Release,
    recipe: &Recipe,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<()> {
    fs::create_dir_all(tree).with_context(|| format!("cannot make {}", tree.display()))?;
    fs::set_permissions(tree, fs::Permissions::from_mode(0o755))?;
    let mut log = fs::File::create(log_path).with_context(|| format!("cannot write {}", log_path.display()))?;
    let mut line = |text: &str| {
        use std::io::Write;
        // The log is a convenience: a full disk shows in what is being built.
        let _ = writeln!(log, "{text}");
        progress(Progress::BaseOutput(text.to_owned()));
    };

    let mut debootstrap = contained("debootstrap");
    debootstrap.arg("--variant=minbase").arg(format!("--include={PACKAGES}")).arg(release.codename()).arg(tree);
    // Without a mirror of this machine's, debootstrap knows a default.
    debootstrap.args(&recipe.mirrors.main);
    program::run_with_lines(debootstrap, &mut line)?;

    write_settings(tree, release, recipe)?;

    let mut finish = contained("chroot");
    finish.arg(tree).args(["sh", "-c", FINISH, "sh", Account::Deploy.name()]);
    for (name, value) in recipe.guest_environment() {
        finish.env(name, value);
    }
    program::run_with_lines(finish, &mut line)?;

    write(tree, "etc/sudoers.d/deploy", "deploy ALL=(ALL) NOPASSWD: ALL\n")?;
    fs::set_permissions(tree.join("etc/sudoers.d/deploy"), fs::Permissions::from_mode(0o440))?;
    Ok(())
}

/// Makes a command whose processes and mounts all end with it, and which ends with this process.
///
/// A killed build thereby leaves a folder behind and nothing else: no mounted `/proc`, no downloads going on.
pub fn contained(program: &str) -> Command {
    let mut command = program::command("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private"]).args([
        "--pid",
        "--fork",
        "--mount-proc",
        "--kill-child=KILL",
        program,
    ]);
    command
}

fn write_settings(tree: &Path, release: Release, recipe: &Recipe) -> Result<()> {
    let list = tree.join("etc/apt/sources.list");
    let written = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    // debootstrap writes `deb MIRROR RELEASE main`.
    let Some(mirror) = written.split_whitespace().nth(1) else {
        bail!("{} does not name the mirror debootstrap used", list.display());
    };
    write(tree, "etc/apt/sources.list.d/debian.sources", &recipe.apt_sources(release, mirror))?;
    fs::remove_file(&list).with_context(|| format!("cannot remove {}", list.display()))?;
    if !recipe.apt.is_empty() {
        write(tree, "etc/apt/apt.conf.d/90machine", &format!("{}\n", recipe.apt.join("\n")))?;
    }
    for (name, certificate) in &recipe.authorities {
        let path = tree.join("usr/local/share/ca-certificates").join(name);
        fs::write(&path, certificate).with_context(|| format!("cannot write {}", path.display()))?;
    }
    for (path, text) in recipe.tool_settings() {
        write(tree, path, &text)?;
    }
    let environment = recipe.guest_environment();
    if !environment.is_empty() {
        // pam_env(7) reads these for logins and sudo, systemd-system.conf(5) for services.
        let logins: String = environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        write(tree, "etc/environment", &logins)?;
        let services: Vec<_> = environment.iter().map(|(name, value)| format!("\"{name}={value}\"")).collect();
        let services = format!("[Manager]\nDefaultEnvironment={}\n", services.join(" ").replace('%', "%%"));
        write(tree, "etc/systemd/system.conf.d/10-machine.conf", &services)?;
    }
    Ok(())
}

fn write(tree: &Path, path: &str, text: &str) -> Result<()> {
    let path = tree.join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_stale_when_its_package_lists_are_old() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        let lists = state.base("bookworm-1").join(LISTS);
        fs::create_dir_all(&lists).unwrap();
        assert!(!is_stale(&state, "bookworm-1"));
        let touch = |time| fs::File::open(&lists).unwrap().set_modified(time).unwrap();
        touch(SystemTime::now() - FRESH - Duration::from_secs(60));
        assert!(is_stale(&state, "bookworm-1"));
        touch(SystemTime::now() + FRESH);
        assert!(!is_stale(&state, "bookworm-1"));
    }
}
