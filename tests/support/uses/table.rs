//! What a kind uses, folded to what is worth to be read: packages with their programs, and paths as a spec would call them.

use std::collections::{BTreeSet, HashMap, HashSet};

use infra::resource::Uses;

use super::trace::{Use, What};

/// What was installed on the host.
#[derive(Default)]
pub struct Installed {
    /// Package by file.
    files: HashMap<String, String>,
    /// Packages without which no Debian system is.
    required: HashSet<String>,
}

/// Not worth a line: what the system itself is made of, and what is gone when a step has ended.
const NOWHERE: &[&str] =
    &["/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/var/lib/infra", "/usr", "/lib", "/lib64", "/bin", "/sbin"];

/// Places in one folder that are listed one by one.
const MOST: usize = 4;

/// Read, with what lies below, by whatever starts a program, becomes another account, asks for an account, a name or a port,
/// prints a text or a time,
/// or asks systemd for a service.
const EVERYWHERE: &[&str] = &[
    "/etc/alternatives",
    "/etc/bash.bashrc",
    "/etc/bindresvport.blacklist",
    "/etc/default/locale",
    "/etc/default/runuser",
    "/etc/environment",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/init.d",
    "/etc/inputrc",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/login.defs",
    "/etc/machine-id",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/pam.d",
    "/etc/passwd",
    "/etc/profile",
    "/etc/profile.d",
    "/etc/protocols",
    "/etc/rc0.d",
    "/etc/rc1.d",
    "/etc/rc2.d",
    "/etc/rc3.d",
    "/etc/rc4.d",
    "/etc/rc5.d",
    "/etc/rc6.d",
    "/etc/rcS.d",
    "/etc/resolv.conf",
    "/etc/security",
    "/etc/services",
    "/etc/shadow",
    "/etc/terminfo",
    "/usr/local/lib",
];

impl Installed {
    /// Reads `PACKAGE FILE` lines, and `PACKAGE ESSENTIAL PRIORITY` lines.
    pub fn read(&mut self, files: &str, packages: &str) {
        for (package, file) in files.lines().filter_map(|line| line.split_once(' ')) {
            let package = package.split(':').next().unwrap_or(package);
            self.files.insert(merged(file), package.to_string());
        }
        for line in packages.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            if words[1..].contains(&"yes") || words[1..].contains(&"required") {
                self.required.insert(words[0].to_string());
            }
        }
    }

    fn package(&self, path: &str) -> Option<&str> {
        self.files.get(&merged(path)).map(String::as_str)
    }
}

/// Returns a path where merged folders lead: `/bin` is `/usr/bin`.
fn merged(path: &str) -> String {
    match ["/bin/", "/sbin/", "/lib/", "/lib64/"].iter().any(|start| path.starts_with(start)) {
        true => format!("/usr{path}"),
        false => path.to_string(),
    }
}

/// Adds what was used by a kind. `called` are paths that specs choose, and how to call them.
pub fn add(uses: &mut Uses, used: &HashSet<Use>, kind: &str, installed: &Installed, called: &[Called]) {
    let used: Vec<&Use> = used.iter().filter(|one| one.kind == kind).collect();
    // What it wrote, and the folders on the way there, say nothing when they are read.
    let written = used.iter().filter(|one| one.what == What::Written).flat_map(|one| {
        let path = one.path.as_str();
        path.match_indices('/').map(move |(at, _)| &path[..at]).chain([path])
    });
    let written: HashSet<&str> = written.collect();
    for one in used {
        if one.what == What::Read && written.contains(one.path.as_str()) {
            continue;
        }
        if one.what == What::Started && starts(uses, &one.path, installed) {
            continue;
        }
        let Some(place) = place(&one.path, one.what, installed, called) else { continue };
        match one.what {
            What::Started | What::Read => uses.reads.insert(place),
            What::Written => uses.writes.insert(place),
        };
    }
    uses.writes = summed(&uses.writes);
    uses.reads = &summed(&uses.reads) - &uses.writes;
}

/// Returns whether one of the places is a folder with all below it, and has this place too.
fn is_below(place: &str, places: &BTreeSet<String>) -> bool {
    let tops = place.match_indices('/').map(|(at, _)| &place[..at]).chain([place]);
    tops.map(|top| format!("{top}/**")).any(|top| top != place && places.contains(&top))
}

/// Says of a folder of which many places are used only that.
fn summed(places: &BTreeSet<String>) -> BTreeSet<String> {
    let folder = |place: &str| {
        let (folder, _) = place.strip_suffix("/**").unwrap_or(place).rsplit_once('/')?;
        // Neither a home nor what lies right below the root.
        (folder.starts_with('{') || folder.matches('/').count() > 1).then(|| folder.to_string())
    };
    let mut counts: HashMap<String, usize> = HashMap::new();
    places.iter().filter_map(|place| folder(place)).for_each(|folder| *counts.entry(folder).or_default() += 1);
    let sum = |place: &String| match folder(place).filter(|folder| counts[folder] > MOST) {
        Some(folder) => format!("{folder}/**"),
        None => place.clone(),
    };
    let mut all: BTreeSet<String> = places.iter().map(sum).collect();
    let whole = all.clone();
    all.retain(|place| !is_below(place, &whole));
    all
}

/// Returns whether a path is a program that came with the system or a package.
fn starts(uses: &mut Uses, path: &str, installed: &Installed) -> bool {
    let Some(package) = installed.package(path) else { return path.starts_with("/usr/bin/") };
    if installed.required.contains(package) {
        return true;
    }
    let programs = uses.programs.entry(package.to_string()).or_default();
    let (folder, name) = path.rsplit_once('/').unwrap_or_default();
    if folder.ends_with("bin") {
        programs.insert(name.to_string());
    }
    true
}

/// Returns the file that holds it.
pub fn yaml(uses: &Uses) -> String {
    let mut text = String::new();
    if !uses.programs.is_empty() {
        text.push_str("programs:\n");
        for (package, programs) in &uses.programs {
            let programs: Vec<&str> = programs.iter().map(String::as_str).collect();
            text.push_str(&format!("  {package}: [{}]\n", programs.join(", ")));
        }
    }
    for (name, places) in [("reads", &uses.reads), ("writes", &uses.writes)] {
        if !places.is_empty() {
            text.push_str(&format!("{name}:\n"));
            places.iter().for_each(|place| text.push_str(&format!("  - \"{place}\"\n")));
        }
    }
    if text.is_empty() { "{}\n".to_string() } else { text }
}

/// A path that a spec chooses, and how to call it.
pub type Called = (String, String);

/// Returns how a path is called; nothing where it is not worth a line.
fn place(path: &str, what: What, installed: &Installed, called: &[Called]) -> Option<String> {
    let path = if what == What::Written { lasting(path) } else { path };
    let is_everywhere = what != What::Written && EVERYWHERE.iter().any(|place| below(place, path).is_some());
    if path.contains("/.infra") || path.contains(".infra-") || is_everywhere {
        return None;
    }
    if let Some(place) = chosen(path, called) {
        return Some(place);
    }
    // On the way to it.
    if called.iter().any(|(value, _)| value.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))) {
        return None;
    }
    // A sibling of files that are named after resources is of a resource that a trial has only for a while.
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let siblings = |name: &&String| what == What::Written && name.strip_suffix("/*") == Some(folder);
    if let Some((_, name)) = called.iter().find(|(_, name)| siblings(&name)) {
        return Some(name.clone());
    }
    // Nothing but the trial itself has brought what is there.
    if ["/opt", "/srv"].iter().any(|folder| below(folder, path).is_some()) {
        return None;
    }
    let is_system = NOWHERE.iter().any(|folder| below(folder, path).is_some()) && below("/usr/local", path).is_none();
    let is_packaged = installed.package(path).is_some() && below("/etc", path).is_none();
    if is_system || is_packaged || path.matches('/').count() < 2 {
        return None;
    }
    Some(elsewhere(path))
}

/// Returns how a path is called.
pub fn called_as(path: &str, called: &[Called]) -> String {
    chosen(path, called).unwrap_or_else(|| elsewhere(path))
}

/// Returns how a path is called that a spec chooses, or that lies below such a one.
fn chosen(path: &str, called: &[Called]) -> Option<String> {
    let longest = called.iter().filter_map(|(value, name)| Some((value.len(), name, below(value, path)?))).max();
    longest.map(|(_, name, rest)| folded(name, rest, 1))
}

fn elsewhere(path: &str) -> String {
    let home = match path.strip_prefix("/home/") {
        Some(rest) => Some(rest.split_once('/').map_or("", |(_, rest)| rest)),
        None => below("/root", path),
    };
    match home {
        Some(rest) => folded("~", rest, 2),
        None => folded("", path, 3),
    }
}

/// Returns what a path has behind a folder; nothing where it does not lie there.
fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// Returns the name under which a file stays that is written, locked or kept beside it.
fn lasting(path: &str) -> &str {
    let path = match path.rsplit_once('.') {
        Some((stem, "lock")) => stem,
        Some((stem, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => path,
    };
    path.trim_end_matches(['+', '-', '~'])
}

/// Returns a path with what is another number every time left out.
fn unnumbered(path: &str) -> String {
    let mut text = String::new();
    let mut rest = path;
    while let Some(at) = rest.find(|digit: char| digit.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(from.len());
        text.push_str(before);
        text.push_str(if end > 2 { "*" } else { &from[..end] });
        rest = &from[end..];
    }
    text + rest
}

/// Joins a path, of which so many parts count.
fn folded(top: &str, rest: &str, most: usize) -> String {
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let mut text = top.to_string();
    for part in parts.iter().take(most) {
        text.push('/');
        text.push_str(part);
    }
    if parts.len() > most {
        text.push_str("/**");
    }
    unnumbered(&text)
}
