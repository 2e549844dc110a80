//! What `up`, `down` and the lab itself are asked for.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Release;

/// Where throwaway hosts live and what they get from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder all state is in.
    pub state_dir: PathBuf,
    /// Environment variables for everything that runs inside hosts, such as proxies.
    pub environment: Vec<(String, String)>,
}

impl Settings {
    /// The state folder where none is asked for.
    pub const STATE_DIR: &str = "/var/lib/infra-lab";

    /// Takes the settings from environment variables.
    ///
    /// `INFRA_LAB_DIR` names the state folder; proxies set for this machine are set in hosts too.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let state_dir = variable("INFRA_LAB_DIR").filter(|value| !value.is_empty());
        let proxies = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
        let proxies = proxies.into_iter().filter_map(|name| {
            let value = variable(name)?.into_string().ok()?;
            (!value.is_empty()).then(|| (name.to_owned(), value))
        });
        Settings {
            state_dir: state_dir.map_or_else(|| PathBuf::from(Self::STATE_DIR), PathBuf::from),
            environment: proxies.collect(),
        }
    }
}

/// How long a host stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Until somebody takes it down.
    UntilDown,
    /// No longer than this process: should it be killed, the next operation takes the host down.
    ThisProcess,
}

/// What to bring up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpOptions {
    pub lab: String,
    pub release: Release,
    /// The hosts' names, which specs call them by.
    pub hosts: Vec<String>,
    pub lifetime: Lifetime,
    /// Lets the hosts run containers themselves, which takes privileges on this machine that others do without.
    pub containers: bool,
    /// Debian packages that new hosts have from the start: they are installed once, into a layer that hosts share.
    pub with: Vec<String>,
}

/// Which hosts to take down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every host of every lab.
    All,
    /// Every host of a lab.
    Lab(String),
    /// Some hosts of a lab.
    Hosts(String, Vec<String>),
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn settings_come_from_variables_that_say_something() {
        let of = |set: &[(&str, &str)]| {
            Settings::from_variables(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        let nothing = of(&[("INFRA_LAB_DIR", ""), ("http_proxy", ""), ("HOME", "/root")]);
        assert_eq!(nothing, Settings { state_dir: Settings::STATE_DIR.into(), environment: Vec::new() });
        let both = of(&[("INFRA_LAB_DIR", "/srv/lab"), ("https_proxy", "http://proxy.example:3128")]);
        assert_eq!(both.state_dir, Path::new("/srv/lab"));
        assert_eq!(both.environment, [("https_proxy".to_owned(), "http://proxy.example:3128".to_owned())]);
    }
}
