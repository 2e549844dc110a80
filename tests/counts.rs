//! What a plan costs in allocations: counts are the same on every machine, and grow where anything grows faster than the
//! spec.

#[path = "../benches/core/fleet.rs"]
mod fleet;

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use infra::apply::Survey;
use infra::diagnostic::Sources;
use infra::plan::Scope;
use infra::spec::{LoadOptions, MemoryFiles, load};

use fleet::State;

/// Counts what it hands on to the system's allocator.
struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is done by the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns how many allocations each resource of a plan costs.
fn allocations(files: &MemoryFiles, resources: u64, state: State) -> f64 {
    let before = COUNT.load(Ordering::Relaxed);
    let mut sources = Sources::default();
    let spec = load(files, &LoadOptions::default(), &mut sources).unwrap();
    let mut survey = Survey::new(&spec, files, sources, BTreeMap::new(), &Scope::default()).unwrap_or_else(|error| {
        panic!("the fleet has mistakes: {error}");
    });
    for (host, sections) in survey.wanted() {
        survey.take(&host, fleet::answer(&sections, state));
    }
    let plan = survey.plan();
    assert_eq!(plan.resources.len() as u64, resources);
    assert_eq!(plan.has_changes(), state == State::Bare);
    (COUNT.load(Ordering::Relaxed) - before) as f64 / resources as f64
}

/// Makes a spec that comes to as many resources.
type Fleet = fn(usize) -> MemoryFiles;

#[test]
fn what_a_resource_costs_does_not_grow_with_their_number() {
    let fleets = [("applications", fleet::applications as Fleet), ("written out", fleet::written_out)];
    for (name, fleet) in fleets {
        for state in [State::InPlace, State::Bare] {
            // Written out, files belong to root; the hosts of the fleet say otherwise.
            if name == "written out" && state == State::InPlace {
                continue;
            }
            let [small, large] = [1_000, 8_000].map(|size: u32| allocations(&fleet(size as usize), size.into(), state));
            assert!(large <= small * 1.05, "{name}, {state:?}: {small:.1} allocations each, then {large:.1}");
            assert!(large < 400.0, "{name}, {state:?}: {large:.1} allocations each");
        }
    }
}
