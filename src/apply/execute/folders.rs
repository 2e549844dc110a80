//! Folders that a resource needs, and that another one makes which comes after it: a project's, in which its files lie.

use crate::graph::Node;
use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::Step;
use crate::{row, rows};

use super::Execution;

const PROGRAM: &str = program![BESIDE, include_str!("folders.sh")];

rows! {
    PROGRAM => struct Made { path, mode }
}

impl Execution<'_, '_> {
    /// Makes the step that makes the folders which the resources of a batch need first; none where nothing is missing.
    pub(super) fn make_folders(&self, nodes: &[Node]) -> Option<Step> {
        let (mut covers, mut rows) = (Vec::new(), Vec::new());
        for (at, &node) in nodes.iter().enumerate() {
            for folder in self.survey.folders_first(node) {
                covers.push(at);
                rows.push(row![Made { path: &folder.path, mode: folder.mode }]);
            }
        }
        let purpose = match covers.as_slice() {
            [] => return None,
            [_] => "make the folder that it lies in",
            _ => "make the folders that they lie in",
        };
        Some(Step::new(PROGRAM, covers, purpose).rows(rows))
    }
}
