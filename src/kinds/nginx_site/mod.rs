//! `nginx_site`: a site of nginx that goes live only if nginx accepts it.

mod content;

use crate::model::{Changes, Content, Expect, Lock, Probe, ProbeOutput, Record, Step, Value};
use crate::row;

use crate::kinds::shared::owned_file::{self, NewFile, OwnedFile};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space,
};

/// A site of nginx that goes live only if nginx accepts it.
pub struct NginxSite;

/// A site as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Left alone where the spec gives none.
    content: Option<Content>,
    enabled: bool,
}

/// A site as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// None where only its link is there.
    file: Option<OwnedFile>,
    enabled: bool,
    /// Nginx has accepted what is there; a run that was killed before it asked leaves a mark.
    is_tested: bool,
}

/// Where the sites of Debian's nginx live; `sites-enabled` holds links to those that are served.
const AVAILABLE: &str = "/etc/nginx/sites-available";
const ENABLED: &str = "/etc/nginx/sites-enabled";
/// Provided by the sites of a host that are not served.
const OFF: Space = Space("disabled sites of nginx");

impl Kind for NginxSite {
    const KIND: &'static str = "nginx_site";
    const SECTION: &'static str = "nginx_sites";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional("content", Shape::Text, "The content, given in place."),
        Attribute::optional("template", Shape::Template, "A template beside the spec that renders the content."),
        Attribute::optional("source", Shape::Source, "A file beside the spec that is the content."),
        Attribute::default("enabled", Shape::Bool, "true", "Whether it is served: linked from `sites-enabled`."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A site of nginx that goes live only if nginx accepts it.",
        name: "The file's name in `/etc/nginx/sites-available`, such as `app` or `example.com`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = owned_file::GIVEN;
    const SHOWN_AS: &'static [(&'static str, &'static str)] = owned_file::SHOWN_AS;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name().to_string();
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !is_plain || name.starts_with('.') || name.is_empty() {
            fields.error(
                "name",
                format!("`{name}` is not the name of a site"),
                "use letters, digits, `.`, `_` and `-`",
            );
        }
        let given = fields.one_of("a site", owned_file::GIVEN);
        let enabled = fields.bool("enabled").unwrap_or(true);
        Desired { content: given.and_then(|name| fields.content(name)), enabled }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let path = path(resource);
        let mut claims = Claims::new()
            .provides(Space::PATH, &path)
            .provides(Space::PATH, format!("{ENABLED}/{}", resource.name()))
            .requires(Space::PROGRAM, "nginx");
        // What is served no longer makes room: two sites may not both be the default of a port.
        claims = match resource.desired.enabled {
            true => claims.requires(OFF, ""),
            false => claims.shares(OFF, ""),
        };
        if let Some(content) = &resource.desired.content {
            claims = claims.provides(Space::CONTENT, path);
            // What a secret was rendered into may not decide the order of things.
            if let Some(text) = content.text().filter(|_| !content.is_sensitive()) {
                claims = content::named_paths(text).fold(claims, |claims, path| claims.requires(Space::PATH, path));
                if resource.desired.enabled && !resource.is_absent() {
                    claims = content::web_roots(text).fold(claims, |claims, path| claims.shares(Space::WEB_ROOT, path));
                }
            }
        }
        claims
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| owned_file::row(&path(resource), resource.desired.content.as_ref()));
        Probe::new(concat!(include_str!("../shared/owned_file/look.sh"), include_str!("probe.sh")), rows.collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let desired: Vec<Option<&Content>> = all.iter().map(|resource| resource.desired.content.as_ref()).collect();
        let mut links: Vec<Option<&Record>> = vec![None; all.len()];
        for record in output.records.iter().filter(|record| record.field(0) == "link") {
            if let Some(slot) = links.get_mut(record.index) {
                *slot = Some(record);
            }
        }
        owned_file::observations(output, &desired)
            .into_iter()
            .zip(links)
            .zip(all)
            .map(|((file, link), resource)| {
                let Some(link) = link else { return Observation::Failed(output.explain()) };
                let enabled = match link.field(1) {
                    "yes" => true,
                    "no" => false,
                    other => return Observation::Failed(format!("its place in {ENABLED} holds {other}")),
                };
                let is_tested = link.field(2) != "untested";
                let is_known = resource.desired.content.is_some() && !resource.is_absent();
                match file {
                    // The package brings a site of its own.
                    Observation::Absent if link.field(3) == "no-nginx" && !is_known => Observation::Later {
                        needs: Claim::new(Space::PROGRAM, "nginx"),
                        reason: "nginx is not installed".into(),
                    },
                    Observation::Absent if !enabled && is_tested => Observation::Absent,
                    Observation::Absent => Observation::Present(Observed { file: None, enabled, is_tested }),
                    seen => seen.map(|file| Observed { file: Some(file), enabled, is_tested }),
                }
            })
            .collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = observed.file.as_ref().map(OwnedFile::attributes).unwrap_or_default();
        attributes.push(("enabled", observed.enabled.into()));
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        match observed {
            Observation::Present(observed) => {
                match (&observed.file, &desired.content) {
                    (Some(file), Some(content)) => file.compare(&mut changes, content, MODE),
                    (None, Some(content)) => owned_file::created(&mut changes, content, MODE),
                    (_, None) => {}
                }
                changes.compare("enabled", observed.enabled, desired.enabled);
                changes.compare("tested", observed.is_tested, true);
            }
            _ => {
                if let Some(content) = &desired.content {
                    owned_file::created(&mut changes, content, MODE);
                }
                // A site that is not there is not served either.
                if desired.content.is_some() || desired.enabled {
                    changes.push("enabled", Value::Null, desired.enabled);
                }
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        match (&resource.desired.content, resource.is_absent()) {
            (_, true) => Some(vec![Expect::Is("absent".into())]),
            (Some(content), _) => Some(owned_file::expected(content, MODE)),
            // Its file may be anything; whether its link is right, only the parsing can tell.
            (None, _) => Some(vec![Expect::Any]),
        }
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let files = batch.iter().enumerate().map(|(at, planned)| file(at, planned)).collect();
        let purpose = match batch.len() {
            1 => format!("set the nginx site {}", batch[0].resource.name()),
            sites => format!("set {sites} nginx sites"),
        };
        vec![owned_file::step_of(APPLY, None, files, purpose).locks(&[Lock("nginx")])]
    }
}

/// Puts files and links in place, and back where nginx refuses them.
const APPLY: &str = concat!(
    include_str!("../shared/ownership.sh"),
    include_str!("../shared/owned_file/write.sh"),
    include_str!("apply.sh")
);

/// Says how the file of a site is written, and what becomes of the site.
fn file<'a>(at: usize, planned: &Planned<'a, NginxSite>) -> NewFile<'a> {
    let resource = planned.resource;
    let (path, is_absent) = (path(resource), resource.is_absent());
    let state = match resource.desired.enabled {
        _ if is_absent => "gone",
        true => "enabled",
        false => "disabled",
    };
    let has_file = planned.observed.found().is_some_and(|found| found.file.is_some());
    match resource.desired.content.as_ref().filter(|_| !is_absent) {
        Some(content) => {
            let written = Some(content).filter(|_| !has_file || planned.changes("content"));
            NewFile { more: row![state], ..NewFile::of_root(at, path, MODE, written) }
        }
        None => NewFile { at, path, more: row![state], ..NewFile::default() },
    }
}

const MODE: &str = "0644";

fn path(resource: &Resource<Desired>) -> String {
    format!("{AVAILABLE}/{}", resource.name())
}
