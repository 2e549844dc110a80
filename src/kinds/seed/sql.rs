//! The statements that look rows up and write them: few, however many rows.

use indexmap::IndexMap;

use crate::kinds::shared::database_engine::Engine;
use crate::resource::{Observation, Planned};

use super::cell::{Cell, Found};
use super::rows::{Desired, Row, Seed, State};

/// How long a list in a statement becomes, in bytes; servers take some megabytes.
const MOST: usize = 256 * 1024;
/// How many rows one UPDATE changes: it looks through its list for every row.
const MOST_UPDATED: usize = 500;

/// Selects "column", name, type, scale of each column; then "row" and the columns of each row that has one of the keys, or of
/// all rows where others are pruned. A value is a letter and hexadecimal, `-` for null.
pub(super) fn look(at: usize, desired: &Desired, is_absent: bool) -> String {
    let engine = desired.server.engine;
    let mut sql = columns(at, desired);
    let values: Vec<String> = desired.columns.iter().map(|column| value(engine, &engine.name(column))).collect();
    let select = format!(" SELECT {at},'row',{} FROM {}", values.join(","), table(desired));
    if desired.prune && !is_absent {
        sql.push_str(&select);
        sql.push(';');
        return sql;
    }
    let keys: Vec<Vec<&Cell>> = desired.rows.iter().map(|row| key(desired, row)).collect();
    for condition in conditions(desired, &keys) {
        sql.push_str(&format!("{select} WHERE {condition};"));
    }
    sql
}

fn columns(at: usize, desired: &Desired) -> String {
    let engine = desired.server.engine;
    let (schema, table) = split(desired);
    let name = |column: &str| engine.as_hex(column);
    match engine {
        Engine::Mysql => format!(
            "SELECT {at},'column',{},DATA_TYPE,IFNULL(NUMERIC_SCALE,'') FROM information_schema.COLUMNS WHERE TABLE_SCHEMA={} AND TABLE_NAME={};",
            name("COLUMN_NAME"),
            engine.text(&desired.database),
            engine.text(&desired.table)
        ),
        Engine::Postgresql => format!(
            "SELECT {at},'column',{},udt_name,coalesce(numeric_scale::text,'') FROM information_schema.columns WHERE table_schema={} AND table_name={};",
            name("column_name"),
            schema.map_or("current_schema()".to_string(), |schema| engine.text(schema)),
            engine.text(table)
        ),
        Engine::Sqlite => {
            format!(
                "SELECT {at},'column',{},'','' FROM pragma_table_info({});",
                name("name"),
                engine.text(&desired.table)
            )
        }
    }
}

fn value(engine: Engine, column: &str) -> String {
    match engine {
        // Numbers and times are binary there, and written as texts; a text may be in another character set.
        Engine::Mysql => format!(
            "IFNULL(CONCAT('=',LOWER(IF(CHARSET({column})='binary',HEX(CAST({column} AS BINARY)),HEX(CONVERT({column} USING utf8mb4))))),'-')"
        ),
        Engine::Postgresql => format!("coalesce('='||encode(convert_to({column}::text,'UTF8'),'hex'),'-')"),
        Engine::Sqlite => format!(
            "CASE typeof({column}) WHEN 'null' THEN '-' WHEN 'real' THEN 'r'||lower(hex(printf('%!.17g',{column}))) ELSE \
             substr(typeof({column}),1,1)||lower(hex({column})) END"
        ),
    }
}

fn split(desired: &Desired) -> (Option<&str>, &str) {
    match desired.table.split_once('.') {
        Some((schema, table)) if desired.server.engine == Engine::Postgresql => (Some(schema), table),
        _ => (None, &desired.table),
    }
}

fn table(desired: &Desired) -> String {
    let engine = desired.server.engine;
    match split(desired) {
        (Some(schema), table) => format!("{}.{}", engine.name(schema), engine.name(table)),
        (None, table) => engine.name(table),
    }
}

fn key<'a>(desired: &Desired, row: &'a Row) -> Vec<&'a Cell> {
    desired.key.iter().filter_map(|column| row.get(column)).collect()
}

/// Makes conditions that hold for rows with these keys, each not too long.
fn conditions(desired: &Desired, keys: &[Vec<&Cell>]) -> Vec<String> {
    let engine = desired.server.engine;
    let names: Vec<String> = desired.key.iter().map(|column| engine.name(column)).collect();
    // In a list of both, MySQL compares texts as numbers.
    let is_mixed: Vec<bool> =
        (0..names.len()).map(|at| !keys.iter().all(|key| matches!(key[at], Cell::Integer(_)))).collect();
    let cell = |(at, cell): (usize, &&Cell)| match cell {
        Cell::Integer(number) if is_mixed[at] => engine.text(&number.to_string()),
        cell => cell.sql(engine),
    };
    let is_single = names.len() == 1;
    let left = if is_single { names[0].clone() } else { format!("({})", names.join(",")) };
    let lists = chunks(keys.iter().map(|key| {
        let cells: Vec<String> = key.iter().enumerate().map(cell).collect();
        if is_single { cells.concat() } else { format!("({})", cells.join(",")) }
    }));
    let values = if engine == Engine::Sqlite && !is_single { "VALUES " } else { "" };
    lists.into_iter().map(|list| format!("{left} IN ({values}{list})")).collect()
}

/// Joins texts with commas into texts that are not too long.
fn chunks(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut chunks: Vec<String> = Vec::new();
    for text in texts {
        match chunks.last_mut().filter(|last| last.len() + text.len() < MOST) {
            Some(last) => {
                last.push(',');
                last.push_str(&text);
            }
            None => chunks.push(text),
        }
    }
    chunks
}

/// Writes all that a plan changes, in one transaction.
pub(super) fn change(planned: &Planned<'_, Seed>) -> String {
    let resource = planned.resource;
    let desired = &resource.desired;
    let engine = desired.server.engine;
    let none = vec![State::Missing; desired.rows.len()];
    let (states, extra): (&[State], &[Vec<Found>]) = match planned.observed {
        Observation::Present(found) => (&found.rows, &found.extra),
        _ => (&none, &[]),
    };
    let mut lines = vec![match engine {
        Engine::Mysql => "START TRANSACTION;".to_string(),
        Engine::Postgresql => "BEGIN;".into(),
        Engine::Sqlite => "BEGIN IMMEDIATE;".into(),
    }];
    if resource.is_absent() {
        let there = desired.rows.iter().zip(states).filter(|(_, state)| **state != State::Missing);
        let keys: Vec<Vec<&Cell>> = there.map(|(row, _)| key(desired, row)).collect();
        lines.extend(deletes(desired, &keys));
    } else {
        let extra: Vec<Vec<Cell>> = extra.iter().map(|key| key.iter().map(found_cell).collect()).collect();
        let extra: Vec<Vec<&Cell>> = extra.iter().map(|key| key.iter().collect()).collect();
        lines.extend(deletes(desired, &extra));
        lines.extend(inserts(desired, states));
        lines.extend(updates(desired, states));
    }
    lines.push("COMMIT;".into());
    lines.join("\n")
}

/// Takes a key as it was found.
fn found_cell(found: &Found) -> Cell {
    match found {
        None => Cell::Null,
        Some(bytes) => match String::from_utf8(bytes.clone()) {
            Ok(text) => Cell::Text(text),
            Err(_) => Cell::Bytes(bytes.clone()),
        },
    }
}

fn deletes(desired: &Desired, keys: &[Vec<&Cell>]) -> Vec<String> {
    let delete = |condition| format!("DELETE FROM {} WHERE {condition};", table(desired));
    conditions(desired, keys).into_iter().map(delete).collect()
}

fn inserts(desired: &Desired, states: &[State]) -> Vec<String> {
    let engine = desired.server.engine;
    let mut by_columns: IndexMap<Vec<&String>, Vec<String>> = IndexMap::new();
    for (row, _) in desired.rows.iter().zip(states).filter(|(_, state)| **state == State::Missing) {
        let cells: Vec<String> = row.values().map(|cell| cell.sql(engine)).collect();
        by_columns.entry(row.keys().collect()).or_default().push(format!("({})", cells.join(",")));
    }
    let mut lines = Vec::new();
    for (columns, rows) in by_columns {
        let names: Vec<String> = columns.into_iter().map(|column| engine.name(column)).collect();
        for list in chunks(rows.into_iter()) {
            lines.push(format!("INSERT INTO {} ({}) VALUES {list};", table(desired), names.join(",")));
        }
    }
    lines
}

/// A statement changes one column of many rows: the value by key.
fn updates(desired: &Desired, states: &[State]) -> Vec<String> {
    let engine = desired.server.engine;
    let mut by_column: IndexMap<&String, Vec<&Row>> = IndexMap::new();
    for (row, state) in desired.rows.iter().zip(states) {
        if let State::Differs(columns) = state {
            for (column, _) in columns {
                by_column.entry(column).or_default().push(row);
            }
        }
    }
    let mut lines = Vec::new();
    for (column, rows) in by_column {
        let name = engine.name(column);
        for rows in rows.chunks(MOST_UPDATED) {
            let keys: Vec<Vec<&Cell>> = rows.iter().map(|row| key(desired, row)).collect();
            let when = rows.iter().zip(&keys).map(|(row, key)| {
                let own = conditions(desired, std::slice::from_ref(key)).concat();
                format!("WHEN {own} THEN {}", row[column].sql(engine))
            });
            let when: Vec<String> = when.collect();
            for condition in conditions(desired, &keys) {
                lines.push(format!(
                    "UPDATE {} SET {name}=CASE {} ELSE {name} END WHERE {condition};",
                    table(desired),
                    when.join(" ")
                ));
            }
        }
    }
    lines
}
