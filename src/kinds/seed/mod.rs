//! `seed`: rows that a table has.

mod cell;
mod class;
mod compare;
mod rows;
mod sql;
mod statements;
mod tables;

use std::collections::HashMap;

use crate::diagnostic::did_you_mean;
use crate::model::{Change, Changes, Probe, ProbeOutput, Record, Records, Secret, Step, Value};
use crate::{records, variants};

use crate::kinds::shared::database_engine::{
    Answers, CHOICE, DATABASE, Engine, Failure, NOUN, QUERY, RUN, SCHEMA, Server,
};
use crate::resource::{
    Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Variants,
};

use cell::Cell;
use class::Class;
use compare::{compare, read};
pub use rows::{Desired, Observed, Seed};
use rows::{Row, State, plain, row_name};
use statements::Statements;

variants! {
    /// The engines.
    const TABLES: dyn Statements = (NOUN, CHOICE) {
        mysql::Mysql,
        postgresql::Postgresql,
        sqlite::Sqlite,
    }
}

/// How many changes are shown one by one.
const SHOWN: usize = 50;

impl Kind for Seed {
    const KIND: &'static str = "seed";
    const SECTION: &'static str = "seeds";
    const ATTRIBUTES: &'static [Attribute] = &[
        Engine::attribute(TABLES.variants.names),
        Server::ATTRIBUTE,
        Attribute::required("database", Shape::Text, "The database; for SQLite the absolute path of its file."),
        Attribute::required("table", Shape::Text, "The table; for PostgreSQL also `schema.table`."),
        Attribute::required("key", Shape::List(&Shape::Text), "The columns by which a row is known."),
        Attribute::default(
            "on_conflict",
            Shape::OneOf(&["update", "keep"]),
            "update",
            "What happens to a row that is there and differs: `update` changes it, `keep` leaves it.",
        ),
        Attribute::default("prune", Shape::Bool, "false", "Whether rows that are not listed are removed."),
        Attribute::required("rows", Shape::List(&Shape::Map(&Shape::Any)), "The rows: values by column."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "Rows that a table has.",
        name: "Any name.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const VARIANTS: Option<&'static Variants> = Some(&TABLES.variants);

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let server = Server::decode(fields);
        let engine = server.engine;
        let database = fields.text("database").unwrap_or_default();
        let table = fields.text("table").unwrap_or_default();
        let key = fields.texts("key");
        for (attribute, name) in [("database", &database)].into_iter().chain(key.iter().map(|column| ("key", column))) {
            let wrong = engine.refuse_name(name).filter(|_| engine.has_server() || attribute == "key");
            if let Some(wrong) = wrong.filter(|_| fields.has(attribute)) {
                fields.error(attribute, format!("a name in `{attribute}` {wrong}"), "write it as the database has it");
            }
        }
        let wrong = table.split('.').find_map(|part| engine.refuse_name(part)).filter(|_| fields.has("table"));
        if let Some(wrong) = wrong {
            fields.error("table", format!("`{table}` {wrong}"), "write the table as the database has it");
        }
        if fields.has("key") && key.is_empty() {
            fields.error("key", "`key` names no column", "name the columns by which a row is known");
        }
        // For what is unknown, so that the rows are read again later.
        let _ = fields.value("rows");
        let rows = read_rows(fields, engine, &key);
        let mut columns = key.clone();
        for column in rows.iter().flat_map(|row| row.keys()) {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
        Desired {
            database,
            table,
            key,
            keep: fields.text("on_conflict").as_deref() == Some("keep"),
            prune: fields.bool("prune").unwrap_or_default(),
            columns,
            rows,
            tables: TABLES.of(engine.variant()),
            server,
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let desired = &resource.desired;
        let database = desired.server.engine.claim(&desired.database);
        desired.server.required_by(Claims::new()).requires(DATABASE, &database).requires(SCHEMA, &database)
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let row = |(at, resource): (usize, &&Resource<Desired>)| {
            let desired = &resource.desired;
            // No secret is in it.
            desired.server.query(
                resource,
                &desired.database,
                statements::look(statements(desired.server.engine), at, desired, resource.is_absent()),
            )
        };
        Probe::new(&QUERY, all.iter().enumerate().map(row).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let answers = Answers::new(all.len(), output);
        all.iter().enumerate().map(|(at, resource)| observation(resource, &answers, at)).collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let there = observed.rows.iter().filter(|state| state.is_there()).count();
        vec![("rows", Value::Integer(there as i64))]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let none = Observed { rows: vec![State::Missing; desired.rows.len()], extra: Vec::new() };
        let found = match observed {
            Observation::Present(found) => found,
            _ => &none,
        };
        let mut all: Vec<(String, Value, Value)> = Vec::new();
        for (row, state) in desired.rows.iter().zip(&found.rows) {
            let name = || row_name(desired, row.iter().map(|(column, cell)| (column.as_str(), plain(&cell.value()))));
            match state {
                State::Missing => all.push((name(), Value::Null, shown(row))),
                State::There { differs, .. } => all.extend(
                    differs
                        .iter()
                        .map(|(column, before)| (format!("{}.{column}", name()), before.clone(), row[column].value())),
                ),
            }
        }
        for key in &found.extra {
            let cells = desired.key.iter().zip(key).map(|(column, cell)| (column.as_str(), plain(&cell.value())));
            all.push((row_name(desired, cells), "in the table".into(), Value::Null));
        }
        let more = all.len().saturating_sub(SHOWN);
        let mut changes = Changes::new();
        for (name, before, after) in all.into_iter().take(SHOWN) {
            changes.push(&name, before, after);
        }
        if more > 0 {
            changes.push("rows", Value::Null, format!("{more} more changes"));
        }
        changes
    }

    fn remarks(resource: &Resource<Desired>, observed: &Observation<Observed>, _: &[Change]) -> Vec<String> {
        let Observation::Present(found) = observed else { return Vec::new() };
        let gone = match resource.is_absent() {
            true => found.rows.iter().filter(|state| state.is_there()).count(),
            false => found.extra.len(),
        };
        let what = if gone == 1 { "1 row".to_string() } else { format!("{gone} rows") };
        if gone > 0 { vec![format!("removes {what} from the table")] } else { Vec::new() }
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let step = |(at, planned): (usize, &Planned<'_, Self>)| {
            let resource = planned.resource;
            let desired = &resource.desired;
            let sql = Secret::new(statements::change(statements(desired.server.engine), planned));
            let purpose = format!("write rows of {}", desired.table);
            let row = desired.server.query(resource, &desired.database, sql);
            Step::new(desired.server.engine.program_of(&RUN), vec![at], purpose).rows(vec![row])
        };
        batch.iter().enumerate().map(step).collect()
    }
}

/// Returns what an engine does with the rows of its tables.
fn statements(engine: Engine) -> &'static dyn Statements {
    TABLES.of(engine.variant())
}

fn observation(resource: &Resource<Desired>, answers: &Answers<'_>, at: usize) -> Observation<Observed> {
    let desired = &resource.desired;
    let engine = desired.server.engine;
    let all = answers.all(at);
    let class = |record: &&Record| {
        let Some(Column::Is { name, r#type, scale }) = Column::find(record) else { return None };
        Some((Engine::answer(name)?, Class::of(r#type, scale, desired.tables.class())))
    };
    let classes: HashMap<String, Class> = all.iter().filter_map(class).collect();
    if !classes.is_empty()
        && let Some(unknown) = desired.columns.iter().find(|column| !classes.contains_key(*column))
    {
        let mut known: Vec<&str> = classes.keys().map(String::as_str).collect();
        known.sort_unstable();
        let help = did_you_mean(unknown, known).unwrap_or_default();
        return Observation::Failed(format!("the table `{}` has no column `{unknown}`; {help}", desired.table));
    }
    let is_generated = |column: &&String| classes.get(*column) == Some(&Class::Generated);
    if let Some(column) = desired.columns.iter().find(is_generated).filter(|_| !resource.is_absent()) {
        return Observation::Failed(format!(
            "the table `{}` makes the values of `{column}` from other columns; leave `{column}` out of the rows",
            desired.table
        ));
    }
    let records = match answers.of(at, engine) {
        Ok(records) => records,
        Err(Failure::Other(message)) if !classes.is_empty() => {
            let message = statements(engine).complaint(at, desired, message);
            return Observation::Failed(format!("the table `{}` does not take these rows: {message}", desired.table));
        }
        Err(failure) => return failure.observation(resource, &desired.server, &desired.database),
    };
    for (row, number) in desired.rows.iter().zip(1..) {
        for (column, cell) in row {
            let class = classes.get(column).copied().unwrap_or(Class::Other);
            if let Some(wrong) = cell.refuse(class) {
                return Observation::Failed(format!("in row {number}, `{column}` {wrong}"));
            }
        }
    }
    let columns = desired.looked_at(resource.is_absent());
    match read(records, columns.len(), desired.key.len()) {
        Some(found) => compare(resource, columns, &classes, &found),
        None => Observation::Failed("the server's answer cannot be read".into()),
    }
}

records! {
    _ =>
    /// What is selected about each column: its name in hexadecimal, its type and its scale. What [`read`] reads follows.
    enum Column { "column" => Is { name, r#type, scale } }
}

/// Reads the rows; what is wrong is reported at its place.
fn read_rows(fields: &mut Fields<'_>, engine: Engine, key: &[String]) -> Vec<Row> {
    let Some(node) = fields.node("rows") else { return Vec::new() };
    let mut rows: Vec<Row> = Vec::with_capacity(node.items().len());
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (item, number) in node.items().iter().zip(1..) {
        let mut row = Row::new();
        for entry in item.entries() {
            if let Some(wrong) = engine.refuse_name(&entry.key) {
                fields.error_at(
                    entry.key_span,
                    format!("row {number}: the name of a column {wrong}"),
                    "write it as the table has it",
                );
            }
            match Cell::read(engine, &entry.value.to_value()) {
                Ok(cell) => {
                    row.insert(entry.key.clone(), cell);
                }
                Err(wrong) => {
                    let message = format!("row {number}: `{}` {wrong}", entry.key);
                    fields.error_at(entry.value.span, message, "a value is a text, number, boolean, null, or JSON");
                    row.insert(entry.key.clone(), Cell::Null);
                }
            }
        }
        let mut is_whole = true;
        for column in key {
            let wrong = match row.get(column) {
                None => Some(format!("row {number} lacks `{column}`, which is part of its key")),
                Some(Cell::Null) => Some(format!("row {number}: `{column}` is part of the key and may not be null")),
                Some(Cell::Secret(_)) => {
                    Some(format!("row {number}: `{column}` is part of the key and may not be a secret"))
                }
                Some(_) => None,
            };
            if let Some(wrong) = wrong {
                fields.error_at(item.span, wrong, "every row has a value of its own for each column in `key`");
                row.insert(column.clone(), Cell::Null);
                is_whole = false;
            }
        }
        let text =
            key.iter().map(|column| format!("{:?}", row.get(column).map(Cell::value))).collect::<Vec<_>>().join(",");
        if is_whole && let Some(first) = seen.insert(text, number) {
            fields.error_at(item.span, format!("row {number} has the key of row {first}"), "keep one of them");
        }
        rows.push(row);
    }
    rows
}

/// Shows a new row; its secrets are hidden one by one.
fn shown(row: &Row) -> Value {
    let cells = row.iter().map(|(column, cell)| {
        let value = cell.value();
        (column.clone(), if value.is_sensitive() { "(sensitive)".into() } else { value })
    });
    Value::Map(cells.collect())
}
