//! What resources need and no resource makes: hosts are asked whether they have it, in the request that observes.

use rustc_hash::FxHashSet;

use crate::model::{Observed, Probe, Record, Records};
use crate::resource::{Claim, Folder, Lack, Need};
use crate::{records, row, rows};

use super::Survey;

/// What the section is called that asks for it.
const SECTION: &str = "needs";

rows! {
    include_str!("needs.sh") => struct Asked { name, form, of }
}

records! {
    include_str!("needs.sh") => enum Found {
        "lacking" => Lacking,
        "other" => Other { by },
    }
}

impl Survey<'_> {
    /// Returns the section that asks a host for what its resources need and the spec does not make; none where there is nothing
    /// to ask.
    pub(super) fn needs_section(&self, host: &str) -> Option<(String, Probe)> {
        let needs = self.needs_to_ask(host);
        let rows = needs
            .iter()
            .map(|need| row![Asked { name: need.name(), form: need.form(), of: need.of() }])
            .collect::<Vec<_>>();
        let script = match needs.iter().any(|need| need.is_of_folders()) {
            false => include_str!("needs.sh"),
            true => concat!(include_str!("needs.sh"), include_str!("open.sh")),
        };
        (!rows.is_empty()).then(|| (SECTION.to_string(), Probe::new(script, rows)))
    }

    /// Takes what a host told of these.
    pub(super) fn take_needs(&mut self, host: &str, told: &mut Observed) {
        let needs: Vec<Need> = self.needs_to_ask(host).into_iter().cloned().collect();
        // What could not be asked is not known to be lacking: the steps will tell.
        let Some(output) = told.sections.remove(SECTION) else { return };
        let of_host = self.asked_needs.entry(host.to_string()).or_default();
        for record in &output.records {
            let (Some(need), Some(found)) = (needs.get(record.index), Found::find(record)) else { continue };
            let other = match found {
                Found::Lacking => None,
                Found::Other { by } => Some(by.to_string()),
            };
            let lack = Lack { need: need.clone(), other };
            of_host.lacking.insert(need.clone(), lack);
        }
        of_host.asked.extend(needs);
    }

    /// Returns what the host of a resource lacks of what it needs, as far as it was asked.
    pub(super) fn lacks(&self, node: usize) -> Vec<Lack> {
        let mut lacks = self.seen_lacking.get(&node).cloned().unwrap_or_default();
        let host = &*self.resolution.resources[node].address.host;
        let Some(of_host) = self.asked_needs.get(host).filter(|of_host| !of_host.lacking.is_empty()) else {
            return lacks;
        };
        let needs = self.needs[node].iter().filter(|need| !self.graph.is_provided_for(node, &Claim::from(*need)));
        let needs = needs.filter(|need| self.made_first(host, need).is_none());
        lacks.extend(needs.filter_map(|need| of_host.lacking.get(need)).cloned());
        lacks
    }

    /// Returns the folders that a resource needs, its host lacked, and resources make that come after it: it makes them first.
    pub fn folders_first(&self, node: usize) -> Vec<&Folder> {
        let host = &*self.resolution.resources[node].address.host;
        let Some(of_host) = self.asked_needs.get(host) else { return Vec::new() };
        let lacking = self.needs[node].iter().filter(|need| of_host.lacking.get(*need).is_some_and(Lack::is_nothing));
        lacking.filter_map(|need| self.made_first(host, need)).collect()
    }

    /// Returns the folder that is needed, where a resource of the host makes it with something else.
    fn made_first(&self, host: &str, need: &Need) -> Option<&Folder> {
        let Need::Folder(path) = need else { return None };
        self.folders.get(host)?.iter().find(|folder| folder.path == *path)
    }

    /// Takes what the probe of a kind has seen to be lacking of these.
    pub(super) fn note_lacking(&mut self, nodes: &[usize], lacking: Vec<(usize, Lack)>) {
        for node in nodes {
            self.seen_lacking.remove(node);
        }
        for (node, lack) in lacking {
            self.seen_lacking.entry(node).or_default().push(lack);
        }
    }

    /// Returns what was not asked yet, each once.
    fn needs_to_ask(&self, host: &str) -> Vec<&Need> {
        let asked = self.asked_needs.get(host).map(|of_host| &of_host.asked);
        let mut seen = FxHashSet::default();
        let mut needs = Vec::new();
        for &node in self.by_host.get(host).into_iter().flatten().filter(|&&node| self.in_scope[node]) {
            for need in &self.needs[node] {
                let is_known = asked.is_some_and(|asked| asked.contains(need));
                if !is_known && seen.insert(need) && !self.graph.is_provided_for(node, &Claim::from(need)) {
                    needs.push(need);
                }
            }
        }
        needs
    }
}

/// Reads what the probe of a kind has seen to be lacking, beside what it tells of its resources: a record `lacks`, with what it is and
/// its name. The nodes were asked about in these rows.
pub(super) fn seen_lacking(nodes: &[usize], rows: &[usize], records: &[Record]) -> Vec<(usize, Lack)> {
    let lacking = records.iter().filter(|record| record.field(0) == "lacks").filter_map(|record| {
        let node = nodes[rows.binary_search(&record.index).ok()?];
        let need = Need::seen(record.field(1), record.field(2))?;
        Some((node, Lack::of(need)))
    });
    lacking.collect()
}
