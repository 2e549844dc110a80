//! Steps as a frame holds them.

use std::collections::HashSet;

use crate::model::{Expect, Owed, OwedAction};

use super::super::Problem;
use super::super::steps::{FrameStep, Intended, LookAgain, StepFrame, Verify};
use super::{Frame, STEPS, Text, body};

const CHILD_START: &str = include_str!("../program/child-start.sh");
const CHILD_END: &str = include_str!("../program/child-end.sh");

impl Frame {
    /// Adds steps; the first ones of a session bring along what runs them. `setup_size` is the size of what every
    /// child of the session evaluates first, in bytes; `journal_run` what the journal says of the run, as fields.
    pub fn steps(
        &mut self,
        frame: &StepFrame,
        are_new: bool,
        setup_size: usize,
        journal_run: Option<&str>,
    ) -> Result<(), Problem> {
        if are_new {
            self.text.raw(&STEPS).raw("child_start=").quoted(CHILD_START, "a program")?;
            self.text.raw("\nchild_end=").quoted(CHILD_END, "a program")?.raw("\n");
        }
        if !frame.forget.is_empty() {
            self.text.raw("settle ").quoted(&file_names(&frame.forget), "a record")?.raw("\n");
        }
        self.text.raw("unnoted=\n");
        if !frame.intents.is_empty() {
            let run = journal_run.ok_or_else(|| Problem::Protocol("there is no journal to write into".into()))?;
            self.text.raw("intend ").quoted(run, "who runs this")?.raw(" ");
            self.text.quoted(&intents(&frame.intents), "what is about to be done")?.raw("\n");
        }
        for (number, step) in frame.steps.iter().enumerate() {
            self.step(number, step, setup_size)?;
        }
        Ok(())
    }

    fn step(&mut self, number: usize, planned: &FrameStep, setup_size: usize) -> Result<(), Problem> {
        let step = &planned.step;
        let program = self.program(step.script)?;
        let looks = planned.look.as_ref().map(|look| &look.probe);
        let check = match planned.verify.as_ref().map(|verify| &verify.probe).or(looks) {
            Some(probe) => self.probe(probe.look, probe)?,
            None => "''".to_string(),
        };
        let mut data = Text::new();
        data.raw("ROWS=").rows(step.rows.iter().map(Vec::as_slice))?;
        // Each of the five parts ends with a newline.
        let size = setup_size + data.as_str().len() + CHILD_START.len() + body(step.script).len() + CHILD_END.len() + 5;
        let input: u64 = step.input.iter().map(|blob| blob.0.len() as u64).sum();
        let text = &mut self.text;
        text.raw(&format!(
            "step={number} limit={} tries={} pause={} input={input} data_size={size}\nuser=",
            step.timeout.as_secs_f64().ceil().max(1.0),
            planned.retries + 1,
            planned.pause.as_secs(),
        ));
        text.quoted(step.run_as.as_deref().unwrap_or_default(), "a user")?;
        text.raw("\nkind=").raw(planned.kind).raw("\nneeds=").quoted(&numbers(&planned.needs), "items")?;
        text.raw("\ncompletes=").quoted(&numbers(&planned.completes), "items")?;
        text.raw("\nowes=").quoted(&records(&planned.owes), "a record")?;
        text.raw("\nsettles=").quoted(&file_names(&planned.settles), "a record")?;
        text.raw("\nends=").quoted(&fields(&planned.ends), "a resource")?;
        text.raw(" about=").quoted(&fields(&planned.about), "a resource")?;
        text.raw("\ndata=").quoted(data.as_str(), "a row")?;
        match &planned.look {
            Some(look) => look_of(text, look)?,
            None => {
                text.raw("\nlook= look_rows= seen=");
            }
        }
        match &planned.verify {
            Some(verify) => check_of(text, verify)?,
            None => {
                text.raw("\ncheck= check_rows= expected=\n");
            }
        }
        text.raw(&format!("run_frame_step \"{program}\" {check}\n"));
        Ok(())
    }
}

fn look_of(text: &mut Text, look: &LookAgain) -> Result<(), Problem> {
    let limit = look.probe.timeout.as_secs_f64().ceil().max(1.0);
    let firsts = if look.firsts { "1" } else { "" };
    text.raw(&format!("\nlook={} look_limit={limit} firsts={firsts}\nlook_rows=", look.item))
        .rows(look.probe.rows.iter().map(Vec::as_slice))?;
    let mut seen = Text::new();
    let mut told = HashSet::new();
    for record in look.seen.iter().filter(|record| !look.firsts || told.insert(record.index)) {
        seen.raw(&record.index.to_string());
        record.fields.iter().for_each(|field| _ = seen.raw("\u{1f}").field(field));
        seen.raw("\n");
    }
    text.raw("\nseen=").quoted(seen.as_str(), "what was seen")?;
    Ok(())
}

fn check_of(text: &mut Text, verify: &Verify) -> Result<(), Problem> {
    let limit = verify.probe.timeout.as_secs_f64().ceil().max(1.0);
    text.raw(&format!("\ncheck=1 check_limit={limit}\ncheck_rows="))
        .rows(verify.probe.rows.iter().map(Vec::as_slice))?;
    let mut expected = Text::new();
    for (at, item) in verify.items.iter().enumerate() {
        if at > 0 {
            expected.raw("\n");
        }
        expected.raw(&item.item.to_string());
        match &item.expected {
            None => {
                expected.raw("\u{1f}?");
            }
            Some(fields) => {
                for field in fields {
                    match field {
                        Expect::Any => expected.raw("\u{1f}*"),
                        Expect::Is(text) => expected.raw("\u{1f}=").field(text),
                    };
                }
            }
        }
    }
    text.raw("\nexpected=").quoted(expected.as_str(), "what is expected")?.raw("\n");
    Ok(())
}

fn numbers(items: &[usize]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Writes what is about to be done, a line each: the action and what it is done to.
fn intents(intents: &[Intended]) -> String {
    let mut text = Text::new();
    for (at, Intended { action, local, identity }) in intents.iter().enumerate() {
        text.raw(if at > 0 { "\n" } else { "" }).raw(action).raw("\u{1f}").field(local);
        if let Some(identity) = identity {
            text.raw("\u{1f}").field(identity);
        }
    }
    text.as_str().to_string()
}

/// Writes fields of one line.
fn fields(fields: &[String]) -> String {
    let mut text = Text::new();
    for (at, field) in fields.iter().enumerate() {
        text.raw(if at > 0 { "\u{1f}" } else { "" }).field(field);
    }
    text.as_str().to_string()
}

/// Writes records, one a line: file name, action, resource.
fn records(owed: &[Owed]) -> String {
    let mut text = Text::new();
    for (at, one) in owed.iter().enumerate() {
        if at > 0 {
            text.raw("\n");
        }
        text.raw(&one.record()).raw("\u{1f}").raw(one.action.word()).raw("\u{1f}");
        text.field(&one.resource);
    }
    text.as_str().to_string()
}

/// Writes the names of files to remove; a restart settles a reload too.
fn file_names(owed: &[Owed]) -> String {
    let mut names = Vec::new();
    for one in owed {
        names.push(one.record());
        if one.action == OwedAction::Restart {
            names.push(Owed { action: OwedAction::Reload, resource: one.resource.clone() }.record());
        }
    }
    names.join("\n")
}
