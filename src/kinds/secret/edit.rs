//! Secrets kept in JSON files: what surrounds a value is worked out here, the value is put between on the host.

use std::collections::BTreeMap;

use crate::kinds::shared::program::program;
use crate::kinds::shared::{BESIDE, REPLACE};
use crate::model::{Blob, Row, Step, remove_json, set_json_string, sha256};
use crate::{row, rows};

use crate::resource::Planned;

use super::value::{Secret, count, replaced};

rows! {
    include_str!("edit.sh") => struct Edited { path, hash, form, size, alphabet, before, after, note, old }
}

/// The largest JSON file, in bytes.
pub(super) const MOST: usize = 1024 * 1024;

/// Makes the step that edits JSON files; secrets of one file are put into it together.
pub(super) fn step(batch: &[Planned<'_, Secret>], json: Vec<usize>) -> Step {
    let verb = match json.iter().all(|&at| batch[at].resource.is_absent()) {
        true => "forget",
        false if json.iter().any(|&at| replaced(&batch[at]).is_some()) => "rotate",
        false => "make",
    };
    let purpose = format!("{verb} {}", count(json.len()));
    let mut files: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for at in json {
        files.entry(batch[at].resource.desired.path.as_str()).or_default().push(at);
    }
    let (mut covers, mut rows, mut input) = (Vec::new(), Vec::new(), Vec::new());
    for (path, of_file) in files {
        file(batch, path, &of_file, &mut covers, &mut rows, &mut input);
    }
    let script = program![REPLACE, BESIDE, include_str!("value.sh"), include_str!("edit.sh")];
    Step::new(script, covers, purpose).rows(rows).input(input)
}

/// Adds what edits one file.
fn file(
    batch: &[Planned<'_, Secret>],
    path: &str,
    of_file: &[usize],
    covers: &mut Vec<usize>,
    rows: &mut Vec<Row>,
    input: &mut Vec<Blob>,
) {
    let seen = of_file.iter().find_map(|&at| batch[at].observed.found()?.text.as_ref());
    let mut text = seen.map_or_else(String::new, |text| text.expose().to_string());
    let mut mark = "infra-value".to_string();
    while text.contains(&mark) {
        mark.push('-');
    }
    // Values are marked first; the places of the marks are found in the text that all of them are in.
    let mut order = Vec::new();
    for &at in of_file {
        let desired = &batch[at].resource.desired;
        let marked = format!("{mark}{at}.");
        let edited = match batch[at].resource.is_absent() {
            true => remove_json(&text, &desired.key),
            false => set_json_string(&text, &desired.key, &marked),
        };
        // What cannot be set is left as it is, and the observation afterwards says so.
        text = edited.unwrap_or(text);
        order.push(at);
    }
    let place = |text: &str, at: usize| text.find(&format!("{mark}{at}."));
    order.sort_by_key(|&at| place(&text, at).unwrap_or(0));
    let hash = seen.map(|text| sha256(text.expose().as_bytes()));
    let mut rest = text.as_str();
    for (number, &at) in order.iter().enumerate() {
        let desired = &batch[at].resource.desired;
        let marked = format!("{mark}{at}.");
        let (before, form, size, alphabet) = match rest.find(&marked) {
            Some(found) => {
                let before = &rest[..found];
                rest = &rest[found + marked.len()..];
                let (form, size, alphabet) = desired.recipe.fields();
                (before, form, size, alphabet)
            }
            None => ("", "nothing", String::new(), ""),
        };
        let after = (number + 1 == order.len()).then_some(rest);
        let (old, note) = match replaced(&batch[at]) {
            Some((old, note)) => (Some(old.clone()), Some(note.to_string())),
            None => (None, None),
        };
        covers.push(at);
        rows.push(row![Edited {
            path,
            hash: hash.clone(),
            form,
            size,
            alphabet,
            before: before.len() as u64,
            after: after.map(|after| after.len() as u64),
            note,
            old,
        }]);
        input.extend([Some(before), after].into_iter().flatten().map(|part| Blob(part.as_bytes().into())));
    }
}
