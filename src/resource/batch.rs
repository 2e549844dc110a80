//! What most kinds do alike with all resources of a host: reading what a probe wrote of each, and making one step for
//! those that should be there and one for those that should go.

use crate::model::{ProbeOutput, Records, Step};

use super::variant::is_report;
use super::{Kind, Observation, Planned, Resource};

/// Reads each observation from the first record of its row. A row without a record, or with one that has none of the forms that
/// it may have, failed.
pub(crate) fn parse_first<'a, D, O, R: Records<'a>>(
    all: &[&Resource<D>],
    output: &'a ProbeOutput,
    observation: impl Fn(R, &Resource<D>) -> Observation<O>,
) -> Vec<Observation<O>> {
    let records = output.first_records(all.len()).into_iter().zip(all);
    let records = records.map(|(record, resource)| match record.map(R::read) {
        None => Observation::Failed(output.explain()),
        Some(Err(wrong)) => Observation::Failed(wrong),
        Some(Ok(record)) => observation(record, resource),
    });
    records.collect()
}

/// Reads each observation from the records of its row, the first and the further ones. A row without a record, or with one that has
/// none of the forms that it may have, failed.
pub(crate) fn parse_all<'a, D, O, R: Records<'a> + Copy>(
    all: &[&Resource<D>],
    output: &'a ProbeOutput,
    observation: impl Fn(R, &[R], &Resource<D>) -> Observation<O>,
) -> Vec<Observation<O>> {
    let rows = output.records_by_row(all.len());
    let rows = rows.into_iter().zip(all).map(|(records, resource)| {
        match records
            .into_iter()
            .filter(|record| !is_report(record))
            .map(R::read)
            .collect::<Result<Vec<R>, _>>()
            .as_deref()
        {
            Ok([]) => Observation::Failed(output.explain()),
            Ok([first, more @ ..]) => observation(*first, more, resource),
            Err(wrong) => Observation::Failed(wrong.clone()),
        }
    });
    rows.collect()
}

/// Makes a step for those of a batch that should be there, and one for those that should go, each for the indexes it
/// covers.
pub(crate) fn by_state<'a, K: Kind>(
    batch: &[Planned<'a, K>],
    present: impl FnOnce(&[Planned<'a, K>], Vec<usize>) -> Step,
    absent: impl FnOnce(&[Planned<'a, K>], Vec<usize>) -> Step,
) -> Vec<Step> {
    let (gone, there): (Vec<usize>, Vec<usize>) = (0..batch.len()).partition(|&at| batch[at].resource.is_absent());
    let there = (!there.is_empty()).then(|| present(batch, there));
    let gone = (!gone.is_empty()).then(|| absent(batch, gone));
    there.into_iter().chain(gone).collect()
}

/// Says how many: "1 file", "3 files".
pub(crate) fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
