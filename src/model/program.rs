//! Probes and steps: constant shell programs with their data.
//!
//! A program is POSIX `sh` text that never changes; everything that comes from a spec reaches it as data.
//! `docs/host-protocol.md` says what a program finds on the host; in short:
//!
//! - `$ROWS` holds the rows, one a line, fields separated by the unit separator (`$US`, octal 037). `IFS` is a newline
//!   and globbing is off, so `for row in $ROWS` walks them without a process; after `columns path mode`, `read_row "$row"`
//!   sets `$path` and `$mode`. A newline, a unit separator and octal 034 are written as two characters in a
//!   field; `decode "$f2"` puts the plain text into `$decoded`. A field that holds none of them needs no decoding.
//! - `scan_paths` looks at the path in every row's first field, with a constant number of processes.
//! - `$R` starts a record; `emit INDEX FIELD…` writes one. A line of output that does not start with `$R` is taken as
//!   an error message.
//! - A step finds its `input` on its standard input, the blobs one after another: `take SIZE` copies exactly that many
//!   bytes to standard output.
//! - `item_failed INDEX MESSAGE` says that one row of a step failed while others go on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Secret;

/// A line of a program between parts of it. A shell is sent each part once, however many programs have it; what stands before and
/// after the first and the last of these lines are parts, too.
pub const PART: &str = "# ---\n";

/// One field of a row.
#[derive(Clone, PartialEq, Eq)]
pub enum Arg {
    Plain(String),
    Secret(Secret),
}

impl Arg {
    /// Lends the text, secret or not, to the code that writes the frame.
    pub fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

impl fmt::Debug for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => fmt::Debug::fmt(text, f),
            Self::Secret(secret) => fmt::Debug::fmt(secret, f),
        }
    }
}

impl Default for Arg {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_string())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        Self::Plain(text.clone())
    }
}

impl From<Secret> for Arg {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        Self::Plain(number.to_string())
    }
}

impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Self::Plain(if value { "1" } else { "" }.to_string())
    }
}

impl<T: Into<Arg>> From<Option<T>> for Arg {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Self::Plain(String::new()), Into::into)
    }
}

/// Bytes on their way to a host; they never print.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob(pub Arc<[u8]>);

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} bytes)", self.0.len())
    }
}

impl From<&Arc<[u8]>> for Blob {
    fn from(bytes: &Arc<[u8]>) -> Self {
        Self(bytes.clone())
    }
}

/// The fields a program gets for one resource.
pub type Row = Vec<Arg>;

/// Makes a [`Row`] from anything that turns into fields, by the names that [`rows!`](crate::rows) has declared; after `..` those that are
/// not named are empty.
#[macro_export]
macro_rules! row {
    ($columns:ident { $($field:ident $(: $value:expr)?,)+ .. }) => {
        $columns { $($field: $crate::row!(@field $field $($value)?),)+ ..Default::default() }.into_row()
    };
    ($columns:ident { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        $columns { $($field: $crate::row!(@field $field $($value)?)),* }.into_row()
    };
    (@field $field:ident) => { $crate::model::Arg::from($field) };
    (@field $field:ident $value:expr) => { $crate::model::Arg::from($value) };
    ($($field:expr),* $(,)?) => { vec![$($crate::model::Arg::from($field)),*] };
}

/// What a probe begins with that it can share with others: what looking costs is processes, not paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Look {
    /// At the path in each row's first field: `emit_paths` of the host's prelude.
    Paths,
    /// At files, by rows that begin with [`Looking`](super::Looking): `emit_files`.
    Files,
}

/// One constant program that looks at all resources of a kind on a host, and changes nothing.
#[derive(Clone, Debug)]
pub struct Probe {
    /// What it begins with, where others may begin with the same: the host looks once, for all of them.
    pub look: Option<Look>,
    /// What it does, or does then.
    pub script: &'static str,
    /// One row a resource, in the order asked; record indexes count them from 0.
    pub rows: Vec<Row>,
    pub timeout: Duration,
}

impl Probe {
    /// Makes a probe with the usual timeout of 60 s.
    pub fn new(script: &'static str, rows: Vec<Row>) -> Self {
        Self { look: None, script, rows, timeout: Duration::from_secs(60) }
    }

    /// Makes a probe that looks at these paths ([`Looked`](super::Looked)).
    pub fn of_paths<T: Into<Arg>>(paths: impl IntoIterator<Item = T>) -> Self {
        let rows = paths.into_iter().map(|path| vec![path.into()]).collect();
        Self { look: Some(Look::Paths), ..Self::new("", rows) }
    }

    /// Makes a probe that looks at files; its rows begin with [`Looking`](super::Looking). `then` is what it does afterwards, if
    /// anything.
    pub fn of_files(rows: Vec<Row>, then: &'static str) -> Self {
        Self { look: Some(Look::Files), ..Self::new(then, rows) }
    }
}

/// How a probe ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeStatus {
    Done,
    /// Exit status other than 0.
    Failed(i32),
    TimedOut,
}

/// One line a probe wrote: the index of the row it is about, and its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub index: usize,
    pub fields: Vec<String>,
}

impl Record {
    /// Returns a field, empty where the record is shorter.
    pub fn field(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", String::as_str)
    }
}

/// All that a probe wrote.
#[derive(Clone, Debug)]
pub struct ProbeOutput {
    pub status: ProbeStatus,
    /// In the order written; several for one row are allowed.
    pub records: Vec<Record>,
    /// Lines that are no records: what the tools said on standard error.
    pub messages: Vec<String>,
}

impl ProbeOutput {
    /// Stands for a probe that was never answered.
    pub fn missing() -> Self {
        Self { status: ProbeStatus::Failed(-1), records: Vec::new(), messages: Vec::new() }
    }

    /// Says why a row has no record: how the probe ended and what its tools said.
    pub fn explain(&self) -> String {
        let mut text = match &self.status {
            ProbeStatus::Done => "the probe said nothing about it".to_string(),
            ProbeStatus::Failed(status) => format!("the probe ended with status {status}"),
            ProbeStatus::TimedOut => "the probe did not end in time".to_string(),
        };
        for message in self.messages.iter().rev().take(3).rev() {
            text.push_str("; ");
            text.push_str(message.trim());
        }
        text
    }

    /// Returns the first record of each row, `None` where the row has none.
    pub fn first_records(&self, rows: usize) -> Vec<Option<&Record>> {
        let mut first = vec![None; rows];
        for record in &self.records {
            if let Some(slot @ None) = first.get_mut(record.index) {
                *slot = Some(record);
            }
        }
        first
    }

    /// Returns all records of each row, in the order written.
    pub fn records_by_row(&self, rows: usize) -> Vec<Vec<&Record>> {
        let mut records = vec![Vec::new(); rows];
        for record in &self.records {
            if let Some(of_row) = records.get_mut(record.index) {
                of_row.push(record);
            }
        }
        records
    }
}

/// What a field of a record must be after a step, so that the host itself can decide whether dependants may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    Is(String),
    Any,
}

impl From<&str> for Expect {
    fn from(text: &str) -> Self {
        Self::Is(text.to_string())
    }
}

impl From<String> for Expect {
    fn from(text: String) -> Self {
        Self::Is(text)
    }
}

impl From<&String> for Expect {
    fn from(text: &String) -> Self {
        Self::Is(text.clone())
    }
}

/// What the spec leaves open may be anything.
impl<T: Into<Self>> From<Option<T>> for Expect {
    fn from(text: Option<T>) -> Self {
        text.map_or(Self::Any, Into::into)
    }
}

/// Something on a host that only one step at a time may use. A kind may bring its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lock(pub &'static str);

impl Lock {
    /// The package database.
    pub const PACKAGES: Self = Self("packages");
    /// The system manager.
    pub const SYSTEMD: Self = Self("systemd");
    /// The account database.
    pub const ACCOUNTS: Self = Self("accounts");
    /// The packet filter.
    pub const FIREWALL: Self = Self("firewall");
    /// npm itself, and what it keeps of all that it fetched.
    pub const NPM: Self = Self("npm");
}

/// One constant program that changes a host. Steps made together run in the order they were made.
#[derive(Clone, Debug)]
pub struct Step {
    pub script: &'static str,
    /// Its data; `item_failed` counts them from 0.
    pub rows: Vec<Row>,
    /// Bytes for its standard input, one blob after another.
    pub input: Vec<Blob>,
    /// The resources it changes, as indexes into the batch it was made for. Where it has as many rows as it covers
    /// resources, row `n` is about `covers[n]`.
    pub covers: Vec<usize>,
    pub locks: &'static [Lock],
    pub timeout: Duration,
    /// What it is for, in a few words: "install 5 packages".
    pub purpose: String,
    /// The unix user it runs as, where not the session's own.
    pub run_as: Option<String>,
}

impl Step {
    /// Makes a step with no rows, no input, no locks and the usual timeout of 300 s.
    pub fn new(script: &'static str, covers: Vec<usize>, purpose: impl Into<String>) -> Self {
        Self {
            script,
            rows: Vec::new(),
            input: Vec::new(),
            covers,
            locks: &[],
            timeout: Duration::from_secs(300),
            purpose: purpose.into(),
            run_as: None,
        }
    }

    pub fn rows(mut self, rows: Vec<Row>) -> Self {
        self.rows = rows;
        self
    }

    pub fn input(mut self, input: Vec<Blob>) -> Self {
        self.input = input;
        self
    }

    pub fn locks(mut self, locks: &'static [Lock]) -> Self {
        self.locks = locks;
        self
    }

    /// Sets the time after which it is killed with its children.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub fn run_as(mut self, user: Option<String>) -> Self {
        self.run_as = user;
        self
    }
}
