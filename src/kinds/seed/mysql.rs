//! Rows of MySQL and MariaDB.

use crate::kinds::shared::database_engine::{Engine, MYSQL};
use crate::resource::Variant;

use super::class::{Class, GENERATED};
use super::rows::Desired;
use super::sql;
use super::statements::Statements;
use super::tables::Tables;

pub const VARIANT: Variant = MYSQL;

const ENGINE: Engine = Engine::Mysql;

/// Whether statements about temporary tables reach the binary log: by row, they do not.
const IS_LOGGED: &str = "@@log_bin AND @@sql_log_bin AND @@binlog_format<>'ROW'";
/// The column of a temporary table that has the number of a row.
const NUMBER: &str = "`infra: row`";

/// Names the temporary table of a seed.
fn temporary(at: usize) -> String {
    format!("infra: wanted {at}")
}

/// What MySQL and MariaDB do.
#[derive(Debug)]
pub struct Mysql;

impl Tables for Mysql {
    fn engine(&self) -> Engine {
        ENGINE
    }

    fn columns(&self, at: usize, database: &str, table: &str) -> String {
        format!(
            "SELECT {at},'column',{},IF(IFNULL(GENERATION_EXPRESSION,'')='',DATA_TYPE,'{GENERATED}'),IFNULL(NUMERIC_SCALE,'') FROM \
             information_schema.COLUMNS WHERE TABLE_SCHEMA={} AND TABLE_NAME={};",
            ENGINE.as_hex("COLUMN_NAME"),
            ENGINE.text(database),
            ENGINE.text(table)
        )
    }

    fn class(&self) -> Class {
        Class::Text
    }

    /// Numbers and times are binary there, and written as texts; a text may be in another character set.
    fn value(&self, column: &str) -> String {
        format!(
            "IFNULL(CONCAT('=',LOWER(IF(CHARSET({column})='binary',HEX(CAST({column} AS BINARY)),HEX(CONVERT({column} USING utf8mb4))))),'-')"
        )
    }

    fn has_bits(&self) -> bool {
        true
    }

    fn begin(&self) -> &'static str {
        "START TRANSACTION;"
    }
}

impl Statements for Mysql {
    /// A temporary table has columns as the table has them, but none that must have a value. Where a statement about it would reach
    /// a binary log, and with it replicas, the session is left out of that, or there is no such table.
    fn look(&self, at: usize, desired: &Desired, columns: &[String]) -> Vec<String> {
        let (table, wanted) = (sql::table(desired), ENGINE.name(&temporary(at)));
        let of_table: Vec<String> = columns.iter().map(|column| format!("t.{}", ENGINE.name(column))).collect();
        let create = format!(
            "CREATE TEMPORARY TABLE {wanted} AS SELECT 0 AS {NUMBER},{} FROM (SELECT 1) AS o LEFT JOIN {table} AS t ON FALSE LIMIT 0",
            of_table.join(",")
        );
        let run = |sql: String| format!("SET @infra={sql};PREPARE infra FROM @infra;EXECUTE infra;");
        let mut lines = vec![
            run(format!("IF({IS_LOGGED},'SET SESSION sql_log_bin=0','DO 0')")),
            run(format!("IF({IS_LOGGED},'DO 0',{})", ENGINE.text(&create))),
        ];
        lines.extend(
            sql::values(desired, columns).into_iter().map(|list| format!("INSERT INTO {wanted} VALUES {list};")),
        );
        let same = |_, name: &str| format!("{}={}", self.value(&format!("t.{name}")), self.value(&format!("w.{name}")));
        let select = sql::select(at, desired, columns, &format!("w.{NUMBER}"), same);
        let on = sql::on(desired, |_, name| format!("t.{name}=w.{name}"));
        lines.push(format!("{select} FROM {wanted} AS w STRAIGHT_JOIN {table} AS t ON {on};"));
        lines
    }

    /// The temporary table is nobody's business. A number of a row counts within its statement.
    fn complaint(&self, at: usize, desired: &Desired, message: String) -> String {
        let prefix = format!("`{}`.`{}`.", desired.database, temporary(at));
        let message = message.replace(&prefix, "");
        match message.rsplit_once(" at row ") {
            Some((rest, _)) if sql::values(desired, desired.looked_at(false)).len() > 1 => rest.to_string(),
            _ => message,
        }
    }
}
