//! Parts of statements that look rows up and write them: few statements, however many rows.

use indexmap::IndexMap;

use super::cell::Cell;
use super::rows::{Desired, Key, Row};

/// How long a list in a statement becomes, in bytes; servers take some megabytes.
const MOST: usize = 256 * 1024;
/// How many rows one UPDATE changes: it looks through its list for every row.
const MOST_UPDATED: usize = 500;

/// Selects "row", its number and its values: the key, then "." for each other column for which `same` makes a condition that holds.
/// The table is `t`; `same` is given the place and the name of a column.
pub(super) fn select(
    at: usize,
    desired: &Desired,
    columns: &[String],
    number: &str,
    same: impl Fn(usize, &str) -> String,
) -> String {
    let value = |(place, column): (usize, &String)| {
        let name = desired.server.engine.name(column);
        let value = desired.tables.value(&format!("t.{name}"));
        match place < desired.key.len() {
            true => value,
            false => format!("CASE WHEN {} THEN '.' ELSE {value} END", same(place, &name)),
        }
    };
    let values: Vec<String> = columns.iter().enumerate().map(value).collect();
    format!("SELECT {at},'row',{number},{}", values.join(","))
}

/// Joins conditions on the columns of a key; `same` is given the place and the name of a column.
pub(super) fn on(desired: &Desired, same: impl Fn(usize, &str) -> String) -> String {
    let names = desired.key.iter().map(|column| desired.server.engine.name(column)).enumerate();
    names.map(|(place, name)| same(place, &name)).collect::<Vec<_>>().join(" AND ")
}

/// Writes the rows as lists of values, their number first: as few lists as may be, none of them too long.
pub(super) fn values(desired: &Desired, columns: &[String]) -> Vec<String> {
    let cell =
        |row: &Row, column: &String| row.get(column).map_or("NULL".into(), |cell| cell.compared_sql(desired.tables));
    let row = |(row, number): (&Row, usize)| {
        let cells: Vec<String> = columns.iter().map(|column| cell(row, column)).collect();
        format!("({number},{})", cells.join(","))
    };
    chunks(desired.rows.iter().zip(1..).map(row))
}

/// Writes the name of the table.
pub(super) fn table(desired: &Desired) -> String {
    let engine = desired.server.engine;
    match desired.tables.split(&desired.table) {
        (Some(schema), table) => format!("{}.{}", engine.name(schema), engine.name(table)),
        (None, table) => engine.name(table),
    }
}

/// Makes conditions that hold for rows with these keys, each not too long.
fn conditions(desired: &Desired, keys: &[&Key]) -> Vec<String> {
    let engine = desired.server.engine;
    let names: Vec<String> = desired.key.iter().map(|column| engine.name(column)).collect();
    let is_mixed =
        |at: usize| !desired.tables.has_mixed_lists() && !keys.iter().all(|key| matches!(key[at], Cell::Integer(_)));
    let is_mixed: Vec<bool> = (0..names.len()).map(is_mixed).collect();
    let cell = |(at, cell): (usize, &Cell)| match cell {
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
pub(super) fn chunks(texts: impl Iterator<Item = String>) -> Vec<String> {
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

/// A row that is there and changes: its key as the table has it, and the columns.
pub(super) struct Changed<'a> {
    pub(super) row: &'a Row,
    pub(super) key: &'a Key,
    pub(super) columns: Vec<&'a String>,
}

/// Removes the rows with these keys.
pub(super) fn deletes(desired: &Desired, keys: &[&Key]) -> Vec<String> {
    let delete = |condition| format!("DELETE FROM {} WHERE {condition};", table(desired));
    conditions(desired, keys).into_iter().map(delete).collect()
}

/// Adds rows that name the same columns.
pub(super) fn insert(desired: &Desired, columns: &[&String], rows: &[&Row]) -> Vec<String> {
    let names: Vec<String> = columns.iter().map(|column| desired.server.engine.name(column)).collect();
    let row = |row: &&Row| {
        let cells: Vec<String> = row.values().map(|cell| cell.sql(desired.tables)).collect();
        format!("({})", cells.join(","))
    };
    let insert = |list| format!("INSERT INTO {} ({}) VALUES {list};", table(desired), names.join(","));
    chunks(rows.iter().map(row)).into_iter().map(insert).collect()
}

/// Changes rows: a statement changes one column of many, the value by key.
pub(super) fn update(desired: &Desired, changed: &[Changed<'_>]) -> Vec<String> {
    let engine = desired.server.engine;
    let mut by_column: IndexMap<&String, Vec<&Changed<'_>>> = IndexMap::new();
    for changed in changed {
        for column in &changed.columns {
            by_column.entry(column).or_default().push(changed);
        }
    }
    let mut lines = Vec::new();
    for (column, changed) in by_column {
        let name = engine.name(column);
        for changed in changed.chunks(MOST_UPDATED) {
            let when = changed.iter().map(|changed| {
                let own = conditions(desired, &[changed.key]).concat();
                format!("WHEN {own} THEN {}", changed.row[column].sql(desired.tables))
            });
            let when = when.collect::<Vec<_>>().join(" ");
            let keys: Vec<&Key> = changed.iter().map(|changed| changed.key).collect();
            let update = |condition| {
                format!("UPDATE {} SET {name}=CASE {when} ELSE {name} END WHERE {condition};", table(desired))
            };
            lines.extend(conditions(desired, &keys).into_iter().map(update));
        }
    }
    lines
}
