//! `bucket`: a bucket of an S3-compatible server.

mod policy;

use crate::model::{Arg, Changes, Expect, Probe, ProbeOutput, Row, Secret, Step, Value};
use crate::{expect, records, row, rows};

use crate::kinds::shared::unit_name;
use crate::resource::batch::{by_state, parse_first};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space,
};

use policy::Policy;

/// A bucket of an S3-compatible server.
pub struct Bucket;

/// A bucket as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Without a slash at its end.
    endpoint: String,
    region: String,
    access_key: Arg,
    secret_key: Secret,
    versioning: Option<bool>,
    policy: Option<Policy>,
    /// The unit of the server, where it runs on the host itself.
    service: Option<String>,
}

/// A bucket as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// It once was versioned where this is `Suspended`.
    versioning: String,
    /// `None` where it was not asked for.
    policy: Option<String>,
}

const PROBE: &str = concat!(include_str!("s3.sh"), include_str!("probe.sh"));
const APPLY: &str = concat!(include_str!("s3.sh"), include_str!("apply.sh"));

rows! {
    include_str!("s3.sh") => struct Asked { bucket, endpoint, region, access_key, secret_key, versioning, policy, task }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "no-curl" => NoCurl,
        "absent" => Absent,
        "down" => Down { error },
        "refused" => Refused { complaint },
        "present" => Present { enabled, granted },
    }
}

impl Kind for Bucket {
    const KIND: &'static str = "bucket";
    const SECTION: &'static str = "buckets";
    const HOLDS_DATA: bool = true;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required("endpoint", Shape::Text, "The server as the host reaches it: `http://127.0.0.1:9000`."),
        Attribute::required("access_key", Shape::Text, "The access key; it may be secret."),
        Attribute::required("secret_key", Shape::Text, "The secret key; it may be secret."),
        Attribute::default("region", Shape::Text, "us-east-1", "The region that requests are signed for."),
        Attribute::optional(
            "versioning",
            Shape::Bool,
            "Whether old versions of objects are kept; left alone where left out.",
        ),
        Attribute::optional(
            "policy",
            Shape::OneOf(&["private", "public-read"]),
            "Whether everybody may read its objects; left alone where left out.",
        ),
        Attribute::optional(
            "service",
            Shape::Text,
            "The host's own service that answers at the endpoint; the bucket then waits for it.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A bucket of an S3-compatible server.",
        name: "The bucket's name.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const STAYS: &'static [&'static str] = &["versioning", "policy"];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name();
        if !is_bucket(name) {
            let message = format!("`{name}` cannot be the name of a bucket");
            fields.error("name", message, "use 3 to 63 lower-case letters, digits, `-` and `.`");
        }
        let endpoint = fields.text("endpoint").unwrap_or_default();
        let rest = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://")).unwrap_or_default();
        let server = rest.strip_suffix('/').unwrap_or(rest);
        let is_server = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
        if fields.has("endpoint") && (server.is_empty() || !server.chars().all(is_server)) {
            let message = format!("`{endpoint}` is not the address of a server");
            fields.error("endpoint", message, "write `http://HOST:PORT` or `https://HOST`, without the bucket");
        }
        if fields.is_absent() {
            for name in ["endpoint", "access_key", "secret_key"] {
                if !fields.has(name) {
                    let message = format!("a bucket that should go needs `{name}` too");
                    fields.error("state", message, "leave the bucket's attributes there");
                }
            }
        }
        let region = fields.text("region").unwrap_or_default();
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') || region.is_empty() {
            fields.error("region", format!("`{region}` is not a region"), "write a name such as us-east-1");
        }
        let access_key = fields.arg("access_key").unwrap_or_else(|| Arg::Plain(String::new()));
        let secret_key = fields.secret("secret_key").unwrap_or_else(|| Secret::new(""));
        for (name, text) in [("access_key", access_key.expose()), ("secret_key", secret_key.expose())] {
            if text.contains(char::is_control) || name == "access_key" && text.contains(':') {
                fields.error(name, format!("`{name}` is not a key of S3"), "write it without line ends");
            }
        }
        let service = fields.text("service").map(|service| unit_name::with_type(&service));
        if let Some(Err(wrong)) = service.as_deref().map(unit_name::check) {
            fields.error("service", wrong, "write the name as `systemctl status` has it");
        }
        Desired {
            endpoint: endpoint.strip_suffix('/').unwrap_or(&endpoint).to_string(),
            region,
            access_key,
            secret_key,
            versioning: fields.bool("versioning"),
            policy: fields.text("policy").map(|word| Policy::named(&word)),
            service,
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let desired = &resource.desired;
        Claims::new()
            .provides(Space("bucket"), format!("{}/{}", desired.endpoint, resource.name()))
            .requires(Space::PROGRAM, "curl")
            .requires_some(Space::SERVICE, desired.service.as_ref())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let mut probe = Probe::new(PROBE, all.iter().map(|resource| row(resource, true, "")).collect());
        // A server that does not answer holds up each of its buckets.
        probe.timeout += std::time::Duration::from_secs(10 * all.len() as u64);
        probe
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = vec![("versioning", (observed.versioning == "Enabled").into())];
        attributes.extend(observed.policy.as_ref().map(|policy| ("policy", policy.as_str().into())));
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        if let Observation::Present(observed) = observed {
            changes.compare_if("versioning", observed.versioning == "Enabled", desired.versioning);
            let found = observed.policy.clone().unwrap_or_default();
            changes.compare_if("policy", found, desired.policy.map(Policy::word));
        } else {
            changes.push("endpoint", Value::Null, desired.endpoint.as_str());
            changes.compare_if("versioning", Value::Null, desired.versioning);
            changes.compare_if("policy", Value::Null, desired.policy.map(Policy::word));
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        if resource.is_absent() {
            return Some(expect![Seen::Absent]);
        }
        // Servers write a policy in their own words, and versioning that never was on as nothing.
        let is_plain =
            resource.desired.policy != Some(Policy::PublicRead) && resource.desired.versioning != Some(false);
        is_plain.then(|| {
            let enabled = resource.desired.versioning.filter(|is_on| *is_on).map(|_| "Enabled");
            expect![Seen::Present { enabled: enabled, granted: resource.desired.policy.map(|_| "") }]
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let set_up = |batch: &[_], covers| step(batch, "set up", covers);
        by_state(batch, set_up, |batch, covers| step(batch, "delete", covers))
    }
}

fn step(batch: &[Planned<'_, Bucket>], verb: &str, covers: Vec<usize>) -> Step {
    let planned = |&at: &usize| {
        let planned = &batch[at];
        let task = match planned.resource.is_absent() {
            true => "delete",
            false if planned.is_new() => "create",
            false => "change",
        };
        row(planned.resource, planned.changes("policy"), task)
    };
    let rows = covers.iter().map(planned).collect();
    let timeout = covers.iter().filter_map(|&at| batch[at].resource.timeout).max();
    let purpose = match covers.len() {
        1 => format!("{verb} 1 bucket"),
        count => format!("{verb} {count} buckets"),
    };
    let step = Step::new(APPLY, covers, purpose).rows(rows);
    match timeout {
        Some(timeout) => step.timeout(timeout),
        None => step,
    }
}

/// Returns the row that both programs read.
fn row(resource: &Resource<Desired>, with_policy: bool, task: &str) -> Row {
    let desired = &resource.desired;
    let policy = match desired.policy {
        Some(policy) if with_policy && !resource.is_absent() => policy.text(resource.name()),
        _ => "-".to_string(),
    };
    let versioning = match desired.versioning {
        Some(true) => "Enabled",
        Some(false) => "Suspended",
        None => "",
    };
    row![Asked {
        bucket: resource.name(),
        endpoint: &desired.endpoint,
        region: &desired.region,
        access_key: desired.access_key.clone(),
        secret_key: desired.secret_key.clone(),
        versioning,
        policy,
        task,
    }]
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let desired = &resource.desired;
    match seen {
        Seen::Absent => Observation::Absent,
        Seen::Present { enabled, granted } => Observation::Present(Observed {
            versioning: enabled.to_string(),
            policy: match granted {
                "-" => None,
                text => Some(Policy::describe(text, resource.name()).to_string()),
            },
        }),
        Seen::NoCurl => {
            Observation::Later { needs: Claim::new(Space::PROGRAM, "curl"), reason: "curl is not on the host".into() }
        }
        Seen::Down { error } => {
            let reason = format!("{} does not answer: {error}", desired.endpoint);
            match &desired.service {
                Some(service) => Observation::Later { needs: Claim::new(Space::SERVICE, service), reason },
                None => Observation::Failed(reason),
            }
        }
        Seen::Refused { complaint } => Observation::Failed(format!(
            "{} refuses: {complaint}; check access_key, secret_key and region",
            desired.endpoint
        )),
    }
}

/// Returns whether it can be a bucket's name, as the S3 user guide has the rules.
fn is_bucket(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(is_part)
        && name.starts_with(is_end)
        && name.ends_with(is_end)
        && !name.contains("..")
}
