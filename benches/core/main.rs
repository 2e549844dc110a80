//! What this machine's side of a run costs: from YAML text to a plan, and from a plan to what is printed. Nothing is
//! contacted. `make bench` runs it; times are for 1,000, 10,000 and 100,000 resources, so that anything that grows
//! faster than the spec shows.

mod fleet;
mod shapes;
mod systems;

use std::collections::BTreeMap;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use infra::diagnostic::Sources;
use infra::plan::Plan;
use infra::render::{Paint, PlanJson, write_plan_text};
use infra::saved::{About, Made};
use infra::spec::{Files, LoadOptions, MemoryFiles, SecretState, Spec, load};
use infra::survey::{Scope, Survey, SurveyError};

use sha2::{Digest, Sha256};

use fleet::State;

#[global_allocator]
static ALLOCATOR: AllocProfiler<mimalloc::MiMalloc> = AllocProfiler::new(mimalloc::MiMalloc);

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

fn loaded(files: &dyn Files, options: &LoadOptions) -> (Spec, Sources) {
    let mut sources = Sources::default();
    match load(files, options, &mut sources) {
        Ok(spec) => (spec, sources),
        Err(wrong) => panic!("the fleet has mistakes: {}", infra::diagnostic::render_all(&wrong, &sources, false)),
    }
}

fn survey<'a>(
    spec: &'a Spec,
    sources: &Sources,
    files: &'a dyn Files,
    secrets: BTreeMap<String, SecretState>,
) -> Survey<'a> {
    match Survey::new(spec, files, sources.clone(), secrets, &Scope::default()) {
        Ok(survey) => survey,
        Err(SurveyError::Spec { diagnostics, sources }) => {
            panic!("the fleet has mistakes: {}", infra::diagnostic::render_all(&diagnostics, &sources, false))
        }
        Err(error) => panic!("the fleet has mistakes: {error}"),
    }
}

fn tell(survey: &mut Survey<'_>, state: State) {
    for (host, told) in fleet::answers(survey, state) {
        survey.take(&host, told);
    }
}

fn whole(files: &MemoryFiles, state: State) -> Plan {
    whole_with(files, &LoadOptions::default(), BTreeMap::new(), state)
}

fn whole_with(
    files: &MemoryFiles,
    options: &LoadOptions,
    secrets: BTreeMap<String, SecretState>,
    state: State,
) -> Plan {
    let (spec, sources) = loaded(files, options);
    let mut survey = survey(&spec, &sources, files, secrets);
    tell(&mut survey, state);
    let plan = infra::plan::build(&survey);
    assert!(plan.problems.is_empty(), "{:?}", &plan.problems[..1]);
    assert_eq!(plan.has_changes(), state == State::Bare);
    plan
}

/// Writes a plan with all that it is bound to, and hashes it, as a file is written.
fn save(survey: &Survey<'_>, plan: &Plan) {
    let about = About {
        infra: String::new(),
        spec: plan.spec.clone(),
        made: Made::default(),
        created: String::new(),
        expires: None,
        by: String::new(),
        base: None,
        inputs: Vec::new(),
        hosts: infra::saved::bound(survey, plan, &[]),
        touched: infra::saved::touched(survey, plan),
    };
    assert_eq!(about.touched.len(), plan.resources.iter().filter(|planned| planned.acts()).count());
    let mut hash = std::io::BufWriter::with_capacity(64 * 1024, Hash(Sha256::new()));
    infra::saved::write_payload(&about, plan, &mut hash).unwrap();
}

/// Takes the place of a file.
struct Hash(Sha256);

impl std::io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Loads and resolves a spec with mistakes, and renders what is wrong.
fn wrong(files: &MemoryFiles) -> String {
    let mut sources = Sources::default();
    let spec = match load(files, &LoadOptions::default(), &mut sources) {
        Ok(spec) => spec,
        Err(wrong) => return infra::diagnostic::render_all(&wrong, &sources, true),
    };
    match Survey::new(&spec, files, sources, BTreeMap::new(), &Scope::default()) {
        Err(SurveyError::Spec { diagnostics, sources }) => infra::diagnostic::render_all(&diagnostics, &sources, true),
        _ => panic!("the spec has no mistakes"),
    }
}

/// Everything a plan costs.
mod plan {
    use super::*;

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn in_place(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        bencher.counter(ItemsCount::new(size)).bench_local(|| whole(&files, State::InPlace));
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn bare(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        bencher.counter(ItemsCount::new(size)).bench_local(|| whole(&files, State::Bare));
    }

    /// As [`bare`], and saved.
    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn saved(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        bencher.counter(ItemsCount::new(size)).bench_local(|| {
            let (spec, sources) = loaded(&files, &LoadOptions::default());
            let mut survey = survey(&spec, &sources, &files, BTreeMap::new());
            tell(&mut survey, State::Bare);
            let plan = infra::plan::build(&survey);
            save(&survey, &plan);
        });
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn systems(bencher: Bencher<'_, '_>, size: usize) {
        let files = systems::systems(size);
        bencher
            .counter(ItemsCount::new(size))
            .with_inputs(|| systems::secrets(size))
            .bench_local_values(|secrets| whole_with(&files, &systems::options(), secrets, State::Bare));
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn written_out(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::written_out(size);
        bencher.counter(ItemsCount::new(size)).bench_local(|| whole(&files, State::Bare));
    }
}

/// Shapes in which one thing is very many.
mod shape {
    use super::*;

    macro_rules! shapes {
        ($($name:ident)*) => {
            $(
                #[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
                fn $name(bencher: Bencher<'_, '_>, size: usize) {
                    let files = shapes::$name(size);
                    bencher.counter(ItemsCount::new(size)).bench_local(|| whole(&files, State::Bare));
                }
            )*
        };
    }

    shapes! { one_folder one_service chain many_hosts nested_modules }

    macro_rules! mistakes {
        ($($name:ident)*) => {
            $(
                #[divan::bench(args = &SIZES[..2], sample_count = 3, sample_size = 1)]
                fn $name(bencher: Bencher<'_, '_>, size: usize) {
                    let files = shapes::$name(size);
                    bencher.counter(ItemsCount::new(size)).bench_local(|| wrong(&files));
                }
            )*
        };
    }

    mistakes! { mistakes dangling ring }
}

/// The parts of a plan.
mod part {
    use super::*;

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn load(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        bencher.counter(ItemsCount::new(size)).bench_local(|| loaded(&files, &LoadOptions::default()));
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn resolve_and_graph(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        // Each loads anew: a spec that has been checked once is not checked again.
        bencher
            .counter(ItemsCount::new(size))
            .with_inputs(|| loaded(&files, &LoadOptions::default()))
            .bench_local_refs(|(spec, sources)| {
                black_box(survey(spec, sources, &files, BTreeMap::new()).len());
            });
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn probes(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        let (spec, sources) = loaded(&files, &LoadOptions::default());
        let survey = survey(&spec, &sources, &files, BTreeMap::new());
        bencher.counter(ItemsCount::new(size)).bench_local(|| survey.wanted());
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn read_answers(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        let (spec, sources) = loaded(&files, &LoadOptions::default());
        bencher
            .counter(ItemsCount::new(size))
            .with_inputs(|| {
                let survey = survey(&spec, &sources, &files, BTreeMap::new());
                let answers = fleet::answers(&survey, State::InPlace);
                (survey, answers)
            })
            .bench_local_values(|(mut survey, answers)| {
                for (host, told) in answers {
                    survey.take(&host, told);
                }
                survey
            });
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn compare(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        let (spec, sources) = loaded(&files, &LoadOptions::default());
        let mut survey = survey(&spec, &sources, &files, BTreeMap::new());
        tell(&mut survey, State::InPlace);
        bencher.counter(ItemsCount::new(size)).bench_local(|| infra::plan::build(&survey));
    }
}

/// What a plan looks like, everything in it new.
mod render {
    use super::*;

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn text(bencher: Bencher<'_, '_>, size: usize) {
        let plan = whole(&fleet::applications(size), State::Bare);
        bencher.counter(ItemsCount::new(size)).bench_local(|| {
            let _ = write_plan_text(&plan, Paint { color: true }, 120, &mut |part| {
                black_box(part);
                Ok(())
            });
        });
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn json(bencher: Bencher<'_, '_>, size: usize) {
        let plan = whole(&fleet::applications(size), State::Bare);
        bencher.counter(ItemsCount::new(size)).bench_local(|| {
            let _ = serde_json::to_writer_pretty(std::io::sink(), &PlanJson(&plan));
        });
    }
}
