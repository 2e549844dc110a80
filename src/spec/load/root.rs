//! Where the files of a spec may lie: in its folder, in one above it within its git repository that `root:` names, and in
//! what the command line allows.

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::model::YamlNode;

use super::super::LoadOptions;
use super::super::confined::NoRoot;
use super::super::files::normalize;
use super::super::read::unreadable;
use super::Loader;

impl Loader<'_> {
    /// Confines the spec to its folder, and to what the command line allows.
    pub(super) fn enter(&mut self, folder: &Path, options: &LoadOptions) -> Option<()> {
        let mut wrong = Vec::new();
        if let Err(error) = self.files.enter(folder) {
            wrong.push(unreadable(&error).diagnostic(&self.files, folder, None));
        }
        for allowed in &options.allowed {
            if let Err(error) = self.files.allow(&normalize(allowed)) {
                wrong.push(Diagnostic::error(None, format!("--allow-path {}: {error}", allowed.display())));
            }
        }
        let right = wrong.is_empty();
        self.diagnostics.append(&mut wrong);
        right.then_some(())
    }

    /// Widens where the spec's files may lie to the folder that its main file names.
    pub(super) fn root(&mut self, node: &YamlNode, in_main_file: bool) {
        let error = |message: &str| Diagnostic::error(node.span, message);
        let Some(path) = node.as_text() else {
            self.report(error(&format!("`root` is the path of a folder; this is {}", node.type_name())));
            return;
        };
        if !in_main_file {
            let help = "say there what all files of the spec may read";
            self.report(error("`root` stands in the spec's main file").help(help));
            return;
        }
        let allow = "what lies elsewhere is allowed on the command line: `--allow-path PATH`";
        let problem = match self.files.widen(path) {
            Ok(()) => return,
            Err(NoRoot::Missing) => format!("there is no folder `{path}` above the spec's"),
            Err(NoRoot::NotAbove) => "`root` is a folder above the spec's, such as `..`".to_string(),
            Err(NoRoot::NoRepository) => {
                "`root` is a folder of the git repository that the spec lies in, and it lies in none".to_string()
            }
            Err(NoRoot::AboveRepository(top)) => {
                format!("`root` leads out of the git repository, whose top is `{}`", top.display())
            }
        };
        self.report(error(&problem).help(allow));
    }
}
