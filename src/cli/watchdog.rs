//! Ends the program where evaluating something takes no end of time or memory.
//!
//! The engine of expressions counts its steps and what they make, and stops by itself. What happens within one step it cannot
//! stop: two lists that lie in themselves many times over and are compared, a text of them. A thread looks from outside.
#![allow(
    clippy::disallowed_methods,
    reason = "what is under way cannot be interrupted, and nothing needs to be cleaned up"
)]

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Sources, Span, render_all};
use crate::spec::{Evaluated, Evaluating};
use crate::ui::Terminal;

/// How often it looks while something is evaluated. Memory may grow by some MiB meanwhile.
const INTERVAL: Duration = Duration::from_millis(5);
/// How often it looks otherwise.
const IDLE: Duration = Duration::from_millis(20);
/// How often it may see the same evaluation: 2 seconds.
const MOST_OF_ONE: u32 = 400;
/// How often it may see any evaluation: 30 seconds.
const MOST_OF_ALL: u32 = 6_000;
/// How much more memory one evaluation may come to need, in bytes.
const MOST_MEMORY: u64 = 128 << 20;

/// Watches evaluations until nobody has any more.
pub fn watch(evaluating: &Arc<Evaluating>, terminal: &Terminal) {
    let watched = Arc::downgrade(evaluating);
    let terminal = terminal.clone();
    // Without it everything works as well.
    let _ = thread::Builder::new().name("watchdog".into()).stack_size(512 << 10).spawn(move || {
        let mut seen = Seen::default();
        while let Some(evaluating) = watched.upgrade() {
            let now = evaluating.now();
            drop(evaluating);
            let wrong = now.as_ref().and_then(|(number, _)| seen.again(*number, resident()));
            if let (Some(wrong), Some((_, evaluated))) = (wrong, &now) {
                end(wrong, evaluated, &terminal);
            }
            // It counts looks, not seconds: a machine that sleeps does not look.
            thread::sleep(if now.is_some() { INTERVAL } else { IDLE });
        }
    });
}

/// What was seen of evaluations.
#[derive(Debug, Default)]
struct Seen {
    number: u64,
    times: u32,
    of_all: u32,
    /// The memory when it was first seen, in bytes.
    memory: u64,
}

impl Seen {
    /// Sees an evaluation; returns what is wrong with it.
    fn again(&mut self, number: u64, memory: u64) -> Option<&'static str> {
        if self.number != number {
            *self = Self { number, times: 0, memory, ..*self };
        }
        self.times += 1;
        self.of_all += 1;
        if memory.saturating_sub(self.memory) > MOST_MEMORY {
            return Some("evaluating this needs more than 128 MiB of memory");
        }
        if self.times > MOST_OF_ONE {
            return Some("evaluating this takes longer than 2 seconds");
        }
        (self.of_all > MOST_OF_ALL).then_some("evaluating the spec takes longer than 30 seconds")
    }
}

/// Returns how much memory the program has, in bytes; 0 where the system does not say (proc_pid_status(5)).
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

fn end(wrong: &str, evaluated: &Evaluated, terminal: &Terminal) -> ! {
    let mut sources = Sources::default();
    let file = sources.add(evaluated.name.clone(), Arc::clone(&evaluated.text));
    let span = Span { file, ..evaluated.span };
    let diagnostic =
        Diagnostic::error(span, wrong).help("what is made of parts many times over grows without end; write it out");
    terminal.status(render_all(&[diagnostic], &sources, terminal.status_paint().color).trim_end());
    std::process::exit(1)
}

#[cfg(test)]
mod tests {
    use super::{MOST_MEMORY, MOST_OF_ALL, MOST_OF_ONE, Seen};

    #[test]
    fn one_evaluation_has_its_bounds_and_all_have_theirs() {
        let mut seen = Seen::default();
        for _ in 0..MOST_OF_ONE {
            assert_eq!(seen.again(1, 0), None);
        }
        assert!(seen.again(1, 0).unwrap().contains("2 seconds"));
        for number in 2..=u64::from(MOST_OF_ALL - MOST_OF_ONE) {
            assert_eq!(seen.again(number, 0), None);
        }
        assert!(seen.again(1_000_000, 0).unwrap().contains("30 seconds"));

        let mut seen = Seen::default();
        assert_eq!(seen.again(1, 7), None);
        assert_eq!(seen.again(1, 7 + MOST_MEMORY), None);
        assert!(seen.again(1, 8 + MOST_MEMORY).unwrap().contains("memory"));
        // The next one begins with what the last ones keep.
        assert_eq!(seen.again(2, 9 + MOST_MEMORY), None);
    }
}
