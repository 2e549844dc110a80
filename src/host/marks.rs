//! Turns what a host tells while it works into a timeline.

use crate::trace::Span;

use super::wire::Line;

/// Follows the marks of one answer; the frame is on the timeline while it is followed.
pub(super) struct Marks<'a> {
    frame: Span,
    /// Of its sections, or of its steps.
    names: Vec<&'a str>,
    running: Span,
}

impl<'a> Marks<'a> {
    pub fn new(frame: Span, names: impl Iterator<Item = &'a str>) -> Self {
        Self { frame, names: names.collect(), running: Span::default() }
    }

    /// Looks at the next line of the answer.
    pub fn see(&mut self, line: &Line) {
        let Line::Control(word, fields) = line else { return };
        let number = fields.first().and_then(|number| number.parse::<usize>().ok());
        let name = number.and_then(|number| self.names.get(number)).copied().unwrap_or_default();
        match word.as_str() {
            "begin" | "step" => self.running = self.frame.part(name),
            "check" => self.running = self.frame.part(format_args!("verify: {name}")),
            "end" | "ended" | "checked" => self.running = Span::default(),
            _ => {}
        }
    }
}
