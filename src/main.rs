//! The `infra` command: parses arguments, runs, and turns the end into an exit status.

#![forbid(unsafe_code)]

/// A plan is very many small values. With the system's allocator the cost of one grows with how many there are; with
/// this one a plan of 100,000 resources takes two thirds of the time, and as long for each as one of 1,000.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    infra::cli::main()
}
