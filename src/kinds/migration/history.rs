//! Migrations that a tool applies: what alembic and knex say of what is pending.

use std::collections::{BTreeMap, BTreeSet};

/// A migration that the tool has not applied: its name, and what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub name: String,
    pub about: String,
}

/// What a tool history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    /// How many are applied.
    pub applied: usize,
    /// In the order they will be applied.
    pub waiting: Vec<Waiting>,
}

/// Reads `alembic history` (`a, b -> c (head) (mergepoint), message`, the newest first) and `alembic current` (`c (head)`).
pub(super) fn alembic(current: &str, history: &str) -> Option<History> {
    let mut parents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut order = Vec::new();
    for line in history.lines() {
        let Some((down, rest)) = line.trim().split_once(" -> ") else { continue };
        let (head, about) = rest.split_once(", ").unwrap_or((rest, ""));
        let Some(name) = head.split_whitespace().next() else { continue };
        if !is_revision(name) {
            continue;
        }
        let down = down.split(", ").map(str::trim).filter(|name| is_revision(name)).collect();
        parents.insert(name, down);
        order.push(Waiting { name: name.to_string(), about: about.to_string() });
    }
    let mut work: Vec<&str> = current
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            (parents.contains_key(name) && (rest.is_empty() || rest.starts_with('('))).then_some(name)
        })
        .collect();
    let mut applied = BTreeSet::new();
    while let Some(name) = work.pop() {
        if applied.insert(name) {
            work.extend(parents.get(name).into_iter().flatten());
        }
    }
    let applied_names: BTreeSet<String> = applied.iter().map(|name| (*name).to_string()).collect();
    let applied = order.iter().filter(|one| applied_names.contains(&one.name)).count();
    order.reverse();
    order.retain(|one| !applied_names.contains(&one.name));
    (applied > 0 || !parents.is_empty() || history.trim().is_empty()).then_some(History { applied, waiting: order })
}

fn is_revision(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// Reads `knex migrate:list`: headings, and under each the names of files.
pub(super) fn knex(list: &str) -> Option<History> {
    #[derive(PartialEq)]
    enum Part {
        Head,
        Applied,
        Waiting,
    }
    let mut part = Part::Head;
    let mut history = History::default();
    let mut has_heading = false;
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let is_heading = line.contains("Migration file");
        if is_heading && (line.starts_with("Found ") || line.starts_with("No ")) {
            has_heading = true;
            part = match (line.starts_with("Found "), line.contains("Pending")) {
                (true, true) => Part::Waiting,
                (true, false) => Part::Applied,
                (false, _) => Part::Head,
            };
            continue;
        }
        match part {
            Part::Head => {}
            Part::Applied => history.applied += 1,
            Part::Waiting => history.waiting.push(Waiting { name: line.to_string(), about: String::new() }),
        }
    }
    has_heading.then_some(history)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(history: &History) -> Vec<&str> {
        history.waiting.iter().map(|one| one.name.as_str()).collect()
    }

    const HISTORY: &str = "27c6a30d7c24, 3ab0 -> ae10 (head) (mergepoint), merge, both\n1975 -> 27c6a30d7c24, add b\n1975 -> 3ab0, add a\n\
                           <base> -> 1975 (branchpoint), first\n";

    #[test]
    fn alembic_tells_what_is_not_an_ancestor_of_the_current() {
        let history = alembic("", HISTORY).unwrap();
        assert_eq!((history.applied, names(&history)), (0, vec!["1975", "3ab0", "27c6a30d7c24", "ae10"]));
        assert_eq!(history.waiting[3].about, "merge, both");
        let history = alembic("INFO  [alembic.runtime.migration] Context impl\n3ab0\n", HISTORY).unwrap();
        assert_eq!((history.applied, names(&history)), (2, vec!["27c6a30d7c24", "ae10"]));
        let history = alembic("ae10 (head) (mergepoint)\n", HISTORY).unwrap();
        assert_eq!((history.applied, names(&history)), (4, vec![]));
        assert_eq!(alembic("", ""), Some(History::default()));
        assert_eq!(alembic("", "something else entirely"), None);
    }

    #[test]
    fn knex_tells_what_is_pending() {
        let history = knex(
            "Using environment: production\nFound 1 Completed Migration file/files.\n1_a.js\nFound 2 Pending Migration file/files.\n2_b.js\n3_c.js\n",
        );
        let history = history.unwrap();
        assert_eq!((history.applied, names(&history)), (1, vec!["2_b.js", "3_c.js"]));
        let history = knex("No Completed Migration files Found.\nNo Pending Migration files Found.\n").unwrap();
        assert_eq!(history, History::default());
        assert_eq!(knex("command not found"), None);
    }
}
