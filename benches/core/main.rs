//! What this machine's side of a run costs: from YAML text to a plan, and from a plan to what is printed. Nothing is
//! contacted. `make bench` runs it; times are for 1,000, 10,000 and 100,000 resources, so that anything that grows
//! faster than the spec shows.

mod fleet;

use std::collections::BTreeMap;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use infra::apply::Survey;
use infra::diagnostic::Sources;
use infra::plan::{Plan, Scope};
use infra::render::{Paint, PlanJson, write_plan_text};
use infra::spec::{Files, LoadOptions, MemoryFiles, Spec, load};

use fleet::State;

#[global_allocator]
static ALLOCATOR: AllocProfiler<mimalloc::MiMalloc> = AllocProfiler::new(mimalloc::MiMalloc);

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

fn loaded(files: &dyn Files) -> (Spec, Sources) {
    let mut sources = Sources::default();
    match load(files, &LoadOptions::default(), &mut sources) {
        Ok(spec) => (spec, sources),
        Err(wrong) => panic!("the fleet has mistakes: {}", infra::diagnostic::render_all(&wrong, &sources, false)),
    }
}

fn survey<'a>(spec: &'a Spec, sources: &Sources, files: &'a dyn Files) -> Survey<'a> {
    match Survey::new(spec, files, sources.clone(), BTreeMap::new(), &Scope::default()) {
        Ok(survey) => survey,
        Err(error) => panic!("the fleet has mistakes: {error}"),
    }
}

fn tell(survey: &mut Survey<'_>, state: State) {
    for (host, sections) in survey.wanted() {
        survey.take(&host, fleet::answer(&sections, state));
    }
}

fn whole(files: &MemoryFiles, state: State) -> Plan {
    let (spec, sources) = loaded(files);
    let mut survey = survey(&spec, &sources, files);
    tell(&mut survey, state);
    let plan = survey.plan();
    assert!(plan.problems.is_empty(), "{:?}", &plan.problems[..1]);
    assert_eq!(plan.has_changes(), state == State::Bare);
    plan
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

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn written_out(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::written_out(size);
        bencher.counter(ItemsCount::new(size)).bench_local(|| whole(&files, State::Bare));
    }
}

/// The parts of a plan.
mod part {
    use super::*;

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn load(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        bencher.counter(ItemsCount::new(size)).bench_local(|| loaded(&files));
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn resolve_and_graph(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        // Each loads anew: a spec that has been checked once is not checked again.
        bencher.counter(ItemsCount::new(size)).with_inputs(|| loaded(&files)).bench_local_refs(|(spec, sources)| {
            black_box(survey(spec, sources, &files).len());
        });
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn probes(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        let (spec, sources) = loaded(&files);
        let survey = survey(&spec, &sources, &files);
        bencher.counter(ItemsCount::new(size)).bench_local(|| survey.wanted());
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn read_answers(bencher: Bencher<'_, '_>, size: usize) {
        let files = fleet::applications(size);
        let (spec, sources) = loaded(&files);
        bencher
            .counter(ItemsCount::new(size))
            .with_inputs(|| {
                let survey = survey(&spec, &sources, &files);
                let wanted = survey.wanted();
                let answers: Vec<_> = wanted
                    .into_iter()
                    .map(|(host, sections)| (host, fleet::answer(&sections, State::InPlace)))
                    .collect();
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
        let (spec, sources) = loaded(&files);
        let mut survey = survey(&spec, &sources, &files);
        tell(&mut survey, State::InPlace);
        bencher.counter(ItemsCount::new(size)).bench_local(|| survey.plan());
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
