//! How a database server is reached.

use crate::model::{Arg, Row, Secret, Value};

use super::{Engine, LOGIN};
use crate::resource::{Attribute, Claim, Claims, Fields, Resource, Shape, Space};
use crate::{row, rows};

rows! {
    _ =>
    /// How a server is reached; [`Query`] follows.
    pub(crate) struct Connection { engine, account, login, password, socket, server, port, tls, authority, database }
}

rows! {
    include_str!("client.sh") =>
    /// What a server is asked or told.
    pub(crate) struct Query after Connection { sql, lines }
}

/// The way to a server, or to a file of SQLite.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server {
    pub(crate) engine: Engine,
    /// The account of the server; its own default where left out.
    user: Option<String>,
    password: Option<Secret>,
    socket: Option<String>,
    host: Option<String>,
    port: Option<i64>,
    tls: Option<String>,
    authority: Option<String>,
}

const TLS: &[Attribute] = &[
    Attribute::default(
        "mode",
        Shape::OneOf(&["plain", "required", "verified"]),
        "verified",
        "`required` encrypts; `verified` checks the server's certificate and name as well; `plain` does not encrypt.",
    ),
    Attribute::optional("ca", Shape::Path, "The file of trusted certificates, on the host."),
];

const ADMIN: &[Attribute] = &[
    Attribute::optional("user", Shape::Text, "The server's account; `root` of MySQL and `postgres` where left out."),
    Attribute::optional(
        "password",
        Shape::Text,
        "Its password, which may be a secret; by the local socket where left out.",
    ),
    Attribute::optional("socket", Shape::Path, "The server's socket, or for PostgreSQL its folder."),
    Attribute::optional("host", Shape::Text, "The server's name or address, seen from the host; over TCP."),
    Attribute::optional("port", Shape::Integer { min: 1, max: 65_535 }, "The server's port."),
    Attribute::optional(
        "tls",
        Shape::Object(TLS),
        "Whether the connection is encrypted. Where left out: as the server likes on the host itself, and always elsewhere.",
    ),
];

impl Server {
    /// The attribute of every kind that talks to a server.
    pub(crate) const ATTRIBUTE: Attribute = Attribute::optional(
        "admin",
        Shape::Object(ADMIN),
        "How the server is reached; by its local socket, as the account that owns it, where left out.",
    );

    /// Reads `engine` and `admin`.
    pub(crate) fn decode(fields: &mut Fields<'_>) -> Self {
        let engine = Engine::decode(fields);
        let Some(value) = fields.value("admin") else { return Self { engine, ..Self::default() } };
        if !engine.has_server() {
            let message = format!("{} has no server", engine.title());
            fields.error("admin", message, "leave `admin` out; `as` names the user that opens the file");
        }
        let Value::Map(admin) = &value else { return Self { engine, ..Self::default() } };
        let text = |value: Option<&Value>| match value {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let tls = match admin.get("tls") {
            Some(Value::Map(tls)) => Some(tls),
            _ => None,
        };
        let password = match admin.get("password") {
            Some(Value::Secret(secret)) => Some(secret.clone()),
            Some(Value::Text(text)) => Some(Secret::new(text.clone())),
            // Known later; that there is one counts for the order.
            Some(Value::Unknown(_)) => Some(Secret::new("")),
            _ => None,
        };
        let server = Self {
            engine,
            user: text(admin.get("user")),
            password,
            socket: text(admin.get("socket")),
            host: text(admin.get("host")),
            port: match admin.get("port") {
                Some(Value::Integer(port)) => Some(*port),
                _ => None,
            },
            tls: tls.and_then(|tls| text(tls.get("mode"))),
            authority: tls.and_then(|tls| text(tls.get("ca"))),
        };
        for (what, sensitive) in admin.iter().filter(|(key, _)| *key != "password").map(|(k, v)| (k, v.is_sensitive()))
        {
            if sensitive {
                fields.error("admin", format!("`{what}` may not be a secret"), "only the password may");
            }
        }
        if server.socket.is_some() && server.host.is_some() {
            fields.error("admin", "`socket` and `host` exclude each other", "keep one of them");
        }
        if server.authority.is_some() && server.tls.as_deref() == Some("plain") {
            fields.error("admin", "`tls` has a `ca`, and does not encrypt", "keep `ca` or `mode: plain`");
        }
        if server.password.as_ref().is_some_and(|password| password.expose().chars().any(char::is_control)) {
            fields.error("admin", "a password cannot hold control characters", "set another one");
        }
        server
    }

    /// Adds what talking to the server takes: its client, its service where it is on the same host, and the account that
    /// logs in by a password, should it come with the spec.
    pub(crate) fn required_by(&self, claims: Claims) -> Claims {
        let claims = claims.requires(Space::PROGRAM, self.engine.program());
        let claims = self
            .engine
            .way()
            .settings()
            .iter()
            .fold(claims, |claims, path| claims.follows(Space::PATH, *path).follows(Space::BELOW, *path));
        let claims = match self.login() {
            Some(login) => claims.follows(login.space, login.name),
            None => claims,
        };
        self.required_to_run(claims)
    }

    /// Adds its service, where it is on the same host.
    pub(crate) fn required_to_run(&self, claims: Claims) -> Claims {
        match self.engine.unit().filter(|_| self.is_local()) {
            Some(unit) => claims.requires(Space::SERVICE, unit),
            None => claims,
        }
    }

    /// Returns the account that logs in by a password.
    pub(crate) fn login(&self) -> Option<Claim> {
        self.password.as_ref().map(|_| Claim::new(LOGIN, self.engine.claim(self.user())))
    }

    fn user(&self) -> &str {
        self.user.as_deref().unwrap_or(self.engine.way().admin())
    }

    /// Returns whether the server is on the host itself.
    pub(crate) fn is_local(&self) -> bool {
        self.host.as_deref().is_none_or(|host| matches!(host, "localhost" | "127.0.0.1" | "::1"))
    }

    /// Makes a row for [`super::QUERY`] and [`super::RUN`]: what `sql` asks for or does, as the admin. A statement is a
    /// line or less. `database` is the one that names without another mean; for SQLite its file.
    pub(crate) fn query<D>(&self, resource: &Resource<D>, database: &str, sql: impl Into<Arg>) -> Row {
        let sql = sql.into();
        let lines = sql.expose().split('\n').count();
        let mut row = self.connection(resource.run_as.as_ref(), database);
        row.extend(row![Query { sql, lines: lines as u64 }]);
        row
    }

    /// Makes a row that [`super::QUERY`] leaves out.
    pub(crate) fn no_query() -> Row {
        row![Connection { engine: "-", .. }]
    }

    /// Makes the fields of a connection that `read_connection` of `client.sh` takes. While the password is being rotated,
    /// both are in its field. `account` is the unix user that the client runs as; the session's own where there is none.
    pub(crate) fn connection(&self, account: Option<&String>, database: &str) -> Row {
        let written = |password: &Secret| self.engine.way().password(password.expose());
        let password = self.password.as_ref().map(|password| match password.previous() {
            Some(previous) => Secret::new(format!("{}\n{}", written(password), written(&previous))),
            None => Secret::new(written(password)),
        });
        row![Connection {
            engine: self.engine.word(),
            account,
            login: self.user.as_ref(),
            password,
            socket: self.socket.as_ref(),
            server: self.host.as_ref(),
            port: self.port.map(|port| port.to_string()),
            tls: self.tls.as_ref(),
            authority: self.authority.as_ref(),
            database,
        }]
    }

    /// Says how the server is reached, for messages: "`root` by the local socket, without a password".
    pub(crate) fn describe(&self) -> String {
        let user = self.user();
        let place = match (&self.host, self.port) {
            (Some(host), Some(port)) => format!("at {host}:{port}"),
            (Some(host), None) => format!("at {host}"),
            (None, Some(port)) => format!("at port {port}"),
            (None, None) => "by the local socket".to_string(),
        };
        let password = if self.password.is_some() { "with the password of `admin`" } else { "without a password" };
        format!("`{user}` {place}, {password}")
    }
}
