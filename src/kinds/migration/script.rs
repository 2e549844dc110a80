//! What a session is told to apply files: instructions for `apply.sh`, and the statements as its input.

use std::sync::Arc;

use crate::model::{Blob, Row};
use crate::{row, rows};

use super::folder::{Control, File};
use super::record::Pending;
use super::sql::Record;

/// What `apply.sh` does with each instruction.
const APPLY: &str = include_str!("apply.sh");

rows! {
    APPLY =>
    /// The first field of an instruction; those of its own follow.
    struct Instruction { verb; more }

    APPLY =>
    struct Plain { text }

    APPLY =>
    struct Lock { sql, seconds }

    APPLY =>
    struct Sql { sql, purpose }

    APPLY =>
    struct Commit { sql, file }

    APPLY =>
    struct Guard { sql, table }

    APPLY =>
    pub(super) struct Backup { into, name }

    APPLY =>
    struct Statement { size, place, which, first_line, hence, ended }

    APPLY =>
    pub(super) struct Run { seconds }
}

/// Instructions, a row each, and the bytes they take.
#[derive(Default)]
pub(super) struct Script {
    pub rows: Vec<Row>,
    pub input: Vec<Blob>,
}

impl Script {
    /// Adds an instruction with the fields of its own.
    pub fn tell(&mut self, verb: &str, fields: Row) {
        self.rows.push(row![Instruction { verb }].into_iter().chain(fields).collect());
    }

    /// Sends SQL of the engine's own; where it fails, `purpose` says what could not be done.
    fn sql(&mut self, sql: impl Into<String>, purpose: &str) {
        self.tell("sql", row![Sql { sql: sql.into(), purpose }]);
    }

    /// Waits so many seconds for the lock, where the engine has one.
    pub fn lock(&mut self, record: &Record, wait: u64) {
        if let Some(sql) = record.lock(wait) {
            self.tell("lock", row![Lock { sql, seconds: wait.to_string() }]);
        }
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
        self.tell(
            "statement",
            row![Statement {
                size: text.len().to_string(),
                place: format!("{}:{}", file.place, statement.line),
                which: format!("statement {number} of {count}"),
                first_line: statement.first_line(&file.text),
                hence,
                ended: if statement.rows.is_some() { "ended" } else { "" },
            }],
        );
        self.input.push(Blob(Arc::from(text.into_bytes())));
    }

    /// Adds all that applies these files, each in a session of its own: what a file sets counts for itself.
    pub fn apply(&mut self, record: &Record, files: &[File], pending: &[Pending], wait: u64, mut backup: Option<Row>) {
        for (at, next) in pending.iter().enumerate() {
            if at > 0 {
                self.tell("end", Row::new());
            }
            if let Some(opening) = record.migrations.opening(wait) {
                self.tell("plain", row![Plain { text: opening }]);
            }
            self.lock(record, wait);
            if at == 0 {
                self.sql(record.create(), &format!("make the table {}", record.table));
            }
            // Another run may have held the lock meanwhile.
            let sql = record.guard(files, &pending[at..]);
            self.tell("guard", row![Guard { sql, table: &record.table }]);
            if let Some(backup) = backup.take() {
                self.tell("backup", backup);
            }
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
        self.tell("commit", row![Commit { sql: "COMMIT", file: &file.place }]);
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
