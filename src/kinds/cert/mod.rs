//! `cert`: a certificate and its key.

use crate::kinds::shared;
use crate::kinds::shared::program::program;
use crate::model::{Blob, Change, Changes, Content, Expect, Probe, ProbeOutput, Step, Value};
use crate::{expect, row, rows};

use crate::kinds::shared::x509::{self, AUTHORITY, CERTIFICATE, Issuer, Observed, Pair, Seen, Wanted};
use crate::resource::batch::count;
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Space};

/// A certificate and its key.
pub struct Cert;

rows! {
    include_str!("apply.sh") => struct Put {
        name, folder, owner, mode, action, kept, settings, chain_size, chain_hash, key_size, key_hash
    }
    include_str!("remove.sh") => struct Going { name, dir }
}

impl Kind for Cert {
    const KIND: &'static str = "cert";
    const SECTION: &'static str = "certs";
    const ATTRIBUTES: &'static [Attribute] = x509::ATTRIBUTES;
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A certificate and its key, renewed by the host.",
        name: "The certificate's name, such as `example.com`: a domain where `domains` is left out.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = &["certificate", "certificate_source", "private_key"];
    const SHOWN_AS: &'static [(&'static str, &'static str)] =
        &[("certificate_source", "certificate"), ("private_key", "key")];

    type Desired = Wanted;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Wanted {
        Wanted::decode(fields)
    }

    fn claims(resource: &Resource<Wanted>) -> Claims {
        let wanted = &resource.desired;
        let mut claims = x509::paths(Claims::new(), wanted).provides(CERTIFICATE, resource.name());
        if wanted.authority || matches!(wanted.issuer, Issuer::Any) {
            claims = claims.provides(AUTHORITY, resource.name());
        }
        if resource.is_absent() {
            return claims;
        }
        claims = x509::needs(claims, wanted).requires(Space::PROGRAM, "openssl");
        claims = claims.owned_by(Some(&wanted.owner), Some(&wanted.group));
        if let Some(authority) = wanted.issuer.authority() {
            claims = claims.reads(AUTHORITY, authority);
        }
        wanted.reload.iter().fold(claims, |claims, unit| claims.reloads(Space::SERVICE, unit))
    }

    fn probe(all: &[&Resource<Wanted>]) -> Probe {
        x509::probe(all)
    }

    fn parse(all: &[&Resource<Wanted>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        x509::parse(all, output)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        observed.attributes()
    }

    fn diff(resource: &Resource<Wanted>, observed: &Observation<Observed>) -> Changes {
        let wanted = &resource.desired;
        let mut changes = Changes::new();
        match (observed, &wanted.issuer) {
            // What the order brings is its own to compare.
            (Observation::Present(observed), Issuer::Acme(_)) => {
                observed.compare_pair(&mut changes);
                observed.compare_files(&mut changes, wanted);
            }
            (Observation::Present(observed), _) => {
                observed.compare_pair(&mut changes);
                observed.compare_certificate(&mut changes, wanted);
                observed.compare_files(&mut changes, wanted);
                observed.compare_renewal(&mut changes, wanted);
                observed.compare_reload(&mut changes);
            }
            (_, Issuer::Acme(_)) => {
                changes.push("issuer", Value::Null, TEMPORARY);
                x509::placed(&mut changes, wanted);
            }
            _ => {
                x509::created(&mut changes, wanted);
                x509::placed(&mut changes, wanted);
            }
        }
        changes
    }

    fn remarks(resource: &Resource<Wanted>, observed: &Observation<Observed>, changes: &[Change]) -> Vec<String> {
        let wanted = &resource.desired;
        let is_lost = match observed {
            Observation::Present(observed) => observed.pair != Pair::Match,
            _ => true,
        };
        match &wanted.issuer {
            _ if resource.is_absent() => Vec::new(),
            Issuer::Acme(_) if is_lost => {
                vec![format!("temporary, then ACME certificate for {}", wanted.names_in_words())]
            }
            Issuer::SelfSigned | Issuer::Authority(_) if !is_lost && is_issued(changes) => {
                vec!["issued anew, with a new key".into()]
            }
            _ => Vec::new(),
        }
    }

    fn expected(resource: &Resource<Wanted>) -> Option<Vec<Expect>> {
        let wanted = &resource.desired;
        if resource.is_absent() {
            return Some(expect![Seen::Absent]);
        }
        let is_own = !matches!(wanted.issuer, Issuer::Acme(_));
        Some(x509::expected(wanted, is_own, true))
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let (absent, present): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&at| batch[at].resource.is_absent());
        let mut steps = Vec::new();
        let is_renewed_here =
            |&&at: &&usize| batch[at].resource.desired.is_renewed() && !is_acme(&batch[at].resource.desired);
        let renewed: Vec<usize> = present.iter().filter(is_renewed_here).copied().collect();
        if renewed.iter().any(|&at| batch[at].sets("renewal")) {
            steps.push(x509::renewal(renewed));
        }
        if !present.is_empty() {
            steps.push(put(batch, present));
        }
        if !absent.is_empty() {
            let row = |&at: &usize| {
                let resource = batch[at].resource;
                row![Going { name: resource.name(), dir: &resource.desired.dir }]
            };
            let rows = absent.iter().map(row).collect();
            let purpose = format!("remove {}", count(absent.len(), "certificate", "certificates"));
            steps.push(
                Step::new(program![shared::BESIDE, include_str!("remove.sh")], absent, purpose)
                    .rows(rows)
                    .locks(x509::LOCKS),
            );
        }
        steps
    }
}

const TEMPORARY: &str = "temporary";

/// Attributes whose change leaves the certificate as it is.
const BESIDE: &[&str] =
    &["owner", "group", "mode", "files", "renewal", "settings", "reloaded", "renew_before", "reload", "dir"];

fn is_acme(wanted: &Wanted) -> bool {
    matches!(wanted.issuer, Issuer::Acme(_))
}

/// Returns whether changes take a new certificate.
fn is_issued(changes: &[Change]) -> bool {
    changes.iter().any(|change| !BESIDE.contains(&change.attribute.as_str()))
}

/// Makes the one step that puts all these certificates in place.
fn put(batch: &[Planned<'_, Cert>], present: Vec<usize>) -> Step {
    let mut input = Vec::new();
    let mut rows = Vec::with_capacity(present.len());
    for &at in &present {
        let planned = &batch[at];
        let wanted = &planned.resource.desired;
        let action = match &wanted.issuer {
            _ if !planned.is_new() && !is_issued(planned.changes) => "keep",
            Issuer::Acme(_) => TEMPORARY,
            Issuer::Provided { .. } => "provided",
            _ => "issue",
        };
        let settings = if wanted.is_renewed() { wanted.settings() } else { String::new() };
        let (chain, key) = match &wanted.issuer {
            Issuer::Provided { chain, key } if action == "provided" => (Some(chain), Some(key)),
            _ => (None, None),
        };
        for content in [chain, key].into_iter().flatten() {
            input.push(Blob::from(&content.bytes().cloned().unwrap_or_default()));
        }
        let size =
            |content: Option<&Content>| content.map(|content| content.bytes().map_or(0, |bytes| bytes.len() as u64));
        rows.push(row![Put {
            name: planned.resource.name(),
            folder: &wanted.dir,
            owner: format!("{}:{}", wanted.owner, wanted.group),
            mode: &wanted.mode,
            action,
            // The settings of an order come with the order.
            kept: if is_acme(wanted) { "" } else { "settings" },
            settings,
            chain_size: size(chain),
            chain_hash: chain.map(Content::hash),
            key_size: size(key),
            key_hash: key.map(Content::hash),
        }]);
    }
    let purpose = format!("put {} in place", count(present.len(), "certificate", "certificates"));
    Step::new(program![x509::FUNCTIONS, include_str!("apply.sh")], present, purpose)
        .rows(rows)
        .input(input)
        .locks(x509::LOCKS)
}
