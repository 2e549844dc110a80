//! Writes frames: the programs and data a host's shell is sent.
//!
//! This is the only place where shell text is put together, and [`Text::quoted`] the only way data gets into it.

mod step;
mod text;

pub(super) use text::{SEPARATOR, Text, decode_field};

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use crate::model::{Arg, Look, Looked, Looking, PART, Probe, Records, columns};

use super::Problem;

static PRELUDE: LazyLock<String> = LazyLock::new(|| lean(PRELUDE_TEXT));
const PRELUDE_TEXT: &str = include_str!("../program/prelude.sh");
static SESSION: LazyLock<String> = LazyLock::new(|| lean(include_str!("../program/session.sh")));
static STEPS: LazyLock<String> = LazyLock::new(|| lean(include_str!("../program/steps.sh")));
static LOCK: LazyLock<String> = LazyLock::new(|| lean(include_str!("../program/lock.sh")));
static WATCHDOG: LazyLock<String> = LazyLock::new(|| lean(include_str!("../program/watchdog.sh")));
static FACTS: LazyLock<String> = LazyLock::new(|| lean(include_str!("../program/facts.sh")));
static START: LazyLock<String> = LazyLock::new(|| lean(include_str!("../program/start.sh")));

/// Leaves out of a program of the session's own what only its readers need: a frame that fits into the first packets of
/// a connection saves a round trip. None of these programs has a text of several lines whose indentation matters.
fn lean(program: &str) -> String {
    let lines = program.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.flat_map(|line| [line, "\n"]).collect()
}

// What looks at paths is in the prelude.
const _: () = {
    columns::check_row(PRELUDE_TEXT, &[], Looking::NAMES);
    columns::check_records(PRELUDE_TEXT, Looked::FORMS);
};

/// Returns a kind's program without its comments. What a program writes into a file it is given as data, so no line that
/// starts with a `#` is anything else.
pub(super) fn body(script: &str) -> String {
    let lines = script.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// What all programs of a session find set.
pub(super) struct Setup<'a> {
    /// Starts each line that is not a message.
    pub mark: &'a str,
    /// The same for steps, some of which run as accounts that could read it from their own processes: with it they can
    /// tell of their own rows, and pass for nothing else.
    pub step_mark: &'a str,
    pub path: &'a str,
    pub shell: &'a str,
    /// Names the run on its host: 16 hexadecimal digits that nobody can guess.
    pub run: &'a str,
    pub state_folder: Option<&'a str>,
    /// The name that the spec's ledger and journal have there; empty where none is kept.
    pub ledger: String,
    pub count_processes: bool,
}

/// A section of an observation that the session itself asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// Which programs are missing, and what is owed.
    Start,
    Facts,
}

impl Own {
    /// Returns the word for it on a timeline.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "tools and owed restarts",
            Self::Facts => "facts",
        }
    }
}

/// The parts of programs that a shell was sent, with the numbers it knows them by: each is sent to it once.
pub(super) type Programs = HashMap<&'static str, usize>;

/// A frame on its way.
pub(super) struct Frame {
    text: Text,
    programs: Programs,
    /// The sections of an observation, in two parts that run side by side; the second one may be empty.
    halves: [Half; 2],
}

/// A part of an observation.
struct Half {
    text: Text,
    /// The fewest seconds that any of its sections may take.
    least: u64,
}

impl Half {
    fn new() -> Self {
        Self { text: Text::new(), least: u64::MAX }
    }

    /// Starts a section; what it runs follows.
    fn section(&mut self, section: usize, timeout: Duration) -> &mut Text {
        let seconds = (timeout.as_secs_f64().ceil() as u64).max(1);
        self.least = self.least.min(seconds);
        self.text.raw(&format!("observe {section} {seconds} "))
    }
}

impl Frame {
    /// Starts a frame for a shell that knows these programs; the first one of a session brings the setup along.
    pub fn new(number: u64, setup: Option<&Setup<'_>>, programs: Programs) -> Result<Self, Problem> {
        let mut text = Text::new();
        if let Some(setup) = setup {
            setup.write(&mut text)?;
        }
        text.raw("frame_begin ").raw(&number.to_string()).raw("\n");
        Ok(Self { text, programs, halves: [Half::new(), Half::new()] })
    }

    /// Writes what turns a shell into a watchdog, which never gets another frame. Where it takes the host's lock, it tells others
    /// who has it, and how many changes that run is about.
    pub fn watchdog(setup: &Setup<'_>, heartbeat: Duration, lock: Option<(&Text, usize)>) -> Result<Text, Problem> {
        let mut text = Text::new();
        setup.write(&mut text)?;
        text.raw(&format!("user= lock= last= of=0 heartbeat={}\n", heartbeat.as_secs().max(1)));
        if let Some((who, of)) = lock {
            text.raw(&format!("of={of}\nwho=")).quoted(who.as_str(), "who runs this")?.raw("\n").raw(&LOCK);
        }
        text.raw(&WATCHDOG).raw(": whole\n");
        Ok(text)
    }

    /// Adds a section of an observation to one of the two halves: what a probe does, after it has looked, where it does not
    /// share that.
    pub fn observe(&mut self, half: usize, section: usize, look: Option<Look>, probe: &Probe) -> Result<(), Problem> {
        let program = self.probe(look, probe)?;
        let text = self.halves[half].section(section, probe.timeout);
        text.raw(&program).raw(" ").rows(probe.rows.iter().map(Vec::as_slice))?.raw("\n");
        Ok(())
    }

    /// Returns a word that stands for what a probe does.
    fn probe(&mut self, look: Option<Look>, probe: &Probe) -> Result<String, Problem> {
        let look = look.map(|look| match look {
            Look::Paths => "emit_paths",
            Look::Files => "emit_files",
        });
        Ok(match look {
            Some(look) if probe.script.is_empty() => look.to_string(),
            Some(look) => format!("\"{look}$NL{}\"", self.program(probe.script)?),
            None => format!("\"{}\"", self.program(probe.script)?),
        })
    }

    /// Adds a section that looks at paths for several probes, the first rows as `emit_paths` does and the rest as
    /// `emit_files` does.
    pub fn observe_paths<'r>(
        &mut self,
        section: usize,
        timeout: Duration,
        plain: usize,
        rows: impl Iterator<Item = &'r [Arg]> + Clone,
    ) -> Result<(), Problem> {
        let text = self.halves[0].section(section, timeout);
        text.raw(&format!("'emit_files {plain}' ")).rows(rows)?.raw("\n");
        Ok(())
    }

    /// Adds a section of the session's own.
    pub fn observe_own(&mut self, section: usize, own: Own) -> Result<(), Problem> {
        let (program, rows) = match own {
            Own::Start => (START.as_str(), "\"$state_folder$US$ledger$US\""),
            Own::Facts => (FACTS.as_str(), "''"),
        };
        let program = self.program(program)?;
        let text = self.halves[0].section(section, Duration::from_secs(60));
        text.raw(&format!("\"{program}\" {rows}\n"));
        Ok(())
    }

    /// Ends the frame and returns its text; what the shell knows once it has run is put into `programs`.
    pub fn finish(mut self, number: u64, programs: &mut Programs) -> Text {
        let [first, second] = &self.halves;
        for (name, half) in [("half_1", first), ("half_2", second)] {
            if !half.text.as_str().is_empty() {
                self.text.raw(name).raw("() {\n").raw(half.text.as_str()).raw("}\n");
            }
        }
        match (first.least, second.least) {
            (u64::MAX, u64::MAX) => {}
            (least, u64::MAX) => {
                self.text.raw(&format!("run_half half_1 {least}\nunset -f half_1\n"));
            }
            (least, other) => {
                let text = format!("run_halves half_1 {least} half_2 {other}\nunset -f half_1 half_2\n");
                self.text.raw(&text);
            }
        }
        self.text.raw(&format!("frame_end {number}\n: whole\n"));
        *programs = self.programs;
        self.text
    }

    /// Returns what stands for a program within double quotes, and adds what the shell does not know of it.
    fn program(&mut self, script: &'static str) -> Result<String, Problem> {
        let mut word = String::new();
        for part in script.split(PART).filter(|part| !part.is_empty()) {
            let next = self.programs.len();
            let number = *self.programs.entry(part).or_insert(next);
            if number == next {
                self.text.raw(&format!("program_{next}=")).quoted(&body(part), "a program")?.raw("\n");
            }
            word.push_str(&format!("$program_{number}"));
        }
        Ok(word)
    }
}

impl Setup<'_> {
    fn write(&self, text: &mut Text) -> Result<(), Problem> {
        text.raw("setup=").quoted(self.text()?.as_str(), "the setup")?.raw("\neval \"$setup\"\nR=");
        text.quoted(self.mark, "the mark")?.raw("\nstate_folder=");
        text.quoted(self.state_folder.unwrap_or_default(), "the state folder")?.raw("\nledger=");
        text.quoted(&self.ledger, "the ledger's name")?;
        text.raw(if self.count_processes { "\ncount_processes=1\n" } else { "\ncount_processes=\n" }).raw(&SESSION);
        Ok(())
    }

    /// Returns what the session's shell and every step evaluate first.
    pub fn text(&self) -> Result<Text, Problem> {
        let mut text = Text::new();
        text.raw("R=").quoted(self.step_mark, "the mark")?;
        text.raw("\nUS='\u{1f}' FS='\u{1c}' TAB='\t' NL='\n'\nPATH=").quoted(self.path, "the path")?;
        text.raw("\nSH=").quoted(self.shell, "the shell")?.raw("\nrun=").quoted(self.run, "the run")?;
        text.raw("\n").raw(&PRELUDE);
        Ok(text)
    }
}
