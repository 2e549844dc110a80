//! `block`: a marked block in a file that someone else owns.

use crate::kinds::shared::BESIDE;
use crate::model::{Blob, Changes, Content, Expect, Probe, ProbeOutput, Step, Value};
use crate::{expect, records, row, rows};

use crate::kinds::shared::owned_file;
use crate::kinds::shared::program::program;
use crate::kinds::shared::validation::{self, Judge, Programs, Validation};
use crate::resource::batch::{count, parse_first};
use crate::resource::{
    Attribute, Claims, Documentation, Fields, Kind, Need, Observation, Planned, Resource, Shape, Space,
};

/// A marked block in a file that someone else owns.
pub struct Block;

/// A block as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    path: String,
    /// Its lines end in LF, whatever those of the file end in.
    content: Content,
    /// As the spec has it: a file that was empty gets its line ends.
    given: Content,
    comment: String,
    at_start: bool,
    create: bool,
    validation: Validation,
}

/// A block as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    content: Content,
}

rows! {
    include_str!("probe.sh") => struct Asked { path, first, last }
    include_str!("apply.sh") => struct Wanted { path, first, last, size, position, create, validate, base }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "damaged" => Damaged { line, why },
        "present" => Present { text },
    }
}

impl Kind for Block {
    const KIND: &'static str = "block";
    const SECTION: &'static str = "blocks";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required("path", Shape::Path, "The file it is in."),
        Attribute::optional("content", Shape::Scalar, "The lines between the markers, given in place."),
        Attribute::optional("template", Shape::Template, "A template beside the spec that renders them."),
        Attribute::optional("source", Shape::Source, "A file beside the spec that holds them."),
        Attribute::default(
            "comment",
            Shape::Text,
            "\"#\"",
            "What starts a comment in the file; the markers are comments.",
        ),
        Attribute::default(
            "position",
            Shape::OneOf(&["end", "start"]),
            "end",
            "Where a new block goes; one that is there stays where it is.",
        ),
        Attribute::default("create", Shape::Bool, "false", "Makes the file, with mode 0644, where it is missing."),
        validation::VALIDATE,
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A marked block in a file that someone else owns.",
        name: "Any words; they are in the markers, `# BEGIN infra NAME` and `# END infra NAME`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = &["content", "template", "source"];
    const SHOWN_AS: &'static [(&'static str, &'static str)] = owned_file::SHOWN_AS;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let given = fields.one_of("a block", owned_file::GIVEN);
        if given.is_none() && !fields.is_absent() {
            fields.error("content", "a block needs content, template or source", "add one of them");
        }
        if fields.name().contains(['\n', '\r']) {
            fields.error("path", "the name of a block is one line", "take the line end out of its name");
        }
        let content = given.and_then(|name| fields.content(name)).unwrap_or_else(|| Content::new(&b""[..]));
        let given_content = whole_lines(content);
        let content = without_cr(&given_content);
        let path = fields.text("path").unwrap_or_default();
        let comment = fields.text("comment").unwrap_or_else(|| "#".into());
        let (begin, end) = markers_of(&comment, fields.name());
        let is_marker = |line: &str| line == begin || line == end;
        if content.text().is_some_and(|text| text.lines().any(is_marker)) {
            fields.error(
                "content",
                "a line of it is a marker of the block itself",
                "give the lines between the markers only",
            );
        }
        Desired {
            validation: Validation::decode(fields, &path, given.map(|given| (given, &content))),
            path,
            content,
            given: given_content,
            comment,
            at_start: fields.text("position").as_deref() == Some("start"),
            create: fields.bool("create").unwrap_or_default(),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let path = &resource.desired.path;
        // Also of a file that is there before: what reads it comes after its last block.
        let claims = Claims::new().requires(Space::PATH, path).shares(Space::PATH, path).shares(Space::CONTENT, path);
        let claims = claims.follows(Space::MAKING, path).follows_and_reads(Space::KEPT, path).touches_below(path);
        let claims = resource.desired.validation.claims(claims, path, Some(&resource.desired.content));
        match resource.desired.create {
            true => claims.needs_folder_of(path),
            false => claims.needs(Need::File { path: path.clone(), otherwise: Some("set `create: true`") }),
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all
            .iter()
            .map(|resource| {
                let (begin, end) = markers(resource);
                row![Asked { path: &resource.desired.path, first: begin, last: end }]
            })
            .collect();
        Probe::new(include_str!("probe.sh"), rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("content", observed.content.clone().into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let mut changes = Changes::new();
        match observed {
            Observation::Present(observed) => {
                changes.compare("content", observed.content.clone(), resource.desired.content.clone());
            }
            _ => {
                changes.push("path", Value::Null, resource.desired.path.as_str());
                changes.push("content", Value::Null, resource.desired.content.clone());
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        if resource.is_absent() {
            return Some(expect![Seen::Absent]);
        }
        resource.desired.content.text().map(|text| expect![Seen::Present { text: text }])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let judge = |at: &usize| batch[*at].resource.desired.validation.judge(&batch[*at].resource.desired.path);
        let mut groups: Vec<(Judge, Vec<usize>)> = Vec::new();
        // What comes is judged once what goes is gone: a rule that moves to another file would be there twice.
        let mut order: Vec<usize> = (0..batch.len()).collect();
        order.sort_by_key(|&at| !batch[at].resource.is_absent());
        for at in order {
            match groups.iter_mut().find(|(other, _)| *other == judge(&at)) {
                Some((_, group)) => group.push(at),
                None => groups.push((judge(&at), vec![at])),
            }
        }
        groups.into_iter().map(|(judge, group)| write(batch, judge, group)).collect()
    }
}

/// Writes blocks, each once the whole file was judged with it.
const WRITE: Programs = Programs {
    none: program![validation::ACCEPTS_ALL, APPLY],
    ..validation::programs!(validation::ONE[0], program![validation::ONE[1], APPLY])
};
const APPLY: &str = program![BESIDE, include_str!("apply.sh")];

/// Makes the step that writes the blocks of a batch that one judge is for.
fn write(batch: &[Planned<'_, Block>], judge: Judge, group: Vec<usize>) -> Step {
    let mut input = Vec::new();
    let mut rows = Vec::new();
    for &at in &group {
        let planned = &batch[at];
        let desired = &planned.resource.desired;
        let (begin, end) = markers(planned.resource);
        let bytes = desired.given.bytes().filter(|_| !planned.resource.is_absent());
        let position = if desired.at_start { "start" } else { "end" };
        let size = bytes.map_or_else(|| "-".to_string(), |bytes| bytes.len().to_string());
        rows.push(row![Wanted {
            path: &desired.path,
            first: begin,
            last: end,
            size,
            position,
            create: desired.create,
            validate: desired.validation.command(&desired.path),
            base: judge.base(),
        }]);
        input.extend(bytes.map(Blob::from));
    }
    let purpose = format!("write {}", count(group.len(), "block", "blocks"));
    Step::new(WRITE.of(judge), group, purpose).rows(rows).input(input)
}

/// Returns the comments that a block stands between.
fn markers(resource: &Resource<Desired>) -> (String, String) {
    markers_of(&resource.desired.comment, resource.name())
}

fn markers_of(comment: &str, name: &str) -> (String, String) {
    (format!("{comment} BEGIN infra {name}"), format!("{comment} END infra {name}"))
}

/// A block is made of whole lines: the last one gets its line end.
fn whole_lines(content: Content) -> Content {
    let is_sensitive = content.is_sensitive();
    match content.bytes() {
        Some(bytes) if !bytes.is_empty() && !bytes.ends_with(b"\n") => {
            let mut whole = bytes.to_vec();
            whole.push(b'\n');
            Content::new(whole).mark_sensitive(is_sensitive)
        }
        _ => content,
    }
}

/// Returns a content with lines that end in LF alone.
fn without_cr(content: &Content) -> Content {
    match content.text().filter(|text| text.contains("\r\n")) {
        Some(text) => Content::new(text.replace("\r\n", "\n").into_bytes()).mark_sensitive(content.is_sensitive()),
        None => content.clone(),
    }
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let path = &resource.desired.path;
    match seen {
        Seen::Absent => Observation::Absent,
        Seen::Present { text } => {
            let content = Content::new(text.as_bytes());
            Observation::Present(Observed { content: content.mark_sensitive(resource.desired.content.is_sensitive()) })
        }
        Seen::Denied => Observation::Failed(format!("{path} may not be read by this account")),
        Seen::Damaged { line, why } => {
            Observation::Failed(format!("{path}:{line}: {why}; mend the markers by hand, nothing was touched"))
        }
    }
}
