//! What a run is doing right now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::apply::Event;
use crate::plan::Outcome;
use crate::render::{Paint, Role, visible};

/// Shows one line for each host that is at work and each step that runs on it: the step and its last line of output.
/// Where there is no terminal, only lines worth keeping in a log are written.
pub struct Progress {
    bars: MultiProgress,
    /// By host and what the step is for; nothing where the host is connected to or observed.
    lines: BTreeMap<(String, String), ProgressBar>,
    is_drawn: bool,
    paint: Paint,
    /// The hosts of which a log has been told that another run is waited for.
    waits: BTreeSet<String>,
}

/// Returns the first line of a message; with it what it announces.
fn in_short(message: &str) -> String {
    let mut lines = message.lines();
    let first = lines.next().unwrap_or_default();
    match lines.find(|line| !line.trim().is_empty()) {
        Some(next) if first.ends_with(':') => format!("{first} {}", next.trim()),
        _ => first.to_string(),
    }
}

impl Progress {
    pub(super) fn new(is_drawn: bool, paint: Paint) -> Self {
        let target = if is_drawn { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self {
            bars: MultiProgress::with_draw_target(target),
            lines: BTreeMap::new(),
            is_drawn,
            paint,
            waits: BTreeSet::new(),
        }
    }

    /// Shows an event.
    pub fn show(&mut self, event: &Event) {
        match event {
            Event::Connecting { host } => self.line(host, "", "connecting"),
            Event::Connected { host } => self.line(host, "", "connected"),
            Event::Observing { host, resources } => self.line(host, "", &format!("observing {resources} resources")),
            Event::Observed { host } | Event::Waited { host } => self.rest(host, ""),
            Event::Waiting { host, holder } => self.wait(host, holder.as_deref().unwrap_or("another run")),
            Event::StepEnded { host, purpose } => self.rest(host, purpose),
            Event::StepStarted { host, purpose } => {
                self.line(host, purpose, purpose);
                if !self.is_drawn {
                    self.log(&visible(&format!("{host}: {purpose}")));
                }
            }
            Event::Output { host, purpose, line } => self.line(host, purpose, &format!("{purpose}: {line}")),
            Event::Settled { address, outcome } => {
                let (role, word) = match outcome {
                    Outcome::Applied { .. } => (Role::Create, "done"),
                    Outcome::NotNeeded => (Role::Faint, "not needed"),
                    Outcome::Withheld { .. } => (Role::Warning, "left"),
                    Outcome::Passed => (Role::Create, "passed"),
                    Outcome::Failed(_) => (Role::Error, "FAILED"),
                    Outcome::Skipped { .. } => (Role::Warning, "skipped"),
                    Outcome::NotDone(_) => (Role::Warning, "not done"),
                };
                let why = match outcome {
                    // All of it is said at the end.
                    Outcome::Failed(failure) => Some(format!(": {}", in_short(&failure.message))),
                    Outcome::Skipped { because } => Some(format!(", because of {because}")),
                    Outcome::NotDone(reason) => Some(format!(", because {}", reason.why())),
                    _ => None,
                };
                let text = visible(&format!("{address}{}", why.unwrap_or_default()));
                self.log(&format!("{} {text}", self.paint.paint(role, &format!("{word:>10}"))));
            }
            Event::Stopping => self.log("stopping after the running steps; press Ctrl-C again to kill them"),
        }
    }

    /// Takes the lines of the hosts away.
    pub fn finish(&mut self) {
        for (_, bar) in std::mem::take(&mut self.lines) {
            bar.finish_and_clear();
        }
        let _ = self.bars.clear();
    }

    fn log(&self, line: &str) {
        if self.is_drawn {
            let _ = self.bars.println(line);
        } else {
            use std::io::Write;
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }

    fn line(&mut self, host: &str, purpose: &str, text: &str) {
        if !self.is_drawn {
            return;
        }
        let bars = &self.bars;
        let bar = self.lines.entry((host.to_string(), purpose.to_string())).or_insert_with(|| {
            let bar = bars.add(ProgressBar::new_spinner());
            // The template is constant and known to be well formed.
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg}  {elapsed}") {
                bar.set_style(style);
            }
            bar.set_prefix(visible(host));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.set_message(visible(text));
    }

    /// Shows that another run is waited for. A log is told once.
    fn wait(&mut self, host: &str, holder: &str) {
        let text = format!("waiting for {holder}");
        self.line(host, "", &text);
        if !self.is_drawn && self.waits.insert(host.to_string()) {
            self.log(&visible(&format!("{host}: {text}")));
        }
    }

    fn rest(&mut self, host: &str, purpose: &str) {
        if let Some(bar) = self.lines.remove(&(host.to_string(), purpose.to_string())) {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::in_short;

    #[test]
    fn a_line_that_announces_something_brings_it() {
        for (message, wanted) in [
            ("", ""),
            ("one\ntwo", "one"),
            ("refused:\n\n  /x:1: wrong\nmore", "refused: /x:1: wrong"),
            ("refused:", "refused:"),
        ] {
            assert_eq!(in_short(message), wanted);
        }
    }
}
