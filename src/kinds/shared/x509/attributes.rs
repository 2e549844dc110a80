//! What a spec says of a certificate.

use crate::resource::{Attribute, Shape};

/// The attributes of a certificate.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::required(
        "issuer",
        Shape::OneOf(&["self_signed", "ca", "acme", "provided"]),
        "Who issues it: itself, a certificate authority of the host, an ACME server, or the spec, which provides it.",
    ),
    Attribute::optional(
        "domains",
        Shape::List(&Shape::Text),
        "The names it is for, and IP addresses; its own name where left out.",
    ),
    Attribute::default(
        "key_type",
        Shape::OneOf(&["ecdsa", "ecdsa-p384", "rsa", "rsa-3072", "rsa-4096"]),
        "ecdsa",
        "The type of its key: ECDSA on P-256 or P-384, RSA with 2048 bits or as many as named.",
    ),
    Attribute::optional(
        "dir",
        Shape::Path,
        "The folder for `privkey.pem`, `cert.pem`, `chain.pem` and `fullchain.pem`; `/etc/ssl/NAME` where left out.",
    ),
    Attribute::default("owner", Shape::Account, "root", "The user that owns the files."),
    Attribute::default("group", Shape::Account, "root", "The group that owns the files."),
    Attribute::default("mode", Shape::Mode, "\"0600\"", "The permissions of the key; the other files have 0644."),
    Attribute::default("renew_before", Shape::Duration, "30d", "How long before its end it is renewed."),
    Attribute::optional(
        "valid_for",
        Shape::Duration,
        "For how long it is issued, in days, where the host issues it; 365d, for an authority 3650d, where left out.",
    ),
    Attribute::optional(
        "reload",
        Shape::List(&Shape::Text),
        "The services that use it; they are reloaded after every change of it.",
    ),
    Attribute::default("authority", Shape::Bool, "false", "Whether it signs others; for `issuer: self_signed`."),
    Attribute::optional(
        "ca",
        Shape::Text,
        "The certificate that signs this one, one with `authority: true` on the same host; for `issuer: ca`.",
    ),
    Attribute::optional(
        "acme",
        Shape::Object(&[
            Attribute::optional("email", Shape::Text, "The e-mail address of the account."),
            Attribute::optional("server", Shape::Text, "The URL of the ACME directory; Let's Encrypt where left out."),
            Attribute::default("staging", Shape::Bool, "false", "Uses Let's Encrypt's staging environment."),
            Attribute::default(
                "challenge",
                Shape::OneOf(&["webroot", "standalone", "dns"]),
                "webroot",
                "How control over the names is shown: HTTP-01 by a folder that the web server serves or by a server of certbot's \
                 own, DNS-01 by hooks.",
            ),
            Attribute::default(
                "webroot",
                Shape::Path,
                "/var/www/certbot",
                "The folder below which the web server serves `/.well-known/acme-challenge/`.",
            ),
            Attribute::optional(
                "auth_hook",
                Shape::Path,
                "The program that puts the DNS record in place; certbot tells it `CERTBOT_DOMAIN` and `CERTBOT_VALIDATION`.",
            ),
            Attribute::optional("cleanup_hook", Shape::Path, "The program that takes the DNS record away again."),
            Attribute::optional(
                "ca_bundle",
                Shape::Path,
                "A file on the host with the authorities that the ACME server's own certificate is checked against.",
            ),
        ]),
        "How it is ordered; for `issuer: acme`.",
    ),
    Attribute::optional(
        "certificate",
        Shape::Text,
        "The certificate in PEM form, then what it is signed by; for `issuer: provided`.",
    ),
    Attribute::optional("certificate_source", Shape::Source, "A file beside the spec instead of `certificate`."),
    Attribute::optional("private_key", Shape::Text, "The key in PEM form, a secret; for `issuer: provided`."),
];
