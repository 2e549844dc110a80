//! What a server found, beside what the spec wants.

use std::collections::{HashMap, HashSet};

use crate::kinds::shared::database_engine::unhex;
use crate::model::{Record, Secret, Value};
use crate::resource::{Observation, Resource};

use super::cell::Cell;
use super::class::{Class, Found, bits};
use super::rows::{Desired, Key, Observed, Row, State, plain, row_name};
use super::tables::Tables;

/// What was looked at of a table.
pub(super) struct Seen {
    /// The number of a wanted row from 0, and a row of the table that has its key.
    rows: Vec<(usize, Vec<Look>)>,
    /// The keys of all rows of the table, where others are pruned.
    keys: Vec<Vec<Look>>,
}

/// A value, as the server compared it with the wanted one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Look {
    Same,
    /// It differs, or was not compared. SQLite tells the class of each value.
    Found(Found, Option<Class>),
}

impl Look {
    /// Reads ".", "-" for null, or a letter and hexadecimal.
    fn read(field: &str) -> Option<Self> {
        let (letter, hex) = field.split_at_checked(1)?;
        let class = match letter {
            "." => return Some(Self::Same),
            "-" => return Some(Self::Found(None, None)),
            "i" => Some(Class::Integer),
            "r" => Some(Class::Float64),
            "t" => Some(Class::Text),
            "b" => Some(Class::Binary),
            _ => None,
        };
        Some(Self::Found(Some(unhex(hex)?), class))
    }
}

/// Reads the rows that were looked up, "row" and a number before their values, and the keys of all, each after "key".
pub(super) fn read(records: &[&Record], columns: usize, key: usize) -> Option<Seen> {
    let mut seen = Seen { rows: Vec::new(), keys: Vec::new() };
    let looks = |values: &[String], count: usize| {
        let looks: Option<Vec<Look>> = values.iter().map(|field| Look::read(field)).collect();
        looks.filter(|looks| looks.len() == count)
    };
    for record in records {
        match record.fields.split_first() {
            Some((word, rest)) if word == "row" => {
                let (number, values) = rest.split_first()?;
                seen.rows.push((number.parse::<usize>().ok()?.checked_sub(1)?, looks(values, columns)?));
            }
            Some((word, values)) if word == "key" => seen.keys.push(looks(values, key)?),
            _ => {}
        }
    }
    Some(seen)
}

/// Says how the wanted rows compare with what was looked at.
pub(super) fn compare(
    resource: &Resource<Desired>,
    columns: &[String],
    classes: &HashMap<String, Class>,
    seen: &Seen,
) -> Observation<Observed> {
    let desired = &resource.desired;
    let found = match by_row(desired, seen) {
        Ok(found) => found,
        Err(wrong) => return Observation::Failed(wrong),
    };
    let key = |looks: &[Look]| -> Key {
        let cells = desired.key.iter().zip(looks);
        cells.map(|(column, look)| cell(desired.tables, look, classes.get(column).copied())).collect()
    };
    let state = |(row, found): (&Row, &Option<&[Look]>)| match found {
        None => State::Missing,
        Some(looks) => {
            let others = columns.iter().zip(looks.iter()).skip(desired.key.len());
            let differs = others.filter_map(|(column, look)| {
                let class = classes.get(column).copied().unwrap_or(Class::Other);
                differs(desired, row.get(column)?, class, look).map(|before| (column.clone(), before))
            });
            State::There { key: key(looks), differs: differs.collect() }
        }
    };
    let rows: Vec<State> = desired.rows.iter().zip(&found).map(state).collect();
    let taken: HashSet<&[Look]> = found.iter().flatten().map(|looks| &looks[..desired.key.len()]).collect();
    let extra: Vec<Key> =
        seen.keys.iter().filter(|looks| !taken.contains(looks.as_slice())).map(|looks| key(looks)).collect();
    let is_empty = !rows.iter().any(State::is_there) && extra.is_empty();
    if is_empty && (resource.is_absent() || !rows.is_empty()) {
        return Observation::Absent;
    }
    Observation::Present(Observed { rows, extra })
}

/// Finds for each wanted row the row of the table; says where a key does not tell rows apart.
fn by_row<'a>(desired: &Desired, seen: &'a Seen) -> Result<Vec<Option<&'a [Look]>>, String> {
    let name = |row: &Row| row_name(desired, row.iter().map(|(column, cell)| (column.as_str(), plain(&cell.value()))));
    let mut found: Vec<Vec<&[Look]>> = vec![Vec::new(); desired.rows.len()];
    let mut wanted_by: HashMap<&[Look], usize> = HashMap::new();
    for (number, looks) in &seen.rows {
        let Some(rows) = found.get_mut(*number) else { return Err("the server's answer cannot be read".into()) };
        rows.push(looks);
        let key = &looks[..desired.key.len()];
        if let Some(first) = wanted_by.insert(key, *number).filter(|first| first != number) {
            let (first, second) = (first.min(*number), first.max(*number));
            return Err(format!(
                "rows {} and {} are one row of the table `{}`, as it compares {}; keep one of them",
                first + 1,
                second + 1,
                desired.table,
                name(&desired.rows[second])
            ));
        }
    }
    let one = |(row, found): (&Row, Vec<&'a [Look]>)| match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        several => Err(format!(
            "{} rows of the table `{}` are {}; a key has to tell rows apart",
            several.len(),
            desired.table,
            name(row)
        )),
    };
    desired.rows.iter().zip(found).map(one).collect()
}

/// Returns what a column holds, for a plan, where it has not what is wanted.
fn differs(desired: &Desired, cell: &Cell, class: Class, look: &Look) -> Option<Value> {
    let (found, own) = match look {
        // What is not sent to be compared is null there.
        Look::Same if cell.is_compared_here() => (&None, None),
        Look::Same => return None,
        Look::Found(found, own) => (found, *own),
    };
    let class = own.unwrap_or(class);
    let is_by_content = matches!(cell, Cell::Json(_)) || matches!(class, Class::Decimal(_) | Class::Json);
    if (cell.is_compared_here() || is_by_content) && cell.is(desired.tables, class, found) {
        return None;
    }
    let Cell::Secret(secret) = cell else {
        return (!desired.keep).then(|| shown(desired.tables, class, found));
    };
    let is_old = secret.previous().is_some_and(|previous| Cell::Secret(previous).is(desired.tables, class, found));
    (!desired.keep || is_old).then(|| Value::Secret(Secret::new("")))
}

/// Takes a value as it was found, to know its row by.
fn cell(tables: &dyn Tables, look: &Look, class: Option<Class>) -> Cell {
    let Look::Found(Some(found), own) = look else { return Cell::Null };
    let bytes = || Cell::Bytes(found.clone());
    let Ok(text) = std::str::from_utf8(found) else { return bytes() };
    match own.or(class) {
        Some(Class::Integer) => text.parse().map_or_else(|_| Cell::Text(text.into()), Cell::Integer),
        Some(Class::Float64) if own.is_some() => text.parse().map_or_else(|_| Cell::Text(text.into()), Cell::Float),
        Some(Class::Bits) if tables.has_bits() => i64::try_from(bits(found)).map_or_else(|_| bytes(), Cell::Integer),
        Some(class @ Class::Binary) => tables.bytes(class, found).map_or_else(bytes, Cell::Bytes),
        _ => Cell::Text(text.into()),
    }
}

fn shown(tables: &dyn Tables, class: Class, found: &Found) -> Value {
    match found {
        None => Value::Null,
        Some(bytes) if class == Class::Bits && tables.has_bits() => bits(bytes).to_string().into(),
        Some(bytes) if class == Class::Binary => format!("{} bytes", bytes.len()).into(),
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
    }
}
