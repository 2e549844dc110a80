//! `nginx_site`: a site of nginx that goes live only if nginx accepts it.

mod layout;

use std::sync::LazyLock;

use crate::model::{Changes, Content, Expect, Lock, Looking, Probe, ProbeOutput, Records, Step, Value, columns};
use crate::{records, row, rows, variants};

use crate::kinds::shared::nginx_text;
use crate::kinds::shared::owned_file::{self, NewFile, OwnedFile, Written};
use crate::kinds::shared::system_file::{self, NameRule, SystemFile};
use crate::resource::{
    Attribute, Choice, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space,
    Variant, Variants,
};

pub use layout::{Desired, Layout, NginxSite, Observed};

variants! {
    /// Where nginx has its sites.
    const LAYOUTS: dyn Layout = ("nginx layout", Choice::Host { strangers: &[], may_come: true }) {
        sites_enabled::SitesEnabled,
        conf_d::ConfD,
    }
}

/// Looks at sites where the layout has them.
static PROBE: LazyLock<String> = LazyLock::new(|| LAYOUTS.host_probe("", |layout| layout.look(), ""));

/// Puts sites in place where nginx may have come since they were observed.
static PLACE: LazyLock<String> =
    LazyLock::new(|| LAYOUTS.host_step(owned_file::WRITING, |layout| layout.place(), include_str!("apply.sh")));

/// Where files are unpacked for a layout that is not known yet.
const ABOVE_ALL: &str = "/etc/nginx";
/// Holds links to the sites that are served, in Debian's nginx.
const ENABLED: &str = "/etc/nginx/sites-enabled";
/// What else nginx reads: files, and folders with what lies below.
const CONFIGURATION: &[&str] = &[
    "/etc/nginx/nginx.conf",
    "/etc/nginx/mime.types",
    "/etc/nginx/conf.d",
    "/etc/nginx/modules-enabled",
    "/etc/nginx/snippets",
];
/// Provided by the sites of a host that are not served.
const OFF: Space = Space("disabled sites of nginx");

rows! {
    include_str!("apply.sh") => struct Placed after Written { state }
}

records! {
    include_str!("sites_enabled/look.sh") =>
    /// What is in the place where a site is linked from.
    enum Link { "link" => Is { state, untested, no_nginx } }
}

const _: () = {
    columns::check_records(include_str!("conf_d/look.sh"), Link::FORMS);
    columns::check_row(include_str!("conf_d/look.sh"), &[], Looking::NAMES);
    columns::check_row(include_str!("sites_enabled/look.sh"), &[], Looking::NAMES);
};

impl Kind for NginxSite {
    const KIND: &'static str = "nginx_site";
    const SECTION: &'static str = "nginx_sites";
    const ATTRIBUTES: &'static [Attribute] = &[
        system_file::CONTENT,
        system_file::TEMPLATE,
        system_file::SOURCE,
        Attribute::default("enabled", Shape::Bool, "true", "Whether it is served."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A site of nginx that goes live only if nginx accepts it.",
        name: "The site's name, such as `app` or `example.com`: that of its file, without the ending that `conf.d` needs.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const VARIANTS: Option<&'static Variants> = Some(&LAYOUTS.variants);
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
        // nginx judges all of its configuration at once. Other sites come in any order.
        claims = CONFIGURATION
            .iter()
            .fold(claims, |claims, path| claims.follows(Space::PATH, *path).follows(Space::BELOW, *path));
        // What is served no longer makes room: two sites may not both be the default of a port.
        claims = match resource.desired.enabled {
            true => claims.requires(OFF, ""),
            false => claims.shares(OFF, ""),
        };
        // What a secret was rendered into may not decide the order of things.
        let content = resource.desired.content.as_ref().filter(|content| !content.is_sensitive());
        if let Some(text) = content.and_then(Content::text) {
            claims = nginx_text::site_claims(claims, text);
            if resource.desired.enabled && !resource.is_absent() {
                claims = nginx_text::web_roots(text).fold(claims, |claims, path| claims.shares(Space::WEB_ROOT, path));
            }
        }
        claims
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(&PROBE, all.iter().map(|resource| system_file::look_row::<Self>(resource)).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let layout = match LAYOUTS.reported(output) {
            Ok(reported) => reported.seen(),
            Err(reason) => return all.iter().map(|_| Observation::Failed(reason.clone())).collect(),
        };
        let desired: Vec<Option<&Content>> = all.iter().map(|resource| resource.desired.content.as_ref()).collect();
        let mut links: Vec<Option<Link<'_>>> = vec![None; all.len()];
        for record in &output.records {
            if let (Some(link), Some(slot)) = (Link::find(record), links.get_mut(record.index)) {
                *slot = Some(link);
            }
        }
        owned_file::observations(output, &desired)
            .into_iter()
            .zip(links)
            .zip(all)
            .map(|((file, link), resource)| match link {
                Some(link) => observation(file, link, resource, layout),
                None => Observation::Failed(output.explain()),
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
        let layout = layout_of_all(batch);
        let (script, base) = match layout {
            Some(layout) => (LAYOUTS.of(layout).write(), None),
            None => (PLACE.as_str(), Some(ABOVE_ALL)),
        };
        let folder = layout.map_or(Self::FOLDER, |layout| LAYOUTS.of(layout).folder());
        let files = batch.iter().enumerate().map(|(at, planned)| new_file(at, planned, folder)).collect();
        let purpose = match batch.len() {
            1 => format!("set the nginx site {}", batch[0].resource.name()),
            sites => format!("set {sites} nginx sites"),
        };
        vec![owned_file::step_of(script, base, files, purpose).locks(&[Lock("nginx")])]
    }
}

impl SystemFile for NginxSite {
    /// Debian's. What looks at a site and what writes it take the name alone from its path where the layout is another.
    const FOLDER: &'static str = "/etc/nginx/sites-available";
    const CALLED: [&'static str; 2] = ["nginx site", "nginx sites"];

    fn content(desired: &Desired) -> Option<&Content> {
        desired.content.as_ref()
    }
}

fn observation(
    file: Observation<OwnedFile>,
    link: Link<'_>,
    resource: &Resource<Desired>,
    layout: Option<&'static Variant>,
) -> Observation<Observed> {
    let Link::Is { state, untested, no_nginx } = link;
    let enabled = match state {
        "yes" => true,
        "no" => false,
        other => return Observation::Failed(format!("its place in {ENABLED} holds {other}")),
    };
    let is_tested = untested != "untested";
    let is_known = resource.desired.content.is_some() && !resource.is_absent();
    match file {
        // The package brings a site of its own.
        Observation::Absent if no_nginx == "no-nginx" && !is_known => {
            Observation::Later { needs: Claim::new(Space::PROGRAM, "nginx"), reason: "nginx is not installed".into() }
        }
        Observation::Absent if !enabled && is_tested => layout.map_or(Observation::Absent, Observation::AbsentOn),
        Observation::Absent => Observation::Present(Observed { layout, file: None, enabled, is_tested }),
        seen => seen.map(|file| Observed { layout, file: Some(file), enabled, is_tested }),
    }
}

/// Returns the layout that all of a batch were seen in; none where nginx was not there for some of them.
fn layout_of_all(batch: &[Planned<'_, NginxSite>]) -> Option<&'static Variant> {
    let mut layouts = batch.iter().map(|planned| match planned.observed {
        Observation::Present(found) => found.layout,
        Observation::AbsentOn(layout) => Some(*layout),
        _ => None,
    });
    let first = layouts.next()??;
    layouts.all(|layout| layout == Some(first)).then_some(first)
}

/// Says how the file of a site is written, and what becomes of the site.
fn new_file<'a>(at: usize, planned: &Planned<'a, NginxSite>, folder: &str) -> NewFile<'a> {
    let resource = planned.resource;
    let is_absent = resource.is_absent();
    let path = format!("{folder}/{}", resource.name());
    let state = match resource.desired.enabled {
        _ if is_absent => "gone",
        true => "enabled",
        false => "disabled",
    };
    // What was seen where nginx is not there yet may not be where its layout has it.
    let has_file = planned.observed.found().is_some_and(|found| found.layout.is_some() && found.file.is_some());
    match resource.desired.content.as_ref().filter(|_| !is_absent) {
        Some(content) => {
            let written = Some(content).filter(|_| !has_file || planned.changes("content"));
            let mode = system_file::mode::<NginxSite>(Some(content));
            NewFile { more: row![Placed { state }], ..NewFile::of_root(at, path, mode, written) }
        }
        None => NewFile { at, path, more: row![Placed { state }], ..NewFile::default() },
    }
}
