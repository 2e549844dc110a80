//! Where connections to hosts have their sockets on this machine.

use std::path::PathBuf;

use crate::host::{Keep, Options};
use crate::render::{Role, visible};
use crate::ui::Terminal;

use super::environment::variable;

/// Returns the options of a run whose connections wait for the next one for so many seconds, or for none. What runs that were
/// killed left on this machine is removed.
pub fn options(terminal: &Terminal, seconds: u16) -> Options {
    let mut options = Options::default();
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    match Keep::prepare(runtime.as_deref(), seconds) {
        Ok(keep) => {
            options.control_folder = keep.folder().to_path_buf();
            options.keep = (seconds > 0).then_some(keep);
        }
        // Without a private folder, sockets are made in one of their own each.
        Err(_) if seconds == 0 => {}
        Err(error) => {
            let head = terminal.status_paint().paint(Role::Warning, "warning:");
            let error = visible(&error.to_string());
            terminal.status(&format!("{head} connections are closed at the end of the run: {error}"));
        }
    }
    options
}
