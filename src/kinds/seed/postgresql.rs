//! Rows of PostgreSQL.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::kinds::shared::database_engine::{Engine, POSTGRESQL, hex, unhex};
use crate::resource::Variant;

use super::cell::Cell;
use super::class::{Class, GENERATED};
use super::rows::{Desired, Row};
use super::sql::{self, Changed};
use super::statements::Statements;
use super::tables::Tables;

pub const VARIANT: Variant = POSTGRESQL;

const ENGINE: Engine = Engine::Postgresql;

/// What holds the wanted rows in a session; nothing in a database does.
const SETTING: &str = "infra.wanted";

/// What PostgreSQL does.
#[derive(Debug)]
pub struct Postgresql;

impl Tables for Postgresql {
    fn engine(&self) -> Engine {
        ENGINE
    }

    fn split<'a>(&self, table: &'a str) -> (Option<&'a str>, &'a str) {
        table.split_once('.').map_or((None, table), |(schema, table)| (Some(schema), table))
    }

    fn columns(&self, at: usize, _database: &str, table: &str) -> String {
        let (schema, table) = self.split(table);
        format!(
            "SELECT {at},'column',{},CASE is_generated WHEN 'ALWAYS' THEN '{GENERATED}' ELSE udt_name END,coalesce(numeric_scale::text,'') \
             FROM information_schema.columns WHERE table_schema={} AND table_name={};",
            ENGINE.as_hex("column_name"),
            schema.map_or("current_schema()".to_string(), |schema| ENGINE.text(schema)),
            ENGINE.text(table)
        )
    }

    fn value(&self, column: &str) -> String {
        format!("coalesce('='||encode(convert_to({column}::text,'UTF8'),'hex'),'-')")
    }

    /// They are written as a text.
    fn bytes(&self, class: Class, found: &[u8]) -> Option<Vec<u8>> {
        match class {
            Class::Binary => unhex(std::str::from_utf8(found).ok()?.strip_prefix("\\x")?),
            _ => Some(found.to_vec()),
        }
    }

    fn truth(&self, value: bool) -> String {
        format!("'{value}'")
    }

    /// A quoted text takes the type of its column.
    fn number(&self, number: String) -> String {
        format!("'{number}'")
    }

    fn begin(&self) -> &'static str {
        "BEGIN;"
    }
}

impl Statements for Postgresql {
    fn look(&self, at: usize, desired: &Desired, columns: &[String]) -> Vec<String> {
        let same =
            |_, name: &str| format!(r#"t.{name}::text COLLATE "C" IS NOT DISTINCT FROM w.{name}::text COLLATE "C""#);
        let select = sql::select(at, desired, columns, "e.doc->>0", same);
        let wanted = format!("current_setting('{SETTING}')");
        let from = format!("{} JOIN {} AS t ON {}", rows(desired, &wanted), sql::table(desired), on(desired));
        let row = |(row, number): (&Row, usize)| document(number, columns, row, Cell::is_compared_here);
        let lists = sql::chunks(desired.rows.iter().zip(1..).map(row));
        let look = |list| {
            [
                format!("SET {SETTING} TO {};", ENGINE.text(&format!("[{list}]"))),
                check(desired, &wanted),
                format!("{select} FROM {from};"),
            ]
        };
        lists.into_iter().flat_map(look).collect()
    }

    fn insert(&self, desired: &Desired, columns: &[&String], rows: &[&Row]) -> Vec<String> {
        let names: Vec<String> = columns.iter().map(|column| ENGINE.name(column)).collect();
        let values: Vec<String> = names.iter().map(|name| format!("w.{name}")).collect();
        let insert = |list| {
            let (table, names, values) = (sql::table(desired), names.join(","), values.join(","));
            // A column that is GENERATED ALWAYS AS IDENTITY takes a value too, if asked to.
            format!(
                "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {};",
                rows_of(desired, list)
            )
        };
        let documents = rows.iter().map(|row| document(0, row.keys(), row, |_| false));
        let inserts = sql::chunks(documents).into_iter().map(insert);
        inserts.chain(columns.iter().filter_map(|column| pass(desired, column, rows))).collect()
    }

    fn update(&self, desired: &Desired, changed: &[Changed<'_>]) -> Vec<String> {
        let mut by_columns: IndexMap<&[&String], Vec<String>> = IndexMap::new();
        for changed in changed {
            let columns = desired.key.iter().chain(changed.columns.iter().copied());
            by_columns.entry(&changed.columns).or_default().push(document(0, columns, changed.row, |_| false));
        }
        let mut lines = Vec::new();
        for (columns, documents) in by_columns {
            let set = columns.iter().map(|column| ENGINE.name(column)).map(|name| format!("{name}=w.{name}"));
            let set = set.collect::<Vec<_>>().join(",");
            lines.extend(sql::chunks(documents.into_iter()).into_iter().map(|list| {
                let (table, on) = (sql::table(desired), on(desired));
                format!("UPDATE {table} AS t SET {set} FROM {} WHERE {on};", rows_of(desired, list))
            }));
        }
        lines
    }
}

/// Moves the sequence that a column takes its numbers from past those it was given, for the next row that the application adds
/// would get one of them: its own, or another one that its default names. One that counts down is moved down.
fn pass(desired: &Desired, column: &str, rows: &[&Row]) -> Option<String> {
    let numbers = rows.iter().filter_map(|row| match row.get(column) {
        Some(Cell::Integer(number)) => Some(*number),
        _ => None,
    });
    let numbers: Vec<i64> = numbers.collect();
    let (least, most) = (numbers.iter().min()?, numbers.iter().max()?);
    let (table, column) = (ENGINE.text(&sql::table(desired)), ENGINE.text(column));
    let named = format!(
        "SELECT c.oid::regclass FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid=f.adrelid AND a.attnum=f.adnum \
         JOIN pg_depend d ON d.classid='pg_attrdef'::regclass AND d.objid=f.oid AND d.refclassid='pg_class'::regclass \
         JOIN pg_class c ON c.oid=d.refobjid AND c.relkind='S' WHERE f.adrelid={table}::regclass AND a.attname={column} LIMIT 1"
    );
    let body = format!(
        "DECLARE q pg_sequence; n bigint; BEGIN SELECT * INTO q FROM pg_sequence \
         WHERE seqrelid=coalesce(pg_get_serial_sequence({table},{column})::regclass,({named})); \
         n:=CASE WHEN q.seqincrement>0 THEN {most} ELSE {least} END; \
         IF n BETWEEN q.seqmin AND q.seqmax AND has_sequence_privilege(q.seqrelid,'UPDATE') \
         AND coalesce(sign(n::numeric-pg_sequence_last_value(q.seqrelid))=sign(q.seqincrement),true) \
         THEN PERFORM setval(q.seqrelid,n); END IF; END"
    );
    Some(format!("DO {};", ENGINE.text(&body)))
}

/// Joins the columns of the key.
fn on(desired: &Desired) -> String {
    sql::on(desired, |_, name| format!("t.{name}=w.{name}"))
}

/// Writes a row as JSON: its number, the values that are written as texts, and those that are lists or mappings. What is
/// `left_out` is null.
fn document<'a>(
    number: usize,
    columns: impl IntoIterator<Item = &'a String>,
    row: &Row,
    left_out: impl Fn(&Cell) -> bool,
) -> String {
    let (mut texts, mut structures) = (Map::new(), Map::new());
    for column in columns {
        let Some(cell) = row.get(column).filter(|cell| !left_out(cell)) else { continue };
        let text = match cell {
            Cell::Null | Cell::Unknown => continue,
            Cell::Json(value) => {
                structures.insert(column.clone(), value.clone());
                continue;
            }
            Cell::Bool(value) => value.to_string(),
            Cell::Integer(value) => value.to_string(),
            Cell::Float(value) => format!("{value:?}"),
            Cell::Text(text) => text.clone(),
            Cell::Secret(secret) => secret.expose().to_string(),
            Cell::Bytes(bytes) => format!("\\x{}", hex(bytes)),
        };
        texts.insert(column.clone(), text.into());
    }
    Json::Array(vec![number.into(), texts.into(), structures.into()]).to_string()
}

/// Makes of a JSON list of documents, which an expression has, rows `w` of the table's own type, each beside its document.
fn rows(desired: &Desired, list: &str) -> String {
    format!("json_array_elements({list}::json) AS e(doc) CROSS JOIN LATERAL {} AS w", record(desired, "e.doc"))
}

fn rows_of(desired: &Desired, documents: String) -> String {
    rows(desired, &ENGINE.text(&format!("[{documents}]")))
}

/// Makes a row of the table's own type: of texts by the input functions of the columns' types, and then of lists and mappings, which
/// are arrays, composites or JSON.
fn record(desired: &Desired, doc: &str) -> String {
    let table = sql::table(desired);
    let name = ENGINE.text(&table);
    format!(
        r#"json_populate_record((SELECT ('('||string_agg(CASE WHEN v IS NULL THEN '' ELSE '"'||replace(replace(v,E'\\',E'\\\\'),'"','""')||'"' END,',' ORDER BY attnum)||')')::{table} FROM (SELECT attnum,{doc}->1->>attname AS v FROM pg_attribute WHERE attrelid={name}::regclass AND attnum>0 AND NOT attisdropped) AS a),{doc}->2)"#
    )
}

/// Complains about the first value that its column cannot hold.
fn check(desired: &Desired, list: &str) -> String {
    let (row, table) = (record(desired, "e.doc"), sql::table(desired));
    let single = record(desired, "json_build_array(0,f.one,f.other)");
    let body = format!(
        "DECLARE e record; f record; BEGIN PERFORM FROM {table} LIMIT 0; FOR e IN SELECT doc FROM json_array_elements({list}::json) AS d(doc) \
         LOOP BEGIN PERFORM {row}; EXCEPTION WHEN OTHERS THEN FOR f IN \
         SELECT key,json_build_object(key,value) AS one,'{{}}'::json AS other FROM json_each(e.doc->1) UNION ALL \
         SELECT key,'{{}}'::json,json_build_object(key,value) FROM json_each(e.doc->2) \
         LOOP BEGIN PERFORM {single}; EXCEPTION WHEN OTHERS THEN RAISE EXCEPTION 'row %, column %: %',e.doc->>0,f.key,SQLERRM; END; \
         END LOOP; RAISE EXCEPTION 'row %: %',e.doc->>0,SQLERRM; END; END LOOP; END"
    );
    format!("DO {};", ENGINE.text(&body))
}
