//! Virtual environments of Python with the peers in them, made once and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::wanted::sha256;

/// Makes the environment of a peer unless it is there. `requirements` is the text of a requirements file.
pub fn ensure(cache: &Path, name: &str, requirements: &str) -> Result<PathBuf> {
    let folder = cache.join(format!("{name}-{}", &sha256(requirements)[..12]));
    let whole = folder.join("is-whole");
    if whole.exists() {
        return Ok(folder);
    }
    eprintln!("installing {name}");
    let file = cache.join(format!("{name}.txt"));
    fs::write(&file, requirements).with_context(|| format!("cannot write {}", file.display()))?;
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
        .context("cannot make a virtual environment (Debian: apt-get install python3-venv)")?;
    run(Command::new(folder.join("bin/python")).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&file))
        .with_context(|| format!("cannot install {name}"))?;
    fs::write(&whole, "").with_context(|| format!("cannot write {}", whole.display()))?;
    Ok(folder)
}

/// The folder in which an environment has its packages.
pub fn packages(environment: &Path) -> PathBuf {
    let versions = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let version = versions.map(|entry| entry.path()).find(|path| path.join("site-packages").is_dir());
    version.unwrap_or_else(|| environment.join("lib/python3")).join("site-packages")
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", said.trim_end());
    Ok(())
}
