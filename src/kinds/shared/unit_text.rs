//! What a unit's file says it needs.

use crate::kinds::shared::unit_name::{FileName, is_template, template_of};
use crate::model::Content;
use crate::resource::{Claim, Claims, Need, Space};

/// Adds what the content of this file of systemd requires.
pub fn claims(claims: Claims, name: &FileName<'_>, content: &Content) -> Claims {
    let unit = match *name {
        FileName::Unit(unit) => unit,
        FileName::DropIn { .. } => "",
    };
    match content.text() {
        Some(text) => claim(claims, unit, name.unit(), text, content.is_sensitive()),
        // What is not known may have one.
        None => claims.shares(Space::INSTALL, name.unit()),
    }
}

/// Adds what the text of a unit requires: accounts, folders, files, programs, and the unit that a timer, socket or path
/// starts. It comes after units without which systemd does not start it, and after what lies in its working directory.
/// Services start in the order that it asks for (`After=`), and a socket before what is started by it. Units that it only
/// wants (`Wants=`) are left to systemd; those that it falls back on (`OnFailure=`) are there before. A unit without `[Install]` cannot be enabled.
///
/// The unit is the one that the text is all of; what a drop-in is about has another name only.
fn claim(mut claims: Claims, unit: &str, about: &str, text: &str, is_sensitive: bool) -> Claims {
    let mut started = None;
    let mut accepts = false;
    let mut installs = false;
    let makes_accounts = assignments(text).iter().any(|(_, key, value)| *key == "DynamicUser" && is_yes(value));
    for (section, key, value) in assignments(text) {
        match (section.as_str(), key) {
            // systemd makes those itself.
            (_, "User" | "Group") if makes_accounts => {}
            (_, "User") => claims = account(claims, Space::USER, &value),
            (_, "Group") => claims = account(claims, Space::GROUP, &value),
            ("Socket", "SocketUser") => claims = account(claims, Space::USER, &value),
            ("Socket", "SocketGroup") => claims = account(claims, Space::GROUP, &value),
            (_, "SupplementaryGroups") => {
                for group in value.split_whitespace() {
                    claims = account(claims, Space::GROUP, group);
                }
            }
            (_, "WorkingDirectory") => {
                claims = path(claims, &value).follows(Space::BELOW, value.trim_start_matches('-'));
            }
            (_, "RootDirectory" | "EnvironmentFile") => claims = path(claims, &value),
            ("Mount" | "Swap", "What") => claims = path(claims, &value),
            ("Unit", key) => claims = others(claims, about, key, &value),
            ("Install", _) => installs = true,
            (_, "ReadWritePaths" | "ReadOnlyPaths" | "ExecPaths") => {
                for one in value.split_whitespace() {
                    claims = path(claims, one);
                }
            }
            (_, "LoadCredential") => {
                claims = path(claims, value.split_once(':').map_or("", |(_, path)| path));
            }
            (
                _,
                "ExecStart" | "ExecStartPre" | "ExecStartPost" | "ExecCondition" | "ExecReload" | "ExecStop"
                | "ExecStopPost",
            ) => claims = command(claims, &value, is_sensitive),
            ("Timer" | "Path", "Unit") | ("Socket", "Service") => started = Some(value),
            ("Socket", "Accept") => accepts = is_yes(&value),
            _ => {}
        }
    }
    let started = started.or_else(|| {
        let (stem, suffix) = unit.rsplit_once('.')?;
        match suffix {
            "socket" if accepts => Some(format!("{stem}@.service")),
            "timer" | "path" | "socket" => Some(format!("{stem}.service")),
            _ => None,
        }
    });
    claims = match installs {
        true => claims.shares(Space::INSTALL, about),
        // A drop-in adds to what the unit has.
        false if !unit.is_empty() => claims.excludes(Space::INSTALL, about),
        false => claims,
    };
    // The unit a template starts is an instance like itself; a drop-in says nothing about it.
    match started {
        Some(started) if !is_template(unit) && !started.contains('%') => {
            let template = template_of(&started);
            if unit.ends_with(".socket") {
                claims = claims.orders(service(unit), service(&started));
            }
            claims.requires(Space::UNIT, started).requires_some(Space::UNIT, template.as_ref())
        }
        _ => claims,
    }
}

fn service(name: &str) -> Claim {
    Claim::new(Space::SERVICE, name)
}

/// Adds what a key of `[Unit]` says of other units.
fn others(claims: Claims, unit: &str, key: &str, value: &str) -> Claims {
    value.split_whitespace().fold(claims, |claims, other| match key {
        "Requires" | "BindsTo" => claims.follows(Space::UNIT, other),
        "OnFailure" | "OnSuccess" => fallback(claims, other),
        "Requisite" => claims.follows(Space::UNIT, other).orders(service(other), service(unit)),
        "After" => claims.orders(service(other), service(unit)),
        "Before" => claims.orders(service(unit), service(other)),
        _ => claims,
    })
}

/// Comes after the unit that is started when this one has failed or ended, which is often an instance of a template.
fn fallback(claims: Claims, unit: &str) -> Claims {
    let claims = template_of(unit).into_iter().fold(claims, |claims, template| claims.follows(Space::UNIT, template));
    claims.follows(Space::UNIT, unit)
}

/// Returns section, key and value of each assignment (systemd.syntax(7)); an empty value takes earlier ones back.
fn assignments(text: &str) -> Vec<(String, &str, String)> {
    let mut found = Vec::new();
    let mut section = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_string();
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let mut value = value.trim().to_string();
        while value.ends_with('\\') {
            value.pop();
            // Comments between continued lines are left out.
            let next = lines.by_ref().find(|next| !next.trim_start().starts_with(['#', ';']));
            value.push(' ');
            value.push_str(next.unwrap_or_default().trim());
        }
        found.push((section.clone(), key.trim(), value.trim().to_string()));
    }
    found
}

fn is_yes(value: &str) -> bool {
    matches!(value, "yes" | "true" | "on" | "1" | "y" | "t")
}

/// Nobody has to make root, and a number or specifier names no account.
fn account(claims: Claims, space: Space, name: &str) -> Claims {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !name.contains('%');
    if !is_name || name == "root" {
        return claims;
    }
    let need = if space == Space::USER { Need::User(name.into()) } else { Need::Group(name.into()) };
    claims.requires(space, name).needs(need)
}

/// Takes prefixes and quotes off; from a specifier or wildcard on, only the folder above is known.
fn path(claims: Claims, text: &str) -> Claims {
    let text = text.trim_start_matches(['-', '+']).trim_matches(['"', '\'']);
    if !text.starts_with('/') {
        return claims;
    }
    let known = match text.find(['%', '*', '?', '[', '$']) {
        Some(at) => text[..at].rsplit_once('/').map_or("", |(folder, _)| folder),
        None => text.trim_end_matches('/'),
    };
    if known.is_empty() { claims } else { claims.requires(Space::PATH, known) }
}

/// Requires the program, and the paths among its arguments; those of a secret text stay unread.
fn command(mut claims: Claims, line: &str, is_sensitive: bool) -> Claims {
    let line = line.trim_start_matches(['@', '-', ':', '+', '!', '|']);
    for (at, word) in line.split_whitespace().enumerate() {
        if at > 0 && is_sensitive {
            break;
        }
        let value = match word.split_once('=') {
            Some((option, value)) if option.starts_with('-') => value,
            _ => word,
        };
        if value.starts_with(['/', '"', '\'']) {
            claims = path(claims, value);
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(unit: &str, text: &str) -> Vec<String> {
        let claims = claim(Claims::new(), unit, unit, text, false);
        claims.requires.iter().map(|claim| format!("{} {}", claim.space.0, claim.name)).collect()
    }

    #[test]
    fn reads_accounts_folders_and_programs() {
        let text = "# a comment\n[Service]\nUser=app\nGroup=root\nWorkingDirectory=-/opt/app/\nEnvironmentFile=-/etc/app/*.env\n\
                    ExecStartPre=+/bin/mkdir -p \"/run/app\"\nExecStart=@!/opt/app/venv/bin/uvicorn \\\n  ; not this\n  \
                    --config=/etc/app/c.yaml \\\n  main:app /data/%i/x\n";
        assert_eq!(
            required("app.service", text),
            [
                "user app",
                "path /opt/app",
                "path /etc/app",
                "path /bin/mkdir",
                "path /run/app",
                "path /opt/app/venv/bin/uvicorn",
                "path /etc/app/c.yaml",
                "path /data",
            ]
        );
    }

    #[test]
    fn accounts_have_to_be_there_unless_systemd_makes_them() {
        let needs = |text: &str| claim(Claims::new(), "a.service", "a.service", text, false).needs;
        let text = "[Service]\nUser=app\nGroup=%i\nSupplementaryGroups=adm 7\n";
        assert_eq!(needs(text), [Need::User("app".into()), Need::Group("adm".into())]);
        assert_eq!(needs("[Service]\nUser=app\nDynamicUser=yes\n"), []);
    }

    #[test]
    fn what_it_falls_back_on_is_there_before() {
        let text = "[Unit]\nOnFailure=notify@%n.service mail.service\n";
        let claims = claim(Claims::new(), "a.service", "a.service", text, false);
        let names: Vec<&str> = claims.follows.iter().map(|claim| claim.name.as_str()).collect();
        assert_eq!(names, ["notify@.service", "notify@%n.service", "mail.service"]);
    }

    #[test]
    fn a_timer_needs_what_it_starts() {
        assert_eq!(required("app.timer", "[Timer]\nOnCalendar=daily\n"), ["unit app.service"]);
        assert_eq!(required("app.timer", "[Timer]\nUnit=other.service\n"), ["unit other.service"]);
        assert_eq!(required("app.socket", "[Socket]\nAccept=yes\n"), ["unit app@.service"]);
        assert_eq!(required("app@.timer", "[Timer]\nOnCalendar=daily\n"), Vec::<String>::new());
    }

    #[test]
    fn services_start_in_the_order_that_units_ask_for() {
        let orders = |unit: &str, text: &str| -> Vec<String> {
            let claims = claim(Claims::new(), unit, unit, text, false);
            claims.orders.iter().map(|(first, then)| format!("{} before {}", first.name, then.name)).collect()
        };
        let text = "[Unit]\nAfter=db.service net.target\nBefore=web.service\nRequisite=q.service\nWants=w.service\n";
        let wanted = [
            "db.service before a.service",
            "net.target before a.service",
            "a.service before web.service",
            "q.service before a.service",
        ];
        assert_eq!(orders("a.service", text), wanted);
        assert_eq!(orders("a.socket", "[Socket]\nService=other.service\n"), ["a.socket before other.service"]);
        assert_eq!(orders("a.socket", "[Socket]\nAccept=yes\n"), ["a.socket before a@.service"]);
    }

    #[test]
    fn a_unit_without_install_cannot_be_enabled() {
        let claims = |unit: &str, text: &str| claim(Claims::new(), unit, "a.service", text, false);
        let install = Claim::new(Space::INSTALL, "a.service");
        assert_eq!(claims("a.service", "[Service]\nExecStart=/x\n").excludes, std::slice::from_ref(&install));
        assert!(claims("", "[Service]\nExecStart=/x\n").excludes.is_empty(), "a drop-in adds to what the unit has");
        let installed = claims("a.service", "[Install]\nWantedBy=multi-user.target\n");
        assert!(installed.excludes.is_empty() && installed.shares.contains(&install));
    }

    #[test]
    fn arguments_of_a_secret_text_stay_unread() {
        let claims =
            claim(Claims::new(), "app.service", "app.service", "[Service]\nExecStart=/bin/app --token=/hidden\n", true);
        assert!(claims.requires.iter().all(|claim| claim.name != "/hidden"));
    }
}
