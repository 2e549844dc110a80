//! `acme_order`: the order of a certificate from an ACME server.

use std::time::Duration;

use crate::kinds::shared::program::program;
use crate::model::{Change, Changes, Expect, Probe, ProbeOutput, Step, Value};
use crate::{row, rows};

use crate::kinds::shared::x509::{self, Acme, CERTIFICATE, Issuer, Observed, Pair, Wanted};
use crate::resource::{
    Attribute, Capabilities, Claims, Companion, Documentation, Erased, Fields, Kind, Lane, Observation, Planned,
    Resource, Space,
};

/// The order of a certificate from an ACME server.
pub struct AcmeOrder;

/// Web servers that may be what answers challenges; they run before anything is ordered.
const WEB_SERVERS: &[&str] =
    &["nginx.service", "apache2.service", "httpd.service", "caddy.service", "lighttpd.service"];

/// Certbot waits up to 90 s for each name, and an ACME server may have it wait longer.
const LIMIT: Duration = Duration::from_secs(600);

rows! {
    include_str!("apply.sh") => struct Order { name, owner, mode, action, settings, folder }
    include_str!("remove.sh") => struct Going { name }
}

impl Kind for AcmeOrder {
    const KIND: &'static str = "acme_order";
    const SECTION: &'static str = "certs";
    const CAPABILITIES: Capabilities = Erased::<Self>::COMPANION;
    const ATTRIBUTES: &'static [Attribute] = x509::ATTRIBUTES;
    const DOCUMENTATION: Documentation = Documentation {
        summary: "The order of a certificate from an ACME server, by certbot; each `cert` with `issuer: acme` has one.",
        name: "The certificate's name.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    const LANE: Lane = Lane::Beside;

    type Desired = Wanted;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Wanted {
        Wanted::decode(fields)
    }

    fn claims(resource: &Resource<Wanted>) -> Claims {
        let wanted = &resource.desired;
        let mut claims = Claims::new().requires(CERTIFICATE, resource.name());
        let Issuer::Acme(acme) = &wanted.issuer else { return claims };
        claims = x509::needs(claims, wanted).requires(Space::PROGRAM, "certbot").requires(Space::PROGRAM, "openssl");
        claims = claims.follows(Space::BELOW, "/etc/letsencrypt");
        claims = wanted.reload.iter().fold(claims, |claims, unit| claims.requires(Space::SERVICE, unit));
        if acme.challenge == "webroot" {
            claims = claims.requires(Space::WEB_ROOT, &acme.webroot).requires(Space::PATH, &acme.webroot);
            claims = WEB_SERVERS.iter().fold(claims, |claims, unit| claims.follows(Space::SERVICE, *unit));
        }
        if acme.challenge != "dns" {
            // The ACME server comes in from outside.
            claims = claims.follows(Space::FIREWALL, "");
        }
        for path in [&acme.auth_hook, &acme.cleanup_hook, &acme.ca_bundle] {
            claims = claims.needs_file(path.as_ref());
        }
        claims
    }

    fn probe(all: &[&Resource<Wanted>]) -> Probe {
        x509::probe(all)
    }

    fn parse(all: &[&Resource<Wanted>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let observations = x509::parse(all, output).into_iter().zip(all);
        observations
            .map(|(observation, resource)| match observation {
                // The files are the certificate's.
                Observation::Present(observed) if resource.is_absent() && !observed.is_ordered() => Observation::Absent,
                other => other,
            })
            .collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        observed.attributes()
    }

    fn diff(resource: &Resource<Wanted>, observed: &Observation<Observed>) -> Changes {
        let wanted = &resource.desired;
        let mut changes = Changes::new();
        match observed {
            Observation::Present(observed) => {
                if observed.pair != Pair::Match {
                    changes.push("certificate", "not usable", "in place");
                }
                observed.compare_certificate(&mut changes, wanted);
                observed.compare_renewal(&mut changes, wanted);
                observed.compare_reload(&mut changes);
            }
            _ => x509::created(&mut changes, wanted),
        }
        changes
    }

    fn remarks(resource: &Resource<Wanted>, _: &Observation<Observed>, changes: &[Change]) -> Vec<String> {
        let Issuer::Acme(acme) = &resource.desired.issuer else { return Vec::new() };
        if resource.is_absent() || !is_ordered(changes) {
            return Vec::new();
        }
        let mut remark = format!("ordered by {}", challenge(acme));
        if !resource.desired.reload.is_empty() {
            remark.push_str(&format!(", then reloads {}", resource.desired.reload.join(", ")));
        }
        vec![remark]
    }

    fn expected(resource: &Resource<Wanted>) -> Option<Vec<Expect>> {
        (!resource.is_absent()).then(|| x509::expected(&resource.desired, true, false))
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let (absent, present): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&at| batch[at].resource.is_absent());
        let mut steps = Vec::new();
        if present.iter().any(|&at| batch[at].sets("renewal")) {
            steps.push(x509::renewal(present.clone()));
        }
        // Each takes its time, and fails by itself.
        for at in present {
            let Planned { resource, .. } = &batch[at];
            let wanted = &resource.desired;
            let orders = batch[at].is_new() || is_ordered(batch[at].changes);
            let row = row![Order {
                name: resource.name(),
                owner: format!("{}:{}", wanted.owner, wanted.group),
                mode: &wanted.mode,
                action: if orders { "order" } else { "keep" },
                settings: wanted.settings(),
                folder: &wanted.dir,
            }];
            let what = if orders { "order the certificate" } else { "set the renewal of" };
            let step = Step::new(
                program![x509::FUNCTIONS, include_str!("apply.sh")],
                vec![at],
                format!("{what} {}", resource.name()),
            );
            let limit = resource.timeout.unwrap_or(LIMIT);
            steps.push(step.rows(vec![row]).locks(x509::LOCKS).timeout(limit));
        }
        if !absent.is_empty() {
            let rows = absent.iter().map(|&at| row![Going { name: batch[at].resource.name() }]).collect();
            let purpose = match absent.len() {
                1 => "end the renewal of 1 certificate".to_string(),
                orders => format!("end the renewal of {orders} certificates"),
            };
            steps.push(Step::new(include_str!("remove.sh"), absent, purpose).rows(rows).locks(x509::LOCKS));
        }
        steps
    }
}

impl Companion for AcmeOrder {
    const OF: &'static str = "cert";

    fn is_wanted(resource: &Resource<Wanted>) -> bool {
        match resource.desired.issuer {
            Issuer::Acme(_) => true,
            Issuer::Any => resource.is_absent(),
            _ => false,
        }
    }
}

/// Attributes whose change orders nothing.
const BESIDE: &[&str] = &[
    "settings",
    "renewal",
    "reloaded",
    "renew_before",
    "reload",
    "challenge",
    "email",
    "webroot",
    "auth_hook",
    "cleanup_hook",
    "ca_bundle",
];

/// Returns whether changes take a certificate from certbot.
fn is_ordered(changes: &[Change]) -> bool {
    changes.iter().any(|change| !BESIDE.contains(&change.attribute.as_str()))
}

/// Says how control over the names is shown.
fn challenge(acme: &Acme) -> String {
    match acme.challenge.as_str() {
        "standalone" => "HTTP-01, answered by certbot".into(),
        "dns" => format!("DNS-01, by {}", acme.auth_hook.as_deref().unwrap_or_default()),
        _ => format!("HTTP-01, answered from {}", acme.webroot),
    }
}
