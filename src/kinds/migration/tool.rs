//! A tool that has migrations of its own: where it runs, and what the host says of it.

use crate::model::{Arg, Record, Records, Row};
use crate::resource::{Claim, Fields, Observation, Space};
use crate::{records, row, rows};

use super::history;
use super::observed::{Observed, State};

rows! {
    include_str!("tool.sh") =>
    /// A tool; names and values of its environment variables follow.
    struct Running { tool, user, directory, venv, options; more }
}

records! {
    include_str!("probe.sh") =>
    /// What is known of a tool: what it lacks, or what it said.
    enum Told {
        "no-user" => NoUser,
        "no-directory" => NoDirectory,
        "no-program" => NoProgram,
        "error" => Error { said },
        "told" => Told { now, all },
    }
}

/// A tool that has migrations of its own.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    pub name: String,
    pub directory: String,
    pub venv: Option<String>,
    options: Vec<String>,
    environment: Vec<(String, Arg)>,
}

impl Tool {
    /// Reads its attributes.
    pub fn decode(fields: &mut Fields<'_>, name: String) -> Self {
        let options = fields.texts("options");
        if options.iter().any(|option| option.is_empty() || option.contains('\n')) {
            fields.error("options", "an option is empty or has a line break", "write one word for each item");
        }
        Self {
            name,
            directory: fields.text("directory").unwrap_or_default(),
            venv: fields.text("venv"),
            options,
            environment: fields.environment("environment"),
        }
    }

    /// Makes the row that `tool.sh` reads.
    pub fn row(&self, run_as: Option<&String>) -> Row {
        let mut row = row![Running {
            tool: &self.name,
            user: run_as,
            directory: &self.directory,
            venv: self.venv.as_ref(),
            options: self.options.join("\n"),
        }];
        for (name, value) in &self.environment {
            row.push(name.into());
            row.push(value.clone());
        }
        row
    }

    /// Reads what the probe told of it; `database` may come with the spec.
    pub fn told(&self, record: &Record, run_as: Option<&String>, database: Option<Claim>) -> Observation<Observed> {
        let later = |needs: Claim, reason: String| Observation::Later { needs, reason };
        let told = match Told::read(record) {
            Ok(told) => told,
            Err(reason) => return Observation::Failed(reason),
        };
        match told {
            Told::NoUser => {
                let user = run_as.cloned().unwrap_or_default();
                later(Claim::new(Space::USER, user), "the user it runs as is not there yet".into())
            }
            Told::NoDirectory => {
                later(Claim::path(self.directory.as_str()), format!("the folder {} is not there", self.directory))
            }
            Told::NoProgram => match (self.name.as_str(), &self.venv) {
                ("alembic", Some(venv)) => later(Claim::path(venv.as_str()), format!("{venv} holds no alembic")),
                ("alembic", None) => later(Claim::new(Space::PROGRAM, "alembic"), "alembic is not on the host".into()),
                _ => {
                    let path = format!("{}/node_modules", self.directory);
                    later(Claim::path(path.as_str()), format!("{path} holds no knex"))
                }
            },
            Told::Told { now, all } => {
                let told = match self.name.as_str() {
                    "alembic" => history::alembic(now, all),
                    _ => history::knex(now),
                };
                match told {
                    Some(told) => {
                        Observation::Present(Observed { applied: told.applied, state: State::Tool(told.waiting) })
                    }
                    None => Observation::Failed(format!("what {} says is not understood", self.name)),
                }
            }
            Told::Error { said } => {
                let last =
                    said.trim_end().lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
                let reason = format!("{} does not say what is pending: {}", self.name, last.trim());
                match database {
                    Some(database) => later(database, reason),
                    None => Observation::Failed(reason),
                }
            }
        }
    }
}
