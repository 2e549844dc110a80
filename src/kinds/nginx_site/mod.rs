//! `nginx_site`: a site of nginx that goes live only if nginx accepts it.

mod content;

use crate::model::{Changes, Content, Expect, Lock, Probe, ProbeOutput, Record, Step, Value};
use crate::row;

use crate::kinds::shared::owned_file::{self, NewFile, OwnedFile};
use crate::kinds::shared::program::program;
use crate::kinds::shared::system_file::{self, NameRule, SystemFile};
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

/// Holds links to the sites that are served, in Debian's nginx.
const ENABLED: &str = "/etc/nginx/sites-enabled";
/// Provided by the sites of a host that are not served.
const OFF: Space = Space("disabled sites of nginx");

impl Kind for NginxSite {
    const KIND: &'static str = "nginx_site";
    const SECTION: &'static str = "nginx_sites";
    const ATTRIBUTES: &'static [Attribute] = &[
        system_file::CONTENT,
        system_file::TEMPLATE,
        system_file::SOURCE,
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
        system_file::check_name(fields, &NameRule { what: "a site", passed_over: |_| None });
        let given = fields.one_of("a site", owned_file::GIVEN);
        let enabled = fields.bool("enabled").unwrap_or(true);
        Desired { content: given.and_then(|name| fields.content(name)), enabled }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let mut claims = system_file::claims::<Self>(resource)
            .provides(Space::PATH, format!("{ENABLED}/{}", resource.name()))
            .requires(Space::PROGRAM, "nginx");
        // What is served no longer makes room: two sites may not both be the default of a port.
        claims = match resource.desired.enabled {
            true => claims.requires(OFF, ""),
            false => claims.shares(OFF, ""),
        };
        // What a secret was rendered into may not decide the order of things.
        let content = resource.desired.content.as_ref().filter(|content| !content.is_sensitive());
        if let Some(text) = content.and_then(Content::text) {
            claims = content::named_paths(text).fold(claims, |claims, path| claims.requires(Space::PATH, path));
            if resource.desired.enabled && !resource.is_absent() {
                claims = content::web_roots(text).fold(claims, |claims, path| claims.shares(Space::WEB_ROOT, path));
            }
        }
        claims
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        system_file::probe::<Self>(all)
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
                system_file::compare::<Self>(&mut changes, resource, observed.file.as_ref());
                changes.compare("enabled", observed.enabled, desired.enabled);
                changes.compare("tested", observed.is_tested, true);
            }
            _ => {
                system_file::compare::<Self>(&mut changes, resource, None);
                // A site that is not there is not served either.
                if desired.content.is_some() || desired.enabled {
                    changes.push("enabled", Value::Null, desired.enabled);
                }
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        // Where it gives no content its file may be anything; whether its link is right, only the parsing can tell.
        system_file::expected::<Self>(resource)
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let files = batch.iter().enumerate().map(|(at, planned)| Self::new_file(at, planned)).collect();
        let purpose = match batch.len() {
            1 => format!("set the nginx site {}", batch[0].resource.name()),
            sites => format!("set {sites} nginx sites"),
        };
        vec![owned_file::step_of(Self::WRITE, None, files, purpose).locks(Self::LOCKS)]
    }
}

impl SystemFile for NginxSite {
    const FOLDER: &'static str = "/etc/nginx/sites-available";
    const CALLED: [&'static str; 2] = ["nginx site", "nginx sites"];
    const PROBE: &'static str = program![owned_file::LOOK, include_str!("probe.sh")];
    /// Puts files and links in place, and back where nginx refuses them.
    const WRITE: &'static str = program![owned_file::WRITING, include_str!("apply.sh")];
    const LOCKS: &'static [Lock] = &[Lock("nginx")];

    fn content(desired: &Desired) -> Option<&Content> {
        desired.content.as_ref()
    }

    /// Says how the file of a site is written, and what becomes of the site.
    fn new_file<'a>(at: usize, planned: &Planned<'a, Self>) -> NewFile<'a> {
        let resource = planned.resource;
        let (path, is_absent) = (system_file::path::<Self>(resource), resource.is_absent());
        let state = match resource.desired.enabled {
            _ if is_absent => "gone",
            true => "enabled",
            false => "disabled",
        };
        let has_file = planned.observed.found().is_some_and(|found| found.file.is_some());
        match resource.desired.content.as_ref().filter(|_| !is_absent) {
            Some(content) => {
                let written = Some(content).filter(|_| !has_file || planned.changes("content"));
                let mode = system_file::mode::<Self>(Some(content));
                NewFile { more: row![state], ..NewFile::of_root(at, path, mode, written) }
            }
            None => NewFile { at, path, more: row![state], ..NewFile::default() },
        }
    }
}
