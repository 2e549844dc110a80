//! The SQL around the files: the record of what is applied, the lock, and what holds them together.

use crate::kinds::shared::database_engine::Engine;
use crate::model::Content;

use super::folder::File;
use super::record::{Pending, checksum_of};

/// The record of a database.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub engine: Engine,
    pub database: String,
    /// As written in the spec; it may name a schema of PostgreSQL.
    pub table: String,
}

impl Record {
    /// Returns the table's name in SQL: whole, so that a file may make another database or schema the default.
    pub fn table(&self) -> String {
        let (space, table) = match (self.engine, self.table.split_once('.')) {
            (Engine::Postgresql, Some((schema, table))) => (schema, table),
            (Engine::Postgresql, None) => ("public", self.table.as_str()),
            (Engine::Mysql, _) => (self.database.as_str(), self.table.as_str()),
            (Engine::Sqlite, _) => ("main", self.table.as_str()),
        };
        format!("{}.{}", self.engine.name(space), self.engine.name(table))
    }

    /// Returns what asks for the row's state: whether so many files are applied as they are now, and all rows. Each
    /// statement selects the row first.
    pub fn question(&self, row: usize, files: &[File]) -> String {
        let engine = self.engine;
        let table = self.table();
        let pair = match engine {
            Engine::Mysql => "CONCAT(name, ' ', checksum)",
            _ => "name || ' ' || checksum",
        };
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
        let table = self.table();
        match self.engine {
            Engine::Mysql => format!(
                "CREATE TABLE IF NOT EXISTS {table} (name VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, checksum \
                 CHAR(64) CHARACTER SET ascii NOT NULL, statements INT NOT NULL, done INT NOT NULL, started INT NOT NULL, applied_at DATETIME \
                 NULL) ENGINE=InnoDB"
            ),
            Engine::Postgresql => format!(
                "CREATE TABLE IF NOT EXISTS {table} (name text NOT NULL PRIMARY KEY, checksum text NOT NULL, statements integer NOT NULL, done \
                 integer NOT NULL, started integer NOT NULL, applied_at timestamp with time zone)"
            ),
            Engine::Sqlite => format!(
                "CREATE TABLE IF NOT EXISTS {table} (name TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, statements INTEGER NOT NULL, done \
                 INTEGER NOT NULL, started INTEGER NOT NULL, applied_at TEXT)"
            ),
        }
    }

    /// Returns what waits for the lock and answers 1 once it is held; it is the session's until the session ends. SQLite
    /// has none: there each transaction takes the whole file.
    pub fn lock(&self, seconds: u64) -> Option<String> {
        let lock = Content::new(format!("{}/{}", self.database, self.table).into_bytes());
        let key = lock.hash();
        match self.engine {
            Engine::Mysql => Some(format!("SELECT GET_LOCK('infra-migration-{}', {seconds})", &key[..32])),
            Engine::Postgresql => {
                let number = u64::from_str_radix(&key[..16], 16).unwrap_or_default() as i64;
                // Milliseconds; it counts for advisory locks too.
                Some(format!(
                    "SET lock_timeout = {}; SELECT pg_advisory_lock({number}); SET lock_timeout = DEFAULT; SELECT 1",
                    seconds * 1000
                ))
            }
            Engine::Sqlite => None,
        }
    }

    /// Returns what answers `same` where the record says of these files what it said when they were looked at.
    pub fn guard(&self, files: &[File], pending: &[Pending]) -> String {
        let engine = self.engine;
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

    /// Returns what begins the one transaction of a file.
    pub fn begin(&self) -> &'static str {
        if self.engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }
    }

    /// Returns what records a file as applied.
    pub fn applied(&self, file: &File) -> String {
        let count = file.statements.len();
        let checksum = self.engine.text(&file.checksum);
        self.insert(file, &checksum, count, self.now())
    }

    /// Returns what records that a file is about to be applied, statement by statement.
    pub fn opened(&self, file: &File) -> String {
        self.insert(file, &self.engine.text(&checksum_of(file, 0)), 0, "NULL")
    }

    fn insert(&self, file: &File, checksum: &str, done: usize, at: &str) -> String {
        let name = self.engine.text(&file.name);
        let count = file.statements.len();
        format!(
            "INSERT INTO {} (name, checksum, statements, done, started, applied_at) VALUES ({name}, {checksum}, {count}, {done}, {done}, {at})",
            self.table()
        )
    }

    /// Returns what records that a statement, counted from 1, is about to run.
    pub fn started(&self, file: &File, statement: usize) -> String {
        let name = self.engine.text(&file.name);
        format!("UPDATE {} SET started = {statement} WHERE name = {name}", self.table())
    }

    /// Returns what records that so many statements are done; with the last one the file is applied.
    pub fn done(&self, file: &File, statements: usize) -> String {
        let name = self.engine.text(&file.name);
        let count = file.statements.len();
        let (checksum, at) = match statements == count {
            true => (file.checksum.clone(), self.now()),
            false => (checksum_of(file, statements), "NULL"),
        };
        let checksum = self.engine.text(&checksum);
        format!(
            "UPDATE {} SET done = {statements}, started = {statements}, statements = {count}, checksum = {checksum}, applied_at = {at} WHERE \
             name = {name}",
            self.table()
        )
    }

    fn now(&self) -> &'static str {
        match self.engine {
            Engine::Mysql => "UTC_TIMESTAMP()",
            Engine::Postgresql => "CURRENT_TIMESTAMP",
            Engine::Sqlite => "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
        }
    }
}
