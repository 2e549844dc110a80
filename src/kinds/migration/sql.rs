//! The SQL around the files: the record of what is applied, the lock, and what holds them together.

use crate::kinds::shared::database_engine::Engine;
use crate::model::Content;

use super::folder::File;
use super::migrations::Migrations;
use super::record::{Pending, checksum_of};

/// The record of a database.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// What its engine does.
    pub migrations: &'static dyn Migrations,
    pub database: String,
    /// As written in the spec; it may name a schema of PostgreSQL.
    pub table: String,
}

impl Record {
    /// Returns the table's name in SQL: whole, so that a file may make another database or schema the default.
    pub fn table(&self) -> String {
        let (space, table) = self.migrations.place(&self.database, &self.table);
        format!("{}.{}", self.engine().name(space), self.engine().name(table))
    }

    fn engine(&self) -> Engine {
        self.migrations.engine()
    }

    /// Returns what asks for the row's state: whether so many files are applied as they are now, and all rows. Each
    /// statement selects the row first.
    pub fn question(&self, row: usize, files: &[File]) -> String {
        let engine = self.engine();
        let table = self.table();
        let pair = self.migrations.pair();
        let wanted: Vec<String> =
            files.iter().map(|file| engine.text(&format!("{} {}", file.name, file.checksum))).collect();
        let wanted = if wanted.is_empty() { "''".to_string() } else { wanted.join(",") };
        let name = engine.as_hex("name");
        format!(
            "SELECT {row}, 'state', (SELECT count(*) FROM {table} WHERE done >= statements AND {pair} IN ({wanted})), (SELECT count(*) FROM \
             {table});\nSELECT {row}, 'file', {name}, checksum, statements, done, started FROM {table} ORDER BY name;"
        )
    }

    /// Returns what makes the table where it is missing.
    pub fn create(&self) -> String {
        self.migrations.create(&self.table())
    }

    /// Returns what waits for the lock and answers 1 once it is held; none where the engine needs no lock.
    pub fn lock(&self, seconds: u64) -> Option<String> {
        let lock = Content::new(format!("{}/{}", self.database, self.table).into_bytes());
        self.migrations.lock(lock.hash(), seconds)
    }

    /// Returns what answers `same` where the record says of these files what it said when they were looked at.
    pub fn guard(&self, files: &[File], pending: &[Pending]) -> String {
        let engine = self.engine();
        let table = self.table();
        let fresh: Vec<String> = pending
            .iter()
            .filter(|pending| !pending.is_recorded)
            .map(|pending| engine.text(&files[pending.file].name))
            .collect();
        let mut holds = Vec::new();
        if !fresh.is_empty() {
            holds.push(format!("(SELECT count(*) FROM {table} WHERE name IN ({})) = 0", fresh.join(",")));
        }
        for pending in pending.iter().filter(|pending| pending.is_recorded) {
            let name = engine.text(&files[pending.file].name);
            let done = pending.done;
            holds.push(format!("(SELECT count(*) FROM {table} WHERE name = {name} AND done = {done}) = 1"));
        }
        format!("SELECT CASE WHEN {} THEN 'same' ELSE 'other' END", holds.join(" AND "))
    }

    /// Returns what records a file as applied.
    pub fn applied(&self, file: &File) -> String {
        let count = file.statements.len();
        let checksum = self.engine().text(&file.checksum);
        self.insert(file, &checksum, count, self.migrations.now())
    }

    /// Returns what records that a file is about to be applied, statement by statement.
    pub fn opened(&self, file: &File) -> String {
        self.insert(file, &self.engine().text(&checksum_of(file, 0)), 0, "NULL")
    }

    fn insert(&self, file: &File, checksum: &str, done: usize, at: &str) -> String {
        let name = self.engine().text(&file.name);
        let count = file.statements.len();
        format!(
            "INSERT INTO {} (name, checksum, statements, done, started, applied_at) VALUES ({name}, {checksum}, {count}, {done}, {done}, {at})",
            self.table()
        )
    }

    /// Returns what records that a statement, counted from 1, is about to run.
    pub fn started(&self, file: &File, statement: usize) -> String {
        let name = self.engine().text(&file.name);
        format!("UPDATE {} SET started = {statement} WHERE name = {name}", self.table())
    }

    /// Returns what records that so many statements are done; with the last one the file is applied.
    pub fn done(&self, file: &File, statements: usize) -> String {
        let name = self.engine().text(&file.name);
        let count = file.statements.len();
        let (checksum, at) = match statements == count {
            true => (file.checksum.clone(), self.migrations.now()),
            false => (checksum_of(file, statements), "NULL"),
        };
        let checksum = self.engine().text(&checksum);
        format!(
            "UPDATE {} SET done = {statements}, started = {statements}, statements = {count}, checksum = {checksum}, applied_at = {at} WHERE \
             name = {name}",
            self.table()
        )
    }
}
