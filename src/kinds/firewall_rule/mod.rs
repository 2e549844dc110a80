//! `firewall_rule`: a rule of the host's packet filter.
//!
//! What keeps the rules is a variant: a folder, and a line in [`BACKENDS`].

mod backend;
mod rule;

use std::sync::LazyLock;

use crate::model::{Changes, Expect, Probe, ProbeOutput, ProbeStatus, Record, Step, Value, YamlNode};
use crate::variants;

use crate::resource::{
    Attribute, Choice, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space, Variants,
};
use backend::found;
pub use backend::{Backend, Desired, FirewallRule, Observed};
use rule::{Match, Network, Ports, VERDICTS, Verdict};

variants! {
    /// The programs that keep rules; the first where the spec names none.
    const BACKENDS: dyn Backend = ("backend", Choice::Spec { attribute: "backend" }) {
        ufw::Ufw,
        iptables::Iptables,
    }
}

/// Each backend looks at its own rows.
static PROBE: LazyLock<String> = LazyLock::new(|| BACKENDS.probe("", |backend| backend.probe()));

const PORT: Shape = Shape::Either(&[Shape::Integer { min: 1, max: 65535 }, Shape::Text]);

/// How many ports a rule may name (iptables-extensions(8), multiport).
const MOST_PORTS: usize = 15;

impl Kind for FirewallRule {
    const KIND: &'static str = "firewall_rule";
    const SECTION: &'static str = "firewall_rules";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional(
            "port",
            Shape::Either(&[Shape::Integer { min: 1, max: 65535 }, Shape::Text, Shape::List(&PORT)]),
            "The port it is about, a range such as \"60000-61000\", or a list of them; all where left out.",
        ),
        Attribute::optional(
            "protocol",
            Shape::OneOf(&["tcp", "udp", "any"]),
            "The protocol; tcp where there is a port, any where there is none.",
        ),
        Attribute::default("action", Shape::OneOf(VERDICTS), "allow", "What becomes of the packets."),
        Attribute::default(
            "direction",
            Shape::OneOf(&["in", "out"]),
            "in",
            "Whether it is about packets that come in or go out.",
        ),
        Attribute::optional("from", Shape::Text, "The address or network packets come from; any where left out."),
        Attribute::optional("to", Shape::Text, "The address or network packets go to; any where left out."),
        Attribute::optional("interface", Shape::Text, "The network interface they pass; any where left out."),
        Attribute::optional("comment", Shape::Text, "Words that `ufw status` shows behind the rule's name."),
        Attribute::default("enable", Shape::Bool, "true", "Whether the firewall is turned on."),
        Attribute::default(
            "backend",
            Shape::OneOf(BACKENDS.variants.names),
            BACKENDS.variants.names[0],
            "The program that keeps the rules.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A rule of the host's packet filter.",
        name: "Any words that say what it is for; `ufw status` shows them.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const VARIANTS: Option<&'static Variants> = Some(&BACKENDS.variants);

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let ports = ports(fields);
        let protocol = fields.text("protocol").unwrap_or_else(|| if ports.is_empty() { "any" } else { "tcp" }.into());
        if protocol == "any" && ports.are_many() {
            let help = "make one rule for tcp and one for udp";
            fields.error("protocol", "several ports, or a range, need a protocol: tcp or udp", help);
        }
        let matches = Match {
            is_outgoing: fields.text("direction").as_deref() == Some("out"),
            interface: interface(fields),
            protocol: (protocol == "tcp" || protocol == "udp").then_some(protocol),
            from: network(fields, "from"),
            to: network(fields, "to"),
            ports,
        };
        if matches.families() == (false, false) {
            fields.error("to", "`from` and `to` mix IPv4 and IPv6", "make a rule for each");
        }
        let is_described = ["port", "from", "to", "interface"].iter().any(|name| fields.has(name));
        if !is_described && !fields.is_absent() {
            let help = "say which packets it is about: `port`, `from`, `to` or `interface`";
            fields.error("port", "a rule about all packets would be no firewall", help);
        }
        let verdict = fields.text("action").and_then(|word| Verdict::parse(&word)).unwrap_or(Verdict::Allow);
        let enable = fields.bool("enable").unwrap_or(true);
        let backend = fields.text("backend").and_then(|name| BACKENDS.variants.named(&name));
        let backend = backend.unwrap_or(BACKENDS.variants.all[0]);
        let desired = Desired { verdict, matches, comment: fields.text("comment"), enable, is_described, backend };
        if !fields.is_absent() {
            BACKENDS.of(backend).check(fields, &desired);
        }
        desired
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let Desired { backend, matches, is_described, .. } = &resource.desired;
        let claims = backend.required_by(Claims::new().shares(Space::FIREWALL, ""));
        let claims = claims.follows(Space::PATH, "/etc/default/ufw").follows(Space::BELOW, "/etc/ufw");
        // One that goes is found by its name: it may give way to another.
        if resource.is_absent() || !is_described {
            return claims;
        }
        let by = &["backend", "port", "protocol", "direction", "from", "to", "interface"];
        claims.settles(Space("firewall rule for"), format!("{matches} ({backend:?})"), by)
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(&PROBE, all.iter().map(|resource| of(resource).row(resource)).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let unseen = || Observation::Failed(output.explain());
        let mut observations: Vec<Observation<Observed>> = all.iter().map(|_| unseen()).collect();
        if output.status != ProbeStatus::Done {
            return observations;
        }
        let firsts = output.first_records(all.len());
        for (backend, way) in BACKENDS.iter() {
            let is_own = |&at: &usize| all[at].desired.backend == backend && firsts[at].is_some();
            let own: Vec<usize> = (0..all.len()).filter(is_own).collect();
            let rows: Vec<(&Record, &Resource<Desired>)> =
                own.iter().filter_map(|&at| Some((firsts[at]?, all[at]))).collect();
            for (at, seen) in own.into_iter().zip(way.observe(&rows, output)) {
                observations[at] = seen.map(|found| Observed { backend, found });
            }
        }
        observations
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        BACKENDS.of(observed.backend).attributes(&observed.found)
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        of(resource).diff(resource, found(resource, observed))
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        of(resource).expected(resource)
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let steps = BACKENDS.iter().filter_map(|(backend, way)| {
            let is_own = |&at: &usize| batch[at].resource.desired.backend == backend;
            let own: Vec<usize> = (0..batch.len()).filter(is_own).collect();
            (!own.is_empty()).then(|| way.step(batch, own))
        });
        steps.collect()
    }
}

/// Returns what the backend of a rule does.
fn of(resource: &Resource<Desired>) -> &'static dyn Backend {
    BACKENDS.of(resource.desired.backend)
}

fn ports(fields: &mut Fields<'_>) -> Ports {
    let items = match fields.node("port").map(YamlNode::to_value) {
        Some(Value::Text(text)) => text.split(',').map(|item| item.trim().to_string()).collect(),
        Some(_) => fields.texts("port"),
        None => return Ports::default(),
    };
    let ports = match Ports::parse(items.iter().map(String::as_str)) {
        Ok(ports) => ports,
        Err(wrong) => {
            let help = "write a number from 1 to 65535, a range such as \"60000-61000\", or a list of them";
            fields.error("port", format!("`{wrong}` is not a port"), help);
            return Ports::default();
        }
    };
    if ports.places() > MOST_PORTS {
        let message = format!("a rule has at most {MOST_PORTS} ports, where a range counts as two");
        fields.error("port", message, "make several rules");
    }
    if ports.overlap() {
        fields.error("port", "two of the ports overlap", "name each port once");
    }
    ports
}

fn network(fields: &mut Fields<'_>, attribute: &str) -> Option<Network> {
    let text = fields.text(attribute)?;
    if text == "any" || fields.is_unknown(attribute) {
        return None;
    }
    let network = text.parse();
    if network.is_err() {
        let help = "write an address or a network, such as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32";
        fields.error(attribute, format!("`{text}` is neither an address nor a network"), help);
    }
    network.ok()
}

fn interface(fields: &mut Fields<'_>) -> Option<String> {
    let name = fields.text("interface")?;
    // A name in Linux has at most 15 bytes (IFNAMSIZ); ufw takes a plus sign at its end for all that start so.
    let is_name = !name.is_empty()
        && name.len() <= 15
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-@+".contains(c))
        && !name.starts_with(['-', '.']);
    if !is_name {
        fields.error("interface", format!("`{name}` is not an interface"), "write it as `ip link` has it: `eth0`");
    }
    Some(name)
}
