//! What one observation asks: which sections its frame has, and what their answers say of each probe.
//!
//! Probes that begin by looking at paths share one section for that: what it costs is processes, not paths.

use std::time::Duration;

use crate::model::{Arg, Look, Looking, Probe, ProbeOutput, ProbeStatus, Record};

use super::Problem;
use super::frame::{Frame, Own};

/// What the shared section is called on a timeline.
const PATHS: &str = "paths";

/// Returns the fields of a row that matter to a look.
fn fields(look: Look, row: &[Arg]) -> &[Arg] {
    let count = match look {
        Look::Paths => 1,
        Look::Files => Looking::NAMES.len(),
    };
    &row[..row.len().min(count)]
}

/// Where the answer about a probe is.
struct Place {
    /// The section of its own, if it has one.
    section: Option<usize>,
    half: usize,
    /// The row of the shared section where its rows begin.
    shared: Option<usize>,
}

/// One observation.
pub(super) struct Asking<'a> {
    own: &'a [Own],
    probes: &'a [(String, Probe)],
    places: Vec<Place>,
    /// The probes that share a section, those first that do not hash; and how many rows these have.
    sharing: Vec<(Look, usize)>,
    plain: usize,
    sections: usize,
}

impl<'a> Asking<'a> {
    /// Asks what the session wants to know itself, and all probes.
    pub fn new(own: &'a [Own], probes: &'a [(String, Probe)], side_by_side: bool) -> Self {
        let look = |(at, (_, probe)): (usize, &(String, Probe))| {
            let is_usable = probe.rows.iter().all(|row| !row.is_empty()) && !probe.rows.is_empty();
            probe.look.filter(|_| is_usable).map(|look| (look, at))
        };
        let mut sharing: Vec<(Look, usize)> = probes.iter().enumerate().filter_map(look).collect();
        if sharing.len() < 2 {
            sharing.clear();
        }
        sharing.sort_unstable();
        Self::with(own, probes, sharing, side_by_side)
    }

    /// Asks all probes, each by itself.
    pub fn apart(probes: &'a [(String, Probe)]) -> Self {
        Self::with(&[], probes, Vec::new(), true)
    }

    fn with(own: &'a [Own], probes: &'a [(String, Probe)], sharing: Vec<(Look, usize)>, side_by_side: bool) -> Self {
        let mut places: Vec<Place> = probes.iter().map(|_| Place { section: None, half: 0, shared: None }).collect();
        let mut rows = 0;
        let mut plain = 0;
        let mut is_whole = vec![true; probes.len()];
        for &(look, at) in &sharing {
            let probe = &probes[at].1;
            places[at].shared = Some(rows);
            rows += probe.rows.len();
            if look == Look::Paths {
                plain = rows;
            }
            is_whole[at] = !probe.script.is_empty();
        }
        let mut sections = own.len() + usize::from(!sharing.is_empty());
        let parts = usize::from(!sharing.is_empty()) + is_whole.iter().filter(|&&whole| whole).count();
        // What a section takes is not known; most take as long as a few processes. A second half costs four of them.
        const ORDINARY: usize = 8;
        let facts = if own.contains(&Own::Facts) { ORDINARY / 2 } else { 0 };
        let mut loads = [facts + if sharing.is_empty() { 0 } else { ORDINARY * 3 / 2 + rows / 20 }, 0];
        for (place, _) in places.iter_mut().zip(is_whole).filter(|(_, whole)| *whole) {
            place.section = Some(sections);
            sections += 1;
            place.half = usize::from(side_by_side && parts > 2 && loads[1] < loads[0]);
            loads[place.half] += if place.shared.is_some() { 1 } else { ORDINARY };
        }
        Self { own, probes, places, sharing, plain, sections }
    }

    /// Writes its sections.
    pub fn write(&self, frame: &mut Frame) -> Result<(), Problem> {
        for (section, &own) in self.own.iter().enumerate() {
            frame.observe_own(section, own)?;
        }
        let sharing = || self.sharing.iter().map(|&(look, at)| (look, &self.probes[at].1));
        if let Some(longest) = sharing().map(|(_, probe)| probe.timeout).max() {
            let rows = sharing().flat_map(|(look, probe)| probe.rows.iter().map(move |row| fields(look, row)));
            frame.observe_paths(self.own.len(), longest, self.plain, rows)?;
        }
        for (place, (_, probe)) in self.places.iter().zip(self.probes) {
            if let Some(section) = place.section {
                let look = probe.look.filter(|_| place.shared.is_none());
                frame.observe(place.half, section, look, probe)?;
            }
        }
        Ok(())
    }

    /// Returns how many sections there are.
    pub fn sections(&self) -> usize {
        self.sections
    }

    /// Returns how many resources are asked about.
    pub fn resources(&self) -> usize {
        self.probes.iter().map(|(_, probe)| probe.rows.len()).sum()
    }

    /// Returns the longest it may take.
    pub fn longest(&self) -> Duration {
        let each = self.probes.iter().map(|(_, probe)| probe.timeout + Duration::from_secs(2));
        Duration::from_secs(120) + each.sum::<Duration>()
    }

    /// Returns what the sections are called, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.own.iter().map(|own| own.name());
        let shared = (!self.sharing.is_empty()).then_some(PATHS);
        let each = self.places.iter().zip(self.probes);
        own.chain(shared).chain(each.filter(|(place, _)| place.section.is_some()).map(|(_, (name, _))| name.as_str()))
    }

    /// Turns the answers of all sections into what the session asked itself, and what each probe would have said:
    /// `None` where the section it shared did not go well.
    pub fn read(&self, answers: Vec<ProbeOutput>) -> (Vec<ProbeOutput>, Vec<Option<ProbeOutput>>) {
        let mut answers: Vec<Option<ProbeOutput>> = answers.into_iter().map(Some).collect();
        let own = answers.iter_mut().take(self.own.len()).filter_map(Option::take).collect();
        let mut looked = if self.sharing.is_empty() { None } else { answers[self.own.len()].take() };
        let mut shares: Vec<Vec<Record>> = vec![Vec::new(); self.probes.len()];
        if let Some(looked) = &mut looked {
            // Records come in the order of the rows.
            for mut record in looked.records.drain(..) {
                let sharer = self.sharing.partition_point(|&(_, at)| {
                    self.places[at].shared.is_some_and(|first| first + self.probes[at].1.rows.len() <= record.index)
                });
                let Some(&(_, at)) = self.sharing.get(sharer) else { continue };
                record.index -= self.places[at].shared.unwrap_or_default();
                shares[at].push(record);
            }
        }
        let outputs = self.places.iter().zip(shares).map(|(place, records)| {
            let rest = place.section.and_then(|section| answers[section].take());
            if place.shared.is_none() {
                return rest.or_else(|| Some(ProbeOutput::missing()));
            }
            let looked = looked.as_ref().filter(|looked| looked.status == ProbeStatus::Done)?;
            let mut output = ProbeOutput { status: ProbeStatus::Done, records, messages: looked.messages.clone() };
            if let Some(rest) = rest {
                output.status = rest.status;
                output.records.extend(rest.records);
                output.messages.extend(rest.messages);
            }
            Some(output)
        });
        (own, outputs.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row;

    fn output(status: ProbeStatus, indexes: &[usize]) -> ProbeOutput {
        let records = indexes.iter().map(|&index| Record { index, fields: vec![index.to_string()] }).collect();
        ProbeOutput { status, records, messages: vec![] }
    }

    fn probes() -> Vec<(String, Probe)> {
        let all = [
            ("files", Some(Look::Files), "", 2),
            ("others", None, "emit 0 x", 1),
            ("folders", Some(Look::Paths), "", 3),
            ("units", Some(Look::Files), "emit 0 y", 1),
        ];
        let rows = |count| (0..count).map(|at| row![format!("/{at}"), "hash", "9", "more"]).collect();
        let probe = |look, script, count| Probe { look, ..Probe::new(script, rows(count)) };
        all.into_iter().map(|(name, look, script, count)| (name.to_string(), probe(look, script, count))).collect()
    }

    #[test]
    fn answers_find_their_probes() {
        let probes = probes();
        let asking = Asking::new(&[Own::Start], &probes, true);
        // Folders come first in what they share, for they are not hashed.
        assert_eq!(asking.names().collect::<Vec<_>>(), ["tools and owed restarts", "paths", "others", "units"]);
        let (own, outputs) = asking.read(vec![
            output(ProbeStatus::Done, &[7]),
            output(ProbeStatus::Done, &[0, 1, 2, 3, 4, 4, 5, 99]),
            output(ProbeStatus::Failed(3), &[0]),
            output(ProbeStatus::TimedOut, &[0]),
        ]);
        assert_eq!(own[0].records[0].index, 7);
        let told = |at: usize| {
            let output = outputs[at].as_ref().unwrap();
            let records: Vec<_> = output.records.iter().map(|record| (record.index, record.field(0))).collect();
            (output.status.clone(), records)
        };
        assert_eq!(told(0), (ProbeStatus::Done, vec![(0, "3"), (1, "4"), (1, "4")]));
        assert_eq!(told(1), (ProbeStatus::Failed(3), vec![(0, "0")]));
        assert_eq!(told(2), (ProbeStatus::Done, vec![(0, "0"), (1, "1"), (2, "2")]));
        assert_eq!(told(3), (ProbeStatus::TimedOut, vec![(0, "5"), (0, "0")]));
    }

    #[test]
    fn a_shared_section_that_breaks_says_nothing_of_its_probes() {
        let probes = probes();
        let asking = Asking::new(&[], &probes, true);
        for status in [ProbeStatus::TimedOut, ProbeStatus::Failed(1)] {
            let done = || output(ProbeStatus::Done, &[0]);
            let (_, outputs) = asking.read(vec![output(status, &[0, 1, 2, 3, 4, 5]), done(), done()]);
            let is_there: Vec<bool> = outputs.iter().map(Option::is_some).collect();
            assert_eq!(is_there, [false, true, false, false]);
        }
        let apart = Asking::apart(&probes);
        assert_eq!(apart.names().count(), 4);
        let (_, outputs) = apart.read(vec![output(ProbeStatus::TimedOut, &[]); 4]);
        assert!(outputs.iter().all(Option::is_some));
    }
}
