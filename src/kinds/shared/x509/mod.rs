//! What the kinds about certificates share: how a certificate should be, how it is looked at, and the shell programs that
//! make, verify and renew it. It is no kind.
//!
//! Cryptography is openssl's, on the host; orders of certificates are certbot's. Keys are made on the host and stay there,
//! except those that a spec provides.

mod attributes;
mod dates;
mod observed;
mod wanted;

use crate::kinds::shared::program::program;
use crate::kinds::shared::{ALONE, BESIDE};
use crate::model::{Blob, Expect, Lock, PART, Probe, Row, Step, sha256};
use crate::{expect, row, rows};

use crate::resource::{Claims, Need, Resource, Space};

pub use attributes::ATTRIBUTES;
pub use observed::{Observed, Pair, Seen, created, parse, placed};
pub use wanted::{Acme, Issuer, Wanted};

/// A certificate of a host, by name.
pub const CERTIFICATE: Space = Space("certificate");
/// A certificate that signs others of its host, by name.
pub const AUTHORITY: Space = Space("certificate authority");

/// One step at a time puts certificates in place.
pub const LOCKS: &[Lock] = &[Lock("certificates")];

/// What programs begin with that make certificates or put them in place.
pub const FUNCTIONS: &str = program![BESIDE, include_str!("functions.sh"), PART];

/// The program that renews, and the units that run it every 12 hours, with their paths and modes.
const RENEWAL: [(&str, &str, &str); 3] = [
    (
        "/usr/local/lib/infra/certs",
        "0755",
        program![
            "#!/bin/sh\n# Written by infra; changes made by hand are undone.\n",
            ALONE,
            FUNCTIONS,
            include_str!("renew.sh")
        ],
    ),
    ("/etc/systemd/system/infra-certs.service", "0644", include_str!("infra-certs.service")),
    ("/etc/systemd/system/infra-certs.timer", "0644", include_str!("infra-certs.timer")),
];

/// The files of a certificate, below its folder.
pub const FILES: [&str; 4] = ["privkey.pem", "cert.pem", "chain.pem", "fullchain.pem"];

rows! {
    include_str!("look.sh") => struct Asked { name, dir, issuer, domains, renew_before, ca, programs }
    include_str!("renewal.sh") => struct Renewing { path, mode, size, hash }
}

/// Makes the probe that looks at certificates.
pub fn probe(all: &[&Resource<Wanted>]) -> Probe {
    let hashes: String = RENEWAL.iter().map(|(_, _, text)| format!("{} ", sha256(text.as_bytes()))).collect();
    let rows = all.iter().map(|resource| {
        let wanted = &resource.desired;
        let names: String = wanted.names().map(|name| format!("{name},")).collect();
        let renew_before = wanted.renew_before.as_secs();
        let authority = wanted.issuer.authority();
        row![Asked {
            name: resource.name(),
            dir: &wanted.dir,
            issuer: wanted.issuer.word(),
            domains: names,
            renew_before,
            ca: authority,
            programs: &hashes,
        }]
    });
    Probe::new(include_str!("look.sh"), rows.collect())
}

/// Makes the step that puts in place what renews certificates.
pub fn renewal(covers: Vec<usize>) -> Step {
    let rows: Vec<Row> = RENEWAL
        .iter()
        .map(|(path, mode, text)| {
            let (size, hash) = (text.len() as u64, sha256(text.as_bytes()));
            row![Renewing { path: *path, mode: *mode, size, hash }]
        })
        .collect();
    let input = RENEWAL.iter().map(|(_, _, text)| Blob(text.as_bytes().into())).collect();
    Step::new(program![BESIDE, include_str!("renewal.sh")], covers, "renew certificates every 12 hours")
        .rows(rows)
        .input(input)
        .locks(&[Lock::SYSTEMD])
}

/// Says what the probe's record must be: the certificate as wanted where it `is_issued` there, owners and modes where the
/// files `are_owned` there.
pub fn expected(wanted: &Wanted, is_issued: bool, are_owned: bool) -> Vec<Expect> {
    let is_renewed = is_issued && wanted.is_renewed();
    let settings = if is_renewed { wanted.settings() } else { String::new() };
    let chain = match &wanted.issuer {
        Issuer::Provided { chain, .. } => Some(chain.hash()),
        _ => None,
    };
    expect![Seen::Present {
        pair: "ok",
        names: is_issued.then_some("same"),
        freshness: is_renewed.then_some("fresh"),
        source: is_issued.then(|| wanted.issuer.source()),
        verifies: is_issued.then_some("ok"),
        r#type: is_renewed.then_some(&wanted.key_type),
        owner: are_owned.then_some(&wanted.owner),
        group: are_owned.then_some(&wanted.group),
        mode: are_owned.then_some(&wanted.mode),
        public: are_owned.then_some("ok"),
        renewal: is_renewed.then_some("on"),
        settings: is_issued.then_some(settings),
        hash: chain,
        owed: is_issued.then_some(""),
    }]
}

/// A key is made and changed only where nobody else can exchange it.
pub fn needs(claims: Claims, wanted: &Wanted) -> Claims {
    claims.needs(Need::Closed { path: wanted.dir.clone(), attribute: Some("dir") })
}

/// What every certificate claims that the host issues or orders itself.
pub fn paths(claims: Claims, wanted: &Wanted) -> Claims {
    FILES.iter().fold(claims, |claims, file| {
        let path = format!("{}/{file}", wanted.dir);
        claims.provides(Space::PATH, &path).provides(Space::CONTENT, path)
    })
}
