//! `tree`: a folder beside the spec, copied with all that is in it.

mod copy;
mod item;
mod plan;

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::shared::BESIDE;
use crate::model::{Changes, Content, Expect, Probe, ProbeOutput, Step, Value, decode_base64};

use crate::kinds::shared::REPLACE;
use crate::kinds::shared::program::program;
use crate::kinds::shared::validation::{self, Validation};
use crate::resource::batch::parse_all;
use crate::resource::{
    Attribute, Capabilities, Claims, Documentation, Erased, Fields, Kind, KnowsOthersBelow, Observation, Planned,
    Resource, Shape, Space,
};
use crate::{expect, records, row, rows};

use copy::Found;
pub use copy::{Desired, Observed, Tree};
use item::{Excludes, Item, What};

/// The largest content that is fetched for a diff, in bytes.
const MOST_FETCHED: u64 = 64 * 1024;

rows! {
    include_str!("probe.sh") => struct Asked { folder, wanted_owner, wanted_group, listing, limit; more }
    include_str!("probe.sh") => struct Thing { r#type, mode, want, path }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "unreadable" => Unreadable,
        "same" => Same,
        "differs" => Differs,
        "item" => State { number, state },
        "item" => Item { number, r#type, owner, group, mode, size, hash, target },
        "content" => Content { number, base64 },
        "more" => More { path },
    }
}

impl Kind for Tree {
    const KIND: &'static str = "tree";
    const SECTION: &'static str = "trees";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required("source", Shape::Folder, "The folder beside the spec that is copied."),
        Attribute::optional("owner", Shape::Account, "The user that owns all of it; left alone where left out."),
        Attribute::optional("group", Shape::Account, "The group that owns all of it; left alone where left out."),
        Attribute::default(
            "file_mode",
            Shape::Mode,
            "\"0644\"",
            "The permissions of files; those that may be run beside the spec may be run by all who may read them.",
        ),
        Attribute::default("directory_mode", Shape::Mode, "\"0755\"", "The permissions of folders."),
        Attribute::optional(
            "exclude",
            Shape::List(&Shape::Text),
            "Globs of what is neither copied nor removed: names anywhere (`*.pyc`), or paths (`static/**/*.map`).",
        ),
        Attribute::default("prune", Shape::Bool, "false", "Removes what the folder beside the spec does not hold."),
        validation::VALIDATE_EACH,
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A folder beside the spec, copied with all that is in it.",
        name: "The absolute path of the copy.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const IS_NAMED_BY_PATH: bool = true;
    const CAPABILITIES: Capabilities = Erased::<Self>::KNOWS_OTHERS_BELOW;
    const STAYS: &'static [&'static str] = &["owner", "group"];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let mode = |mode: Option<String>, default: &str| mode.unwrap_or_else(|| default.to_string());
        let excludes = Excludes::read(fields, "exclude");
        let (files, folders) = (mode(fields.mode("file_mode"), "0644"), mode(fields.mode("directory_mode"), "0755"));
        if fields.name() == "/" {
            fields.error(
                "source",
                "a tree is copied to the path of a folder",
                "name it by that path, such as `/opt/app`",
            );
        }
        let prune = fields.bool("prune").unwrap_or_default();
        if fields.is_absent() && !fields.has("source") && !prune {
            let help = "give `source`, or `prune: true` to remove all of it";
            fields.error("state", "without `source` it is not known what should go", help);
        }
        Desired {
            validation: Validation::decode(fields, "", None),
            items: item::items(fields, &excludes, &files, &folders),
            owner: fields.text("owner"),
            group: fields.text("group"),
            excludes,
            prune,
            others_below: Vec::new(),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let mut claims = Claims::new().owned_by(resource.desired.owner.as_ref(), resource.desired.group.as_ref());
        for item in &resource.desired.items {
            let path = path_of(resource, &item.path);
            if matches!(item.what, What::File(_)) {
                claims = claims.provides(Space::CONTENT, path.clone());
            }
            claims = claims.provides(Space::PATH, path);
        }
        claims
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all
            .iter()
            .map(|resource| {
                let Desired { items, owner, group, prune, .. } = &resource.desired;
                let flag = match (resource.is_absent(), prune) {
                    (true, _) => "gone",
                    (false, true) => "list",
                    (false, false) => "",
                };
                let mut row = row![Asked {
                    folder: resource.name(),
                    wanted_owner: owner.as_ref(),
                    wanted_group: group.as_ref(),
                    listing: flag,
                    limit: MOST_FETCHED,
                }];
                for item in items {
                    row.extend(row![Thing {
                        r#type: item.word(),
                        mode: &item.mode,
                        want: item.want(),
                        path: &item.path,
                    }]);
                }
                row
            })
            .collect();
        Probe::new(include_str!("probe.sh"), rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_all(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        // Of what is as it should be nothing was told, so only what is wrong or should go can be named.
        let things = observed.items.len() + observed.more.len();
        if things == 0 { Vec::new() } else { vec![("files and folders", Value::text(things.to_string()))] }
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        plan::changes(resource, observed)
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        // What else may stay in the folder only this side can tell.
        let Desired { prune, excludes, others_below, .. } = &resource.desired;
        let others = *prune && (!excludes.is_empty() || !others_below.is_empty());
        (!resource.is_absent() && !others).then(|| expect![Seen::Same])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let (rows, inputs): (Vec<_>, Vec<_>) = batch.iter().map(plan::row).unzip();
        let purpose = match batch {
            [planned] if planned.resource.is_absent() => format!("remove {}", planned.resource.name()),
            [planned] => format!("copy {}", planned.resource.name()),
            _ => format!("copy or remove {} trees", batch.len()),
        };
        let timeout = batch.iter().filter_map(|planned| planned.resource.timeout).max();
        let is_judged = batch.iter().any(|planned| !planned.resource.desired.validation.command("").is_empty());
        let step = Step::new(if is_judged { JUDGED } else { APPLY }, (0..batch.len()).collect(), purpose)
            .rows(rows)
            .input(inputs.into_iter().flatten().collect());
        vec![match timeout {
            Some(timeout) => step.timeout(timeout),
            None => step,
        }]
    }
}

const APPLY: &str = program![REPLACE, BESIDE, include_str!("apply.sh")];
/// Where commands read new files.
const JUDGED: &str = program![validation::COMMAND, APPLY];

impl KnowsOthersBelow for Tree {
    fn set_others_below(desired: &mut Desired, others: Vec<String>) {
        desired.others_below = others;
    }
}

/// Returns the whole path of what is below the folder.
fn path_of(resource: &Resource<Desired>, below: &str) -> String {
    if below.is_empty() { resource.name().to_string() } else { format!("{}/{below}", resource.name()) }
}

fn observation(first: Seen<'_>, rest: &[Seen<'_>], resource: &Resource<Desired>) -> Observation<Observed> {
    match first {
        Seen::Absent => return Observation::Absent,
        Seen::Denied => return Observation::Failed("a folder above it may not be searched by this account".into()),
        Seen::Unreadable => return Observation::Failed("a file in it has a newline in its name".into()),
        _ => {}
    }
    let items = &resource.desired.items;
    let mut observed = Observed { items: BTreeMap::new(), more: BTreeSet::new() };
    let mut more = Vec::new();
    for seen in rest {
        match *seen {
            Seen::Item { number, .. } | Seen::State { number, .. } => {
                let number: Option<usize> = number.parse().ok();
                let Some((number, item)) = number.and_then(|at| Some((at, items.get(at)?))) else {
                    return Observation::Failed("the host tells of a file that was not asked for".into());
                };
                match found(*seen, item) {
                    Ok(found) => observed.items.insert(number, found),
                    Err(reason) => return Observation::Failed(reason),
                };
            }
            Seen::More { path } => more.push(path.to_string()),
            _ => {}
        }
    }
    for seen in rest {
        let Seen::Content { number, base64 } = *seen else { continue };
        let number: Option<usize> = number.parse().ok();
        if let Some(Found::There { content, .. }) = number.and_then(|number| observed.items.get_mut(&number))
            && let Some(bytes) = decode_base64(base64)
        {
            // It may have changed since its hash was taken: then the summary says more.
            let fetched = Content::new(bytes);
            if content.as_ref().is_some_and(|content| content.hash() == fetched.hash()) {
                *content = Some(fetched);
            }
        }
    }
    plan::sort_out(resource, &mut observed, more);
    if resource.is_absent() && observed.items.is_empty() && observed.more.is_empty() {
        return Observation::Absent;
    }
    Observation::Present(observed)
}

/// Reads what was found in the place of an item.
fn found(seen: Seen<'_>, item: &Item) -> Result<Found, String> {
    let (word, owner, group, mode, size, hash, target) = match seen {
        Seen::Item { number: _, r#type, owner, group, mode, size, hash, target } => {
            (r#type, owner, group, mode, size, hash, target)
        }
        Seen::State { state: "absent", .. } => return Ok(Found::Absent),
        _ => return Err(format!("{} is in a folder that may not be searched by this account", item.label())),
    };
    // A file may take the place of a link; what is in a folder is not thrown away, nor is a folder's place taken.
    if (word == "directory") != matches!(item.what, What::Folder) {
        return Err(format!("{} is there, but as {word}; move it away", item.label()));
    }
    let size = size.parse().unwrap_or_default();
    Ok(Found::There {
        word: word.to_string(),
        owner: owner.to_string(),
        group: group.to_string(),
        mode: mode.to_string(),
        content: (word == "file").then(|| Content::summary(hash, size)),
        target: target.to_string(),
    })
}
