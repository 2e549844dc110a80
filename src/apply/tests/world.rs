//! The hosts of a spec, simulated: they start bare, keep what was done to them, and check by themselves that what a step needs
//! is there by then.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use crate::host::{Answer, FrameReport, FrameStep, HostError, Problem, Simulation, StepFrame, StepReport, StepStatus};
use crate::model::{
    Expect, LedgerLines, Observed, Owed, OwedAction, Probe, ProbeOutput, ProbeStatus, Record, Row, Value, sha256,
};
use crate::resource::Mode;

use super::model::{Model, Thing, Why, settles};

/// What a simulated run does wrong, once.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The step ends with an error, and has done nothing.
    Before,
    /// The step has done all, and ends with an error.
    After,
    /// Every other row of the step fails, the rest is done.
    Some,
    /// The connection is lost in the step, which does nothing.
    LostBefore,
    /// The connection is lost in the step, which the host ends.
    LostAfter,
}

/// Simulated hosts.
pub struct World {
    model: Arc<Model>,
    state: Mutex<State>,
}

/// What the hosts are like, and what was seen to be wrong.
#[derive(Clone)]
pub struct State {
    things: Vec<Is>,
    /// By host: what `/var/lib/infra` has on record.
    owed: BTreeMap<String, BTreeSet<(String, OwedAction)>>,
    /// By host: the ledger there, as text.
    ledgers: BTreeMap<String, String>,
    /// Hosts whose connection is lost.
    lost: BTreeSet<String>,
    moment: u64,
    steps: usize,
    restarts: usize,
    fault: Option<(usize, Fault)>,
    /// A step of this run has failed as asked.
    has_failed: bool,
    /// What the step at work is about, where some of its rows fail as asked.
    running: Vec<usize>,
    rng: fastrand::Rng,
    wrong: Vec<String>,
    log: Vec<String>,
}

/// What a resource is at the moment.
#[derive(Clone, Debug, Default)]
struct Is {
    there: Option<String>,
    /// When it was written last, and when what it runs was started last.
    written: u64,
    started: u64,
    /// Its last step failed.
    failed: bool,
}

impl World {
    /// Makes bare hosts.
    pub fn bare(model: &Arc<Model>, seed: u64) -> Self {
        Self::of(model, vec![Is::default(); model.nodes.len()], seed)
    }

    /// Makes hosts that are as their spec has them.
    pub fn settled(model: &Arc<Model>, seed: u64) -> Self {
        let is = |thing: &Thing| Is { there: thing.wanted.clone(), written: 1, started: 2, failed: false };
        Self::of(model, model.nodes.iter().map(is).collect(), seed)
    }

    /// Makes hosts on which somebody has changed one thing and another since they were as their spec has them.
    pub fn worn(model: &Arc<Model>, seed: u64) -> Self {
        let world = Self::settled(model, seed);
        let mut state = world.state();
        for (node, thing) in model.nodes.iter().enumerate().filter(|(_, thing)| thing.mode == Mode::Converge) {
            let is_changed = state.rng.u8(0..3) == 0 && thing.wanted.is_some() && !thing.is_package();
            let is_stopped = state.rng.bool();
            if is_changed && thing.is_service && is_stopped {
                state.things[node].there = None;
            } else if is_changed && !thing.is_service && !thing.is_secret {
                state.things[node].there = Some("changed".into());
            }
        }
        drop(state);
        world
    }

    fn of(model: &Arc<Model>, things: Vec<Is>, seed: u64) -> Self {
        let state = State {
            things,
            owed: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            lost: BTreeSet::new(),
            moment: 2,
            steps: 0,
            restarts: 0,
            fault: None,
            has_failed: false,
            running: Vec::new(),
            rng: fastrand::Rng::with_seed(seed),
            wrong: Vec::new(),
            log: Vec::new(),
        };
        Self { model: model.clone(), state: Mutex::new(state) }
    }

    /// Goes on with what another spec says of the same hosts.
    pub fn goes_on(&self, model: &Arc<Model>, seed: u64) -> Self {
        let mut state = self.state().clone();
        let old = std::mem::take(&mut state.things);
        let is = |thing: &Thing| {
            let key = (thing.address.host.to_string(), thing.address.local());
            self.model.by_address.get(&key).map(|&at| old[at].clone()).unwrap_or_default()
        };
        state.things = model.nodes.iter().map(is).collect();
        (state.steps, state.fault, state.rng) = (0, None, fastrand::Rng::with_seed(seed));
        state.log.clear();
        Self { model: model.clone(), state: Mutex::new(state) }
    }

    /// Has the step of this number fail.
    pub fn fail(&self, step: usize, fault: Fault) {
        self.state().fault = Some((step, fault));
    }

    /// Begins a run.
    pub fn begin(&self) {
        self.state().has_failed = false;
    }

    /// Returns whether a step has failed as asked.
    pub fn has_had_fault(&self) -> bool {
        let state = self.state();
        state.fault.is_some_and(|(step, _)| state.steps >= step)
    }

    /// Returns how many steps have run, and how many of them restarted something.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.steps, state.restarts)
    }

    /// Returns what steps have done, a line each.
    pub fn log(&self) -> String {
        self.state().log.join("\n")
    }

    /// Returns what was done too early or without a reason.
    pub fn wrong(&self) -> Vec<String> {
        self.state().wrong.clone()
    }

    /// Returns what is not as it is to be in the end.
    pub fn unfinished(&self) -> Vec<String> {
        let state = self.state();
        let mut left = Vec::new();
        for (thing, is) in self.model.nodes.iter().zip(&state.things).filter(|(thing, _)| !thing.left_alone) {
            let is_compared = thing.mode == Mode::Converge || thing.mode == Mode::Run && !thing.is_absent;
            if is_compared && thing.wanted != is.there {
                left.push(format!("{} is {:?}, wanted {:?}", thing.address, is.there, thing.wanted));
            }
            let sources = thing.sources.iter().filter(|_| is.there.is_some());
            for source in sources.filter(|&&source| state.things[source].written > is.started) {
                left.push(format!("{} runs with an older {}", thing.address, self.model.nodes[*source].address));
            }
        }
        for (host, owed) in state.owed.iter().filter(|(_, owed)| !owed.is_empty()) {
            left.push(format!("{host} has on record {owed:?}"));
        }
        left
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, host: &str, row: &Row) -> usize {
        let key = (host.to_string(), row[0].expose().to_string());
        *self.model.by_address.get(&key).unwrap_or_else(|| panic!("a row about {key:?}"))
    }

    /// Tells of one resource.
    fn record(&self, state: &State, host: &str, row: &Row) -> Vec<String> {
        let node = self.find(host, row);
        let thing = &self.model.nodes[node];
        let good = || vec!["there".to_string(), "good".to_string()];
        let open = thing.looked_with.iter().find(|(_, with)| with.iter().any(|&other| !self.is_right(state, other)));
        match (thing.mode, &state.things[node].there, open) {
            (Mode::Check, ..) if self.is_all_right(state, host) => good(),
            (Mode::Check, ..) => vec!["absent".into()],
            (_, None, Some((claim, _))) => vec!["later".into(), claim.space.0.into(), claim.name.clone()],
            (Mode::Requirement, ..) => good(),
            (_, None, None) => vec!["absent".into()],
            (_, Some(is), _) => vec!["there".into(), is.clone(), secret(&thing.address.to_string())],
        }
    }

    /// Returns whether a resource is as it is to be.
    fn is_right(&self, state: &State, node: usize) -> bool {
        let thing = &self.model.nodes[node];
        thing.left_alone
            || match thing.mode {
                Mode::Check | Mode::Requirement => true,
                Mode::Converge | Mode::Run => thing.wanted == state.things[node].there,
            }
    }

    fn is_all_right(&self, state: &State, host: &str) -> bool {
        let all = 0..self.model.nodes.len();
        all.filter(|&node| &*self.model.nodes[node].address.host == host).all(|node| self.is_right(state, node))
    }

    /// Tells of what resources need.
    fn needs(&self, state: &State, host: &str, rows: &[Row]) -> Vec<Record> {
        let lacks = |row: &Row| {
            let (name, form) = (row[0].expose(), row[1].expose());
            let Some(is_brought) = self.model.is_brought(host, form, name) else { return false };
            let holders = self.model.holders(host, form, name);
            let packages = || self.model.packages(host).into_iter().all(|package| self.is_right(state, package));
            match holders.is_empty() {
                true => is_brought && !packages(),
                false => !holders.iter().any(|&holder| self.is_right(state, holder)),
            }
        };
        let lacking = rows.iter().enumerate().filter(|(_, row)| lacks(row));
        lacking.map(|(index, _)| Record { index, fields: vec!["lacking".into()] }).collect()
    }

    fn answer(&self, state: &State, host: &str, probe: &Probe) -> ProbeOutput {
        let rows = probe.rows.iter().enumerate();
        let records = rows.map(|(index, row)| Record { index, fields: self.record(state, host, row) }).collect();
        ProbeOutput { status: ProbeStatus::Done, records, messages: Vec::new() }
    }

    fn look(&self, host: &str, is_first: bool, sections: Vec<(String, Probe)>) -> Observed {
        let state = self.state();
        let answer = |(kind, probe): (String, Probe)| {
            let output = match kind.as_str() {
                "needs" => {
                    let records = self.needs(&state, host, &probe.rows);
                    ProbeOutput { status: ProbeStatus::Done, records, messages: Vec::new() }
                }
                _ => self.answer(&state, host, &probe),
            };
            (kind, output)
        };
        let owed = state.owed.get(host).into_iter().flatten();
        let owed = owed.map(|(resource, action)| Owed { resource: resource.clone(), action: *action });
        Observed {
            facts: is_first.then(facts),
            owed: if is_first { owed.collect() } else { Vec::new() },
            ledger: state.ledgers.get(host).filter(|_| is_first).map(|text| told(text)).unwrap_or_default(),
            sections: sections.into_iter().map(answer).collect(),
            ..Observed::default()
        }
    }

    /// Runs one step of a frame, if what it needs is fine; returns what became of it, and whether the connection is lost.
    fn step(&self, host: &str, step: &FrameStep, fine: &mut HashSet<usize>) -> (StepReport, bool) {
        let mut report = StepReport {
            id: step.id.clone(),
            status: StepStatus::NotReached,
            tries: 1,
            failed_rows: Vec::new(),
            unchanged_rows: Vec::new(),
            output: Vec::new(),
            looked: None,
            verified: None,
            matched: Vec::new(),
        };
        let mut state = self.state();
        if state.lost.contains(host) {
            return (report, true);
        }
        if step.kind == "ledger" {
            let text = String::from_utf8(step.step.input[0].0.to_vec()).unwrap();
            state.ledgers.insert(host.to_string(), text);
            report.status = StepStatus::Exited(0);
            return (report, false);
        }
        if let Some(missing) = step.needs.iter().find(|item| !fine.contains(item)) {
            report.status = StepStatus::Skipped { because: *missing };
            return (report, false);
        }
        if let Some(look) = &step.look {
            let now = self.answer(&state, host, &look.probe);
            if now.records != look.seen {
                report.looked = Some(now);
                report.status = StepStatus::Stale;
                return (report, false);
            }
            fine.insert(look.item);
        }
        state.steps += 1;
        let fault = state.fault.filter(|(at, _)| *at == state.steps).map(|(_, fault)| fault);
        state.has_failed |= fault.is_some();
        let owed = state.owed.entry(host.to_string()).or_default();
        owed.extend(step.owes.iter().map(|owed| (owed.resource.clone(), owed.action)));
        let number = state.steps;
        // What the engine has made besides is about no resource: a folder in which one lies.
        let rows: Vec<Row> = step.step.rows.iter().filter(|row| row.len() == 3).cloned().collect();
        state.log.push(format!("{number} {host}: {} {}{fault:?}", step.id, words(&rows)));
        let last: HashSet<&str> =
            step.verify.iter().flat_map(|verify| &verify.probe.rows).map(|row| row[0].expose()).collect();
        state.running = rows.iter().filter(|_| fault.is_some()).map(|row| self.find(host, row)).collect();
        for (index, row) in rows.iter().enumerate() {
            let node = self.find(host, row);
            let is_done = match fault {
                None | Some(Fault::After | Fault::LostAfter) => true,
                Some(Fault::Some) => index % 2 == 1,
                Some(Fault::Before | Fault::LostBefore) => false,
            };
            let told = if is_done { self.done(&mut state, node, row, last.contains(row[0].expose())) } else { Ok(()) };
            let message = match (told, fault) {
                (Err(message), _) => Some(message),
                (Ok(()), Some(Fault::Some)) if !is_done => Some("as the test wants it".to_string()),
                _ => None,
            };
            report.failed_rows.extend(message.map(|message| (index, message)));
            state.things[node].failed = fault.is_some() || !report.failed_rows.is_empty();
        }
        if matches!(fault, Some(Fault::LostBefore | Fault::LostAfter)) {
            state.lost.insert(host.to_string());
            report.status = StepStatus::Lost;
            return (report, true);
        }
        let status = i32::from(matches!(fault, Some(Fault::Before | Fault::After)));
        report.status = StepStatus::Exited(status);
        let is_fine = status == 0 && report.failed_rows.is_empty();
        if is_fine {
            fine.extend(&step.completes);
        }
        if let Some(verify) = &step.verify {
            let output = self.answer(&state, host, &verify.probe);
            let told = verify.items.iter().zip(&output.records);
            let is_expected = |expected: &Vec<Expect>, record: &Record| {
                expected.iter().enumerate().all(|(at, field)| match field {
                    Expect::Is(text) => record.field(at) == text,
                    Expect::Any => true,
                })
            };
            let matched = told
                .filter(|(item, record)| item.expected.as_ref().is_some_and(|expected| is_expected(expected, record)));
            report.matched = matched.map(|(item, _)| item.item).collect();
            report.verified = Some(output);
        }
        if is_fine {
            fine.extend(&report.matched);
            // What only this side can tell does not keep a record.
            let told = step.verify.iter().flat_map(|verify| &verify.items).filter(|item| item.expected.is_some());
            if told.count() == report.matched.len() {
                state.strike(host, &step.settles);
            }
        }
        (report, false)
    }

    /// Does what a row of a step asks for.
    fn done(&self, state: &mut State, node: usize, row: &Row, is_last: bool) -> Result<(), String> {
        let thing = &self.model.nodes[node];
        let (wanted, verb) = (row[1].expose(), row[2].expose());
        if thing.mode == Mode::Check {
            return match self.is_all_right(state, &thing.address.host) {
                true => Ok(()),
                false => Err("it does not hold".into()),
            };
        }
        if verb != "take away" {
            let early = thing.before.iter().find(|(other, _)| !self.is_right(state, *other));
            if let Some((early, why)) = early {
                let other = &self.model.nodes[*early].address;
                let message = format!("{}, {}, comes before {other}", thing.address, why.words());
                // Rows of one step go on after one that failed as asked.
                let is_of_step = state.running.contains(early);
                if !is_of_step && (matches!(why, Why::Needs(_)) || !state.has_failed) {
                    state.wrong.push(message.clone());
                }
                return Err(message);
            }
            if thing.wanted.as_deref() != Some(wanted) {
                state.wrong.push(format!("{} gets a value that it does not keep", thing.address));
            }
        }
        let still_there = thing.gone_before.iter().find(|&&other| state.things[other].there.is_some());
        if let Some(&other) = still_there.filter(|_| verb == "take away") {
            let message = format!("{} goes before {}, which needs it", thing.address, self.model.nodes[other].address);
            state.wrong.push(message.clone());
            return Err(message);
        }
        state.moment += 1;
        let moment = state.moment;
        if !is_last {
            state.things[node].written = moment;
            return Ok(());
        }
        let is = &state.things[node];
        if is.there.is_some() && !thing.sources.is_empty() && verb != "take away" {
            let is_older = |source: &usize| state.things[*source].written > is.started;
            let has_reason = is.failed || is.there.as_deref() != Some(wanted) || thing.sources.iter().any(is_older);
            state.restarts += 1;
            if !has_reason {
                state.wrong.push(format!("{} is restarted without a reason", thing.address));
            }
        }
        let is = &mut state.things[node];
        match verb {
            "restart" => {}
            "take away" => (is.there, is.written) = (None, moment),
            _ => (is.there, is.written) = (Some(wanted.to_string()), moment),
        }
        is.started = moment;
        if self.model.packages(&thing.address.host).contains(&node) {
            self.bring(state, node);
        }
        Ok(())
    }

    /// Has a package bring what may come with it: services, which it starts, and some files and accounts in another form than
    /// is wanted.
    fn bring(&self, state: &mut State, package: usize) {
        let by = &self.model.nodes[package];
        let packages = self.model.packages(&by.address.host);
        for (node, thing) in self.model.nodes.iter().enumerate() {
            if thing.address.host != by.address.host || !thing.may_be_brought || state.things[node].there.is_some() {
                continue;
            }
            let hash =
                thing.address.local().bytes().fold(7_usize, |hash, byte| hash.wrapping_mul(31) + usize::from(byte));
            if packages[hash % packages.len()] != package {
                continue;
            }
            let may_come = thing.before.iter().all(|(other, _)| self.is_right(state, *other) || *other == package);
            let is_brought = by.claims.touches.reaches(thing.claims.looked_at());
            if !may_come || !is_brought || (!thing.is_service && hash / 64 % 3 != 0) {
                continue;
            }
            state.moment += 1;
            let there = match thing.is_service {
                true => thing.wanted.clone().or(Some("runs".into())),
                false => Some("brought".into()),
            };
            state.things[node] = Is { there, written: state.moment, started: state.moment, failed: false };
            state.log.push(format!("    {} brings {}", by.address, thing.address));
        }
    }
}

impl State {
    fn strike(&mut self, host: &str, settled: &[Owed]) {
        if let Some(owed) = self.owed.get_mut(host) {
            owed.retain(|(resource, action)| {
                !settled.iter().any(|settled| settled.resource == *resource && settles(settled.action, *action))
            });
        }
    }

    /// Returns how often others go on before a step.
    fn pause(&mut self) -> usize {
        self.rng.usize(0..4)
    }
}

/// Returns what a host tells of a ledger.
fn told(text: &str) -> LedgerLines {
    let line = |line: &str| line.split('\u{1f}').take(7).map(str::to_string).collect();
    LedgerLines { ledger: text.lines().map(line).collect(), ..LedgerLines::default() }
}

impl Simulation for World {
    fn connect(&self, host: &str) -> Result<(), Problem> {
        self.state().lost.remove(host);
        Ok(())
    }

    fn observe<'a>(
        &'a self,
        host: &'a str,
        is_first: bool,
        sections: Vec<(String, Probe)>,
    ) -> Answer<'a, Result<Observed, HostError>> {
        Box::pin(async move {
            self.wait().await;
            if self.state().lost.contains(host) {
                return Err(lost(host));
            }
            Ok(self.look(host, is_first, sections))
        })
    }

    fn run<'a>(&'a self, host: &'a str, frame: StepFrame) -> Answer<'a, FrameReport> {
        Box::pin(async move {
            self.state().strike(host, &frame.forget);
            let mut fine = HashSet::new();
            let mut steps = Vec::new();
            let mut is_lost = false;
            for step in &frame.steps {
                self.wait().await;
                let (report, lost) = self.step(host, step, &mut fine);
                steps.push(report);
                is_lost |= lost;
            }
            FrameReport { steps, failure: is_lost.then(|| lost(host)) }
        })
    }
}

impl World {
    async fn wait(&self) {
        let pause = self.state().pause();
        for _ in 0..pause {
            tokio::task::yield_now().await;
        }
    }
}

fn lost(host: &str) -> HostError {
    HostError { host: host.into(), problem: Problem::ConnectionLost { step: None, said: String::new() } }
}

/// Returns the value of a secret that a host keeps.
pub fn secret(address: &str) -> String {
    sha256(address.as_bytes())
}

fn words(rows: &[Row]) -> String {
    rows.iter().map(|row| format!("[{} {}] ", row[2].expose(), row[0].expose())).collect()
}

/// What a small Debian 12 host tells of itself.
pub fn facts() -> Value {
    let text = |text: &str| Value::text(text);
    let map = |entries: Vec<(&str, Value)>| {
        Value::Map(entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect::<IndexMap<_, _>>())
    };
    map(vec![
        (
            "os",
            map(vec![
                ("id", text("debian")),
                ("id_like", Value::Null),
                ("version_id", text("12")),
                ("codename", text("bookworm")),
                ("family", text("debian")),
            ]),
        ),
        ("system", text("Linux")),
        ("kernel", text("6.1.0")),
        ("arch", text("x86_64")),
        ("hostname", text("simulated")),
        ("cpus", Value::Integer(2)),
        ("memory", Value::Integer(4_294_967_296)),
        ("swap", Value::Integer(0)),
        ("init", text("systemd")),
        ("virtualization", text("kvm")),
        ("interface", text("eth0")),
        ("address", text("192.0.2.10")),
        ("user", text("root")),
        ("uid", Value::Integer(0)),
        ("is_root", Value::Bool(true)),
        ("tools", Value::List(["apt-get", "dpkg-query", "systemctl"].into_iter().map(Value::text).collect())),
    ])
}
