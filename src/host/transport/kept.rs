//! Connections that stay open for a while after a run, so that the next one does not have to log in again.
//!
//! A connection belongs to one run at a time: a run takes it by renaming its socket, and puts it back at its end. So no
//! run gets into another one's way, and a run that dies leaves a connection that ends by itself.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::process::geteuid;
use sha2::{Digest, Sha256};

use crate::model::SshOptions;

use super::super::random::random;
use super::super::target::Target;
use super::configuration::Configurations;

/// The longest a connection is used, however often: what a login sets up (groups, limits, environment) stays as it was.
const OLDEST: Duration = Duration::from_secs(10 * 60);
/// What has no socket after so long is removed by whoever comes by.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
/// The longest folder: a socket's name may have 104 bytes on some systems, and ssh adds to ours while it makes one.
const LONGEST_FOLDER: usize = 48;
/// What the names of connections begin with that no run uses.
const KEPT: &str = "kept-";

/// Where connections wait for the next run, and for how long.
#[derive(Clone, Debug)]
pub struct Keep {
    folder: PathBuf,
    /// How long a connection waits that nobody uses, in seconds.
    idle: u16,
    configurations: Configurations,
}

/// Why connections cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    #[error("cannot make {}: {error}", .folder.display())]
    NotMade { folder: PathBuf, error: io::Error },
    #[error("{} is not a directory that only its owner, this user, may enter", .0.display())]
    NotPrivate(PathBuf),
    #[error("others may replace {}", .0.display())]
    Replaceable(PathBuf),
}

impl Keep {
    /// Makes the folder for the sockets, or checks the one that is there: whoever may write to it could lead connections
    /// elsewhere. `runtime` is the user's folder for such things, where the system has one.
    pub fn prepare(runtime: Option<&Path>, idle: u16) -> Result<Self, KeepError> {
        let fits = |folder: &PathBuf| folder.is_absolute() && folder.as_os_str().len() <= LONGEST_FOLDER;
        let folder = runtime.map(|runtime| runtime.join("infra")).filter(fits);
        let folder = folder.unwrap_or_else(|| PathBuf::from(format!("/tmp/infra-{}", geteuid().as_raw())));
        let not_made = |error| KeepError::NotMade { folder: folder.clone(), error };
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(not_made(error)),
            _ => {}
        }
        // Not of what a link leads to.
        let found = fs::symlink_metadata(&folder).map_err(not_made)?;
        if !found.is_dir() || found.uid() != geteuid().as_raw() || found.mode() & 0o077 != 0 {
            return Err(KeepError::NotPrivate(folder));
        }
        let above = fs::metadata(folder.parent().unwrap_or(Path::new("/"))).map_err(not_made)?;
        let is_trusted = above.uid() == 0 || above.uid() == geteuid().as_raw();
        const STICKY: u32 = 0o1000;
        if !is_trusted || above.mode() & 0o022 != 0 && above.mode() & STICKY == 0 {
            return Err(KeepError::Replaceable(folder));
        }
        let keep = Self { folder, idle, configurations: Configurations::default() };
        keep.clean();
        Ok(keep)
    }

    /// Returns a name for all that decides where a connection leads, as whom, and which keys it trusts: what ssh itself
    /// makes of its configuration for this host, and the state of the files it names. `None` where ssh cannot tell.
    pub(super) async fn key(&self, target: &Target, ssh: &SshOptions) -> Option<String> {
        let configuration = self.configurations.of(target, ssh).await?;
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(env!("CARGO_PKG_VERSION").as_bytes());
        add(configuration.settings.as_bytes());
        add(target.address.as_bytes());
        add(format!("{ssh:?}").as_bytes());
        add(std::env::current_dir().ok()?.as_os_str().as_bytes());
        for variable in ["HOME", "SSH_AUTH_SOCK", "PATH"] {
            add(std::env::var_os(variable).unwrap_or_default().as_bytes());
        }
        // A key that is no longer trusted, or another identity under the same name, asks for a new connection.
        let named = files(&configuration.settings);
        // Jump hosts have their own part of the configuration.
        let config = ssh.config_file.clone().unwrap_or_else(|| home().join(".ssh/config"));
        let given = [Some(config), Some("/etc/ssh/ssh_config".into()), ssh.known_hosts.clone()];
        for file in named.into_iter().chain(configuration.files).chain(given.into_iter().flatten()) {
            add(file.as_os_str().as_bytes());
            let found = fs::metadata(&file).ok();
            let state = found.map(|found| (found.dev(), found.ino(), found.size(), found.mtime(), found.mtime_nsec()));
            add(format!("{state:?}").as_bytes());
        }
        Some(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }

    /// Returns the folder, in which this run may make others that are for a while.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the seconds after which a connection ends that nobody uses.
    pub(super) fn idle(&self) -> u16 {
        self.idle
    }

    /// Returns whether any connection waits.
    pub(super) fn has_any(&self) -> bool {
        self.entries().any(|name| name.as_bytes().starts_with(KEPT.as_bytes()))
    }

    /// Takes a connection that waits, if there is one, and returns its socket. From now on it is this run's alone.
    pub(super) fn take(&self, key: &str) -> Option<PathBuf> {
        let taken = self.folder.join(format!("used-{}", random().ok()?));
        fs::rename(self.place(key), &taken).ok()?;
        let made = fs::symlink_metadata(&taken).and_then(|found| found.modified());
        match made {
            // The socket keeps the time when it was made, which is when the login was.
            Ok(made) if age(made) < OLDEST => Some(taken),
            // Without a name nobody uses it any more, so it ends by itself.
            _ => {
                let _ = fs::remove_file(taken);
                None
            }
        }
    }

    /// Lets a connection wait for the next run. False where another one waits already.
    pub(super) fn put(&self, key: &str, socket: &Path) -> bool {
        // Unlike renaming, linking replaces nothing.
        let is_there = fs::hard_link(socket, self.place(key)).is_ok();
        if is_there {
            let _ = fs::remove_file(socket);
        }
        is_there
    }

    /// Removes what runs that were killed, and connections that have ended, left behind.
    fn clean(&self) {
        for name in self.entries() {
            let path = self.folder.join(name);
            let Ok(found) = fs::symlink_metadata(&path) else { continue };
            // A folder is what ssh makes its socket in, together with a log.
            let socket = if found.is_dir() { path.join("master") } else { path.clone() };
            let is_over = match UnixStream::connect(&socket) {
                Ok(_) => false,
                // Nobody listens any more. One that is about to be made has another name until somebody does.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => true,
                Err(_) => found.modified().is_ok_and(|made| age(made) > FORGOTTEN),
            };
            if !is_over {
                continue;
            }
            let _ = if found.is_dir() {
                fs::remove_dir_all(path)
            } else if found.file_type().is_socket() {
                fs::remove_file(path)
            } else {
                Ok(())
            };
        }
    }

    fn entries(&self) -> impl Iterator<Item = std::ffi::OsString> {
        fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.file_name())
    }

    fn place(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{KEPT}{key}"))
    }
}

fn age(made: SystemTime) -> Duration {
    // A clock that was set back makes it young; ssh still ends it.
    made.elapsed().unwrap_or_default()
}

/// Returns the files that the output of `ssh -G` names.
fn files(text: &str) -> Vec<PathBuf> {
    const NAMING: &[&str] =
        &["userknownhostsfile", "globalknownhostsfile", "identityfile", "certificatefile", "revokedhostkeys"];
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(name, _)| NAMING.contains(name))
        .flat_map(|(_, value)| value.split(' '))
        .map(|name| match name.strip_prefix("~/") {
            Some(rest) => home().join(rest),
            None => PathBuf::from(OsStr::new(name)),
        })
        .collect()
}

fn home() -> PathBuf {
    std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default()
}
