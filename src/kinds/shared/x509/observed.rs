//! A certificate as it was found.

use crate::model::{Changes, ProbeOutput, Value};
use crate::records;

use super::dates;
use super::wanted::{Issuer, SETTINGS, Wanted, in_words, read_settings};
use crate::resource::batch::parse_first;
use crate::resource::{Claim, Observation, Resource, Space};

const DAY: i64 = 86_400;
/// A clock that was ahead by less has been set before anybody looks, in seconds.
const SETTLES: i64 = 300;

records! {
    include_str!("look.sh") =>
    /// What the probe says of a certificate.
    pub enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "no-openssl" => NoOpenssl,
        "present" => Present {
            pair, names, freshness, source, verifies, r#type, owner, group, mode, public, renewal, settings, said, now, hash, owed
        },
    }
}

/// A certificate as it was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    pub pair: Pair,
    /// Whether its names are those wanted.
    names_are_same: bool,
    pub freshness: Freshness,
    /// What issued it, as the host has written it down: [`Issuer::source`]; `temporary`, or `unknown`.
    pub source: String,
    /// Why its chain does not verify.
    unverified: Option<String>,
    key_type: String,
    owner: String,
    group: String,
    mode: String,
    /// What is wrong with the files beside the key.
    files: Option<String>,
    is_renewed: bool,
    settings: String,
    subject: String,
    issued_by: String,
    names: Vec<String>,
    /// Seconds that are left of its time.
    left: Option<i64>,
    /// Its time has not begun: the host's clock was ahead when it was issued.
    is_early: bool,
    chain_hash: String,
    /// What uses it has not been reloaded since it changed.
    owes_reload: bool,
}

/// How key and certificate are to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pair {
    Match,
    Mismatch,
    #[default]
    Missing,
    Unreadable,
}

/// How a certificate's end is to the time it is renewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    Fresh,
    /// It is to be renewed, or has expired.
    #[default]
    Due,
}

/// Reads what the probe wrote.
pub fn parse(all: &[&Resource<Wanted>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
    parse_first(all, output, |seen, resource| match seen {
        Seen::Absent => Observation::Absent,
        // That it is there is all that is to be known of one that goes.
        Seen::NoOpenssl if resource.is_absent() => Observation::Present(Observed::default()),
        Seen::NoOpenssl => Observation::Later {
            needs: Claim::new(Space::PROGRAM, "openssl"),
            reason: "openssl is not installed".into(),
        },
        Seen::Denied => Observation::Failed("its key may not be looked at by this account: it takes `become`".into()),
        Seen::Present {
            pair,
            names,
            freshness,
            source,
            verifies,
            r#type,
            owner,
            group,
            mode,
            public,
            renewal,
            settings,
            said,
            now,
            hash,
            owed,
        } => Observation::Present(
            Observed {
                pair: match pair {
                    "ok" => Pair::Match,
                    "mismatch" => Pair::Mismatch,
                    "unreadable" => Pair::Unreadable,
                    _ => Pair::Missing,
                },
                names_are_same: names == "same",
                freshness: if freshness == "fresh" { Freshness::Fresh } else { Freshness::Due },
                source: source.to_string(),
                unverified: (verifies != "ok").then(|| reason(verifies)),
                key_type: r#type.to_string(),
                owner: owner.to_string(),
                group: group.to_string(),
                mode: mode.to_string(),
                files: (public != "ok").then(|| public.to_string()),
                is_renewed: renewal == "on",
                settings: settings.to_string(),
                chain_hash: hash.to_string(),
                owes_reload: !owed.is_empty(),
                ..Observed::default()
            }
            .with_words(said, now.parse().ok()),
        ),
    })
}

impl Observed {
    /// Adds what openssl says of it.
    fn with_words(self, said: &str, now: Option<i64>) -> Self {
        let after = |prefix: &str| said.lines().find_map(|line| line.strip_prefix(prefix)).unwrap_or_default();
        let ends = dates::seconds(after("notAfter="));
        let begins = dates::seconds(after("notBefore="));
        let is_early = begins.zip(now).is_some_and(|(begins, now)| begins > now + SETTLES);
        Self {
            freshness: if is_early { Freshness::Due } else { self.freshness },
            subject: after("subject=").trim().to_string(),
            issued_by: after("issuer=").trim().to_string(),
            names: names(said),
            left: ends.zip(now).map(|(ends, now)| ends - now),
            is_early,
            ..self
        }
    }

    /// Returns its attributes, for `before` in the plan.
    pub fn attributes(&self) -> Vec<(&'static str, Value)> {
        let mut attributes = vec![("issuer", self.issuer().into())];
        if self.pair != Pair::Missing {
            attributes.push(("subject", self.subject.as_str().into()));
            attributes.push(("issued_by", self.issued_by.as_str().into()));
            attributes.push(("domains", list(&self.names)));
            attributes.push(("key_type", self.key_type.as_str().into()));
            attributes.push(("valid_for", self.valid_for().into()));
            attributes.push(("owner", self.owner.as_str().into()));
            attributes.push(("group", self.group.as_str().into()));
            attributes.push(("mode", self.mode.as_str().into()));
        }
        attributes
    }

    /// Says who issued it, as a reader would.
    fn issuer(&self) -> String {
        match (self.source.as_str(), self.issued_by.is_empty()) {
            ("unknown", false) => format!("unknown ({})", self.issued_by),
            ("none" | "", _) => "none".into(),
            (source, _) => source.to_string(),
        }
    }

    /// Says for how long it is valid from now.
    pub fn valid_for(&self) -> String {
        match self.left {
            _ if self.is_early => "not yet".into(),
            Some(left) if left <= 0 => "expired".into(),
            Some(left) if left < 2 * DAY => format!("{} hours", left / 3600),
            Some(left) => format!("{} days", left / DAY),
            None => "unknown".into(),
        }
    }

    /// Compares what a certificate holds, and that it can be used.
    pub fn compare_certificate(&self, changes: &mut Changes, wanted: &Wanted) {
        changes.compare("issuer", self.issuer(), wanted.issuer.source());
        if self.pair == Pair::Missing {
            return;
        }
        if !self.names_are_same {
            changes.push("domains", list(&self.names), list(&wanted.domains));
        }
        if let Issuer::Provided { chain, .. } = &wanted.issuer {
            changes.compare("certificate", short(&self.chain_hash), short(chain.hash()));
        } else {
            changes.compare("key_type", self.key_type.as_str(), wanted.key_type.as_str());
            if self.freshness == Freshness::Due {
                changes.push("valid_for", self.valid_for(), more_than(wanted));
            }
        }
        if let Some(reason) = &self.unverified {
            changes.push("chain", format!("does not verify: {reason}"), "verifies");
        }
    }

    /// Compares whether there are a key and a certificate that belong together.
    pub fn compare_pair(&self, changes: &mut Changes) {
        let found = match self.pair {
            Pair::Match => return,
            Pair::Mismatch => "does not match the certificate",
            Pair::Missing => "is missing",
            Pair::Unreadable => "or certificate cannot be read",
        };
        changes.push("key", found, "matches the certificate");
    }

    /// Returns whether the host renews it by an order.
    pub fn is_ordered(&self) -> bool {
        self.settings.starts_with("issuer acme\n")
    }

    /// Compares owners, modes and the files as a whole.
    pub fn compare_files(&self, changes: &mut Changes, wanted: &Wanted) {
        if self.pair == Pair::Missing {
            return;
        }
        changes.compare("owner", self.owner.as_str(), wanted.owner.as_str());
        changes.compare("group", self.group.as_str(), wanted.group.as_str());
        changes.compare("mode", self.mode.as_str(), wanted.mode.as_str());
        let owner_is_right = self.owner == wanted.owner && self.group == wanted.group;
        if let Some(files) = self.files.as_ref().filter(|_| owner_is_right) {
            let right = format!("{} {} 0644", wanted.owner, wanted.group);
            changes.push("files", files.as_str(), if files.ends_with("in use") { "in use".into() } else { right });
        }
    }

    /// Compares what renews it with what should.
    pub fn compare_renewal(&self, changes: &mut Changes, wanted: &Wanted) {
        let should = if wanted.is_renewed() { wanted.settings() } else { String::new() };
        if self.settings.is_empty() && !should.is_empty() {
            changes.push("settings", Value::Null, "in place");
        } else if !self.settings.is_empty() && should.is_empty() {
            changes.push("renewal", "every 12 hours", "off");
        } else if self.settings != should {
            let (before, after) = (read_settings(&self.settings), read_settings(&should));
            let value = |all: Option<&String>| all.map_or(Value::Null, |text| text.as_str().into());
            // What differs in the certificate has been said.
            for name in SETTINGS.iter().filter(|name| !changes.has(name)).collect::<Vec<_>>() {
                // Another issuer has no use for what only the last one needed.
                if before.get("issuer") == after.get("issuer") || after.contains_key(name) {
                    changes.compare(name, value(before.get(name)), value(after.get(name)));
                }
            }
            if !SETTINGS.iter().any(|name| changes.has(name)) {
                changes.push("settings", "edited", "in place");
            }
        }
        if wanted.is_renewed() {
            changes.compare("renewal", if self.is_renewed { "every 12 hours" } else { "off" }, "every 12 hours");
        }
    }

    /// Compares whether what uses it knows it.
    pub fn compare_reload(&self, changes: &mut Changes) {
        changes.compare("reloaded", !self.owes_reload, true);
    }
}

/// Adds what a new certificate gets.
pub fn created(changes: &mut Changes, wanted: &Wanted) {
    changes.push("issuer", Value::Null, wanted.issuer.source());
    match &wanted.issuer {
        Issuer::Provided { chain, .. } => changes.push("certificate", Value::Null, short(chain.hash())),
        _ => {
            if !wanted.domains.is_empty() {
                changes.push("domains", Value::Null, list(&wanted.domains));
            }
            changes.push("key_type", Value::Null, wanted.key_type.as_str());
            changes.push("valid_for", Value::Null, more_than(wanted));
        }
    }
}

/// Adds where a new certificate is.
pub fn placed(changes: &mut Changes, wanted: &Wanted) {
    changes.push("dir", Value::Null, wanted.dir.as_str());
    changes.push("owner", Value::Null, wanted.owner.as_str());
    changes.push("group", Value::Null, wanted.group.as_str());
    changes.push("mode", Value::Null, wanted.mode.as_str());
}

/// Says for how long what is issued is valid at least.
fn more_than(wanted: &Wanted) -> String {
    match &wanted.issuer {
        Issuer::SelfSigned | Issuer::Authority(_) => format!("{} days", wanted.valid_for),
        _ => format!("more than {}", in_words(wanted.renew_before.as_secs())),
    }
}

/// Returns the names that openssl prints.
fn names(said: &str) -> Vec<String> {
    let mut lines = said.lines().skip_while(|line| !line.contains("Subject Alternative Name:"));
    let all = lines.nth(1).unwrap_or_default();
    all.split(',').filter_map(|name| Some(name.trim().split_once(':')?.1.to_string())).collect()
}

/// Returns what of openssl's words says why a chain does not verify.
fn reason(message: &str) -> String {
    let why = message.lines().find_map(|line| line.split_once("lookup: ").map(|(_, why)| why));
    why.or_else(|| message.lines().last()).unwrap_or_default().to_string()
}

/// The start of a hash names what it is of.
fn short(hash: &str) -> String {
    match hash.get(..16) {
        Some(start) => format!("sha256:{start}"),
        None => "unknown".into(),
    }
}

fn list(names: &[String]) -> Value {
    Value::List(names.iter().map(|name| name.as_str().into()).collect())
}
