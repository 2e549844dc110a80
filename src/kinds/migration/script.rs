//! What a session is told to apply files: instructions for `apply.sh`, and the statements as its input.

use std::sync::Arc;

use crate::model::{Blob, Row};
use crate::row;

use super::folder::{Control, File};
use super::record::Pending;
use super::sql::Record;

/// Instructions, a row each, and the bytes they take.
#[derive(Default)]
pub(super) struct Script {
    pub rows: Vec<Row>,
    pub input: Vec<Blob>,
}

impl Script {
    /// Sends SQL of the engine's own; where it fails, `purpose` says what could not be done.
    fn sql(&mut self, sql: impl Into<String>, purpose: &str) {
        self.rows.push(row!["sql", sql.into(), purpose]);
    }

    /// Sends a statement of a file.
    fn statement(&mut self, file: &File, number: usize) {
        let statement = &file.statements[number - 1];
        let mut text = statement.text(&file.text).to_string();
        if let Some(rows) = &statement.rows {
            text.push_str("\n;\n");
            text.push_str(&file.text[rows.clone()]);
            text.push_str("\\.");
        }
        let count = file.statements.len();
        let hence = match (file.is_transaction, number) {
            (true, _) => "nothing of the file is in place".to_string(),
            (false, 1) => "no statement of the file is in place".to_string(),
            (false, 2) => "statement 1 is in place, and the next run goes on with this one".to_string(),
            (false, number) => {
                format!("statements 1 to {} are in place, and the next run goes on with this one", number - 1)
            }
        };
        self.rows.push(row![
            "statement",
            text.len().to_string(),
            format!("{}:{}", file.place, statement.line),
            format!("statement {number} of {count}"),
            statement.first_line(&file.text),
            hence,
            if statement.rows.is_some() { "ended" } else { "" },
        ]);
        self.input.push(Blob(Arc::from(text.into_bytes())));
    }

    /// Adds all that applies these files, each in a session of its own: what a file sets counts for itself.
    pub fn apply(&mut self, record: &Record, files: &[File], pending: &[Pending], wait: u64, mut backup: Option<Row>) {
        for (at, next) in pending.iter().enumerate() {
            if at > 0 {
                self.rows.push(row!["end"]);
            }
            if let Some(opening) = record.migrations.opening(wait) {
                self.rows.push(row!["plain", opening]);
            }
            if let Some(lock) = record.lock(wait) {
                self.rows.push(row!["lock", lock, wait.to_string()]);
            }
            if at == 0 {
                self.sql(record.create(), &format!("make the table {}", record.table));
            }
            // Another run may have held the lock meanwhile.
            self.rows.push(row!["guard", record.guard(files, &pending[at..]), &record.table]);
            self.rows.extend(backup.take());
            let file = &files[next.file];
            if file.is_transaction {
                self.whole(record, file);
            } else {
                self.by_statement(record, file, next);
            }
        }
    }

    /// A file in one transaction.
    fn whole(&mut self, record: &Record, file: &File) {
        let purpose = format!("apply {}", file.place);
        self.sql(record.migrations.begin(), &purpose);
        // Another run would fail here: a name is there once.
        self.sql(record.applied(file), &purpose);
        for number in 1..=file.statements.len() {
            self.statement(file, number);
        }
        self.rows.push(row!["commit", "COMMIT", &file.place]);
    }

    /// A file whose progress is recorded after each statement.
    fn by_statement(&mut self, record: &Record, file: &File, pending: &Pending) {
        let purpose = format!("record the progress of {}", file.place);
        let count = file.statements.len();
        if !pending.is_recorded {
            self.sql(record.opened(file), &purpose);
        }
        // What sets up the session is not in place any more.
        for number in 1..=pending.done {
            if file.statements[number - 1].begins(&["SET"]) || file.statements[number - 1].begins(&["USE"]) {
                self.statement(file, number);
            }
        }
        let mut is_open = false;
        for number in pending.done + 1..=count {
            let control = Control::of(&file.statements[number - 1]);
            let releases =
                file.statements[number - 1].begins(&["UNLOCK"]) || file.statements[number - 1].begins(&["ROLLBACK"]);
            match (is_open, control) {
                (false, Some(Control::Begin)) => {
                    self.sql(record.started(file, number), &purpose);
                    self.statement(file, number);
                    is_open = true;
                }
                (true, Some(Control::End)) => {
                    // The progress is part of the file's own transaction.
                    if !releases {
                        self.sql(record.done(file, number), &purpose);
                    }
                    self.statement(file, number);
                    if releases {
                        self.sql(record.done(file, number), &purpose);
                    }
                    is_open = false;
                }
                (true, _) => self.statement(file, number),
                (false, _) => {
                    self.sql(record.started(file, number), &purpose);
                    // A statement that can be rolled back and its progress are one; one that cannot ends the transaction.
                    let is_one = !record.migrations.has_whole_files();
                    if is_one {
                        self.sql("START TRANSACTION", &purpose);
                    }
                    self.statement(file, number);
                    self.sql(record.done(file, number), &purpose);
                    if is_one {
                        self.sql("COMMIT", &purpose);
                    }
                }
            }
        }
        if pending.done == count {
            self.sql(record.done(file, count), &purpose);
        }
    }
}
