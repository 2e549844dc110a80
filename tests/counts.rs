//! What a plan costs in allocations: counts are the same on every machine, and grow where anything grows faster than the
//! spec.

#[path = "../benches/core/fleet.rs"]
mod fleet;
#[path = "../benches/core/shapes.rs"]
#[allow(dead_code, reason = "a bench looks at specs with mistakes too")]
mod shapes;
#[path = "../benches/core/systems.rs"]
mod systems;

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use infra::diagnostic::Sources;
use infra::spec::{LoadOptions, MemoryFiles, SecretState, load};
use infra::survey::{Scope, Survey};

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
fn allocations(fleet: &Fleet, size: usize, state: State) -> f64 {
    let (files, secrets) = ((fleet.files)(size), (fleet.secrets)(size));
    let before = COUNT.load(Ordering::Relaxed);
    let mut sources = Sources::default();
    let spec = load(&files, &(fleet.options)(), &mut sources).unwrap();
    let mut survey = Survey::new(&spec, &files, sources, secrets, &Scope::default()).unwrap_or_else(|error| {
        panic!("the fleet has mistakes: {error}");
    });
    for (host, told) in fleet::answers(&survey, state) {
        survey.take(&host, told);
    }
    let plan = infra::plan::build(&survey);
    let first = plan.problems.first();
    assert!(plan.resources.len() * 10 >= size * 9, "{}: {} resources; {first:?}", fleet.name, plan.resources.len());
    assert_eq!(plan.has_changes(), state == State::Bare);
    (COUNT.load(Ordering::Relaxed) - before) as f64 / plan.resources.len() as f64
}

/// Specs of any size.
struct Fleet {
    name: &'static str,
    files: fn(usize) -> MemoryFiles,
    options: fn() -> LoadOptions,
    secrets: fn(usize) -> BTreeMap<String, SecretState>,
}

impl Fleet {
    fn new(name: &'static str, files: fn(usize) -> MemoryFiles) -> Self {
        Self { name, files, options: LoadOptions::default, secrets: |_| BTreeMap::new() }
    }
}

#[test]
fn what_a_resource_costs_does_not_grow_with_their_number() {
    let in_place = [Fleet::new("applications", fleet::applications)];
    // Written out, files belong to root; the hosts of the fleet say otherwise.
    let bare = [
        Fleet::new("applications", fleet::applications),
        Fleet::new("written out", fleet::written_out),
        Fleet { options: systems::options, secrets: systems::secrets, ..Fleet::new("systems", systems::systems) },
        Fleet::new("one folder", shapes::one_folder),
        Fleet::new("one service", shapes::one_service),
        Fleet::new("a chain", shapes::chain),
        Fleet::new("many hosts", shapes::many_hosts),
        Fleet::new("nested modules", shapes::nested_modules),
    ];
    for (state, fleets) in [(State::InPlace, &in_place[..]), (State::Bare, &bare[..])] {
        for fleet in fleets {
            let [small, large] = [1_000, 8_000].map(|size| allocations(fleet, size, state));
            assert!(large <= small * 1.05, "{}, {state:?}: {small:.1} allocations each, then {large:.1}", fleet.name);
            assert!(large < 800.0, "{}, {state:?}: {large:.1} allocations each", fleet.name);
        }
    }
}
