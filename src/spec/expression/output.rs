//! What values become in a text.

use std::fmt;
use std::io;

use minijinja::value::{Value as Template, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};

use super::bounded::MOST;

/// Writes a value into a template's output.
pub(super) fn format(output: &mut Output<'_>, _state: &mut State<'_, '_>, value: &Template) -> Result<(), Error> {
    write(value, output)
}

/// Writes a value into a text: `true`, not `True`; nothing for what is no scalar.
pub(super) fn write(value: &Template, output: &mut dyn fmt::Write) -> Result<(), Error> {
    let refuse = |why: String| Err(Error::new(ErrorKind::InvalidOperation, why));
    match value.kind() {
        ValueKind::String => Ok(output.write_str(value.as_str().unwrap_or_default())?),
        ValueKind::Bool => Ok(output.write_str(if value.is_true() { "true" } else { "false" })?),
        ValueKind::Number => Ok(write!(output, "{value}")?),
        // An `if` without `else`; what is not there has been refused before.
        ValueKind::Undefined => Ok(()),
        ValueKind::None => {
            refuse("null cannot be put into a text; give it a value, or use `| default(…, true)`".into())
        }
        ValueKind::Invalid => Err(invalid(value)),
        ValueKind::Seq | ValueKind::Iterable => {
            refuse("a list cannot be put into a text as it is; use `| join(\", \")`, `| tojson` or a loop".into())
        }
        ValueKind::Map => refuse("a mapping cannot be put into a text as it is; use `| tojson` or a loop".into()),
        kind => refuse(format!("{kind} cannot be put into a text")),
    }
}

/// Takes the error out of an invalid value.
fn invalid(value: &Template) -> Error {
    match value.try_iter() {
        Err(error) => error,
        Ok(_) => Error::from(ErrorKind::InvalidOperation),
    }
}

/// Collects output up to a limit.
#[derive(Default)]
pub(super) struct Limited {
    pub bytes: Vec<u8>,
}

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MOST {
            return Err(io::Error::other("the rendered text is larger than 16 MiB"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
