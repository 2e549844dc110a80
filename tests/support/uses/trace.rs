//! Reads what `strace -f -y` wrote: which programs were started and which paths opened or changed below each step.

use std::collections::{HashMap, HashSet};

/// Something that a kind's programs did, with a program or a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Use {
    pub kind: String,
    pub what: What,
    pub path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    Started,
    /// Opened to be read, also where it was not there: it would have been read.
    Read,
    /// Made, written or taken away.
    Written,
}

/// What a process of a kind's step is called, before the kind.
const STEP: &str = "\"infra: ";
/// What it starts is the package's own affair.
const INSTALLER: &str = "/usr/bin/dpkg";
/// Returns all that steps and their verifications did, each once.
pub fn read(log: &str) -> HashSet<Use> {
    let mut trace = Trace::default();
    log.lines().for_each(|line| trace.line(line));
    trace.told()
}

#[derive(Default)]
struct Trace<'a> {
    parents: HashMap<u32, u32>,
    /// Processes of steps, and those that watch them and run their verifications.
    kinds: HashMap<u32, &'a str>,
    installers: HashSet<u32>,
    unfinished: HashMap<u32, &'a str>,
    /// Where processes are, as far as that was seen.
    folders: HashMap<u32, &'a str>,
    done: Vec<(u32, What, String)>,
}

impl<'a> Trace<'a> {
    fn line(&mut self, line: &'a str) {
        let Some((process, call)) = line.split_once(' ') else { return };
        let (Ok(process), call) = (process.parse(), call.trim_start()) else { return };
        if let Some(begun) = call.strip_suffix("<unfinished ...>") {
            self.unfinished.insert(process, begun);
        } else if let Some((_, rest)) = call.strip_prefix("<... ").and_then(|call| call.split_once(" resumed>")) {
            let begun = self.unfinished.remove(&process).unwrap_or_default();
            // What a process was called before it was known to start is in the first part.
            self.call(process, begun, rest);
        } else {
            self.call(process, call, "");
        }
    }

    /// Takes a call, perhaps in two parts.
    fn call(&mut self, process: u32, begun: &'a str, rest: &'a str) {
        let Some((name, arguments)) = begun.split_once('(') else { return };
        let ended = if rest.is_empty() { arguments } else { rest };
        let Some((_, result)) = ended.rsplit_once(" = ") else { return };
        let failed = result.starts_with('-') || result.starts_with('?');
        if let Some((_, folder)) = arguments.split_once("AT_FDCWD<") {
            self.folders.insert(process, folder.split_once('>').map_or("/", |(folder, _)| folder));
        }
        match name {
            "clone" | "clone3" | "fork" | "vfork" => {
                if let Ok(child) = result.split(' ').next().unwrap_or_default().parse() {
                    self.parents.insert(child, process);
                }
            }
            "execve" | "execveat" if !failed => self.start(process, arguments),
            "open" | "openat" | "openat2" | "creat" => self.open(process, name, arguments, failed),
            "execve" | "execveat" => {}
            _ if failed => {}
            // Where it leads is text.
            "symlink" | "symlinkat" => self.write(process, arguments, 1),
            _ => self.write(process, arguments, 0),
        }
    }

    fn start(&mut self, process: u32, arguments: &'a str) {
        let Some(path) = self.paths(process, arguments).into_iter().next() else { return };
        if path == INSTALLER {
            self.installers.insert(process);
        }
        let words = arguments.split_once("], ").map_or("", |(words, _)| words);
        if let Some((_, kind)) = words.rsplit_once(STEP)
            && let Some(kind) = kind.strip_suffix('"')
        {
            self.kinds.insert(process, kind);
            if let Some(&watcher) = self.parents.get(&process) {
                self.kinds.entry(watcher).or_insert(kind);
            }
        }
        self.done.push((process, What::Started, path));
    }

    fn open(&mut self, process: u32, name: &str, arguments: &str, failed: bool) {
        let writes =
            name == "creat" || ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| arguments.contains(flag));
        // Who goes along a path opens each of its folders so.
        if arguments.contains("O_PATH") || (failed && writes) {
            return;
        }
        let what = if writes { What::Written } else { What::Read };
        let paths = self.paths(process, arguments);
        self.done.extend(paths.into_iter().map(|path| (process, what, path)));
    }

    fn write(&mut self, process: u32, arguments: &str, first: usize) {
        let paths = self.paths(process, arguments);
        self.done.extend(paths.into_iter().skip(first).map(|path| (process, What::Written, path)));
    }

    /// Returns the paths among arguments: quoted text, in the folder whose descriptor stands before it, or where the process is.
    fn paths(&self, process: u32, arguments: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut rest = arguments;
        // Words of a program, flags and modes come after the paths.
        while let Some(at) = rest.find(['"', '[']).filter(|&at| rest.as_bytes()[at] == b'"') {
            let descriptor = rest[..at].rsplit_once('<').and_then(|(_, folder)| folder.split_once('>'));
            let folder = descriptor.map_or_else(|| self.folder(process), |(folder, _)| folder);
            let (text, after) = quoted(&rest[at + 1..]);
            if !text.is_empty() {
                found.push(plain(folder, &text));
            }
            rest = after;
        }
        found
    }

    /// Returns where a process is: where it was seen, or where it was started.
    fn folder(&self, mut process: u32) -> &'a str {
        loop {
            if let Some(folder) = self.folders.get(&process) {
                return folder;
            }
            match self.parents.get(&process) {
                Some(&parent) => process = parent,
                None => return "/",
            }
        }
    }

    /// Returns what was done below steps.
    fn told(self) -> HashSet<Use> {
        let of_a_kind = |(process, what, path): &(u32, What, String)| {
            Some(Use { kind: self.kind(*process)?.to_string(), what: *what, path: path.clone() })
        };
        self.done.iter().filter_map(of_a_kind).collect()
    }

    fn kind(&self, mut process: u32) -> Option<&'a str> {
        loop {
            if self.installers.contains(&process) {
                return None;
            }
            if let Some(kind) = self.kinds.get(&process) {
                return Some(kind);
            }
            process = *self.parents.get(&process)?;
        }
    }
}

/// Reads a quoted text from behind its first quote, and returns what follows it too.
fn quoted(text: &str) -> (String, &str) {
    let mut read = String::new();
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => {
                read.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (read, &text[at + 1..]),
            _ => read.push(character),
        }
    }
    (read, "")
}

/// Returns a path from the root on, without `.` and `..`.
fn plain(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let above = if path.starts_with('/') { "" } else { folder };
    for part in above.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
