//! The `infra` command: parses arguments, runs, and turns the end into an exit status.

fn main() -> std::process::ExitCode {
    infra::cli::main()
}
