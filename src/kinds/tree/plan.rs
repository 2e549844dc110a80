//! What is to be done with a tree: for people, and for the host.

use std::collections::BTreeSet;

use crate::model::{Arg, Blob, Changes, Row, Value};
use crate::resource::{Observation, Planned, Resource};
use crate::{row, rows};

use super::copy::{Desired, Found, Observed, Tree};
use super::item::{Item, What};

/// How many changes a plan shows one by one.
const MOST_SHOWN: usize = 20;

/// Sorts out what else is below the folder: what should go, and what stays because it is excluded or another's.
pub(super) fn sort_out(resource: &Resource<Desired>, observed: &mut Observed, more: Vec<String>) {
    let Desired { excludes, prune, items, others_below, .. } = &resource.desired;
    let below: BTreeSet<&str> =
        others_below.iter().filter_map(|path| path.strip_prefix(resource.name())?.strip_prefix('/')).collect();
    let is_others = |path: &str| ancestors(path).chain([path]).any(|path| below.contains(path));
    let (stays, goes): (Vec<String>, Vec<String>) =
        more.into_iter().partition(|path| !prune || excludes.hold(path) || is_others(path));
    // A folder stays as long as anything in it does; another may be about to put something there.
    let mut held: BTreeSet<&str> = stays.iter().flat_map(|path| ancestors(path)).collect();
    if !resource.is_absent() {
        held.extend(below.iter().flat_map(|path| ancestors(path)));
    }
    observed.more = goes.iter().filter(|path| !held.contains(path.as_str())).cloned().collect();
    if resource.is_absent() {
        observed.items.retain(|number, found| match items[*number].path.as_str() {
            _ if *found == Found::Absent => false,
            "" => stays.is_empty(),
            path => !held.contains(path),
        });
    }
}

/// Returns the folders a path is in, below the tree's own.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// Compares; shows the first changes, and counts the others.
pub(super) fn changes(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
    let desired = &resource.desired;
    let mut all = Changes::new();
    match observed {
        Observation::Present(observed) => {
            for (number, found) in &observed.items {
                // Where the drift of the source is left alone, only the tree's own folder is compared.
                if let Some(item) = desired.items.get(*number) {
                    compare(desired, item, found, &mut all);
                }
            }
            for path in &observed.more {
                all.push(path, "there, but not in the source", Value::Null);
            }
        }
        _ => {
            all.compare_if("owner", Value::Null, desired.owner.clone());
            all.compare_if("group", Value::Null, desired.group.clone());
            for item in &desired.items {
                all.push(&item.label(), Value::Null, item.shown());
            }
        }
    }
    let all = all.into_vec();
    let more = all.len().saturating_sub(MOST_SHOWN);
    let mut shown = Changes::new();
    for change in all.into_iter().take(MOST_SHOWN) {
        shown.push_change(change);
    }
    if more > 0 {
        shown.push("and", Value::Null, format!("{more} more"));
    }
    shown
}

fn compare(desired: &Desired, item: &Item, found: &Found, changes: &mut Changes) {
    let label = item.label();
    let Found::There { word, owner, group, mode, content, target } = found else {
        changes.push(&label, Value::Null, item.shown());
        return;
    };
    if word != item.word() {
        changes.push(&label, word.as_str(), item.shown());
        return;
    }
    match &item.what {
        What::File(wanted) => {
            changes.compare(&label, content.clone(), wanted.clone());
        }
        What::Link(wanted) => {
            changes.compare(&label, format!("link to {target}"), format!("link to {wanted}"));
        }
        What::Folder => {}
    }
    changes.compare_if(&format!("{label} owner"), owner.as_str(), desired.owner.clone());
    changes.compare_if(&format!("{label} group"), group.as_str(), desired.group.clone());
    if !matches!(item.what, What::Link(_)) {
        changes.compare(&format!("{label} mode"), mode.as_str(), item.mode.as_str());
    }
}

/// Returns the row of the step for a tree, and what goes to its standard input.
pub(super) fn row(planned: &Planned<'_, Tree>) -> (Row, Vec<Blob>) {
    let resource = planned.resource;
    let desired = &resource.desired;
    let mut things = Things::default();
    match planned.observed {
        Observation::Present(observed) if resource.is_absent() => {
            let known = observed.items.keys().map(|number| desired.items[*number].path.as_str());
            things.remove(known.chain(observed.more.iter().map(String::as_str)));
        }
        Observation::Present(observed) => {
            for (number, found) in &observed.items {
                things.put(desired, &desired.items[*number], found);
            }
            things.remove(observed.more.iter().map(String::as_str));
        }
        _ => desired.items.iter().for_each(|item| things.put(desired, item, &Found::Absent)),
    }
    let new = if planned.is_new() { "new" } else { "" };
    let mut row = row![Copied { root: resource.name(), new, validate: desired.validation.command("") }];
    row.extend([things.folders, things.files, things.links, things.kept, things.removed].into_iter().flatten());
    (row, things.input)
}

rows! {
    include_str!("apply.sh") => struct Copied { root, new, validate; more }
    include_str!("apply.sh") => struct Thing { verb, path, owner, group, mode, size, want }
}

/// What is to be done, by verb: the fields of a [`Thing`] for each.
#[derive(Default)]
struct Things {
    folders: Vec<Arg>,
    files: Vec<Arg>,
    links: Vec<Arg>,
    kept: Vec<Arg>,
    removed: Vec<Arg>,
    input: Vec<Blob>,
}

impl Things {
    /// Makes an item, or changes what is there.
    fn put(&mut self, desired: &Desired, item: &Item, found: &Found) {
        // What is replaced keeps the owner that the spec leaves alone.
        let (owner_now, group_now) = match found {
            Found::There { owner, group, .. } => (Some(owner), Some(group)),
            Found::Absent => (None, None),
        };
        let owner = desired.owner.as_ref().or(owner_now).cloned().unwrap_or_default();
        let group = desired.group.as_ref().or(group_now).cloned().unwrap_or_default();
        // chmod takes a folder's setuid and setgid bits away only where the mode has five digits.
        let mode = if matches!(item.what, What::Folder) { format!("0{}", item.mode) } else { item.mode.clone() };
        let is_right = match (&item.what, found) {
            (_, Found::Absent) => false,
            (What::Folder, _) => true,
            (What::File(wanted), Found::There { content, .. }) => {
                content.as_ref().is_some_and(|content| content.hash() == wanted.hash())
            }
            (What::Link(wanted), Found::There { word, target, .. }) => word == "symlink" && target == wanted,
        };
        let path = &item.path;
        match &item.what {
            _ if is_right => self.kept.extend(row![Thing { verb: "keep", path, owner, group, mode, .. }]),
            What::Folder => self.folders.extend(row![Thing { verb: "folder", path, owner, group, mode, .. }]),
            What::Link(target) => {
                self.links.extend(row![Thing { verb: "link", path, owner, group, want: target, .. }]);
            }
            What::File(content) => {
                let bytes = content.bytes().cloned().unwrap_or_default();
                let (size, want) = (bytes.len() as u64, content.hash());
                self.files.extend(row![Thing { verb: "file", path, owner, group, mode, size, want }]);
                self.input.push(Blob(bytes));
            }
        }
    }

    /// Removes things, inner ones first.
    fn remove<'a>(&mut self, paths: impl Iterator<Item = &'a str>) {
        let mut paths: Vec<&str> = paths.collect();
        paths.sort_unstable_by(|a, b| b.cmp(a));
        self.removed.extend(paths.into_iter().flat_map(|path| row![Thing { verb: "remove", path, .. }]));
    }
}
