use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::Release;
use super::program::{self, ARCHIVE_KEYRING};

/// What of this machine goes into a base, so that downloads work inside as they do outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// The mirrors this machine uses, if it is a Debian; debootstrap's own default otherwise.
    pub mirrors: Mirrors,
    /// Extra certificate authorities, by file name.
    pub authorities: BTreeMap<String, Vec<u8>>,
    /// apt settings that downloads depend on, as lines of an `apt.conf`.
    pub apt: Vec<String>,
    /// Environment variables for everything that runs inside, such as proxies.
    pub environment: Vec<(String, String)>,
}

/// Where packages come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrors {
    pub main: Option<String>,
    pub security: Option<String>,
}

/// apt settings that decide whether a download works, as opposed to what is kept or installed.
const APT_SETTINGS: [&str; 5] =
    ["Acquire::Check-Date ", "Acquire::Check-Valid-Until ", "Acquire::Retries ", "Acquire::http", "Acquire::https"];

/// Where Debian's `update-ca-certificates` gathers all authorities, the extra ones included.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

impl Recipe {
    /// Reads this machine's settings. `environment` is what the caller wants set inside besides.
    pub fn of_this_machine(environment: &[(String, String)]) -> Result<Self> {
        Ok(Recipe {
            mirrors: mirrors_of(Path::new("/"))?,
            authorities: authorities_of(Path::new("/usr/local/share/ca-certificates"))?,
            apt: apt_settings()?,
            environment: environment.iter().filter(|(_, value)| !is_loopback(value)).cloned().collect(),
        })
    }

    /// Returns a short name that changes with everything that goes into a base.
    pub fn fingerprint(&self, fixed: &[&str]) -> String {
        let mut parts: Vec<&[u8]> = fixed.iter().map(|text| text.as_bytes()).collect();
        for mirror in [&self.mirrors.main, &self.mirrors.security] {
            parts.push(mirror.as_deref().unwrap_or_default().as_bytes());
        }
        for (name, certificate) in &self.authorities {
            parts.extend([name.as_bytes(), certificate]);
        }
        parts.extend(self.apt.iter().map(|line| line.as_bytes()));
        for (name, value) in &self.environment {
            parts.extend([name.as_bytes(), value.as_bytes()]);
        }
        let settings = self.tool_settings();
        for (path, text) in &settings {
            parts.extend([path.as_bytes(), text.as_bytes()]);
        }
        digest(parts)
    }

    /// Returns apt's sources for a release, in deb822 form. `default` is the mirror debootstrap chose.
    pub fn apt_sources(&self, release: Release, default: &str) -> String {
        let stanza = |mirror: &str, suites: &str| {
            format!("Types: deb\nURIs: {mirror}\nSuites: {suites}\nComponents: main\nSigned-By: {ARCHIVE_KEYRING}\n")
        };
        let main = self.mirrors.main.as_deref().unwrap_or(default);
        let mut stanzas = vec![stanza(main, &format!("{release} {release}-updates"))];
        if let Some(security) = &self.mirrors.security {
            stanzas.push(stanza(security, &format!("{release}-security")));
        }
        stanzas.join("\n")
    }

    /// Returns everything to be set in the environment inside.
    pub fn guest_environment(&self) -> Vec<(String, String)> {
        let mut environment = self.environment.clone();
        if !self.authorities.is_empty() {
            // pip, npm and Python's own TLS bring a list of authorities of their own and ignore the system's.
            for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS"] {
                environment.push((name.to_owned(), AUTHORITIES.to_owned()));
            }
        }
        environment
    }

    /// Returns the settings that tools need which are started without that environment: files and their contents.
    pub fn tool_settings(&self) -> Vec<(&'static str, String)> {
        if self.authorities.is_empty() {
            return Vec::new();
        }
        // Debian's Node knows the system's authorities, another one does not; npm then tries each download for minutes.
        vec![
            ("etc/pip.conf", format!("[global]\ncert = {AUTHORITIES}\n")),
            ("etc/npmrc", format!("cafile={AUTHORITIES}\n")),
        ]
    }
}

/// Returns a short name of a list, other for every other list.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Tells whether a proxy's address means "this very machine", which is another one inside a host.
fn is_loopback(value: &str) -> bool {
    ["//127.", "//localhost", "//[::1]"].iter().any(|loopback| value.contains(loopback))
}

fn authorities_of(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for path in files_in(folder)? {
        // `update-ca-certificates` reads only these.
        if path.extension().is_some_and(|extension| extension == "crt") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(name, fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    Ok(found)
}

fn apt_settings() -> Result<Vec<String>> {
    // Absent where this machine is no Debian.
    if !Path::new("/usr/bin/apt-config").exists() {
        return Ok(Vec::new());
    }
    Ok(relevant_apt_settings(&program::run("apt-config", ["dump", "--no-empty", "Acquire"])?))
}

fn relevant_apt_settings(dump: &str) -> Vec<String> {
    dump.lines()
        .filter(|line| APT_SETTINGS.iter().any(|setting| line.starts_with(setting)) && !is_loopback(line))
        .map(str::to_owned)
        .collect()
}

/// Finds the Debian mirrors of the machine whose root is given.
fn mirrors_of(root: &Path) -> Result<Mirrors> {
    let os = fs::read_to_string(root.join("etc/os-release")).unwrap_or_default();
    let value = |key: &str| {
        let line = os.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(line.trim_matches('"').to_owned())
    };
    let (Some("debian"), Some(codename)) = (value("ID").as_deref(), value("VERSION_CODENAME")) else {
        return Ok(Mirrors::default());
    };
    let mut files = vec![root.join("etc/apt/sources.list")];
    files.extend(files_in(&root.join("etc/apt/sources.list.d"))?);
    let mut sources = Vec::new();
    for path in files.iter().filter(|path| path.exists()) {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(text.lines().filter_map(one_line_source)),
            Some("sources") => sources.extend(deb822_sources(&text)),
            _ => {}
        }
    }
    let mirror = |suite: String| {
        let source = sources.iter().find(|source| source.is_debian() && source.suites.contains(&suite))?;
        Some(source.uri.trim_end_matches('/').to_owned())
    };
    Ok(Mirrors { main: mirror(codename.clone()), security: mirror(format!("{codename}-security")) })
}

fn files_in(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let what = || format!("cannot list {}", folder.display());
    let mut files = Vec::new();
    match fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                files.push(entry.with_context(what)?.path());
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(what),
    }
    files.sort();
    Ok(files)
}

/// One line or stanza of apt's sources (sources.list(5)).
#[derive(Debug, PartialEq, Eq)]
struct Source {
    uri: String,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: Option<String>,
}

impl Source {
    /// Tells Debian's own archive from others that name their suites after Debian's: those bring their own key.
    fn is_debian(&self) -> bool {
        self.uri.starts_with("http")
            && self.components.iter().any(|component| component == "main")
            && self.signed_by.as_deref().is_none_or(|key| key.contains("debian-archive"))
    }
}

fn one_line_source(line: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb")?.strip_prefix([' ', '\t'])?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split('#').next()?.split_whitespace().map(str::to_owned);
    Some(Source {
        uri: words.next()?,
        suites: vec![words.next()?],
        components: words.collect(),
        signed_by: options.split_whitespace().find_map(|option| option.strip_prefix("signed-by=")).map(str::to_owned),
    })
}

fn deb822_sources(text: &str) -> Vec<Source> {
    let stanza = |lines: &[&str]| {
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        let mut last = None;
        for line in lines {
            if line.starts_with([' ', '\t']) {
                if let Some(field) = last.as_ref().and_then(|name: &String| fields.get_mut(name)) {
                    field.push(' ');
                    field.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                let name = name.to_ascii_lowercase();
                fields.insert(name.clone(), value.trim().to_owned());
                last = Some(name);
            }
        }
        let words = |name: &str| -> Vec<String> {
            fields.get(name).into_iter().flat_map(|value| value.split_whitespace()).map(str::to_owned).collect()
        };
        let enabled = fields.get("enabled").is_none_or(|value| !value.eq_ignore_ascii_case("no"));
        (enabled && words("types").iter().any(|kind| kind == "deb")).then(|| Source {
            uri: words("uris").into_iter().next().unwrap_or_default(),
            suites: words("suites"),
            components: words("components"),
            signed_by: fields.get("signed-by").cloned(),
        })
    };
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.split(|line| line.trim().is_empty()).filter_map(stanza).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(os_release: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc/apt/sources.list.d")).unwrap();
        fs::write(root.path().join("etc/os-release"), os_release).unwrap();
        for (path, text) in files {
            fs::write(root.path().join("etc/apt").join(path), text).unwrap();
        }
        root
    }

    const BOOKWORM: &str = "ID=debian\nVERSION_CODENAME=bookworm\n";

    #[test]
    fn mirrors_come_from_deb822_sources() {
        let root = machine(
            BOOKWORM,
            &[(
                "sources.list.d/debian.sources",
                "Types: deb\n# a comment\nURIs: http://mirror.example/debian/\nSuites: bookworm bookworm-updates\n\
                 Components: main contrib\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
                 Types: deb\nURIs: http://mirror.example/security\nSuites:\n bookworm-security\nComponents: main\n",
            )],
        );
        let mirrors = mirrors_of(root.path()).unwrap();
        assert_eq!(mirrors.main.as_deref(), Some("http://mirror.example/debian"));
        assert_eq!(mirrors.security.as_deref(), Some("http://mirror.example/security"));
    }

    #[test]
    fn mirrors_come_from_one_line_sources() {
        let root = machine(
            BOOKWORM,
            &[(
                "sources.list",
                "# deb http://old.example/debian bookworm main\ndeb cdrom:[disc] bookworm main\n\
                 deb-src http://src.example/debian bookworm main\n\
                 deb [arch=amd64] http://mirror.example/debian bookworm main non-free # here\n",
            )],
        );
        let mirrors = mirrors_of(root.path()).unwrap();
        assert_eq!(mirrors, Mirrors { main: Some("http://mirror.example/debian".to_owned()), security: None });
    }

    #[test]
    fn archives_of_others_are_no_debian_mirrors() {
        let root = machine(
            BOOKWORM,
            &[
                ("sources.list.d/a.list", "deb [signed-by=/etc/apt/keyrings/a.gpg] https://a.example bookworm main\n"),
                ("sources.list.d/b.list", "deb https://b.example/debian bookworm stable\n"),
                ("sources.list.d/c.list.off", "deb https://c.example/debian bookworm main\n"),
                (
                    "sources.list.d/d.sources",
                    "Enabled: no\nTypes: deb\nURIs: http://d.example\nSuites: bookworm\nComponents: main\n",
                ),
            ],
        );
        assert_eq!(mirrors_of(root.path()).unwrap(), Mirrors::default());
    }

    #[test]
    fn a_machine_that_is_no_debian_has_no_mirrors() {
        let root = machine(
            "ID=ubuntu\nVERSION_CODENAME=noble\n",
            &[("sources.list", "deb http://mirror.example/ubuntu noble main\n")],
        );
        assert_eq!(mirrors_of(root.path()).unwrap(), Mirrors::default());
    }

    #[test]
    fn sources_name_the_release_of_the_host_and_not_of_this_machine() {
        let recipe = Recipe {
            mirrors: Mirrors { main: None, security: Some("http://mirror.example/security".to_owned()) },
            ..Recipe::default()
        };
        let sources = recipe.apt_sources(Release::Trixie, "http://default.example/debian");
        assert!(sources.contains("URIs: http://default.example/debian\nSuites: trixie trixie-updates\n"), "{sources}");
        assert!(sources.contains("URIs: http://mirror.example/security\nSuites: trixie-security\n"), "{sources}");
    }

    #[test]
    fn only_apt_settings_that_downloads_need_are_taken_over() {
        let dump = "Acquire::Check-Date \"false\";\nAcquire::Languages \"none\";\nAcquire::cdrom::mount \"/media\";\n\
                    Acquire::http::Proxy \"http://127.0.0.1:3142\";\nAcquire::https::Proxy \"http://proxy.example\";\n";
        assert_eq!(
            relevant_apt_settings(dump),
            ["Acquire::Check-Date \"false\";", "Acquire::https::Proxy \"http://proxy.example\";"]
        );
    }

    #[test]
    fn the_fingerprint_changes_with_what_goes_in() {
        let plain = Recipe::default();
        let trusting =
            Recipe { authorities: BTreeMap::from([("a.crt".to_owned(), b"a".to_vec())]), ..Recipe::default() };
        assert_eq!(plain.fingerprint(&["x"]), plain.fingerprint(&["x"]));
        assert_ne!(plain.fingerprint(&["x"]), plain.fingerprint(&["y"]));
        assert_ne!(plain.fingerprint(&["x"]), trusting.fingerprint(&["x"]));
        assert!(plain.guest_environment().is_empty() && plain.tool_settings().is_empty());
        let tools: Vec<_> = trusting.tool_settings().into_iter().map(|(path, _)| path).collect();
        assert_eq!(tools, ["etc/pip.conf", "etc/npmrc"]);
        assert!(trusting.guest_environment().iter().any(|(name, _)| name == "NODE_EXTRA_CA_CERTS"));
    }
}
