//! Who runs this, for others who want the same host meanwhile.
#![allow(clippy::disallowed_methods, reason = "this is the edge: the environment and this machine's files enter here")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::Who;

use super::environment::variable;

/// How many digits of a commit are told.
const DIGITS: usize = 12;

/// Tells who runs this, with which spec.
pub fn who(spec: &Path) -> Who {
    let user = ["USER", "LOGNAME"].into_iter().find_map(variable).filter(|name| !name.is_empty());
    let user = user.unwrap_or_else(|| {
        let uid = rustix::process::geteuid().as_raw();
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        account(&accounts, uid).map_or_else(|| format!("uid {uid}"), str::to_string)
    });
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let folder = fs::canonicalize(spec).unwrap_or_else(|_| spec.to_path_buf());
    let commit = base(&folder).map(|(_, hash)| hash[..DIGITS].to_string()).unwrap_or_default();
    // A dot tells nobody else anything.
    let named = if spec == Path::new(".") { folder.file_name().map(PathBuf::from) } else { None };
    Who { user, machine, spec: named.unwrap_or_else(|| spec.to_path_buf()).display().to_string(), commit }
}

/// Returns the name of an account, from the text of passwd(5).
fn account(accounts: &str, uid: u32) -> Option<&str> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

/// Returns the top of the repository that a folder is in, and the commit that is checked out there.
pub fn base(folder: &Path) -> Option<(PathBuf, String)> {
    folder.ancestors().find_map(|folder| Some((folder.to_path_buf(), commit(folder)?)))
}

/// Returns the commit that is checked out in a folder, if a checkout begins there (gitrepository-layout(5)). No git is needed for
/// it, and nothing runs that a repository could choose.
fn commit(folder: &Path) -> Option<String> {
    let entry = folder.join(".git");
    let repository = match fs::read_to_string(&entry) {
        // A worktree, or a submodule.
        Ok(text) => folder.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => entry,
    };
    let head = fs::read_to_string(repository.join("HEAD")).ok()?;
    let hash = match head.trim().strip_prefix("ref: ") {
        None => head.trim().to_string(),
        Some(branch) => {
            let shared = fs::read_to_string(repository.join("commondir"));
            let shared = shared.map_or_else(|_| repository.clone(), |path| repository.join(path.trim()));
            let loose = |folder: &Path| fs::read_to_string(folder.join(branch)).ok();
            let packed = || {
                let all = fs::read_to_string(shared.join("packed-refs")).ok()?;
                all.lines().find_map(|line| Some(line.strip_suffix(branch)?.strip_suffix(' ')?.to_string()))
            };
            loose(&repository).or_else(|| loose(&shared)).or_else(packed)?.trim().to_string()
        }
    };
    let is_hash = hash.len() >= DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_is_found_however_git_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let git = |folder: &Path, words: &[&str]| {
            let mut command = std::process::Command::new("git");
            let named = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=trunk"];
            let output = command.arg("-C").arg(folder).args(named).args(words).output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_string()
        };
        let (spec, other) = (folder.path().join("specs/web"), folder.path().join("other"));
        fs::create_dir_all(&spec).unwrap();
        assert_eq!(who(&spec).commit, "");
        git(folder.path(), &["init", "--quiet"]);
        assert_eq!(who(&spec).commit, "");
        git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", "one"]);
        let first = git(folder.path(), &["rev-parse", "--short=12", "HEAD"]);
        assert_eq!(who(&spec).commit, first);
        git(folder.path(), &["pack-refs", "--all"]);
        assert_eq!(who(&spec).commit, first, "packed");
        git(folder.path(), &["worktree", "add", "--quiet", "-b", "branch", other.to_str().unwrap()]);
        git(&other, &["commit", "--quiet", "--allow-empty", "-m", "two"]);
        let second = git(&other, &["rev-parse", "--short=12", "HEAD"]);
        assert_eq!(who(&other).commit, second, "a worktree");
        git(&other, &["checkout", "--quiet", "--detach"]);
        assert_eq!(who(&other).commit, second, "detached");
        assert_eq!(who(&spec).commit, first);
    }

    #[test]
    fn an_account_is_told_by_its_name() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\n+nis\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(account(accounts, 0), Some("root"));
        assert_eq!(account(accounts, 1000), Some("ada"));
        assert_eq!(account(accounts, 7), None);
    }

    #[test]
    fn a_spec_is_told_as_it_was_named() {
        assert_eq!(who(Path::new("specs/web")).spec, "specs/web");
        assert_eq!(who(Path::new(".")).spec, std::env::current_dir().unwrap().file_name().unwrap().to_string_lossy());
    }
}
