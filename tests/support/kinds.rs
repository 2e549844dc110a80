//! What is done to kinds on real hosts: a folder of `tests/data/kinds` each.

use std::path::{Path, PathBuf};

use super::lab::{DATABASES, NODE};

/// A folder: a spec, `breaks.yaml`, and overlays for removal and for what must fail.
#[derive(Debug)]
pub struct Trial {
    /// The folder's name.
    pub name: String,
    pub folder: PathBuf,
    pub host: Host,
}

/// `host.yaml`: what is special about the host. Most folders have none, and a bare host for themselves.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Host {
    /// The kinds it is about, where the folder is not called like one.
    kinds: Vec<String>,
    /// The host runs containers.
    pub containers: bool,
    /// What the host has from the start: the trial is not about installing it.
    with: Option<Layer>,
    /// Folders with the same word here do not disturb each other, and share a host and its reboot.
    pub shared: Option<String>,
}

#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Layer {
    Databases,
    Node,
}

impl Host {
    /// Returns the packages that the host has from the start.
    pub fn packages(&self) -> &'static [&'static str] {
        match self.with {
            None => &[],
            Some(Layer::Databases) => DATABASES,
            Some(Layer::Node) => NODE,
        }
    }
}

impl Trial {
    /// Returns all there are, by name.
    pub fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kinds");
        let entries = std::fs::read_dir(&root).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        folders.into_iter().map(Self::read).collect()
    }

    fn read(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let path = folder.join("host.yaml");
        let host = match std::fs::read_to_string(&path) {
            Ok(text) => serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            Err(_) => Host::default(),
        };
        Trial { name, folder, host }
    }

    /// Returns the kinds that it is about.
    pub fn kinds(&self) -> Vec<&str> {
        match self.host.kinds.as_slice() {
            [] => vec![&self.name],
            kinds => kinds.iter().map(String::as_str).collect(),
        }
    }
}
