//! The statements that look rows up and write them: few, however many rows.

use indexmap::IndexMap;

use crate::resource::{Observation, Planned};

use super::cell::Cell;
use super::class::Found;
use super::rows::{Desired, Row, Seed, State};

/// How long a list in a statement becomes, in bytes; servers take some megabytes.
const MOST: usize = 256 * 1024;
/// How many rows one UPDATE changes: it looks through its list for every row.
const MOST_UPDATED: usize = 500;

/// Selects "column", name, type, scale of each column; then "row" and the columns of each row that has one of the keys, or of
/// all rows where others are pruned. A value is a letter and hexadecimal, `-` for null.
pub(super) fn look(at: usize, desired: &Desired, is_absent: bool) -> String {
    let (engine, tables) = (desired.server.engine, desired.tables);
    let mut sql = tables.columns(at, &desired.database, &desired.table);
    let values: Vec<String> = desired.columns.iter().map(|column| tables.value(&engine.name(column))).collect();
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

fn table(desired: &Desired) -> String {
    let engine = desired.server.engine;
    match desired.tables.split(&desired.table) {
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
        cell => cell.sql(desired.tables),
    };
    let is_single = names.len() == 1;
    let left = if is_single { names[0].clone() } else { format!("({})", names.join(",")) };
    let lists = chunks(keys.iter().map(|key| {
        let cells: Vec<String> = key.iter().enumerate().map(cell).collect();
        if is_single { cells.concat() } else { format!("({})", cells.join(",")) }
    }));
    let begin = if is_single { "" } else { desired.tables.list() };
    lists.into_iter().map(|list| format!("{left} IN ({begin}{list})")).collect()
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
    let none = vec![State::Missing; desired.rows.len()];
    let (states, extra): (&[State], &[Vec<Found>]) = match planned.observed {
        Observation::Present(found) => (&found.rows, &found.extra),
        _ => (&none, &[]),
    };
    let mut lines = vec![desired.tables.begin().to_string()];
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
        let cells: Vec<String> = row.values().map(|cell| cell.sql(desired.tables)).collect();
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
                format!("WHEN {own} THEN {}", row[column].sql(desired.tables))
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
