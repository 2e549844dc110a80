//! Plans of specs over hosts whose answers are written down here.

use std::fmt::Write;

use crate::diagnostic::render_all;
use crate::model::{Observed, Owed, OwedAction, Probe, ProbeOutput, ProbeStatus, Record, Value};
use crate::plan::{self, Certainty, Plan, PlannedResource};
use crate::render::{Paint, PlanJson, plan_text};
use crate::spec::{LoadOptions, MemoryFiles, load};

use super::*;

/// A spec, the options of a run, and what its hosts tell.
#[derive(Clone, Default)]
struct World {
    files: MemoryFiles,
    options: LoadOptions,
    targets: Vec<String>,
    /// Records by address, each a line of fields.
    told: HashMap<String, Vec<Vec<String>>>,
    owed: Vec<(String, Owed)>,
    /// What every host lacks, as its row and the record about it: `/opt/x folder lacking`.
    lacking: Vec<&'static str>,
    rotate: BTreeSet<String>,
    down: BTreeSet<String>,
}

impl World {
    fn new(spec: &str) -> Self {
        let files = MemoryFiles::new().file("spec/infra.yaml", format!("infra: 1\nname: test\n{spec}"));
        let options = LoadOptions { spec: "spec".into(), ..LoadOptions::default() };
        Self { files, options, ..Self::default() }
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files = self.files.file(format!("spec/{path}"), text);
        self
    }

    /// One record about a resource; its fields are separated by blanks, `_` is an empty one.
    fn tell(mut self, address: &str, record: &str) -> Self {
        let fields = record.split(' ').map(|field| if field == "_" { String::new() } else { field.to_string() });
        self.told.entry(address.into()).or_default().push(fields.collect());
        self
    }

    fn owes(mut self, host: &str, resource: &str, action: OwedAction) -> Self {
        self.owed.push((host.into(), Owed { resource: resource.into(), action }));
        self
    }

    fn target(mut self, selector: &str) -> Self {
        self.targets.push(selector.into());
        self
    }

    fn rotate(mut self, secret: &str) -> Self {
        self.rotate.insert(secret.into());
        self
    }

    /// The host does not answer.
    fn down(mut self, name: &str) -> Self {
        self.down.insert(name.into());
        self
    }

    fn exclude(mut self, name: &str) -> Self {
        self.options.excluded.push(name.into());
        self
    }

    fn host(mut self, name: &str) -> Self {
        self.options.hosts.push(name.into());
        self
    }

    /// Observes until nothing more can be learnt, as a run does; hands the survey over then.
    fn survey<T>(&self, look: impl FnOnce(&mut Survey<'_>) -> T) -> Result<T, String> {
        let mut sources = Sources::default();
        let spec = load(&self.files, &self.options, &mut sources)
            .map_err(|diagnostics| render_all(&diagnostics, &sources, false))?;
        let scope = Scope::new(&self.targets, &self.options.hosts, &self.options.excluded)
            .map_err(|error| error.to_string())?;
        let explain = |error| match error {
            SurveyError::Spec { diagnostics, sources } => render_all(&diagnostics, &sources, false),
            SurveyError::Scope(error) => error.to_string(),
        };
        let mut survey = Survey::new(&spec, &self.files, sources, BTreeMap::new(), &scope).map_err(explain)?;
        for round in 0.. {
            let mut asked: BTreeMap<String, BTreeMap<String, ProbeOutput>> = BTreeMap::new();
            if round == 0 {
                asked.extend(survey.hosts().into_iter().map(|host| (host, BTreeMap::new())));
            }
            for host in survey.by_host.keys() {
                for nodes in survey.to_ask(host) {
                    let resources = survey.resources(&nodes);
                    let kind = resources[0].kind.name().to_string();
                    asked.entry(host.to_string()).or_default().insert(kind, self.answer(&resources));
                }
                if let Some((section, probe)) = survey.needs_section(host) {
                    asked.entry(host.to_string()).or_default().insert(section, self.answer_needs(&probe));
                }
            }
            if asked.is_empty() {
                break;
            }
            for (host, sections) in asked {
                if self.down.contains(&host) {
                    survey.lose(&host);
                    continue;
                }
                let owed = self.owed.iter().filter(|(of, _)| *of == host).map(|(_, owed)| owed.clone()).collect();
                let facts =
                    Some(Value::Map([("hostname".to_string(), Value::text(host.as_str()))].into_iter().collect()));
                survey.take(&host, Observed { facts, owed, sections, ..Observed::default() });
            }
            survey.resolve(&scope).map_err(explain)?;
        }
        if !self.rotate.is_empty() {
            survey.rotate(&self.rotate, &scope).map_err(explain)?;
        }
        Ok(look(&mut survey))
    }

    fn answer(&self, resources: &[&AnyResource]) -> ProbeOutput {
        let records = resources.iter().enumerate().flat_map(|(index, resource)| {
            let told = self.told.get(&resource.address().to_string()).cloned().unwrap_or_default();
            told.into_iter().map(move |fields| Record { index, fields })
        });
        ProbeOutput { status: ProbeStatus::Done, records: records.collect(), messages: Vec::new() }
    }

    fn lacks(mut self, row_and_record: &'static str) -> Self {
        self.lacking.push(row_and_record);
        self
    }

    fn answer_needs(&self, probe: &Probe) -> ProbeOutput {
        let mut records = Vec::new();
        for (index, row) in probe.rows.iter().enumerate() {
            let row = format!("{} {} ", row[0].expose(), row[1].expose());
            let told = self.lacking.iter().find_map(|lacking| lacking.strip_prefix(&row));
            let fields = |record: &str| record.split(' ').map(str::to_string).collect();
            records.extend(told.map(|record| Record { index, fields: fields(record) }));
        }
        ProbeOutput { status: ProbeStatus::Done, records, messages: Vec::new() }
    }

    fn plan(&self) -> Plan {
        self.survey(|survey| plan::build(survey)).unwrap_or_else(|words| panic!("{words}"))
    }

    /// Returns each resource that acts, with how sure that is, and what else the plan says.
    fn outline(&self) -> String {
        let plan = self.plan();
        let mut text = String::new();
        for planned in plan.resources.iter().filter(|planned| planned.acts()) {
            let _ = write!(text, "{} {}", planned.action.word(), planned.address);
            match &planned.certainty {
                Certainty::Ready => {}
                Certainty::Maybe => text.push_str(" perhaps"),
                Certainty::Deferred { until, .. } => {
                    let _ = write!(text, " after {until:?}");
                }
            }
            if let Some(owed) = planned.owed {
                let _ = write!(text, ", {}", owed.word());
            }
            text.push('\n');
        }
        for note in &plan.notes {
            let _ = writeln!(text, "note: {note}");
        }
        for finding in &plan.findings {
            let _ = writeln!(text, "finding: {}: {}", finding.address, finding.message);
        }
        for problem in &plan.problems {
            let _ = writeln!(text, "problem: {}: {}", problem.address, problem.message);
        }
        text
    }
}

const APP1: &str = "hosts: { app1: { transport: local } }\n";

fn app1(sections: &str) -> World {
    World::new(&format!("{APP1}{sections}"))
}

const FOLDER: &str = "directory root root 0755";

fn planned<'p>(plan: &'p Plan, address: &str) -> &'p PlannedResource {
    plan.resources.iter().find(|planned| planned.address.to_string() == address).unwrap()
}

#[test]
fn a_value_from_a_secret_not_made_yet_is_known_later() {
    let world = app1(concat!(
        "secrets: { db: { generate: {}, keep: { path: /etc/c, key: DB } } }\n",
        "files: { /etc/app: { content: 'password={{ secrets.db }}' } }\n",
    ))
    .tell("app1/secret:db", "absent")
    .tell("app1/file:/etc/app", "absent");
    assert_eq!(world.outline(), "create app1/secret:db\ncreate app1/file:/etc/app after [app1/secret:db]\n");
    let json = serde_json::to_value(PlanJson(&world.plan())).unwrap();
    assert_eq!(json["resources"][1]["after_unknown"], serde_json::json!(["content"]));
    assert!(json["resources"][1]["after"].get("content").is_none());
}

#[test]
fn a_value_from_two_secrets_waits_for_both() {
    let spec = concat!(
        "secrets:\n  a: { generate: {}, keep: { path: /etc/c, key: A } }\n",
        "  b: { generate: {}, keep: { path: /etc/d, key: B } }\n",
        "files: { /etc/app: { content: '{{ secrets.a }} {{ secrets.b }}' } }\n",
        "packages: { tree: { depends_on: ['file:/etc/app'] } }\n",
    );
    let world = app1(spec)
        .tell("app1/secret:a", "absent")
        .tell("app1/secret:b", "absent")
        .tell("app1/file:/etc/app", "absent")
        .tell("app1/package:tree", "absent")
        .tell("app1/package:tree", "variant apt");
    let made = "create app1/secret:a\ncreate app1/secret:b\n";
    let file = "create app1/file:/etc/app after [app1/secret:a, app1/secret:b]\n";
    assert_eq!(world.outline(), format!("{made}{file}create app1/package:tree\n"));
    assert_eq!(
        world.target("file:/etc/app").outline(),
        format!("{made}{file}"),
        "both are taken into a run with --target"
    );
}

#[test]
fn a_secret_that_is_there_is_read_out_of_scope_and_not_shown() {
    let world = app1(concat!(
        "secrets: { db: { generate: {}, keep: { path: /etc/c, key: DB } } }\n",
        "files: { /etc/app: { content: 'password={{ secrets.db }}' }, /etc/other: { content: x } }\n",
    ))
    .tell("app1/secret:db", "present cG9pc29uZWQ= _ /var/lib/infra")
    .tell("app1/file:/etc/app", "absent")
    .tell("app1/file:/etc/other", "absent")
    .target("file:/etc/app");
    assert_eq!(world.outline(), "create app1/file:/etc/app\n");
    let plan = world.plan();
    assert!(
        !serde_json::to_string(&PlanJson(&plan)).unwrap().contains("poison")
            && !plan_text(&plan, Paint::default(), 80).contains("poison")
    );
}

#[test]
fn what_cannot_be_observed_yet_waits_for_what_provides_it() {
    let spec = concat!("users: { app: {} }\n", "commands: { one: { run: make, creates: /srv/x, as: app } }\n",);
    let world = app1(spec).tell("app1/user:app", "absent").tell("app1/command:one", "no-user");
    assert_eq!(world.outline(), "create app1/user:app\nrun app1/command:one after [app1/user:app]\n");
}

#[test]
fn what_cannot_be_observed_and_nothing_mends_is_a_problem() {
    let world =
        app1("commands: { one: { run: make, creates: /srv/x, as: app } }\n").tell("app1/command:one", "no-user");
    assert!(world.outline().starts_with("problem: app1/command:one: "), "{}", world.outline());
    let world = app1("directories: { /x: {} }\n");
    assert!(world.outline().starts_with("problem: app1/directory:/x: it could not be observed: "));
}

#[test]
fn what_any_package_may_bring_waits_for_the_packages() {
    let spec = concat!("packages: [build]\n", "commands: { one: { run: make, creates: /srv/x, as: app } }\n",);
    let world = app1(spec).tell("app1/package:build", "absent").tell("app1/package:build", "variant apt");
    let world = world.tell("app1/command:one", "no-user");
    assert_eq!(world.outline(), "create app1/package:build\nrun app1/command:one after [app1/package:build]\n");
}

#[test]
fn a_command_after_changes_runs_perhaps() {
    let spec = concat!(
        "directories: { /srv: {} }\n",
        "commands:\n",
        "  held: { run: make, creates: /srv/x }\n",
        "  far: { run: make, creates: /y, depends_on: [command:held] }\n",
    );
    let world = app1(spec).tell("app1/command:held", "done creates").tell("app1/command:far", "wanted");
    let changed = world.clone().tell("app1/directory:/srv", "absent");
    assert_eq!(
        changed.outline(),
        "create app1/directory:/srv\nrun app1/command:held perhaps\nrun app1/command:far perhaps\n"
    );
    assert_eq!(world.tell("app1/directory:/srv", FOLDER).outline(), "run app1/command:far\n");
}

const SERVICE: &str = concat!(
    "files: { /etc/app: { content: x } }\n",
    "services: { app: { running: true, restart_on: ['file:/etc/app'] } }\n",
);
const RUNS: &str = "running enabled loaded active running enabled";

#[test]
fn a_change_restarts_what_runs_and_starting_pays_for_it() {
    let world = app1(SERVICE).tell("app1/file:/etc/app", "absent");
    let runs = world.clone().tell("app1/service:app", RUNS);
    assert_eq!(runs.outline(), "create app1/file:/etc/app\nrestart app1/service:app, restart\n");
    assert_eq!(planned(&runs.plan(), "app1/service:app").reasons, ["file:/etc/app changes"]);
    let stopped = world.tell("app1/service:app", "stopped disabled loaded inactive dead disabled");
    assert!(stopped.outline().contains("update app1/service:app"), "{}", stopped.outline());
}

#[test]
fn a_change_that_is_not_certain_restarts_perhaps() {
    let spec = concat!(
        "directories: { /srv: {} }\n",
        "commands: { build: { run: make, creates: /srv/x } }\n",
        "services: { app: { running: true, restart_on: ['command:build'] } }\n",
    );
    let world = app1(spec)
        .tell("app1/directory:/srv", "absent")
        .tell("app1/command:build", "done creates")
        .tell("app1/service:app", RUNS);
    assert!(world.outline().ends_with("restart app1/service:app perhaps, restart\n"), "{}", world.outline());
}

#[test]
fn a_restart_owed_is_done_and_beats_a_reload() {
    let world = app1("services: { app: { running: true } }\n").tell("app1/service:app", RUNS);
    assert_eq!(world.outline(), "");
    let owed = world.owes("app1", "service:app", OwedAction::Reload);
    assert_eq!(owed.outline(), "reload app1/service:app, reload\n");
    let both = owed.owes("app1", "service:app", OwedAction::Restart);
    assert_eq!(both.outline(), "restart app1/service:app, restart\n");
}

#[test]
fn a_restart_out_of_scope_stays_owed_and_is_noted_once() {
    let spec = concat!(
        "files: { /etc/app/a: { content: x }, /etc/app/b: { content: x } }\n",
        "services: { app: { running: true, restart_on: ['file:/etc/app/*'] } }\n",
    );
    let world = app1(spec)
        .tell("app1/file:/etc/app/a", "absent")
        .tell("app1/file:/etc/app/b", "absent")
        .target("file:/etc/app/*");
    assert_eq!(
        world.outline(),
        concat!(
            "create app1/file:/etc/app/a\ncreate app1/file:/etc/app/b\n",
            "note: app1/file:/etc/app/a and 1 more change; app1/service:app stays owed a restart, ",
            "because it is out of this run\n"
        )
    );
}

#[test]
fn prevent_destroy_refuses_the_plan() {
    let spec = "directories: { /srv: { state: absent, lifecycle: { prevent_destroy: true } } }\n";
    let world = app1(spec).tell("app1/directory:/srv", FOLDER);
    assert_eq!(
        world.outline(),
        "problem: app1/directory:/srv: it would be deleted, and `prevent_destroy` forbids that\n"
    );
    assert_eq!(app1(spec).tell("app1/directory:/srv", "absent").outline(), "");
}

#[test]
fn ignored_changes_are_left_as_they_are_but_created_as_written() {
    let spec = "directories: { /srv: { mode: '0700', owner: app, lifecycle: { ignore_changes: [mode] } } }\n";
    let drifted = app1(spec).tell("app1/directory:/srv", "directory app root 0755");
    assert_eq!(drifted.outline(), "");
    let absent = app1(spec).tell("app1/directory:/srv", "absent").plan();
    assert!(planned(&absent, "app1/directory:/srv").changes.iter().any(|change| change.attribute == "mode"));
}

#[test]
fn a_partial_run_deletes_nothing() {
    let spec =
        concat!("directories: { /old: { state: absent }, /new: {} }\n", "files: { /old/f: { state: absent } }\n",);
    let world = app1(spec)
        .tell("app1/directory:/old", FOLDER)
        .tell("app1/directory:/new", "absent")
        .tell("app1/file:/old/f", "absent");
    assert_eq!(world.outline(), "create app1/directory:/new\ndelete app1/directory:/old\n");
    for partial in [world.clone().target("directory:/*"), world.host("app1")] {
        let outline = partial.outline();
        assert_eq!(
            outline,
            concat!(
                "create app1/directory:/new\n",
                "note: app1/directory:/old would be deleted; a partial run deletes nothing\n"
            )
        );
    }
}

#[test]
fn a_partial_run_leaves_what_needs_what_it_does_not_replace() {
    let spec = concat!(
        "symlinks: { /srv/app: { target: /x, force: true } }\n",
        "files:\n",
        "  /a: { content: x, depends_on: ['symlink:/srv/app'] }\n",
        "  /b: { content: x, depends_on: ['file:/a'] }\n",
        "  /c: { content: x, depends_on: ['directory:/same'] }\n",
        "directories: { /same: { depends_on: ['symlink:/srv/app'] } }\n",
        "services: { app: { running: true, restart_on: ['symlink:/srv/app'] } }\n",
    );
    let stopped = "stopped disabled loaded inactive dead disabled";
    let world = app1(spec)
        .tell("app1/symlink:/srv/app", "file root root")
        .tell("app1/file:/a", "absent")
        .tell("app1/file:/b", "absent")
        .tell("app1/file:/c", "absent")
        .tell("app1/directory:/same", FOLDER)
        .tell("app1/service:app", stopped);
    let whole = world.outline();
    assert_eq!(whole.matches("create").count() + whole.matches("replace").count(), 4, "{whole}");
    assert_eq!(
        world.host("app1").outline(),
        concat!(
            "update app1/service:app\n",
            "note: app1/symlink:/srv/app would be replaced; a partial run deletes nothing\n",
            "note: app1/file:/b is left as it is too, because it needs app1/file:/a\n",
            "note: app1/file:/a and 1 more are left as they are too, because they need app1/symlink:/srv/app\n",
        )
    );
}

#[test]
fn a_target_takes_what_it_depends_on_and_leaves_the_rest() {
    let spec = concat!(
        "hosts: { app1: { transport: local }, app2: { transport: local } }\n",
        "directories: { /srv: {}, /srv/a: {}, /other: {} }\n",
    );
    let world = ["app1", "app2"].iter().fold(World::new(spec), |world, host| {
        ["/srv", "/srv/a", "/other"]
            .iter()
            .fold(world, |world, path| world.tell(&format!("{host}/directory:{path}"), "absent"))
    });
    assert_eq!(
        world.clone().target("app1/directory:/srv/a").outline(),
        "create app1/directory:/srv\ncreate app1/directory:/srv/a\n"
    );
    assert_eq!(world.clone().host("app2").outline().matches("app2/").count(), 3);
    assert!(!world.clone().host("app2").outline().contains("app1/"));
    let nothing = world.target("directory:/nowhere").survey(|_| ());
    assert_eq!(nothing.unwrap_err(), "--target: no resource matches `directory:/nowhere`");
}

#[test]
fn a_target_asks_its_host_about_what_it_needs_and_no_other() {
    let spec = concat!(
        "hosts: { app1: { transport: local }, app2: { transport: local }, app3: { transport: local } }\n",
        "directories: { /srv: {}, /srv/a: {}, /other: {} }\n",
        "groups: { web: {} }\n",
        "files: { /srv/a/file: { content: x }, /other/file: { content: x } }\n",
    );
    let asked = |world: World| {
        let mut sources = Sources::default();
        let spec = load(&world.files, &world.options, &mut sources).unwrap();
        let scope = Scope::new(&world.targets, &world.options.hosts, &world.options.excluded).unwrap();
        let survey = Survey::new(&spec, &world.files, sources, BTreeMap::new(), &scope).unwrap();
        let mut counts = Vec::new();
        for (host, sections) in survey.wanted() {
            for (kind, probe) in sections {
                counts.push(format!("{host} {kind} {}", probe.rows.len()));
            }
        }
        (survey.hosts(), counts)
    };
    let (hosts, counts) = asked(World::new(spec).target("app1/file:/srv/a/file"));
    assert_eq!(hosts, ["app1"]);
    assert_eq!(counts, ["app1 directory 2", "app1 file 1"]);
    let (hosts, counts) = asked(World::new(spec));
    assert_eq!((hosts.len(), counts.len()), (3, 9));
    // What waits for a host's facts makes it one that is asked.
    let facts = "on: app1, content: '{{ hosts.app3.facts.kernel }}'";
    let spec = spec.replace("/other/file: { content: x }", &format!("/fact: {{ {facts} }}"));
    let (hosts, _) = asked(World::new(&spec).target("app1/file:/fact"));
    assert_eq!(hosts, ["app1", "app3"]);
}

#[test]
fn a_partial_run_reads_secrets_of_other_hosts_and_changes_nothing_there() {
    let spec = concat!(
        "hosts: { app1: { transport: local }, db1: { transport: local } }\n",
        "secrets: { db: { generate: {}, keep: { host: db1, path: /etc/c, key: DB } } }\n",
        "files:\n",
        "  /etc/app: { on: app1, content: 'password={{ secrets.db }}' }\n",
        "  /etc/db: { on: db1, content: x }\n",
    );
    let world = World::new(spec).tell("app1/file:/etc/app", "absent").tell("db1/file:/etc/db", "absent").host("app1");
    let known = world.clone().tell("db1/secret:db", "present cG9pc29uZWQ= _ /var/lib/infra");
    assert_eq!(known.outline(), "create app1/file:/etc/app\n");
    let missing = world.tell("db1/secret:db", "absent");
    assert_eq!(
        missing.outline(),
        "problem: app1/file:/etc/app: a value of it comes from db1/secret:db, which this run does not make\n"
    );
}

const MACHINE: &str = "requirements: { machine: { cpus: 4 } }\n";
const SMALL: &str = "2 2013000 debian _ 12 x86_64 20000000 there 1.22.1";

#[test]
fn a_requirement_refuses_the_plan_unless_the_inventory_overrides_it() {
    let world = app1(MACHINE).tell("app1/requirement:machine", SMALL);
    assert_eq!(
        world.outline(),
        "problem: app1/requirement:machine: the host does not meet the requirement: cpus is 2, at least 4 is required\n"
    );
    let inventory = "hosts: { app1: { transport: local } }\nrequirements: { machine: { cpus: 1 } }\n";
    let mut lowered = world.clone().file("inv.yaml", inventory);
    lowered.options.inventory = Some("spec/inv.yaml".into());
    assert_eq!(lowered.outline(), "note: app1/requirement:machine: the inventory overrides the requirement\n");
}

#[test]
fn a_package_may_replace_those_that_go() {
    let spec = "packages: { old: { state: absent }, new: {}, other: { lifecycle: { ignore_changes: [version] } } }\n";
    let may_go = |world: &World| {
        let rows = world.survey(|survey| {
            ["new", "other"].map(|name| {
                let node = survey.find(&format!("app1/package:{name}").parse().unwrap()).unwrap();
                let (resource, observed) = (survey.resource_for_steps(node), survey.observed(node).unwrap());
                let changes = survey.compare(node);
                let action = crate::model::Action::Create;
                let planned =
                    crate::resource::ErasedPlanned { resource, observed, changes: &changes, action, owed: None };
                resource.kind.steps(&[planned])[0].rows[0].last().unwrap().expose().to_string()
            })
        });
        rows.unwrap()
    };
    let world = ["new", "other"].into_iter().fold(app1(spec), |world, name| {
        let package = format!("app1/package:{name}");
        world.tell(&package, "absent").tell(&package, "variant apt")
    });
    let world = world.tell("app1/package:old", "absent").tell("app1/package:old", "variant apt");
    assert_eq!(may_go(&world), ["old", "old"]);
    assert_eq!(may_go(&world.host("app1")), ["", ""], "a run in part deletes nothing");
}

#[test]
fn a_requirement_waits_for_packages_that_do_not_wait_for_it() {
    let spec = "requirements: { jq: { program: { name: jq } } }\npackages: { jq: {}, other: { depends_on: ['requirement:jq'] } }\n";
    let world = ["jq", "other"].into_iter().fold(app1(spec), |world, name| {
        let package = format!("app1/package:{name}");
        world.tell(&package, "absent").tell(&package, "variant apt")
    });
    let world = world.tell("app1/requirement:jq", "2 2013000 debian _ 12 x86_64 20000000 missing _");
    let plan = world.plan();
    let requirement = planned(&plan, "app1/requirement:jq");
    let Certainty::Deferred { until, .. } = &requirement.certainty else { panic!("{requirement:?}") };
    assert_eq!(until.iter().map(ToString::to_string).collect::<Vec<_>>(), ["app1/package:jq"]);
    assert_eq!(requirement.reasons, ["looked at again after the packages"]);
}

const CHECK: &str = "checks: { up: { tcp: '127.0.0.1:1' } }\n";

#[test]
fn a_failing_check_is_a_finding_where_nothing_changes() {
    let failing = |world: World| world.tell("app1/check:up", "bad").tell("app1/check:up", "0 bad refused");
    let outline = failing(app1(CHECK)).outline();
    assert!(outline.starts_with("finding: app1/check:up: "), "{outline}");
    let spec = format!("{CHECK}directories: {{ /srv: {{}} }}\n");
    let outline = failing(app1(&spec)).tell("app1/directory:/srv", "absent").outline();
    assert_eq!(outline, "create app1/directory:/srv\n");
}

#[test]
fn what_is_left_alone_is_neither_planned_nor_deleted() {
    let spec = "directories: { /a: { when: false }, /b: { when: false, state: absent }, /c: {} }\n";
    let world = app1(spec).tell("app1/directory:/c", "absent");
    assert_eq!(world.outline(), "create app1/directory:/c\n");
}

#[test]
fn what_was_verified_replaces_what_was_seen() {
    let world = app1("directories: { /a: {}, /b: {} }\n")
        .tell("app1/directory:/a", "absent")
        .tell("app1/directory:/b", "absent");
    let left = world.survey(|survey| {
        let node = survey.find(&"app1/directory:/a".parse().unwrap()).unwrap();
        let fields = FOLDER.split(' ').map(str::to_string).collect();
        let output =
            ProbeOutput { status: ProbeStatus::Done, records: vec![Record { index: 0, fields }], messages: Vec::new() };
        survey.take_verified(&[node], output);
        let scope = Scope::default();
        survey.resolve(&scope).unwrap();
        assert!(survey.wanted().is_empty());
        let plan = plan::build(survey);
        plan.resources.iter().filter(|planned| planned.acts()).map(|planned| planned.address.to_string()).collect()
    });
    assert_eq!(left, Ok(vec!["app1/directory:/b".to_string()]));
}

/// Counts how much a plan of very many resources holds; that it ends at all asks that no step is quadratic.
#[test]
fn very_many_resources_are_planned() {
    const FOLDERS: usize = 2_000;
    let mut spec = String::from("directories:\n");
    (0..FOLDERS).for_each(|at| writeln!(spec, "  /srv/d{at}: {{}}").unwrap());
    spec.push_str("files:\n");
    let files = || (0..FOLDERS).flat_map(|at| (0..9).map(move |file| format!("/srv/d{at}/f{file}")));
    files().for_each(|path| writeln!(spec, "  {path}: {{ content: x }}").unwrap());
    let mut world = app1(&spec);
    for path in (0..FOLDERS).map(|at| format!("directory:/srv/d{at}")).chain(files().map(|path| format!("file:{path}")))
    {
        world = world.tell(&format!("app1/{path}"), "absent");
    }
    world
        .survey(|survey| {
            let plan = plan::build(survey);
            assert_eq!(plan.counts().create, 10 * FOLDERS);
            let all: Vec<usize> = (0..survey.len()).collect();
            survey.forget(&all);
            assert!(all.iter().all(|&node| survey.observed(node).is_none()));
        })
        .unwrap();
}

/// A secret that is kept, a file and a command that hold it, and a check that uses it.
const ROTATED: &str = concat!(
    "secrets: { db: { generate: {}, keep: { path: /etc/c, key: DB } } }\n",
    "files: { /etc/app: { content: 'password={{ secrets.db }}' } }\n",
    "commands: { once: { run: login, creates: /x, environment: { P: '{{ secrets.db }}' } } }\n",
    "checks: { login: { command: 'login {{ secrets.db }}' } }\n",
    "services: { app: { running: true, restart_on: ['secret:db'] } }\n",
);

fn rotated(note: &str) -> World {
    app1(ROTATED)
        .tell("app1/secret:db", &format!("present cG9pc29uZWQ= {note} /var/lib/infra"))
        .tell("app1/file:/etc/app", "file root root 0600 17 abc")
        .tell("app1/command:once", "done creates")
        .tell("app1/check:login", "ok")
        .tell("app1/service:app", RUNS)
}

#[test]
fn what_holds_a_rotated_secret_is_known_later_again() {
    let outline = rotated("_").rotate("db").outline();
    assert_eq!(
        outline,
        "update app1/secret:db\nrun app1/command:once after [app1/secret:db]\n\
         update app1/file:/etc/app after [app1/secret:db]\nrestart app1/service:app, restart\n"
    );
    // One that is not made yet is only made.
    let world = app1("secrets: { db: { generate: {}, keep: { path: /etc/c, key: DB } } }\n");
    assert_eq!(world.tell("app1/secret:db", "absent").rotate("db").outline(), "create app1/secret:db\n");
}

#[test]
fn a_rotation_that_was_begun_is_in_the_plan_until_it_is_finished() {
    for world in [rotated("b2xk"), rotated("b2xk").rotate("db")] {
        let outline = world.outline();
        assert!(outline.contains("update app1/secret:db\n"), "{outline}");
        assert!(!outline.contains("command:once") && !outline.contains("service:app"), "{outline}");
        let plan = world.plan();
        let secret = planned(&plan, "app1/secret:db");
        assert!(secret.finishes && !serde_json::to_string(&PlanJson(&plan)).unwrap().contains("poison"));
    }
    let part = rotated("b2xk").target("secret:db").outline();
    assert!(part.contains("note: app1/secret:db: its rotation stays unfinished"), "{part}");
    // What is noted is still what is there: the new value is yet to be made.
    let begun = rotated("cG9pc29uZWQ=").rotate("db").outline();
    assert!(begun.contains("run app1/command:once after [app1/secret:db]"), "{begun}");
}

#[test]
fn what_goes_waits_for_a_value_only_to_be_observed() {
    let secrets = "secrets: { db: { generate: {}, keep: { path: /etc/c, key: DB } } }\n";
    let file = "files: { /etc/app: { state: absent, content: 'password={{ secrets.db }}' } }\n";
    let world = app1(&format!("{secrets}{file}")).tell("app1/secret:db", "absent");
    assert_eq!(world.clone().tell("app1/file:/etc/app", "absent").outline(), "create app1/secret:db\n");
    let there = world.tell("app1/file:/etc/app", "file root root 0600 17 abc").outline();
    assert_eq!(there, "create app1/secret:db\ndelete app1/file:/etc/app\n");
}

#[test]
fn a_value_that_never_comes_refuses_whatever_holds_it() {
    let spec = concat!(
        "hosts: { app1: { transport: local }, db1: { transport: local } }\n",
        "secrets: { db: { generate: {}, keep: { host: db1, path: /etc/c, key: DB } } }\n",
        "checks: { login: { on: app1, command: 'login {{ secrets.db }}' } }\n",
    );
    let world = World::new(spec).tell("db1/secret:db", "absent").host("app1");
    assert_eq!(
        world.outline(),
        "problem: app1/check:login: a value of it comes from db1/secret:db, which this run does not make\n"
    );
    // The inventory knows one host only, so that the other is never asked.
    let spec = concat!(
        "hosts: { app1: { transport: local }, db1: { transport: local } }\n",
        "files: { /etc/fact: { on: app1, content: '{{ hosts.db1.facts.hostname }}' } }\n",
    );
    let inventory = "hosts: { app1: { transport: local } }\n";
    let world = World::new(spec).tell("app1/file:/etc/fact", "absent").host("app1");
    let mut alone = world.file("inv.yaml", inventory);
    alone.options.inventory = Some("spec/inv.yaml".into());
    let outline = alone.outline();
    assert!(
        outline.contains("/etc/fact: a value of it comes from the facts of db1, which this run does not ask"),
        "{outline}"
    );
}

#[test]
fn a_secret_kept_on_a_host_that_the_inventory_lacks_is_not_read() {
    let spec = concat!(
        "hosts: { web1: { transport: local }, db1: { transport: local } }\n",
        "secrets: { db: { generate: {}, keep: { host: db1, path: /etc/c, key: DB } } }\n",
        "files: { /etc/app: { on: web1, content: '{{ secrets.db }}' } }\n",
    );
    let mut world = World::new(spec)
        .tell("db1/secret:db", "present c2VjcmV0 _ /var/lib/infra")
        .tell("web1/file:/etc/app", "absent");
    world = world.file("inv.yaml", "hosts: { web1: { transport: local } }\n").host("web1");
    world.options.inventory = Some("spec/inv.yaml".into());
    assert_eq!(
        world.outline(),
        "problem: web1/file:/etc/app: a value of it comes from db1/secret:db, and the inventory does not list db1\n"
    );
    let asks_db1 =
        |survey: &mut Survey<'_>| survey.hosts().contains(&"db1".into()) || survey.wanted().contains_key("db1");
    assert!(!world.survey(asks_db1).unwrap());
}

#[test]
fn one_thing_is_declared_once_whatever_it_is_called() {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII4gekUCHe66i/G9XTN2c9+wIYcdotaFMb6LteHl00JV";
    let spec = format!(
        "\
hosts: {{ a: {{}}, b: {{}} }}
services:
  nginx: {{ running: true }}
  nginx.service: {{ state: absent }}
  ssh: {{ on: a, running: false }}
  sshd: {{ on: a, running: true }}
  cron: {{ on: a, running: true }}
  cron.service: {{ on: b, running: true }}
users: {{ u1: {{ uid: 4000, on: a }}, u2: {{ uid: 4000 }}, u3: {{ uid: 4000, state: absent }} }}
groups: {{ g1: {{ gid: 4000, on: a }}, g2: {{ gid: 4000 }}, g3: {{ gid: \"{{{{ host.facts.cpus }}}}\" }}, g4: {{ gid: \"{{{{ host.facts.cpus }}}}\" }} }}
authorized_keys:
  one: {{ user: u1, key: {key} me, options: restrict, on: a }}
  two: {{ user: u1, key: {key} you, on: a, path: /home/u1/.ssh/authorized_keys }}
  other: {{ user: u2, key: {key} }}
docker_images: {{ nginx: {{ on: a }}, \"docker.io/library/nginx:latest\": {{ on: a }} }}
firewall_rules:
  web: {{ port: [80, 443], on: a }}
  site: {{ port: [443, 80], protocol: tcp, action: deny, on: a }}
  from-home: {{ port: [80, 443], from: 10.0.0.1, on: a }}
  old: {{ port: [80, 443], state: absent, on: a }}
"
    );
    let wrong = World::new(&spec).survey(|_| ()).unwrap_err();
    let wrong: Vec<&str> = wrong.lines().filter(|line| line.starts_with("error")).collect();
    insta::assert_snapshot!(wrong.join("\n"));
}

#[test]
fn what_an_account_is_needed_for_goes_before_it() {
    let spec = "\
hosts: { a: {} }
users: { gone: { state: absent }, stays: { group: other } }
groups: { prime: { state: absent }, other: {} }
services: { app: { state: absent }, web: { running: true } }
";
    let world = World::new(spec)
        .tell("a/user:gone", "present 1001 prime /home/gone /bin/sh _ 1 _ _ _ _")
        .tell("a/user:stays", "present 1002 prime /home/stays /bin/sh _ 1 _ _ _ _")
        .tell("a/group:prime", "present 1000")
        .tell("a/group:other", "absent")
        .tell("a/service:app", "running enabled loaded active running enabled")
        .tell("a/service:web", "running enabled loaded active running enabled");
    assert_eq!(
        world.outline(),
        "create a/group:other\ndelete a/service:app\ndelete a/user:gone\nupdate a/user:stays\ndelete a/group:prime\n"
    );
}

#[test]
fn what_reads_the_file_of_a_kept_secret_or_its_folder_comes_after_it() {
    let spec = concat!(
        "directories: { /etc/app: {}, /opt/app: {} }\n",
        "secrets:\n",
        "  pw: { generate: {}, keep: { path: /etc/app/cred, key: A } }\n",
        "  other: { generate: {}, keep: { path: /etc/app/cred, key: B } }\n",
        "files: { /opt/app/.env: { content: x } }\n",
        "blocks: { b: { path: /etc/default/app, content: B=1 } }\n",
        "units:\n",
        "  db.service: { content: \"[Service]\\nExecStart=/bin/true\\n\" }\n",
        "  app.service:\n",
        "    content: \"[Unit]\\nRequires=db.service\\n[Service]\\nWorkingDirectory=/opt/app\\nEnvironmentFile=-/etc/app/cred\\n\\\n",
        "      EnvironmentFile=/etc/default/app\\nExecStart=/bin/true\\n\"\n",
    );
    app1(spec)
        .survey(|survey| {
            let graph = survey.graph();
            let find = |local: &str| survey.find(&format!("app1/{local}").parse().unwrap()).unwrap();
            let before = |local: &str| -> Vec<String> {
                let before = graph.dependencies(find(local)).map(|(node, _)| survey.resolved(node).address.local());
                let mut before: Vec<String> = before.collect();
                before.sort();
                before
            };
            assert_eq!(
                before("unit:app.service"),
                ["block:b", "directory:/opt/app", "file:/opt/app/.env", "secret:other", "secret:pw", "unit:db.service"]
            );
            assert_eq!(before("secret:pw"), ["directory:/etc/app"]);
        })
        .unwrap();
}

#[test]
fn a_key_comes_after_the_folder_that_is_its_users_home() {
    let spec = concat!(
        "users: { deploy: { home: /srv/deploy, create_home: false } }\n",
        "directories: { /srv/deploy: { owner: deploy }, /srv/other: { owner: deploy } }\n",
        "authorized_keys:\n",
        "  k: { user: deploy, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII4gekUCHe66i/G9XTN2c9+wIYcdotaFMb6LteHl00JV }\n",
    );
    app1(spec)
        .survey(|survey| {
            let key = survey.find(&"app1/authorized_key:k".parse().unwrap()).unwrap();
            let before = survey.graph().dependencies(key).map(|(node, _)| survey.resolved(node).address.local());
            let mut before: Vec<String> = before.collect();
            before.sort();
            assert_eq!(before, ["directory:/srv/deploy", "user:deploy"]);
        })
        .unwrap();
}

#[test]
fn what_a_host_lacks_and_nothing_brings_is_a_problem() {
    let world = app1(concat!(
        "files: { /opt/a/f: { content: x, owner: nosuch, group: nogroup }, /opt/b/f: { content: x }, /etc/c: { content: x } }\n",
        "directories: { /opt/b: { owner: app } }\nusers: { app: { groups: [nogroup] } }\n",
        "blocks: { b: { path: /etc/none.conf, content: x } }\n",
    ))
    .tell("app1/file:/opt/a/f", "absent")
    .tell("app1/file:/opt/b/f", "absent")
    .tell("app1/file:/etc/c", "absent")
    .tell("app1/directory:/opt/b", "absent")
    .tell("app1/user:app", "absent")
    .tell("app1/block:b", "absent")
    .lacks("/opt/a folder lacking")
    .lacks("nosuch user lacking")
    .lacks("nogroup group lacking")
    .lacks("/etc/none.conf file lacking")
    // What a resource makes is not asked.
    .lacks("/opt/b folder lacking")
    .lacks("app user lacking")
    .lacks("/etc folder lacking");
    insta::assert_snapshot!(world.outline());
}

#[test]
fn what_may_come_with_something_before_is_no_problem() {
    let file = "files: { /opt/a/f: { content: x, owner: www } }\n";
    let bare = || app1("").lacks("/opt/a folder lacking").lacks("www user lacking").lacks("/home/x/a folder lacking");
    let with = |sections: &str| {
        let world = app1(&format!("{file}{sections}")).tell("app1/file:/opt/a/f", "absent");
        World { lacking: bare().lacking, ..world }
    };
    let is_refused = |world: &World| world.outline().contains("problem: app1/file:");
    assert!(is_refused(&with("")));
    // A package brings folders of the system, and accounts; one that is there, or goes, brings nothing more.
    let package = |state: &str, told: &str| {
        with(&format!("packages: {{ www: {{ {state} }} }}\n"))
            .tell("app1/package:www", told)
            .tell("app1/package:www", "variant apt")
    };
    assert!(!is_refused(&package("", "absent _ _ _")));
    assert!(is_refused(&package("", "installed matches 1.0 _")));
    assert!(is_refused(&package("state: absent", "installed matches 1.0 _")));
    // What it does not come after may bring it too late.
    let command = |more: &str, told: &str| {
        let text = format!(
            "files: {{ /opt/a/f: {{ content: x{more} }} }}\ncommands: {{ make: {{ run: make, creates: /x }} }}\n"
        );
        let world = app1(&text).tell("app1/file:/opt/a/f", "absent").tell("app1/command:make", told);
        World { lacking: bare().lacking, ..world }
    };
    assert!(is_refused(&command("", "wanted")));
    assert!(!is_refused(&command(", depends_on: [command:make]", "wanted")));
    assert!(is_refused(&command(", depends_on: [command:make]", "done")));
    // A user's home, and what lies in it.
    let home = "users: { x: {} }\nfiles: { /home/x/a/f: { content: x } }\n";
    let world = app1(home).tell("app1/file:/home/x/a/f", "absent").tell("app1/user:x", "absent");
    assert!(!is_refused(&World { lacking: bare().lacking, ..world.clone() }));
}

#[test]
fn what_is_as_it_should_be_or_goes_needs_nothing() {
    let world = app1("files: { /opt/a/f: { owner: nosuch }, /opt/a/g: { state: absent } }\n")
        .tell("app1/file:/opt/a/f", "file nosuch root 0644 0 _")
        .tell("app1/file:/opt/a/g", "file root root 0644 0 _")
        .lacks("nosuch user lacking")
        .lacks("/opt/a folder lacking");
    assert_eq!(world.outline(), "delete app1/file:/opt/a/g\n");
}

#[test]
fn a_host_is_asked_once_for_what_nothing_makes() {
    let files = MemoryFiles::new().file(
        "spec/infra.yaml",
        format!("infra: 1\nname: test\n{APP1}files: {{ /opt/a/f: {{ owner: www }}, /opt/a/g: {{ owner: www }}, /etc/h: {{ owner: root }} }}\n"),
    );
    let options = LoadOptions { spec: "spec".into(), ..LoadOptions::default() };
    let mut sources = Sources::default();
    let spec = load(&files, &options, &mut sources).unwrap();
    let mut survey = Survey::new(&spec, &files, sources, BTreeMap::new(), &Scope::default()).unwrap();
    let wanted = survey.wanted().remove("app1").unwrap();
    let (name, probe) = wanted.last().unwrap();
    let rows: Vec<String> = probe.rows.iter().map(|row| format!("{} {}", row[1].expose(), row[0].expose())).collect();
    assert_eq!((name.as_str(), rows), ("needs", vec!["folder /opt/a".to_string(), "user www".to_string()]));
    let answer = ProbeOutput { status: ProbeStatus::Done, records: Vec::new(), messages: Vec::new() };
    let sections = wanted.iter().map(|(name, _)| (name.clone(), answer.clone())).collect();
    survey.take("app1", Observed { sections, ..Observed::default() });
    assert!(survey.needs_section("app1").is_none());
}

#[test]
fn what_the_probe_of_a_kind_sees_to_be_lacking_counts_too() {
    let service = |more: &str| {
        app1(&format!("services: {{ x: {{ running: true }} }}\n{more}"))
            .tell("app1/service:x", "stopped disabled not-found inactive dead _")
            .tell("app1/service:x", "lacks unit x.service")
    };
    let problem = "problem: app1/service:x: the host has no unit x.service, and nothing before this makes it\n";
    assert_eq!(service("").outline(), problem);
    let with_unit = service("units: { x.service: { content: '[Service]' } }\n").tell("app1/unit:x.service", "absent");
    assert!(!with_unit.outline().contains("problem"));
    // The file of a unit may be written by any kind that writes files.
    for file in ["/etc/systemd/system/x.service", "/usr/lib/systemd/system/x.service"] {
        let with_file = service(&format!("files: {{ {file}: {{ content: '[Service]' }} }}\n"));
        let with_file = with_file.tell(&format!("app1/file:{file}"), "absent");
        assert!(!with_file.outline().contains("problem"), "{}", with_file.outline());
    }
    let package = |more: &str| {
        app1(&format!("packages: [xx]\n{more}"))
            .tell("app1/package:xx", "absent")
            .tell("app1/package:xx", "lacks offer xx")
            .tell("app1/package:xx", "variant apt")
    };
    assert_eq!(package("").outline(), "problem: app1/package:xx: no repository of the host has a package xx\n");
    let repository =
        "package_repositories: { r: { uris: ['http://x'], suites: [x], components: [x], signed_by: /etc/x.gpg } }\n";
    let with_repository = package(repository)
        .tell("app1/package_repository:r", "absent")
        .tell("app1/package_repository:r", "variant apt");
    assert!(!with_repository.outline().contains("package:xx: no repository"), "{}", with_repository.outline());
}

#[test]
fn what_somebody_else_has_is_a_problem_unless_the_spec_decides_about_that() {
    let world = |more: &str| {
        app1(&format!(
            "users: {{ a: {{ uid: 1, group: adm }}{more} }}\ngroups: {{ b: {{ gid: 2 }}, c: {{ state: absent }}, d: {{ state: absent }} }}\n"
        ))
        .tell("app1/user:a", "absent")
        .tell("app1/user:e", "present 9 d /home/e /bin/sh yes yes _ _ _ _")
        .tell("app1/user:f", "absent")
        .tell("app1/group:b", "present 9")
        .tell("app1/group:c", "present 9")
        .tell("app1/group:d", "present 9")
        .lacks("1 uid other e")
        .lacks("2 gid other bin")
        .lacks("d unused other e")
    };
    insta::assert_snapshot!(world("").outline());
    // It may have another number, or go.
    let decided = world(", e: { state: absent }").outline();
    assert!(!decided.contains("user:a: ") && !decided.contains("group:d: "), "{decided}");
}

/// A secret kept on one of three hosts, and what needs that host in every way; and what does not.
fn three_hosts() -> World {
    let spec = concat!(
        "hosts: { app1: { transport: local }, db1: { transport: local }, db2: { transport: local } }\n",
        "secrets: { db: { generate: {}, keep: { host: db1, path: /etc/c, key: DB } } }\n",
        "files:\n",
        "  /etc/alone: { on: app1, content: x }\n",
        "  /etc/secret: { on: app1, content: 'password={{ secrets.db }}' }\n",
        "  /etc/facts: { on: app1, content: '{{ hosts.db1.facts.hostname }}' }\n",
        "  /etc/after: { on: app1, content: x, depends_on: ['db1/file:/etc/db'] }\n",
        "  /etc/same: { on: app1, content: same, depends_on: ['db1/file:/etc/db'] }\n",
        "  /etc/behind: { on: app1, content: x, depends_on: ['file:/etc/after'] }\n",
        "  '/etc/{{ hosts.db1.facts.hostname }}': { on: db2, content: x }\n",
        "  /etc/db: { on: db1, content: x }\n",
        "  /etc/gone: { on: db2, state: absent }\n",
    );
    let there = "file root root 0644 4 0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5";
    let mut world = World::new(spec).tell("app1/file:/etc/same", there).tell("db2/file:/etc/gone", there);
    for address in ["alone", "secret", "facts", "after", "behind"] {
        world = world.tell(&format!("app1/file:/etc/{address}"), "absent");
    }
    world
}

/// Returns what acts, without the notes.
fn acting(world: &World) -> String {
    let outline = world.outline();
    outline.lines().filter(|line| !line.starts_with("note: ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_host_that_is_down_holds_back_what_needs_it_and_nothing_else() {
    let world = three_hosts().down("db1");
    assert_eq!(acting(&world), "create app1/file:/etc/alone\n");
    let plan = world.plan();
    assert!(plan.is_partial && plan.problems.is_empty(), "{:?}", plan.problems);
    assert_eq!(plan.hosts, ["app1", "db2"]);
    assert_eq!(
        plan.notes,
        [
            "db2/file:/etc/{{ hosts.db1.facts.hostname }} is left out, because it needs the facts of db1, and db1 cannot be reached",
            "app1/file:/etc/facts is left as it is, because it needs the facts of db1, and db1 cannot be reached",
            "app1/file:/etc/after is left as it is, because it needs db1/file:/etc/db, and db1 cannot be reached",
            "app1/file:/etc/secret is left as it is, because it needs db1/secret:db, and db1 cannot be reached",
            "db2/file:/etc/gone would be deleted; a partial run deletes nothing",
            "app1/file:/etc/behind is left as it is too, because it needs app1/file:/etc/after",
        ]
    );
}

#[test]
fn an_excluded_host_is_not_asked_and_holds_back_only_what_needs_a_value_of_it() {
    let world = three_hosts().exclude("db1");
    assert_eq!(
        acting(&world),
        "create app1/file:/etc/alone\ncreate app1/file:/etc/after\ncreate app1/file:/etc/behind\n"
    );
    let notes = world.plan().notes.join("\n");
    for words in [
        "/etc/secret is left as it is, because it needs db1/secret:db, and --exclude leaves db1 out",
        "/etc/facts is left as it is, because it needs the facts of db1, and --exclude leaves db1 out",
    ] {
        assert!(notes.contains(words), "{notes}");
    }
    let unknown = three_hosts().exclude("db3").survey(|_| ()).unwrap_err();
    assert!(unknown.contains("--exclude db3: the spec has no such host"), "{unknown}");
    let both = three_hosts().exclude("db1").host("db1").survey(|_| ()).unwrap_err();
    assert!(both.contains("--exclude db1: --host names it too"), "{both}");
}

#[test]
fn what_restarts_on_a_host_that_is_down_is_not_changed_behind_its_back() {
    let spec = concat!(
        "hosts: { app1: { transport: local }, db1: { transport: local } }\n",
        "files: { /etc/app: { on: app1, content: x } }\n",
        "services: { db: { on: db1, restart_on: ['app1/file:/etc/app'] } }\n",
    );
    let world = World::new(spec).tell("app1/file:/etc/app", "absent").down("db1");
    assert_eq!(acting(&world), "");
    assert_eq!(
        world.plan().notes,
        ["app1/file:/etc/app is left as it is, because it needs db1/service:db, and db1 cannot be reached"]
    );
}
