//! A host that is not there: it answers from a script, and remembers what it was asked.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use tokio::sync::mpsc;

use crate::model::{Expect, Look, Owed, OwedAction, Probe, ProbeOutput, ProbeStatus, Record, Row, Value};

use super::script::Script;
use super::shells::Asked;
use super::steps::{FrameReport, FrameStep, LookAgain, Progress, StepEvent, StepFrame, Verify};
use super::wire::Line;
use super::{HostError, Problem};
use crate::model::Observed;

/// A host that is not there.
pub(super) struct Replay {
    script: Script,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_known: bool,
    asked: Asked,
    /// Which kind a probe's program belongs to, as learnt from observations.
    kinds: HashMap<(Option<Look>, &'static str), String>,
    /// What steps have changed, by kind and name, and what it answers since.
    changed: HashMap<(String, String), Vec<Vec<String>>>,
    settled: HashSet<String>,
    recorded: Vec<String>,
    frames: u64,
    steps: u64,
}

impl Replay {
    pub fn new(name: &str, script: &Script) -> Result<Self, HostError> {
        match &script.unreachable {
            Some(said) => Err(Problem::Unreachable { said: said.clone() }.at(name)),
            None => Ok(Self { script: script.clone(), state: Mutex::default() }),
        }
    }

    /// Answers an observation.
    pub fn observe(&self, sections: Vec<(String, Probe)>) -> Observed {
        let mut state = self.state();
        state.frames += 1;
        let is_first = !std::mem::replace(&mut state.is_known, true);
        let mut words = Vec::new();
        let mut answers = BTreeMap::new();
        for (kind, probe) in sections {
            words.push(format!("{kind} × {}", probe.rows.len()));
            state.kinds.insert((probe.look, probe.script), kind.clone());
            let records = probe.rows.iter().enumerate().flat_map(|(index, row)| {
                let records = self.records(&state, &kind, row);
                records.into_iter().map(move |fields| Record { index, fields })
            });
            let output = ProbeOutput { status: ProbeStatus::Done, records: records.collect(), messages: Vec::new() };
            answers.insert(kind, output);
        }
        state.recorded.push(format!("observe {}", words.join(", ")));
        let facts = is_first.then(|| self.facts());
        let owed = if is_first { self.owed(&state) } else { Vec::new() };
        Observed { facts, owed, sections: answers }
    }

    /// Answers a frame of steps.
    pub fn run(&self, name: &str, frame: &StepFrame, events: mpsc::UnboundedSender<StepEvent>) -> FrameReport {
        let mut state = self.state();
        let mut progress = Progress::new(frame, events);
        if state.asked != Asked::GoOn {
            progress.cancel();
            return progress.finish(None, false);
        }
        state.frames += 1;
        let mut fine: HashSet<usize> = HashSet::new();
        let mut failure = None;
        let frame_number = state.frames;
        state.recorded.extend(frame.forget.iter().map(|owed| format!("frame {frame_number}: forget {}", words(owed))));
        for (number, step) in frame.steps.iter().enumerate() {
            let mut tell = |word: &str, fields: Vec<String>| {
                let fields = std::iter::once(number.to_string()).chain(fields).collect();
                // What is told here always makes sense.
                let _ = progress.take(Line::Control(word.into(), fields));
            };
            if let Some(missing) = step.needs.iter().find(|item| !fine.contains(item)) {
                tell("skipped", vec![missing.to_string()]);
                continue;
            }
            if let Some(look) = &step.look {
                if !self.is_as_seen(&state, look, number, &mut progress) {
                    continue;
                }
                fine.insert(look.item);
            }
            let mut tell = |word: &str| {
                let _ = progress.take(Line::Control(word.into(), vec![number.to_string()]));
            };
            tell("step");
            state.steps += 1;
            state.recorded.push(format!("frame {frame_number}: {}", describe(step)));
            let told = self.script.steps.iter().find(|told| step.step.purpose.contains(&told.step));
            let told = told.cloned().unwrap_or_default();
            for line in &told.output {
                let _ = progress.take(Line::Message(line.clone()));
            }
            for (row, message) in &told.failed_rows {
                let _ = progress.take(Line::Control("item".into(), vec![row.to_string(), message.clone()]));
            }
            if told.lost {
                failure = Some(Problem::ConnectionLost { step: None, said: String::new() }.at(name));
                break;
            }
            for (kind, names) in &told.brings {
                let brought = names.iter().map(|(name, records)| ((kind.clone(), name.clone()), records.clone()));
                state.changed.extend(brought);
            }
            let status = told.status.to_string();
            let is_fine = told.status == 0 && told.failed_rows.is_empty();
            let _ = progress.take(Line::Control("ended".into(), vec![number.to_string(), status]));
            if is_fine {
                fine.extend(&step.completes);
            }
            let matched = step.verify.as_ref().map(|verify| {
                self.verify(&mut state, verify, number, told.status == 0, &told.failed_rows, &mut progress)
            });
            let all = step.verify.as_ref().map_or(0, |verify| verify.items.len());
            if is_fine {
                let matched = matched.unwrap_or_default();
                if matched.len() == all {
                    state.settled.extend(step.settles.iter().map(words));
                }
                fine.extend(matched);
            }
        }
        progress.finish(failure, false)
    }

    /// Looks at what a step is about; tells it where that is not as it was.
    fn is_as_seen(&self, state: &State, look: &LookAgain, number: usize, progress: &mut Progress) -> bool {
        let kind = state.kinds.get(&(look.probe.look, look.probe.script)).cloned().unwrap_or_default();
        let rows = look.probe.rows.iter().enumerate();
        let now: Vec<Record> = rows
            .flat_map(|(index, row)| {
                let records = self.records(state, &kind, row).into_iter();
                records.map(move |fields| Record { index, fields })
            })
            .collect();
        let counted = |records: &[Record]| {
            let mut records = records.to_vec();
            if look.firsts {
                records.dedup_by_key(|record| record.index);
            }
            records
        };
        if counted(&now) == counted(&look.seen) {
            return true;
        }
        let mut tell = |line| _ = progress.take(line);
        tell(Line::Control("look".into(), vec![number.to_string()]));
        now.into_iter().for_each(|record| tell(Line::Record(record)));
        tell(Line::Control("looked".into(), vec![number.to_string(), "0".into()]));
        false
    }

    /// Changes what the rows of a verification answer, if the step went well, and compares. Returns the items that are
    /// as expected.
    fn verify(
        &self,
        state: &mut State,
        verify: &Verify,
        number: usize,
        went_well: bool,
        failed_rows: &BTreeMap<usize, String>,
        progress: &mut Progress,
    ) -> Vec<usize> {
        let probe = &verify.probe;
        let kind = state.kinds.get(&(probe.look, probe.script)).cloned().unwrap_or_default();
        let _ = progress.take(Line::Control("check".into(), vec![number.to_string()]));
        let mut matched = Vec::new();
        for (index, (row, item)) in verify.probe.rows.iter().zip(&verify.items).enumerate() {
            let before = self.records(state, &kind, row);
            let key = (kind.clone(), name(row));
            if went_well && !failed_rows.contains_key(&index) {
                let told = self.script.later.get(&kind).and_then(|names| names.get(&key.1)).cloned();
                let expected = || item.expected.as_ref().map(|expected| vec![fill(expected, before.first())]);
                if let Some(after) = told.or_else(expected) {
                    state.changed.insert(key, after);
                }
            }
            let records = self.records(state, &kind, row);
            if item.expected.as_ref().is_some_and(|expected| holds(expected, records.first())) {
                matched.push(item.item);
            }
            for fields in records {
                let _ = progress.take(Line::Record(Record { index, fields }));
            }
        }
        let items = matched.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let _ = progress.take(Line::Control("checked".into(), vec![number.to_string(), "0".into(), items]));
        matched
    }

    /// Returns what it was asked so far, a line each, without anything secret.
    pub fn recorded(&self) -> Vec<String> {
        self.state().recorded.clone()
    }

    pub fn ask(&self, asked: Asked) {
        self.state().asked = asked;
    }

    /// Returns the frames and steps it was sent.
    pub fn counts(&self) -> (u64, u64) {
        let state = self.state();
        (state.frames, state.steps)
    }

    fn records(&self, state: &State, kind: &str, row: &Row) -> Vec<Vec<String>> {
        let name = name(row);
        if let Some(records) = state.changed.get(&(kind.to_string(), name.clone())) {
            return records.clone();
        }
        let listed = self.script.now.get(kind).and_then(|names| names.get(&name));
        listed.cloned().unwrap_or_else(|| vec![self.script.absent.clone()])
    }

    fn owed(&self, state: &State) -> Vec<Owed> {
        let open = self.script.owed.iter().filter(|text| !state.settled.contains(*text));
        open.filter_map(|text| {
            let (action, resource) = text.split_once(' ')?;
            let action = match action {
                "restart" => OwedAction::Restart,
                "reload" => OwedAction::Reload,
                _ => return None,
            };
            Some(Owed { resource: resource.to_string(), action })
        })
        .collect()
    }

    fn facts(&self) -> Value {
        let usual = serde_json::json!({
            "os": { "id": "debian", "id_like": null, "version_id": "12", "codename": "bookworm", "family": "debian" },
            "system": "Linux", "kernel": "6.1.0", "arch": "x86_64", "hostname": "replayed",
            "cpus": 2, "memory": 4_294_967_296_i64, "swap": 0, "init": "systemd",
            "interface": "eth0", "address": "192.0.2.10", "user": "root", "uid": 0, "is_root": true,
            "tools": ["apt-get", "dpkg-query", "systemctl"],
        });
        let mut facts = value(&usual);
        for (name, fact) in &self.script.facts {
            merge(&mut facts, name, value(fact));
        }
        facts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn words(owed: &Owed) -> String {
    format!("{} {}", owed.action.word(), owed.resource)
}

fn describe(step: &FrameStep) -> String {
    let mut text = step.step.purpose.clone();
    if let Some(user) = &step.step.run_as {
        text.push_str(&format!(" as {user}"));
    }
    for row in &step.step.rows {
        text.push_str(&format!("\n    {row:?}"));
    }
    for owed in &step.owes {
        text.push_str(&format!("\n    owes {}", words(owed)));
    }
    for owed in &step.settles {
        text.push_str(&format!("\n    settles {}", words(owed)));
    }
    text
}

/// By habit, the first field of a row is the resource's name.
fn name(row: &Row) -> String {
    row.first().map_or_else(String::new, |field| field.expose().to_string())
}

/// Makes the record that is expected; what may be anything stays as it was.
fn fill(expected: &[Expect], before: Option<&Vec<String>>) -> Vec<String> {
    let was = |at: usize| before.and_then(|fields| fields.get(at)).cloned().unwrap_or_default();
    let field = |(at, expect): (usize, &Expect)| match expect {
        Expect::Is(text) => text.clone(),
        Expect::Any => was(at),
    };
    expected.iter().enumerate().map(field).collect()
}

fn holds(expected: &[Expect], record: Option<&Vec<String>>) -> bool {
    let Some(fields) = record else { return false };
    expected.iter().enumerate().all(|(at, expect)| match expect {
        Expect::Any => true,
        Expect::Is(text) => fields.get(at).map_or("", String::as_str) == text,
    })
}

fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or_default()), Value::Integer)
        }
        serde_json::Value::String(text) => Value::text(text),
        serde_json::Value::Array(items) => Value::List(items.iter().map(value).collect()),
        serde_json::Value::Object(entries) => {
            Value::Map(entries.iter().map(|(name, json)| (name.clone(), value(json))).collect::<IndexMap<_, _>>())
        }
    }
}

fn merge(into: &mut Value, name: &str, fact: Value) {
    let Value::Map(entries) = into else { return };
    match (entries.get_mut(name), fact) {
        (Some(old @ Value::Map(_)), Value::Map(parts)) => {
            parts.into_iter().for_each(|(name, part)| merge(old, &name, part));
        }
        (_, fact) => {
            entries.insert(name.to_string(), fact);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{StepStatus, VerifyItem};
    use crate::model::{Secret, Step};
    use crate::row;

    const SCRIPT: &str = "
facts: { hostname: app1, os: { codename: trixie } }
owed: [restart service:nginx]
now:
  directory:
    /srv: [[directory, root, root, '0755']]
later:
  thing:
    b: [[seen]]
steps:
  - step: second
    status: 3
    output: [no luck]
";

    fn step(purpose: &str, kind: &'static str, name: &str, item: usize, expected: Option<Vec<Expect>>) -> FrameStep {
        let step = Step::new(":", vec![], purpose).rows(vec![row![name, Secret::new("hidden")]]);
        let verify = Verify { probe: Probe::new(kind, vec![row![name]]), items: vec![VerifyItem { item, expected }] };
        FrameStep { verify: Some(verify), ..FrameStep::new(purpose, step) }
    }

    #[test]
    fn it_answers_changes_and_remembers() {
        let replay = Replay::new("app1", &Script::read(SCRIPT).unwrap()).unwrap();
        let probes = || {
            vec![
                ("directory".to_string(), Probe::new("directories", vec![row!["/srv"], row!["/opt"]])),
                ("thing".to_string(), Probe::new("things", vec![row!["b"]])),
            ]
        };
        let first = replay.observe(probes());
        let Some(Value::Map(facts)) = first.facts else { panic!("no facts") };
        let Value::Map(os) = &facts["os"] else { panic!("no os") };
        assert_eq!(
            (&facts["hostname"], &os["codename"], &os["id"]),
            (&"app1".into(), &"trixie".into(), &"debian".into())
        );
        assert_eq!(first.owed.len(), 1);
        assert_eq!(first.sections["directory"].records[0].field(3), "0755");
        assert_eq!(first.sections["directory"].records[1].field(0), "absent");

        let expected = Some(vec![Expect::Is("directory".into()), Expect::Any]);
        let mut dependant = step("third", "things", "b", 3, None);
        dependant.needs = vec![1];
        let mut lost = step("fourth", "things", "b", 4, None);
        lost.needs = vec![2];
        let steps = vec![
            step("first", "directories", "/opt", 1, expected.clone()),
            step("second", "directories", "/var", 2, expected),
            dependant,
            lost,
        ];
        let (sender, _) = mpsc::unbounded_channel();
        let report = replay.run("app1", &StepFrame { steps, forget: vec![] }, sender);
        let status: Vec<&StepStatus> = report.steps.iter().map(|step| &step.status).collect();
        let skipped = StepStatus::Skipped { because: 2 };
        assert_eq!(status, [&StepStatus::Exited(0), &StepStatus::Exited(3), &StepStatus::Exited(0), &skipped]);
        assert_eq!(report.steps[0].matched, [1]);
        assert_eq!(report.steps[1].output, ["no luck"]);
        assert_eq!(report.steps[2].verified.as_ref().unwrap().records[0].field(0), "seen");

        let again = replay.observe(probes());
        assert_eq!(again.sections["directory"].records[1].field(0), "directory");
        assert_eq!(again.sections["thing"].records[0].field(0), "seen");
        let recorded = replay.recorded().join("\n");
        assert!(recorded.starts_with("observe directory × 2, thing × 1\nframe 2: first\n"), "{recorded}");
        assert!(!recorded.contains("hidden"));
    }

    #[test]
    fn a_lost_connection_and_an_unreachable_host_are_told() {
        let script = Script::read("steps: [{ step: first, lost: true }]").unwrap();
        let replay = Replay::new("app1", &script).unwrap();
        let steps = vec![step("first", "x", "a", 1, None), step("second", "x", "a", 1, None)];
        let (sender, _) = mpsc::unbounded_channel();
        let report = replay.run("app1", &StepFrame { steps, forget: vec![] }, sender);
        let failure = report.failure.unwrap();
        assert!(matches!(&failure.problem, Problem::ConnectionLost { step: Some(step), .. } if step == "first"));
        assert_eq!(report.steps[1].status, StepStatus::NotReached);
        assert!(Replay::new("app1", &Script::read("unreachable: no route").unwrap()).is_err());
        assert!(Script::read("nonsense: 1").is_err());
    }
}
