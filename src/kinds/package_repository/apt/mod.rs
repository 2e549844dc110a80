//! Repositories that apt reads: a file of sources, of a key and of preferences each.

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::package_manager;
use crate::kinds::shared::program::program;
use crate::model::{Content, Records, columns};
use crate::resource::{Feature, Variant};

use super::key::Form;
use super::manager::{Asked, Going, Manager, Seen, Wanted};
use super::repository::{Desired, Files};

pub const VARIANT: Variant = Variant {
    features: &[
        Feature { name: "suites and components", attributes: &["suites", "components", "types", "architectures"] },
        Feature { name: "a key for each repository", attributes: &["key", "key_text", "signed_by"] },
        Feature { name: "repositories that nobody signs", attributes: &["trusted"] },
        Feature { name: "pins", attributes: &["priority", "pin"] },
    ],
    ..package_manager::APT
};

/// What apt does.
pub struct Apt;

const _: () = {
    columns::check_row(include_str!("probe.sh"), &[], Asked::NAMES);
    columns::check_records(include_str!("probe.sh"), Seen::FORMS);
    columns::check_row(include_str!("apply.sh"), &[], Wanted::NAMES);
    columns::check_row(include_str!("remove.sh"), &[], Going::NAMES);
};

impl Manager for Apt {
    fn probe(&self) -> &'static str {
        include_str!("probe.sh")
    }

    fn apply(&self) -> &'static str {
        program![
            BESIDE,
            include_str!("../../shared/package_manager/apt.sh"),
            include_str!("../../shared/package_manager/apt_lists.sh"),
            include_str!("apply.sh")
        ]
    }

    fn remove(&self) -> &'static str {
        include_str!("remove.sh")
    }

    fn files(&self, name: &str, desired: &Desired) -> Files {
        let own_key = desired.key.as_ref().map(|(form, _)| key_path(name, *form));
        let lines = [
            ("Types", desired.types.join(" ")),
            ("URIs", desired.uris.join(" ")),
            ("Suites", desired.suites.join(" ")),
            ("Components", desired.components.join(" ")),
            ("Architectures", desired.architectures.join(" ")),
            ("Signed-By", own_key.or(desired.signed_by.clone()).unwrap_or_default()),
            ("Trusted", if desired.trusted { "yes".into() } else { String::new() }),
        ];
        let pin = desired.priority.map(|priority| pin_content(priority, desired.pin.as_deref(), &desired.uris));
        Files { sources: stanza(&lines), pin }
    }

    fn paths(&self, name: &str, desired: &Desired) -> Vec<String> {
        let key = desired.key.as_ref().map(|(form, _)| key_path(name, *form));
        let pin = desired.priority.map(|_| format!("/etc/apt/preferences.d/{name}.pref"));
        [format!("/etc/apt/sources.list.d/{name}.sources")].into_iter().chain(key).chain(pin).collect()
    }
}

fn key_path(name: &str, form: Form) -> String {
    format!("/etc/apt/keyrings/{name}.{}", form.ending())
}

/// Writes a paragraph as deb822 has it, without what is empty.
fn stanza(lines: &[(&str, String)]) -> Content {
    let text: String =
        lines.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| format!("{key}: {value}\n")).collect();
    Content::new(text.into_bytes())
}

/// Makes a file of apt_preferences(5).
fn pin_content(priority: i64, pin: Option<&str>, uris: &[String]) -> Content {
    let pins: Vec<String> = match pin {
        Some(pin) => vec![pin.to_string()],
        None => {
            let mut hosts: Vec<&str> = uris.iter().map(|uri| host(uri)).collect();
            hosts.sort_unstable();
            hosts.dedup();
            hosts.into_iter().map(|host| format!("origin \"{host}\"")).collect()
        }
    };
    let stanzas: Vec<String> =
        pins.iter().map(|pin| format!("Package: *\nPin: {pin}\nPin-Priority: {priority}\n")).collect();
    Content::new(stanzas.join("\n").into_bytes())
}

/// Returns the host of an address, empty for local files: what apt calls its origin.
fn host(uri: &str) -> &str {
    let Some((_, rest)) = uri.split_once("://") else { return "" };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn finds_the_host_that_apt_pins() {
        assert_eq!(host("https://user@deb.example.com:8443/debian"), "deb.example.com");
        assert_eq!(host("http://127.0.0.1/x"), "127.0.0.1");
        assert_eq!(host("file:/srv/packages"), "");
    }
}
