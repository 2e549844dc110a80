//! The running side of a host: its `systemd-nspawn` process and its control group.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::diagnostic::is_unseen;

use super::mounts;
use super::program::{self, Signal};
use super::record::{HostFolder, HostRecord};
use super::wait::Deadline;

/// How a running host is brought to a halt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// As `poweroff` does: services are stopped in order.
    Orderly,
    /// As if the power failed.
    Abrupt,
}

/// How long services may take to stop before the power is cut.
const SHUTDOWN_TIME: Duration = Duration::from_secs(100);

/// How long the kernel may take to end killed processes.
const KILL_TIME: Duration = Duration::from_secs(30);

/// Enters the control groups named first, up to an empty argument, and becomes what is named after.
const ENTER: &str = r#"
while [ -n "$1" ]; do echo $$ > "$1/cgroup.procs" || exit; shift; done
shift
exec "$@"
"#;

/// Starts a host whose tree is mounted. It goes on when this process ends.
pub fn start(folder: &HostFolder, name: &str, record: &HostRecord, bridge: &str) -> Result<()> {
    let machine = machine_name(record);
    let console =
        fs::File::create(folder.console()).with_context(|| format!("cannot write {}", folder.console().display()))?;
    let mut command = program::command("sh");
    command.args(["-c", ENTER, "sh"]);
    // A systemd with its own control groups, as on any current server; Debian 13's starts with nothing else.
    command.env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1");
    let scope = if runs_systemd() {
        // systemd keeps control groups for itself, and gives nspawn one of its own when asked over its bus.
        None
    } else {
        for group in control_groups(&machine)? {
            fs::create_dir_all(&group).with_context(|| format!("cannot make the control group {}", group.display()))?;
            command.arg(group);
        }
        Some("--keep-unit")
    };
    command.args(["", "setsid", "systemd-nspawn", "--quiet", "--settings=no", "--boot"]);
    command.args([format!("--machine={machine}"), format!("--hostname={name}"), format!("--network-bridge={bridge}")]);
    command.arg(directory_argument(folder)).args(["--register=no", "--resolv-conf=off", "--timezone=off"]);
    command.args(["--link-journal=no"]).args(scope).current_dir("/");
    if record.containers {
        let images = folder.images();
        fs::create_dir_all(&images).with_context(|| format!("cannot make {}", images.display()))?;
        // What runc calls to limit devices (bpf) and to keep containers' keys apart, and nspawn keeps from hosts.
        command.args(["--capability=all", "--system-call-filter=add_key keyctl bpf"]);
        command.arg(format!("--bind={}:/var/lib/docker", images.display()));
    }
    command.stdout(console.try_clone().context("cannot duplicate a file")?).stderr(Stdio::from(console));
    let mut child = command.spawn().context("cannot start systemd-nspawn")?;
    // Collects the exit status should this process outlive the host. Whether the host runs is asked of the kernel.
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// Finds the process that runs a host.
///
/// It is known by its arguments and not by a written-down number, which could be missing after an interruption or be
/// another process's by now.
pub fn find(folder: &HostFolder) -> Result<Option<u32>> {
    let wanted = directory_argument(folder);
    let mut found: Vec<u32> = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot list /proc")? {
        let entry = entry.context("cannot list /proc")?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if arguments(pid).split(|byte| *byte == 0).any(|argument| argument == wanted.as_bytes()) {
            found.push(pid);
        }
    }
    // nspawn's children look like itself until they become the host's first process.
    let parent_is_found = |pid: &u32| parent(*pid).is_some_and(|parent| found.contains(&parent));
    Ok(found.iter().copied().find(|pid| !parent_is_found(pid)))
}

/// Reads a process's arguments, each ended by a zero; none where it has ended or is the kernel's.
fn arguments(pid: u32) -> Vec<u8> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    for _ in 0..100 {
        let arguments = fs::read(folder.join("cmdline")).unwrap_or_default();
        // A process has none either for a moment while it becomes another program, but then it has a program.
        if !arguments.is_empty() || fs::read_link(folder.join("exe")).is_err() {
            return arguments;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Vec::new()
}

/// Brings a host to a halt, if it runs.
pub fn halt(folder: &HostFolder, how: Halt) -> Result<()> {
    if how == Halt::Orderly
        && let Some(pid) = find(folder)?
    {
        program::signal(pid, Signal::Terminate)?;
        if wait_until_gone(folder, SHUTDOWN_TIME)? {
            return Ok(());
        }
    }
    // nspawn cleans up after itself when the host's first process dies; where there is none yet, or no more, itself is
    // what has to go.
    if let Some(pid) = find(folder)? {
        program::signal(first_process(pid)?.unwrap_or(pid), Signal::Kill)?;
        if wait_until_gone(folder, Duration::from_secs(5))? {
            return Ok(());
        }
    }
    let deadline = Deadline::after(KILL_TIME);
    let gone = deadline.poll(|| match find(folder)? {
        None => Ok::<_, anyhow::Error>(Some(())),
        Some(pid) => program::signal(pid, Signal::Kill).map(|()| None),
    })?;
    match gone {
        Some(()) => Ok(()),
        None => bail!("the processes of {} do not end", folder.path().display()),
    }
}

/// Removes what a halted host holds besides its folder: mounts and control groups.
pub fn release(folder: &HostFolder, record: Option<&HostRecord>) -> Result<()> {
    mounts::unmount_below(folder.path())?;
    if let Some(record) = record
        && !runs_systemd()
    {
        for group in control_groups(&machine_name(record))? {
            remove_control_group(&group)?;
        }
    }
    Ok(())
}

/// The first process of a booted host, as this machine numbers it.
pub fn first_process(nspawn: u32) -> Result<Option<u32>> {
    let path = format!("/proc/{nspawn}/task/{nspawn}/children");
    let children = match fs::read_to_string(&path) {
        Ok(children) => children,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
    };
    let own = |pid: &u32| {
        let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        program.ends_with("lib/systemd/systemd")
    };
    Ok(children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(own))
}

/// Returns the last lines a host printed, for an error about it.
pub fn last_words(folder: &HostFolder) -> String {
    let mut last = program::Tail::default();
    let printed = fs::read(folder.console()).unwrap_or_default();
    for line in String::from_utf8_lossy(&printed).lines() {
        let plain: String = line.chars().filter(|&c| !is_unseen(c) || c == '\t').collect();
        last.push(&plain);
    }
    last.text()
}

fn wait_until_gone(folder: &HostFolder, time: Duration) -> Result<bool> {
    let gone = Deadline::after(time).poll(|| Ok::<_, anyhow::Error>(find(folder)?.is_none().then_some(())))?;
    Ok(gone.is_some())
}

fn directory_argument(folder: &HostFolder) -> String {
    format!("--directory={}", folder.tree().display())
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
}

/// A name no other host on this machine has, short enough for `vb-NAME` to be a network interface (15 characters).
fn machine_name(record: &HostRecord) -> String {
    let [_, b, c, d] = record.address.octets();
    format!("lab{b:02x}{c:02x}{d:02x}")
}

/// Tells whether systemd manages this machine (sd_booted(3)).
fn runs_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// The control groups of a host, one in each hierarchy that systemd inside may look at.
///
/// Hosts in one group would each take the others' services for their own.
fn control_groups(machine: &str) -> Result<Vec<PathBuf>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("cannot read /proc/self/mountinfo")?;
    let roots = hierarchies(&mounts);
    ensure!(
        !roots.is_empty(),
        "no cgroup2 file system is mounted, which systemd needs: mount one with `mount -t cgroup2 none /sys/fs/cgroup`"
    );
    Ok(roots.into_iter().map(|root| root.join(machine)).collect())
}

/// Finds the hierarchies that matter to systemd in a mountinfo (proc_pid_mountinfo(5)); none without the second version.
fn hierarchies(mountinfo: &str) -> Vec<PathBuf> {
    let mut second = None;
    let mut first = None;
    for line in mountinfo.lines() {
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let Some(point) = before.split(' ').nth(4) else { continue };
        let mut after = after.split(' ');
        let (kind, options) = (after.next(), after.nth(1).unwrap_or_default());
        match kind {
            Some("cgroup2") => second = second.or(Some(PathBuf::from(point))),
            Some("cgroup") if options.split(',').any(|option| option == "name=systemd") => {
                first = first.or(Some(PathBuf::from(point)));
            }
            _ => {}
        }
    }
    second.into_iter().flat_map(|second| std::iter::once(second).chain(first.clone())).collect()
}

fn remove_control_group(group: &Path) -> Result<()> {
    // Ends what outlived the host's first process, which nothing should; kernels before 5.14 have no such file.
    let _ = fs::write(group.join("cgroup.kill"), "1");
    let removed = Deadline::after(KILL_TIME).poll(|| {
        remove_folders(group);
        Ok::<_, anyhow::Error>((!group.exists()).then_some(()))
    })?;
    ensure!(removed.is_some(), "the control group {} still has processes", group.display());
    Ok(())
}

/// Removes a tree of control groups as far as it can be; their files are the kernel's and go with them.
fn remove_folders(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_folders(&entry.path());
        }
    }
    // Fails while processes are in it; the caller looks whether it is gone.
    let _ = fs::remove_dir(group);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_are_found_in_each_layout() {
        let tmpfs = "30 20 0:5 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n";
        let memory = "31 30 0:6 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        let named = "32 30 0:7 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";
        let second = "33 30 0:8 / /sys/fs/cgroup/unified rw,relatime shared:4 - cgroup2 cgroup2 rw\n";
        let only = "33 30 0:8 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";
        let found = |text: String| hierarchies(&text).iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(
            found(format!("{tmpfs}{memory}{named}{second}")),
            ["/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"]
        );
        assert_eq!(found(only.to_owned()), ["/sys/fs/cgroup"]);
        assert!(found(format!("{tmpfs}{memory}{named}")).is_empty());
    }
}
