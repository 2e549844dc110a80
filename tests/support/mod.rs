//! What several test binaries share. Each uses a part of it.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests have a clock, files and a terminal")]
#![allow(dead_code, reason = "every test binary compiles all of it and uses some")]

pub mod infra;
pub mod kinds;
pub mod lab;
pub mod page;
pub mod programs;
pub mod transcript;
pub mod uses;

/// Returns the Debian release that tests run on: `INFRA_TEST_RELEASE`, or bookworm.
pub fn release() -> ::infra::lab::Release {
    match std::env::var("INFRA_TEST_RELEASE").as_deref() {
        Ok("trixie") => ::infra::lab::Release::Trixie,
        Ok("bookworm") | Err(_) => ::infra::lab::Release::Bookworm,
        Ok(other) => panic!("INFRA_TEST_RELEASE is `{other}`; it may be bookworm or trixie"),
    }
}

/// Does something, and prints how long it took, which a test runner shows where the test fails or is asked to.
pub fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = std::time::Instant::now();
    let done = work();
    eprintln!("{:6.1} s  {what}", start.elapsed().as_secs_f64());
    done
}

/// Makes an `infra` command that keeps its state about this machine in a folder: one run changes a host at a time, and tests run
/// side by side. Root's state folder is always the same one, so the command sees the folder in its place.
pub fn infra_here(folder: &std::path::Path) -> std::process::Command {
    let state = folder.join("state");
    let mut command = std::process::Command::new("unshare");
    if rustix::process::geteuid().is_root() {
        let program = "umask 077; mkdir -p \"$0\" /var/lib/infra && mount --bind \"$0\" /var/lib/infra && umask 022 && exec \"$@\"";
        command.args(["--mount", "--propagation", "private", "--", "sh", "-c", program]).arg(&state);
        command.arg(env!("CARGO_BIN_EXE_infra"));
    } else {
        command = std::process::Command::new(env!("CARGO_BIN_EXE_infra"));
    }
    command.env("XDG_STATE_HOME", &state);
    command
}

/// Polls until something holds; panics after two minutes.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while !holds() {
        assert!(std::time::Instant::now() < deadline, "waited two minutes in vain until {what}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Sends a signal to a child.
pub fn send_signal(child: &std::process::Child, signal: &str) {
    let status = std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}
