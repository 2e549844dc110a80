//! `cron`: a command that cron runs at certain times.

mod crontab;

use crate::model::{Arg, Content};

use crate::kinds::shared::owned_file::OwnedFile;
use crate::kinds::shared::program::program;
use crate::kinds::shared::schedule;
use crate::kinds::shared::system_file::{self, SystemFile};
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Resource, Shape, Space};

/// A command that cron runs at certain times.
pub struct Cron;

/// A job as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    user: String,
    /// The whole file.
    content: Content,
}

impl Kind for Cron {
    const KIND: &'static str = "cron";
    const SECTION: &'static str = "crons";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required(
            "schedule",
            Shape::Text,
            "Minute, hour, day of the month, month and day of the week, or one of @reboot, @hourly, @daily, @weekly, @monthly, \
             @yearly.",
        ),
        Attribute::required("command", Shape::Text, "The command, as `sh` is to get it: a `%` needs no backslash."),
        Attribute::default("user", Shape::Account, "root", "The unix user it runs as."),
        Attribute::optional(
            "environment",
            Shape::Map(&Shape::Scalar),
            "Environment variables, such as PATH and MAILTO.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A command that cron runs at certain times.",
        name: "Any words that say what it is for.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = &["schedule", "command", "user", "environment"];
    const SHOWN_AS: &'static [(&'static str, &'static str)] =
        &[("schedule", "content"), ("command", "content"), ("user", "content"), ("environment", "content")];
    const STAYS: &'static [&'static str] = &["content"];

    type Desired = Desired;
    type Observed = OwnedFile;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name: String = fields.name().chars().filter(|c| !c.is_control()).collect();
        if crontab::file_name(&name) == "infra-" {
            let help = "the file's name is made of the letters and digits of the resource's name";
            fields.error("name", format!("`{name}` has no letter or digit"), help);
        }
        let schedule = fields.text("schedule").unwrap_or_default();
        let schedule =
            checked(fields, "schedule", schedule::parse(&schedule), "write it like \"*/5 * * * *\" or @daily");
        let user = fields.text("user").unwrap_or_default();
        let command = fields.arg("command").unwrap_or_else(|| Arg::from(""));
        let line = crontab::command(command.expose());
        let line = checked(fields, "command", line, "put what it does into a file, and run that");
        let environment = fields.args("environment");
        let mut text = format!("# Written by infra: {name}\n");
        for (name, value) in &environment {
            let line = crontab::variable(name, value.expose());
            text.push_str(&checked(fields, "environment", line, "set it in a script that the command runs"));
            text.push('\n');
        }
        text.push_str(&format!("{schedule} {user} {line}\n"));
        let is_secret = |arg: &Arg| matches!(arg, Arg::Secret(_));
        let is_sensitive = is_secret(&command) || environment.iter().any(|(_, value)| is_secret(value));
        let content = if Self::OBSERVED_WITHOUT.iter().any(|attribute| fields.is_unknown(attribute)) {
            Content::unknown()
        } else {
            Content::new(text.into_bytes()).mark_sensitive(is_sensitive)
        };
        Desired { user, content }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let claims = system_file::claims::<Self>(resource);
        match resource.desired.user.as_str() {
            // Its user stays until it runs no more.
            user if resource.is_absent() => claims.requires(Space::USER, user),
            "" | "root" => claims.requires(Space::PROGRAM, "cron"),
            _ => claims.requires(Space::PROGRAM, "cron").run_as(Some(&resource.desired.user)),
        }
    }

    system_file::observed_and_written_as_a_file!();
}

impl SystemFile for Cron {
    const FOLDER: &'static str = "/etc/cron.d";
    const CALLED: [&'static str; 2] = ["job", "jobs"];
    const READER: Option<&'static str> = Some("cron");
    const PROBE: &'static str = program![system_file::READER, "find_reader crontab crond cron\n"];

    fn file_name(name: &str) -> String {
        crontab::file_name(name)
    }

    fn content(desired: &Desired) -> Option<&Content> {
        Some(&desired.content)
    }
}

/// Reports what is wrong with an attribute that the spec gives; what is left out is reported elsewhere.
fn checked(fields: &mut Fields<'_>, attribute: &str, result: Result<String, String>, help: &str) -> String {
    result.unwrap_or_else(|wrong| {
        if fields.has(attribute) {
            fields.error(attribute, wrong, help);
        }
        String::new()
    })
}
