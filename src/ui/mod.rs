//! The only writer to the terminal: stdout is data, stderr is status.

mod json;
mod progress;

use std::io::{self, BufRead, IsTerminal, Write};

use crate::plan::Plan;
use crate::render::{Paint, write_plan_text};

pub use progress::Progress;

/// Whether output has colour; `Auto` means on a terminal, where `NO_COLOR` is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// The terminal, or whatever stands in its place.
#[derive(Clone, Debug)]
pub struct Terminal {
    color: Color,
    /// `NO_COLOR` is set (no-color.org), or `TERM` is `dumb`.
    plain: bool,
}

impl Terminal {
    /// Takes what the environment says of colour.
    pub fn new(color: Color, plain: bool) -> Self {
        Self { color, plain }
    }

    fn wants_color(&self, is_terminal: bool) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !self.plain,
        }
    }

    /// Returns how data is painted.
    pub fn data_paint(&self) -> Paint {
        Paint { color: self.wants_color(io::stdout().is_terminal()) }
    }

    /// Returns how status is painted.
    pub fn status_paint(&self) -> Paint {
        Paint { color: self.wants_color(io::stderr().is_terminal()) }
    }

    /// Returns the width of the terminal, or 120 columns where there is none.
    pub fn columns(&self) -> usize {
        let (_, columns) = indicatif_size();
        usize::from(columns)
    }

    /// Returns how wide text to be read is: as the terminal, or 100 columns where there is none.
    pub fn width_of_text(&self) -> usize {
        let term = console::Term::stdout();
        let is_read = io::stdout().is_terminal();
        term.size_checked().filter(|_| is_read).map_or(100, |(_, columns)| usize::from(columns))
    }

    /// Returns whether a person can be asked.
    pub fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Writes data. A reader that has gone away ends the output quietly.
    pub fn data(&self, text: &str) -> io::Result<()> {
        self.stream(|out| out.write_all(text.as_bytes()))
    }

    /// Writes data bit by bit. A reader that has gone away ends the output quietly.
    pub fn stream(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut stdout = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        match write(&mut stdout).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                // What is left in the buffer has nobody to read it.
                let _ = stdout.into_parts();
                Ok(())
            }
            other => other,
        }
    }

    /// Writes data as JSON for people and programs, a new line at its end.
    pub fn json(&self, data: &impl serde::Serialize) -> io::Result<()> {
        self.stream(|out| {
            json::write(out, data)?;
            out.write_all(b"\n")
        })
    }

    /// Writes a plan.
    pub fn plan(&self, plan: &Plan) -> io::Result<()> {
        let (paint, columns) = (self.data_paint(), self.columns());
        self.stream(|out| write_plan_text(plan, paint, columns, &mut |part| out.write_all(part.as_bytes())))
    }

    /// Writes a line of status.
    pub fn status(&self, line: &str) {
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "{line}");
    }

    /// Returns where data and status go, for output that comes bit by bit.
    pub fn writers(&self) -> (io::Stdout, io::Stderr) {
        (io::stdout(), io::stderr())
    }

    /// Asks a question that only `yes` agrees to.
    pub fn confirm(&self, question: &str) -> io::Result<bool> {
        let mut stderr = io::stderr().lock();
        write!(stderr, "{question} ")?;
        stderr.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(answer.trim() == "yes")
    }

    /// Starts showing progress; nothing is drawn where stderr is no terminal.
    pub fn progress(&self) -> Progress {
        Progress::new(io::stderr().is_terminal(), self.status_paint())
    }
}

/// Returns rows and columns of the terminal on stdout or stderr.
fn indicatif_size() -> (u16, u16) {
    let term = if io::stdout().is_terminal() { console::Term::stdout() } else { console::Term::stderr() };
    term.size_checked().unwrap_or((24, 120))
}
