//! How a certificate should be.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use crate::model::{Content, Value};

use crate::kinds::shared::unit_name;
use crate::resource::{Fields, not_a_path};

/// Let's Encrypt's directories (letsencrypt.org/docs/acme-protocol-updates, letsencrypt.org/docs/staging-environment).
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

const DAY: u64 = 86_400;

/// Names below `/etc/ssl` that are the host's own.
const TAKEN: &[&str] = &["certs", "private", "openssl.cnf"];

/// A certificate as the spec wants it.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub issuer: Issuer,
    /// As written, without those named twice.
    pub domains: Vec<String>,
    pub key_type: String,
    pub dir: String,
    pub owner: String,
    pub group: String,
    /// Of the key, four octal digits.
    pub mode: String,
    pub renew_before: Duration,
    /// In days.
    pub valid_for: u64,
    /// Full names of units.
    pub reload: Vec<String>,
    pub authority: bool,
}

/// Who issues a certificate.
#[derive(Clone, Debug)]
pub enum Issuer {
    SelfSigned,
    /// The authority of this name.
    Authority(String),
    Acme(Acme),
    Provided {
        /// The certificate and what it is signed by.
        chain: Content,
        key: Content,
    },
    /// A certificate that goes may leave it open.
    Any,
}

/// How a certificate is ordered.
#[derive(Clone, Debug, Default)]
pub struct Acme {
    pub email: Option<String>,
    pub server: String,
    pub challenge: String,
    pub webroot: String,
    pub auth_hook: Option<String>,
    pub cleanup_hook: Option<String>,
    pub ca_bundle: Option<String>,
}

impl Issuer {
    /// Returns the word for it in specs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::SelfSigned => "self_signed",
            Self::Authority(_) => "ca",
            Self::Acme(_) => "acme",
            Self::Provided { .. } => "provided",
            Self::Any => "any",
        }
    }

    /// Returns how the host writes down that it has issued a certificate; what a plan shows.
    pub fn source(&self) -> String {
        match self {
            Self::Authority(name) => format!("ca {name}"),
            Self::Acme(acme) => format!("acme {}", acme.server),
            other => other.word().to_string(),
        }
    }

    /// Returns the name of the authority that signs.
    pub fn authority(&self) -> Option<&String> {
        match self {
            Self::Authority(name) => Some(name),
            _ => None,
        }
    }
}

impl Wanted {
    /// Reads the attributes.
    pub fn decode(fields: &mut Fields<'_>) -> Self {
        let name = fields.name().to_string();
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !is_plain || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || name.len() > 64 {
            let help = "use up to 64 letters, digits, `.`, `_` and `-`; what it is for is said in `domains`";
            fields.error("name", format!("`{name}` is not the name of a certificate"), help);
        }
        if TAKEN.contains(&name.as_str()) && !fields.has("dir") {
            fields.error("name", format!("/etc/ssl/{name} is the host's own"), "give a `dir`, or choose another name");
        }
        let authority = fields.bool("authority").unwrap_or_default();
        let issuer = issuer(fields);
        let reload = fields.texts("reload").iter().map(|name| unit_name::with_type(name)).collect::<Vec<_>>();
        if let Some(wrong) = reload.iter().find_map(|unit| unit_name::check(unit).err()) {
            fields.error("reload", wrong, "name services as `systemctl status` does");
        }
        if authority && !matches!(issuer, Issuer::SelfSigned) {
            fields.error("authority", "only `issuer: self_signed` makes an authority", "set `issuer: self_signed`");
        }
        let wanted = Self {
            domains: domains(fields, &issuer, authority),
            key_type: fields.text("key_type").unwrap_or_default(),
            dir: fields.text("dir").unwrap_or_else(|| format!("/etc/ssl/{name}")),
            owner: fields.text("owner").unwrap_or_else(|| "root".into()),
            group: fields.text("group").unwrap_or_else(|| "root".into()),
            mode: fields.mode("mode").unwrap_or_else(|| "0600".into()),
            renew_before: fields.duration("renew_before").unwrap_or_default(),
            valid_for: valid_for(fields, &issuer, authority),
            reload,
            authority,
            issuer,
        };
        let is_issued_here = matches!(wanted.issuer, Issuer::SelfSigned | Issuer::Authority(_));
        if is_issued_here && wanted.renew_before.as_secs() >= wanted.valid_for * DAY {
            let message = format!("it would be renewed as soon as it is issued: it is valid for {}d", wanted.valid_for);
            fields.error("renew_before", message, "let `renew_before` be shorter than `valid_for`");
        }
        wanted
    }

    /// Returns whether the host renews it by itself.
    pub fn is_renewed(&self) -> bool {
        !matches!(self.issuer, Issuer::Provided { .. } | Issuer::Any)
    }

    /// Returns the names it is for, as openssl prints them.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.domains.iter().map(|domain| match domain.parse::<Ipv6Addr>() {
            Ok(address) => address.segments().map(|segment| format!("{segment:X}")).join(":"),
            Err(_) => domain.clone(),
        })
    }

    /// Returns the names in a row.
    pub fn names_in_words(&self) -> String {
        self.domains.join(", ")
    }

    /// Returns what the host keeps of it for renewing it: a word and a value on each line.
    pub fn settings(&self) -> String {
        let mut lines = vec![format!("issuer {}", self.issuer.word()), format!("dir {}", self.dir)];
        lines.extend(self.domains.iter().map(|domain| format!("domain {domain}")));
        lines.push(format!("key_type {}", self.key_type));
        lines.push(format!("renew_before {}", self.renew_before.as_secs()));
        lines.extend(self.reload.iter().map(|unit| format!("reload {unit}")));
        match &self.issuer {
            Issuer::Acme(acme) => {
                lines.push(format!("server {}", acme.server));
                lines.push(format!("challenge {}", acme.challenge));
                let some = |word: &str, value: &Option<String>| value.as_ref().map(|value| format!("{word} {value}"));
                lines.extend(some("email", &acme.email));
                match acme.challenge.as_str() {
                    "webroot" => lines.push(format!("webroot {}", acme.webroot)),
                    "dns" => {
                        lines.extend(some("auth_hook", &acme.auth_hook));
                        lines.extend(some("cleanup_hook", &acme.cleanup_hook));
                    }
                    _ => {}
                }
                lines.extend(some("ca_bundle", &acme.ca_bundle));
            }
            _ => lines.push(format!("days {}", self.valid_for)),
        }
        lines.extend(self.issuer.authority().map(|name| format!("ca {name}")));
        if self.authority {
            lines.push("authority true".into());
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Reads settings, as attributes.
pub(super) fn read_settings(text: &str) -> BTreeMap<&'static str, String> {
    let mut settings: BTreeMap<&'static str, String> = BTreeMap::new();
    for (word, value) in text.lines().filter_map(|line| line.split_once(' ')) {
        let (name, value) = match word {
            "domain" => ("domains", value.to_string()),
            "days" => ("valid_for", format!("{value}d")),
            "renew_before" => ("renew_before", value.parse().map_or_else(|_| value.to_string(), in_words)),
            _ => match SETTINGS.iter().find(|name| **name == word) {
                Some(name) => (*name, value.to_string()),
                None => continue,
            },
        };
        let all = settings.entry(name).or_default();
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(&value);
    }
    settings
}

/// Settings that a plan shows, in the order a reader wants.
pub(super) const SETTINGS: &[&str] = &[
    "issuer",
    "domains",
    "key_type",
    "dir",
    "renew_before",
    "valid_for",
    "reload",
    "authority",
    "ca",
    "challenge",
    "email",
    "webroot",
    "auth_hook",
    "cleanup_hook",
    "ca_bundle",
];

/// Writes seconds as a spec would.
pub(super) fn in_words(seconds: u64) -> String {
    match seconds {
        0 => "0s".into(),
        _ if seconds.is_multiple_of(DAY) => format!("{}d", seconds / DAY),
        _ if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        _ => format!("{seconds}s"),
    }
}

fn issuer(fields: &mut Fields<'_>) -> Issuer {
    let word = fields.text("issuer").unwrap_or_default();
    for (attribute, of) in [
        ("acme", "acme"),
        ("ca", "ca"),
        ("certificate", "provided"),
        ("certificate_source", "provided"),
        ("private_key", "provided"),
    ] {
        if fields.has(attribute) && word != of && !word.is_empty() {
            let message = format!("`{attribute}` is for `issuer: {of}`");
            fields.error(attribute, message, format!("leave it out, or set `issuer: {of}`"));
        }
    }
    match word.as_str() {
        "self_signed" => Issuer::SelfSigned,
        "ca" => {
            let name = fields.text("ca");
            if name.is_none() && !fields.is_absent() {
                fields.error("issuer", "`issuer: ca` needs the name of the authority", "add `ca: NAME`");
            }
            Issuer::Authority(name.unwrap_or_default())
        }
        "acme" => Issuer::Acme(acme(fields)),
        "provided" => provided(fields),
        _ => Issuer::Any,
    }
}

fn provided(fields: &mut Fields<'_>) -> Issuer {
    if fields.has("certificate") && fields.has("certificate_source") {
        let message = "a certificate is given by one of certificate and certificate_source";
        fields.error("certificate_source", message, "keep one of them");
    }
    let chain = fields.content("certificate").or_else(|| fields.content("certificate_source"));
    let key = fields.content("private_key");
    if (chain.is_none() || key.is_none()) && !fields.is_absent() {
        let help = "add `private_key`, and `certificate` or `certificate_source`";
        fields.error("issuer", "`issuer: provided` needs a certificate and its key", help);
    }
    // The certificate is public, wherever it came from.
    let chain = match chain {
        Some(chain) => chain.bytes().map_or_else(Content::unknown, |bytes| Content::new(bytes.clone())),
        None => Content::unknown(),
    };
    Issuer::Provided { chain, key: key.unwrap_or_else(Content::unknown).mark_sensitive(true) }
}

fn acme(fields: &mut Fields<'_>) -> Acme {
    let entries = match fields.value("acme") {
        Some(Value::Map(entries)) => entries,
        _ => Default::default(),
    };
    let text = |name: &str| match entries.get(name) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let is_staging = entries.get("staging") == Some(&Value::Bool(true));
    let acme = Acme {
        email: text("email"),
        server: text("server").unwrap_or_else(|| if is_staging { STAGING } else { LETS_ENCRYPT }.into()),
        challenge: text("challenge").unwrap_or_else(|| "webroot".into()),
        webroot: text("webroot").unwrap_or_else(|| "/var/www/certbot".into()),
        auth_hook: text("auth_hook"),
        cleanup_hook: text("cleanup_hook"),
        ca_bundle: text("ca_bundle"),
    };
    let mut wrong = |message: String, help: &str| fields.error("acme", message, help);
    if is_staging && entries.contains_key("server") {
        wrong("`staging` is Let's Encrypt's; `server` names another".into(), "keep one of them");
    }
    let is_url = |url: &str| ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme) && url.len() > 8);
    if !is_url(&acme.server) || acme.server.chars().any(|c| c.is_whitespace() || c.is_control()) {
        wrong(format!("`{}` is not the URL of an ACME directory", acme.server), "write it as `https://HOST/directory`");
    }
    if let Some(email) = acme.email.as_ref().filter(|email| !email.contains('@') || email.contains(char::is_whitespace))
    {
        wrong(format!("`{email}` is not an e-mail address"), "write it as `NAME@HOST`");
    }
    if acme.challenge == "dns" && acme.auth_hook.is_none() {
        wrong("`challenge: dns` needs an `auth_hook`".into(), "name the program that puts the DNS record in place");
    }
    for hook in [&acme.auth_hook, &acme.cleanup_hook].into_iter().flatten() {
        // Certbot hands it to a shell.
        if not_a_path(hook).is_some() || !hook.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c)) {
            wrong(
                format!("`{hook}` cannot be a hook"),
                "name a program by a path of letters, digits, `.`, `_` and `-`",
            );
        }
    }
    acme
}

fn domains(fields: &mut Fields<'_>, issuer: &Issuer, authority: bool) -> Vec<String> {
    if authority {
        if fields.has("domains") {
            fields.error("domains", "an authority is for no domains", "leave `domains` out");
        }
        return Vec::new();
    }
    let named = fields.has("domains");
    let mut domains: Vec<String> = Vec::new();
    for domain in fields.texts("domains") {
        let domain = domain.to_ascii_lowercase();
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    // What is provided is for whatever it is for.
    if !named && matches!(issuer, Issuer::Provided { .. } | Issuer::Any) {
        return domains;
    }
    if !named {
        domains.push(fields.name().to_ascii_lowercase());
    }
    let place = if named { "domains" } else { "name" };
    if domains.is_empty() && !fields.is_unknown("domains") {
        fields.error(place, "a certificate is for one domain at least", "leave `domains` out for its own name");
    }
    if let Some(wrong) = domains.iter().find(|domain| !is_domain(domain) && !is_address(domain)) {
        let help = if named { "write names such as `example.com` or `*.example.com`" } else { "add `domains`" };
        fields.error(place, format!("`{wrong}` is not the name of a host"), help);
    }
    if let Issuer::Acme(acme) = issuer {
        if let Some(address) = domains.iter().find(|domain| is_address(domain)) {
            fields.error(place, format!("{address} is an address; certbot orders names only"), "name a domain");
        }
        if acme.challenge != "dns" && domains.iter().any(|domain| domain.starts_with("*.")) {
            let help = "set `acme: { challenge: dns, auth_hook: … }`";
            fields.error(place, "a wildcard needs the DNS challenge", help);
        }
    }
    domains
}

fn valid_for(fields: &mut Fields<'_>, issuer: &Issuer, authority: bool) -> u64 {
    let given = fields.duration("valid_for").map(|duration| duration.as_secs());
    if given.is_some() && !matches!(issuer, Issuer::SelfSigned | Issuer::Authority(_) | Issuer::Any) {
        let message = format!("with `issuer: {}` the host does not decide how long it is valid", issuer.word());
        fields.error("valid_for", message, "leave `valid_for` out");
    }
    if given.is_some_and(|seconds| seconds == 0 || !seconds.is_multiple_of(DAY)) {
        fields.error("valid_for", "a certificate is valid for whole days", "write it as `365d`");
    }
    given.map_or(if authority { 3650 } else { 365 }, |seconds| seconds / DAY)
}

fn is_domain(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253
        && name.split('.').all(is_label)
        && name.rsplit('.').next().is_some_and(|last| !last.chars().all(|c| c.is_ascii_digit()))
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}
