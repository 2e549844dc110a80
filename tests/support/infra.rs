//! Runs the `infra` command as a user would, and looks at what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::lab::{LabHost, text};
use super::{infra_here, timed, wait_until};

/// The command with a spec and an inventory.
#[derive(Clone, Debug)]
pub struct Infra {
    spec: PathBuf,
    inventory: Option<PathBuf>,
    here: Option<PathBuf>,
    options: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Infra {
    pub fn new(spec: &Path, inventory: &Path) -> Self {
        let inventory = Some(inventory.into());
        Self { spec: spec.into(), inventory, here: None, options: Vec::new(), variables: Vec::new() }
    }

    /// A spec of this machine alone, whose state is kept in a folder.
    pub fn local(spec: &Path, folder: &Path) -> Self {
        let here = Some(folder.into());
        Self { spec: spec.into(), inventory: None, here, options: Vec::new(), variables: Vec::new() }
    }

    /// Returns the same with `-e NAME`.
    pub fn environment(&self, name: &str) -> Self {
        self.option("--env").option(name)
    }

    /// Returns the same with one more word on the command line.
    pub fn option(&self, word: &str) -> Self {
        let mut with = self.clone();
        with.options.push(word.into());
        with
    }

    /// Returns the same with a spec of that name in which nothing is left.
    pub fn emptied(&self, spec: &Path) -> Self {
        let text = std::fs::read_to_string(spec.join("infra.yaml")).expect("a spec has a main file");
        let name = text.lines().find(|line| line.starts_with("name: ")).expect("a spec has a name");
        let folder = tempfile::tempdir().expect("a folder can be made").keep();
        std::fs::write(folder.join("infra.yaml"), format!("infra: 1\n{name}\nhosts: {{ app1: {{}} }}\n")).unwrap();
        Self { spec: folder, options: Vec::new(), ..self.clone() }
    }

    /// Returns what the ledger has on the spec's hosts: local addresses, with where they come from.
    #[track_caller]
    pub fn owned(&self) -> BTreeMap<String, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        command.args(["state", "list", "--format", "json"]).arg(&self.spec).env("NO_COLOR", "1");
        if let Some(inventory) = &self.inventory {
            command.arg("-i").arg(inventory);
        }
        let output = command.output().expect("infra starts");
        let hosts = json(&output)["hosts"].as_array().expect("a state has hosts").clone();
        let all = hosts.iter().flat_map(|host| host["resources"].as_array().unwrap());
        let entry = |one: &Value| {
            let address = one["address"].as_str().unwrap();
            let (_, local) = address.split_once('/').unwrap();
            (local.to_string(), one["origin"].as_str().unwrap().to_string())
        };
        all.map(entry).collect()
    }

    /// Returns the same with a variable in its environment.
    pub fn variable(&self, name: &str, value: &str) -> Self {
        let mut with = self.clone();
        with.variables.push((name.into(), value.into()));
        with
    }

    /// Makes a command; nothing has been started yet.
    pub fn command(&self, verb: &str) -> Command {
        let mut command = match &self.here {
            Some(folder) => infra_here(folder),
            None => Command::new(env!("CARGO_BIN_EXE_infra")),
        };
        command.arg(verb).arg(&self.spec).args(&self.options).env("NO_COLOR", "1");
        if let Some(inventory) = &self.inventory {
            command.arg("-i").arg(inventory);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn run(&self, verb: &str, options: &[&str]) -> Output {
        timed(&format!("infra {verb}"), || self.command(verb).args(options).output().expect("infra starts"))
    }

    /// Plans, whatever comes of it.
    #[track_caller]
    pub fn plan(&self) -> Plan {
        let output = self.run("plan", &["--format", "json"]);
        Plan { json: json(&output), said: said(&output), success: output.status.success() }
    }

    /// Applies, and must succeed.
    #[track_caller]
    pub fn apply(&self) -> Report {
        let report = self.try_apply();
        assert!(report.success, "apply failed\n{}", report.said);
        report
    }

    /// Applies in an order that chance chooses among those that the graph allows, where `INFRA_TEST_SEED` is set, and in the usual one
    /// otherwise.
    #[track_caller]
    pub fn apply_in_order_of_seed(&self) -> Report {
        let Ok(seed) = std::env::var("INFRA_TEST_SEED") else { return self.apply() };
        let report = self.option("--shuffle").option(&seed).try_apply();
        assert!(report.success, "apply --shuffle {seed} failed\n{}", report.said);
        report
    }

    /// Applies twice in orders that chance chooses among those that the graph allows: the first is cut off somewhere, the second
    /// must succeed. `INFRA_TEST_SEED` chooses others.
    #[track_caller]
    pub fn apply_in_any_order(&self, host: &LabHost) -> Report {
        let seed = self.seed();
        // Most specs of kinds have a few steps more.
        let step = 1 + (seed % 7) as usize;
        let into = Duration::from_millis([0, 150, 600, 2000][(seed / 7 % 4) as usize]);
        let started = self.option("--shuffle").option(&seed.to_string()).apply_cut_in(host, step, into);
        let seed = seed + 1;
        let report = self.report(&["--auto-approve", "--format", "json", "--shuffle", &seed.to_string()]);
        assert!(
            report.success,
            "apply --shuffle {seed} failed after one that was cut off {into:?} into step {step}, {started} had started\n{}",
            report.said
        );
        report
    }

    /// Returns the number that chooses an order.
    fn seed(&self) -> u64 {
        let named = || {
            self.spec
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .bytes()
                .fold(0_u64, |seed, byte| seed.wrapping_mul(31) + u64::from(byte))
        };
        std::env::var("INFRA_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(named)
    }

    /// Applies until the step of this number has run so long, and cuts the connections to the host there; what it was running
    /// is over when this returns. Returns how many steps were started.
    #[track_caller]
    pub fn apply_cut_in(&self, host: &LabHost, step: usize, into: Duration) -> usize {
        let mut command = self.command("apply");
        command.arg("--auto-approve").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("infra starts");
        let start = format!("{}: ", host.id().host);
        let mut started = 0;
        for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
            if line.starts_with(&start) {
                started += 1;
                if started == step {
                    std::thread::sleep(into);
                    host.kill_connections();
                }
            }
        }
        let status = child.wait().unwrap();
        // What is cut off fails, unless all was over before the cut.
        assert!(started >= step || status.success(), "an apply with {started} steps, not cut off, failed");
        wait_until("the host ends what it was running", || host.check("pgrep -fc '[i]nfra:' || true").trim() == "0");
        started
    }

    /// Applies, whatever comes of it.
    #[track_caller]
    pub fn try_apply(&self) -> Report {
        self.report(&["--auto-approve", "--format", "json"])
    }

    #[track_caller]
    fn report(&self, options: &[&str]) -> Report {
        let output = self.run("apply", options);
        let json = json(&output);
        Report { success: output.status.success(), said: said(&output), json }
    }
}

#[track_caller]
fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no JSON: {error}\n{}", said(output)))
}

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stderr), text(&output.stdout))
}

/// What `infra plan --format json` said.
#[derive(Debug)]
pub struct Plan {
    pub json: Value,
    pub said: String,
    pub success: bool,
}

impl Plan {
    /// Returns the local addresses of what would be done.
    pub fn names(&self) -> BTreeSet<String> {
        self.json["resources"]
            .as_array()
            .expect("a plan has resources")
            .iter()
            .filter(|resource| !matches!(resource["action"].as_str(), Some("no-op" | "read")))
            .map(|resource| format!("{}:{}", resource["kind"].as_str().unwrap(), resource["name"].as_str().unwrap()))
            .collect()
    }

    /// Fails where anything would be done but to delete what has left the spec.
    #[track_caller]
    pub fn assert_only_leaving(&self, when: &str) {
        let acting = self.names();
        let stays = |local: &&String| self.resource(local)["cause"] != "left-spec";
        let others: Vec<&String> = acting.iter().filter(stays).collect();
        assert!(others.is_empty(), "the plan is not empty {when}: {others:?}\n{}", self.said);
    }

    /// Returns one resource by its local address.
    #[track_caller]
    pub fn resource(&self, local: &str) -> &Value {
        let suffix = format!("/{local}");
        let resources = self.json["resources"].as_array().expect("a plan has resources");
        let found = resources.iter().find(|resource| resource["address"].as_str().unwrap().ends_with(&suffix));
        found.unwrap_or_else(|| panic!("no {local} in the plan\n{}", self.said))
    }

    #[track_caller]
    pub fn assert_no_problems(&self) -> &Self {
        assert!(self.success, "the plan has problems\n{}", self.said);
        self
    }

    /// The plan is refused because of these, and says what to do.
    #[track_caller]
    pub fn assert_refused(&self, expected: &[String], when: &str) {
        assert!(!self.success, "the plan is not refused: {when}\n{}", self.said);
        let problems = self.json["problems"].as_array().expect("a plan has problems");
        assert!(
            problems.iter().all(|problem| problem["help"].as_str().is_some_and(|help| !help.is_empty())),
            "{}",
            self.said
        );
        let local = |problem: &Value| problem["address"].as_str().unwrap().split_once('/').unwrap().1.to_string();
        let found: BTreeSet<String> = problems.iter().map(local).collect();
        assert_eq!(found, expected.iter().cloned().collect(), "refused: {when}\n{}", self.said);
    }

    #[track_caller]
    pub fn assert_empty(&self, when: &str) {
        self.assert_no_problems();
        assert!(self.names().is_empty(), "the plan is not empty {when}: {:?}\n{}", self.names(), self.said);
        assert_eq!(self.json["findings"], serde_json::json!([]), "checks fail {when}\n{}", self.said);
    }

    #[track_caller]
    pub fn assert_names(&self, expected: &[String], when: &str) {
        self.assert_no_problems();
        assert_eq!(self.names(), expected.iter().cloned().collect(), "broken by hand: {when}\n{}", self.said);
    }

    /// These checks fail, which the plan says of each where other changes may mend it, and as a finding where none may.
    #[track_caller]
    pub fn assert_checks_fail(&self, checks: &[String], when: &str) {
        for check in checks {
            let reasons = self.resource(check)["reasons"].to_string();
            assert!(reasons.contains("fails now"), "broken by hand: {when}: {check} holds: {reasons}\n{}", self.said);
        }
    }
}

/// What `infra apply --format json` said.
#[derive(Debug)]
pub struct Report {
    pub json: Value,
    pub said: String,
    pub success: bool,
}

impl Report {
    /// Returns the local addresses of what ended so.
    pub fn outcomes(&self, outcome: &str) -> BTreeSet<String> {
        self.json["report"]["resources"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .filter(|resource| resource["outcome"] == outcome)
            .map(|resource| resource["address"].as_str().unwrap().split_once('/').unwrap().1.to_string())
            .collect()
    }

    #[track_caller]
    pub fn assert_applied(&self, expected: &[String], when: &str) {
        assert_eq!(self.outcomes("applied"), expected.iter().cloned().collect(), "mending: {when}\n{}", self.said);
    }
}

/// Something broken by hand, and what the next plan must name: that and nothing else.
#[derive(Debug, serde::Deserialize)]
pub struct Break {
    pub name: String,
    /// Shell, as root on the host.
    pub run: String,
    /// The local addresses of what the plan would change.
    #[serde(default)]
    pub plan: Vec<String>,
    /// Those of them that something else of the apply brings back before their turn.
    #[serde(default)]
    pub brought: Vec<String>,
    /// The local addresses of what refuses the plan instead, and the shell that mends it.
    #[serde(default)]
    pub refused: Vec<String>,
    #[serde(default)]
    pub mend: String,
    /// The local addresses of checks that the plan must see failing.
    #[serde(default)]
    pub checks: Vec<String>,
}

impl Break {
    /// Returns the local addresses of what the apply itself changes.
    pub fn applied(&self) -> Vec<String> {
        self.plan.iter().filter(|local| !self.brought.contains(local)).cloned().collect()
    }

    #[track_caller]
    pub fn read(path: &Path) -> Vec<Self> {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let breaks: Vec<Self> =
            serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!breaks.is_empty(), "{} breaks nothing", path.display());
        breaks
    }
}
