//! The statements that look rows up and write them.

use indexmap::IndexMap;

use crate::resource::{Observation, Planned};

use super::rows::{Desired, Key, Row, Seed, State};
use super::sql::{self, Changed};
use super::tables::Tables;

/// What an engine does with the rows of its tables.
pub(super) trait Statements: Tables {
    /// Looks the wanted rows up: [`sql::select`], for which the engine makes of what is wanted what the columns would hold. Nothing is
    /// written, also where the server is a replica.
    fn look(&self, at: usize, desired: &Desired, columns: &[String]) -> Vec<String>;
    /// Adds rows that name these columns.
    fn insert(&self, desired: &Desired, columns: &[&String], rows: &[&Row]) -> Vec<String> {
        sql::insert(desired, columns, rows)
    }
    /// Changes rows.
    fn update(&self, desired: &Desired, changed: &[Changed<'_>]) -> Vec<String> {
        sql::update(desired, changed)
    }
    /// Says in the words of the spec why the engine does not take rows to compare them.
    fn complaint(&self, _at: usize, _desired: &Desired, message: String) -> String {
        message
    }
}

/// Selects "column", name, type, scale of each column; then "row", its number and its values of each wanted row that is there; then,
/// where others are pruned, "key" and the key of every row. See [`super::compare::read`].
pub(super) fn look(statements: &dyn Statements, at: usize, desired: &Desired, is_absent: bool) -> String {
    let tables = desired.tables;
    let mut lines = vec![tables.columns(at, &desired.database, &desired.table)];
    lines.extend(statements.look(at, desired, desired.looked_at(is_absent)));
    if desired.prune && !is_absent {
        let key: Vec<String> =
            desired.key.iter().map(|column| tables.value(&desired.server.engine.name(column))).collect();
        lines.push(format!("SELECT {at},'key',{} FROM {};", key.join(","), sql::table(desired)));
    }
    lines.join("\n")
}

/// Writes all that a plan changes, in one transaction.
pub(super) fn change(statements: &dyn Statements, planned: &Planned<'_, Seed>) -> String {
    let resource = planned.resource;
    let desired = &resource.desired;
    let none = vec![State::Missing; desired.rows.len()];
    let (states, extra): (&[State], &[Key]) = match planned.observed {
        Observation::Present(found) => (&found.rows, &found.extra),
        _ => (&none, &[]),
    };
    let mut lines = vec![desired.tables.begin().to_string()];
    if resource.is_absent() {
        let keys = states.iter().filter_map(|state| match state {
            State::There { key, .. } => Some(key),
            State::Missing => None,
        });
        lines.extend(sql::deletes(desired, &keys.collect::<Vec<_>>()));
    } else {
        lines.extend(sql::deletes(desired, &extra.iter().collect::<Vec<_>>()));
        let mut by_columns: IndexMap<Vec<&String>, Vec<&Row>> = IndexMap::new();
        for (row, _) in desired.rows.iter().zip(states).filter(|(_, state)| !state.is_there()) {
            by_columns.entry(row.keys().collect()).or_default().push(row);
        }
        lines.extend(by_columns.iter().flat_map(|(columns, rows)| statements.insert(desired, columns, rows)));
        lines.extend(statements.update(desired, &changes(desired, states)));
    }
    lines.push("COMMIT;".into());
    lines.join("\n")
}

fn changes<'a>(desired: &'a Desired, states: &'a [State]) -> Vec<Changed<'a>> {
    let changed = |(row, state): (&'a Row, &'a State)| match state {
        State::There { key, differs } if !differs.is_empty() => {
            Some(Changed { row, key, columns: differs.iter().map(|(column, _)| column).collect() })
        }
        _ => None,
    };
    desired.rows.iter().zip(states).filter_map(changed).collect()
}
