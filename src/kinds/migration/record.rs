//! What the record on the server says of the files, and what is left to do.

use crate::kinds::shared::database_engine::unhex;
use crate::model::{Content, Record, Records};
use crate::records;
use crate::resource::Refusal;

use super::folder::File;

records! {
    _ =>
    /// What `question` of the record selects: how many of the files are applied as they are, and how many rows the record has; then
    /// its rows, their names in hexadecimal.
    pub(super) enum Answer {
        "state" => State { applied, rows },
        "file" => File { name, checksum, statements, done, started },
    }
}

/// A row of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    pub name: String,
    /// Of the file; of its statements that are done, where not all are.
    pub checksum: String,
    pub statements: usize,
    pub done: usize,
    /// The statement that was begun last; beyond `done` where it was cut off.
    pub started: usize,
}

/// A file that is not applied, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// Its place among the files.
    pub file: usize,
    /// Statements of it that are done.
    pub done: usize,
    pub is_recorded: bool,
    /// The next statement was begun, and whether it is in place is not known.
    pub was_cut_off: bool,
}

impl Applied {
    /// Reads the rows of the record; none where something is not like one.
    pub fn read_all(records: &[&Record]) -> Option<Vec<Self>> {
        let mut all = Vec::new();
        for answer in Answer::read_all(records).ok()? {
            let Answer::File { name, checksum, statements, done, started } = answer else { continue };
            all.push(Self {
                name: String::from_utf8(unhex(name)?).ok()?,
                checksum: checksum.to_string(),
                statements: statements.parse().ok()?,
                done: done.parse().ok()?,
                started: started.parse().ok()?,
            });
        }
        Some(all)
    }

    fn is_whole(&self) -> bool {
        self.done >= self.statements && self.checksum.len() == 64
    }
}

/// Returns the checksum of the first statements of a file; equal texts have equal ones, wherever they stand.
pub(super) fn checksum_of(file: &File, statements: usize) -> String {
    let mut text = String::new();
    for statement in &file.statements[..statements] {
        text.push_str(statement.text(&file.text));
        text.push('\0');
    }
    // An unfinished file's cannot be taken for a whole one's.
    Content::new(text.into_bytes()).hash()[..40].to_string()
}

/// Compares the files with the record; what does not fit together is an error that says the way out.
pub(super) fn pending(files: &[File], applied: &[Applied], table: &str) -> Result<Vec<Pending>, Refusal> {
    let conflict = |message: String, help: String| Err(Refusal { message, help });
    let mut pending = Vec::new();
    let mut first_pending: Option<&str> = None;
    for row in applied {
        if !files.iter().any(|file| file.name == row.name) {
            return conflict(
                format!("{} was applied and is not in the folder", row.name),
                format!("put the file back; where what it did is undone, delete its row from {table}"),
            );
        }
    }
    for (at, file) in files.iter().enumerate() {
        let Some(row) = applied.iter().find(|row| row.name == file.name) else {
            first_pending.get_or_insert(&file.name);
            pending.push(Pending { file: at, done: 0, is_recorded: false, was_cut_off: false });
            continue;
        };
        if let Some(earlier) = first_pending {
            return conflict(
                format!("{earlier} comes before {}, which is applied", file.name),
                "give it a number after those that are applied".into(),
            );
        }
        if row.is_whole() {
            if row.checksum != file.checksum {
                return conflict(
                    format!(
                        "{} was edited after it was applied (applied: sha256 {}, now: {})",
                        file.name, row.checksum, file.checksum
                    ),
                    format!(
                        "bring the file back as it was, and put the change into a new file; where it changed nothing, set its \
                         checksum in {table} to the new one"
                    ),
                );
            }
            continue;
        }
        if row.done > file.statements.len() || checksum_of(file, row.done) != row.checksum {
            let done =
                if row.done == 1 { "statement 1 is".to_string() } else { format!("statements 1 to {} are", row.done) };
            return conflict(
                format!("{} is applied in part, and {done} not the same any more", file.name),
                "bring them back as they were; only what comes after may change".into(),
            );
        }
        first_pending.get_or_insert(&file.name);
        let was_cut_off = row.started > row.done;
        pending.push(Pending { file: at, done: row.done, is_recorded: true, was_cut_off });
    }
    Ok(pending)
}
