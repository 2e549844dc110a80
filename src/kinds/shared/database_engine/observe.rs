//! What kinds do alike that ask a server about each of their resources, and change them by SQL.

use crate::model::{ProbeOutput, Record, Row, Step};
use crate::resource::{Kind, Observation, Planned, Resource};

use super::{Answers, Engine, RUN, Server};

/// Reads the answers of a probe that asked a server about each resource, and about no database in it.
pub(crate) fn observe<D, O>(
    all: &[&Resource<D>],
    output: &ProbeOutput,
    server: impl Fn(&D) -> &Server,
    read: impl Fn(&Resource<D>, &[&Record]) -> Observation<O>,
) -> Vec<Observation<O>> {
    let answers = Answers::new(all.len(), output);
    let observation = |(at, resource): (usize, &&Resource<D>)| {
        let server = server(&resource.desired);
        match answers.of(at, server.engine) {
            Err(failure) => failure.observation(resource, server, ""),
            Ok(records) => read(resource, records),
        }
    };
    all.iter().enumerate().map(observation).collect()
}

/// Makes, for each engine that has some of a batch, a step for those that are to be there, and one for those that go. `engine`
/// says whose client changes it, if any does; `noun` what they are called, one and several; `row` makes the row of one.
pub(crate) fn change<'a, K: Kind>(
    batch: &[Planned<'a, K>],
    engine: impl Fn(&Planned<'a, K>) -> Option<Engine>,
    noun: [&str; 2],
    row: impl Fn(&Planned<'a, K>) -> Row,
) -> Vec<Step> {
    let mut steps = Vec::new();
    for (is_absent, verb) in [(false, "make or change"), (true, "drop")] {
        for of in Engine::ALL {
            let is_one = |&at: &usize| batch[at].resource.is_absent() == is_absent && engine(&batch[at]) == Some(of);
            let covers: Vec<usize> = (0..batch.len()).filter(is_one).collect();
            let purpose = match covers.as_slice() {
                [] => continue,
                [one] => format!("{verb} the {} {}", noun[0], batch[*one].resource.name()),
                several => format!("{verb} {} {}", several.len(), noun[1]),
            };
            let rows = covers.iter().map(|&at| row(&batch[at])).collect();
            steps.push(Step::new(of.program_of(&RUN), covers, purpose).rows(rows));
        }
    }
    steps
}
