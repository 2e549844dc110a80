//! PM2's options of an application, and how the spec says them.

use serde_json::{Map, Value as Json};

use crate::model::Value;
use crate::resource::{Attribute, Fields, Shape};

use super::desired::Desired;

pub(super) const ATTRIBUTES: &[Attribute] = &[
    Attribute::required(
        "script",
        Shape::Text,
        "What runs: a path, absolute or from `cwd`, or a program with `interpreter: none`.",
    ),
    Attribute::optional("args", Shape::List(&Shape::Scalar), "Its arguments."),
    Attribute::optional("cwd", Shape::Path, "The folder it runs in; that of an absolute `script` where left out."),
    Attribute::default(
        "interpreter",
        Shape::Text,
        "node",
        "What runs the script: `node`, a path such as a virtual environment's bin/python, or `none`.",
    ),
    Attribute::optional("interpreter_args", Shape::List(&Shape::Scalar), "Arguments of the interpreter."),
    Attribute::default(
        "exec_mode",
        Shape::OneOf(&["fork", "cluster"]),
        "fork",
        "`cluster` shares a port among the processes of a Node application.",
    ),
    Attribute::default("instances", Shape::Integer { min: 1, max: 1024 }, "1", "How many processes there are."),
    Attribute::optional("env", Shape::Map(&Shape::Scalar), "Environment variables; values may be secret."),
    Attribute::optional("max_memory_restart", Shape::Size, "Memory above which a process is restarted."),
    Attribute::optional("cron_restart", Shape::Text, "When it is restarted, as cron writes times: `0 4 * * *`."),
    Attribute::optional("out_file", Shape::Text, "The log of its standard output; PM2's own folder where left out."),
    Attribute::optional("error_file", Shape::Text, "The log of its standard error; PM2's own folder where left out."),
    Attribute::optional("log_date_format", Shape::Text, "The time before each line of a log, as Day.js formats it."),
    Attribute::default("merge_logs", Shape::Bool, "false", "Whether all processes write to one log file."),
    Attribute::optional("kill_timeout", Shape::Duration, "How long it may take to end on SIGINT before it is killed."),
    Attribute::default("wait_ready", Shape::Bool, "false", "Whether it says itself when it is ready (process.send)."),
    Attribute::optional(
        "listen_timeout",
        Shape::Duration,
        "How long a reload waits until a process listens or is ready.",
    ),
    Attribute::default("autorestart", Shape::Bool, "true", "Whether a process that ended is started again."),
    Attribute::optional(
        "max_restarts",
        Shape::Integer { min: 0, max: 1_000_000 },
        "How many times in a row a process may end right after its start; PM2's 16 where left out.",
    ),
    Attribute::optional("restart_delay", Shape::Duration, "How long PM2 waits before it starts a process again."),
    Attribute::default("startup", Shape::Bool, "true", "Whether PM2 and what it saved start with the host."),
    Attribute::optional("restart_on", Shape::Selectors, "What restarts it when it changes."),
    Attribute::optional("reload_on", Shape::Selectors, "What reloads it when it changes: its code, say."),
];

/// Reads all attributes.
pub(super) fn decode(fields: &mut Fields<'_>) -> Desired {
    let name = fields.name();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-@ ".contains(c);
    if name == "all" || name.starts_with('-') || !name.chars().all(is_name) || name.bytes().all(|b| b.is_ascii_digit())
    {
        let message = format!("`{name}` cannot be the name of an application: PM2 would take it for something else");
        fields.error("name", message, "use letters, digits, `.`, `_` and `-`, and not only digits");
    }
    let env = fields.environment("env");
    let options = options(fields);
    let mode = options.get("exec_mode").and_then(Json::as_str).unwrap_or_default();
    let interpreter = options.get("interpreter").and_then(Json::as_str).unwrap_or_default();
    if mode == "cluster" && !interpreter.ends_with("node") {
        let message =
            format!("`exec_mode: cluster` shares ports among Node processes, and `{interpreter}` runs this one");
        fields.error("exec_mode", message, "leave `exec_mode` out; several processes then need ports of their own");
    }
    Desired {
        options,
        env,
        env_is_unknown: fields.is_unknown("env"),
        instances: fields.integer("instances").unwrap_or(1),
        startup: fields.bool("startup").unwrap_or(true),
        restart_on: fields.texts("restart_on"),
        reload_on: fields.texts("reload_on"),
    }
}

fn options(fields: &mut Fields<'_>) -> Map<String, Json> {
    let script = fields.text("script").unwrap_or_default();
    let cwd = fields.text("cwd").or_else(|| {
        let folder = script.rsplit_once('/').map(|(folder, _)| if folder.is_empty() { "/" } else { folder });
        folder.filter(|folder| folder.starts_with('/')).map(str::to_string)
    });
    if cwd.is_none() && !fields.is_absent() && fields.has("script") {
        let message = format!("`cwd` is required: `{script}` is not an absolute path");
        fields.error("script", message, "add `cwd`, the folder it runs in");
    }
    let cron = fields.text("cron_restart");
    if let Some(cron) = cron.as_ref().filter(|cron| ![5, 6].contains(&cron.split_whitespace().count())) {
        let message = format!("`{cron}` is not a time as cron writes it");
        fields.error("cron_restart", message, "write five fields: minute, hour, day, month, weekday");
    }
    let milliseconds = |fields: &mut Fields<'_>, name: &str| {
        let time = fields.duration(name);
        Json::from(time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
    };
    let mut options = Map::new();
    options.insert("script".into(), script.into());
    options.insert("args".into(), fields.texts("args").into());
    options.insert("cwd".into(), cwd.into());
    options.insert("interpreter".into(), fields.text("interpreter").into());
    options.insert("interpreter_args".into(), fields.texts("interpreter_args").into());
    options.insert("exec_mode".into(), fields.text("exec_mode").into());
    options.insert("max_memory_restart".into(), fields.size("max_memory_restart").into());
    options.insert("cron_restart".into(), cron.into());
    for name in ["out_file", "error_file", "log_date_format"] {
        options.insert(name.into(), fields.text(name).into());
    }
    options.insert("merge_logs".into(), fields.bool("merge_logs").unwrap_or_default().into());
    options.insert("kill_timeout".into(), milliseconds(fields, "kill_timeout"));
    options.insert("wait_ready".into(), fields.bool("wait_ready").unwrap_or_default().into());
    options.insert("listen_timeout".into(), milliseconds(fields, "listen_timeout"));
    options.insert("autorestart".into(), fields.bool("autorestart").unwrap_or(true).into());
    options.insert("max_restarts".into(), fields.integer("max_restarts").into());
    options.insert("restart_delay".into(), milliseconds(fields, "restart_delay"));
    options
}

/// Returns whether an option is worth a line in the plan of a new application.
pub(super) fn is_set(name: &str, value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Array(items) => !items.is_empty(),
        Json::Bool(value) => *value != (name == "autorestart"),
        _ => true,
    }
}

/// Returns an option as the spec would write it.
pub(super) fn shown(name: &str, value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => {
            let text = |item: &Json| item.as_str().map_or_else(|| item.to_string(), str::to_string);
            items.iter().map(text).collect::<Vec<_>>().into()
        }
        Json::Number(number) => match (name, number.as_u64()) {
            ("max_memory_restart", Some(bytes)) if bytes % (1 << 20) == 0 => format!("{}MiB", bytes >> 20).into(),
            ("kill_timeout" | "listen_timeout" | "restart_delay", Some(time)) if time % 1000 == 0 => {
                format!("{}s", time / 1000).into()
            }
            ("kill_timeout" | "listen_timeout" | "restart_delay", Some(time)) => format!("{time}ms").into(),
            _ => number.as_i64().map_or_else(|| number.to_string().into(), Value::Integer),
        },
        Json::Object(_) => value.to_string().into(),
    }
}

/// Returns the absolute path that an option names, from the folder it runs in.
pub(super) fn path_of(options: &Map<String, Json>, name: &str) -> Option<String> {
    let text = options.get(name)?.as_str()?;
    if text.starts_with('/') {
        return Some(text.to_string());
    }
    let cwd = options.get("cwd")?.as_str()?;
    let path = format!("{cwd}/{}", text.strip_prefix("./").unwrap_or(text));
    (!path.contains("/../")).then_some(path)
}
