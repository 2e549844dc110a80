//! What a server answered, or why it did not.

use crate::model::{ProbeOutput, Record, Records};
use crate::records;

use super::failure::Failure;
use super::{DATABASE, Engine, SCHEMA, Server};
use crate::resource::{Claim, Observation, Resource, Space};

records! {
    include_str!("query.sh") =>
    /// Why there is no answer.
    enum Trouble {
        "missing" => NoClient,
        "error" => Complaint { complaint },
    }
}

/// The answers of a probe that ran [`super::QUERY`].
pub(crate) struct Answers<'a> {
    output: &'a ProbeOutput,
    by_row: Vec<Vec<&'a Record>>,
}

impl<'a> Answers<'a> {
    /// Sorts the records of so many rows.
    pub(crate) fn new(rows: usize, output: &'a ProbeOutput) -> Self {
        let mut by_row = vec![Vec::new(); rows];
        for record in &output.records {
            if let Some(row) = by_row.get_mut(record.index) {
                row.push(record);
            }
        }
        Self { output, by_row }
    }

    /// Returns the records of a row, failed or not.
    pub(crate) fn all(&self, row: usize) -> &[&'a Record] {
        self.by_row.get(row).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the records of a row; none is a failure.
    pub(crate) fn of(&self, row: usize, engine: Engine) -> Result<&[&'a Record], Failure> {
        let records = self.all(row);
        match records.iter().find_map(|record| Trouble::find(record)) {
            Some(Trouble::NoClient) => return Err(Failure::NoClient),
            Some(Trouble::Complaint { complaint }) => return Err(Failure::of(engine, complaint)),
            None => {}
        }
        if records.is_empty() { Err(Failure::Other(self.output.explain())) } else { Ok(records) }
    }
}

impl Failure {
    /// Tells what a client's complaint means.
    pub(crate) fn of(engine: Engine, complaint: &str) -> Self {
        engine.way().complaint(complaint.to_string())
    }

    /// Says what a resource is that could not be asked about: what may come with the spec is waited for. `database` is the
    /// one asked about, empty where it is none.
    pub(crate) fn observation<D, O>(self, resource: &Resource<D>, server: &Server, database: &str) -> Observation<O> {
        let engine = server.engine;
        let title = engine.title();
        match self {
            Self::NoClient => Observation::Later {
                needs: Claim::new(Space::PROGRAM, engine.program()),
                reason: format!("the host has no client of {title} (`{}`)", engine.program()),
            },
            Self::NoServer(message) => match engine.unit().filter(|_| server.is_local()) {
                Some(unit) => Observation::Later {
                    needs: Claim::new(Space::SERVICE, unit),
                    reason: format!("no {title} server answers: {message}"),
                },
                None => Observation::Failed(format!("no {title} server answers: {message}")),
            },
            Self::Refused(message) => {
                let reason = format!(
                    "{title} refuses {}: {message}; set `admin` to an account that may do this",
                    server.describe()
                );
                match server.login() {
                    // Its account may come with the spec. What goes may be there all the same.
                    Some(needs) if !resource.is_absent() => Observation::Later { needs, reason },
                    _ => Observation::Failed(reason),
                }
            }
            Self::NoDatabase(message) => Observation::Later {
                needs: Claim::new(DATABASE, engine.claim(database)),
                reason: format!("the database `{database}` is not there: {message}"),
            },
            Self::NoTable(message) => {
                Observation::Later { needs: Claim::new(SCHEMA, engine.claim(database)), reason: message }
            }
            Self::Other(message) => Observation::Failed(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_told_apart() {
        type Made = fn(String) -> Failure;
        let known: [(Engine, &str, Made); 13] = [
            (
                Engine::Mysql,
                "ERROR 2002 (HY000): Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)",
                Failure::NoServer,
            ),
            (Engine::Mysql, "ERROR 1698 (28000): Access denied for user 'root'@'localhost'", Failure::Refused),
            (Engine::Mysql, "ERROR 1049 (42000) Unknown database 'x'", Failure::NoDatabase),
            (Engine::Mysql, "ERROR 1146 (42S02) Table 'x.y' doesn't exist", Failure::NoTable),
            (Engine::Mysql, "ERROR 1054 (42S22) Unknown column 'x' in 'SELECT'", Failure::Other),
            (
                Engine::Postgresql,
                "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No such file or directory",
                Failure::NoServer,
            ),
            (
                Engine::Postgresql,
                "psql: error: connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  password authentication failed for user \"x\"",
                Failure::Refused,
            ),
            (
                Engine::Postgresql,
                "psql: error: connection to server on socket \"/x\" failed: FATAL:  database \"nope\" does not exist",
                Failure::NoDatabase,
            ),
            (
                Engine::Postgresql,
                "psql: error: connection to server on socket \"/x\" failed: FATAL:  role \"root\" does not exist",
                Failure::Refused,
            ),
            (Engine::Postgresql, "ERROR:  relation \"x\" does not exist at character 15", Failure::NoTable),
            (Engine::Postgresql, "runuser: user postgres does not exist", Failure::NoServer),
            (
                Engine::Sqlite,
                "Error: unable to open database \"/x\": unable to open database file",
                Failure::NoDatabase,
            ),
            (Engine::Sqlite, "Parse error no such table: x", Failure::NoTable),
        ];
        for (engine, complaint, made) in known {
            assert_eq!(Failure::of(engine, complaint), made(complaint.to_string()));
        }
    }
}
