//! `firewall_rule`: a rule of the host's packet filter.

mod rule;
mod ufw;

use crate::model::{Changes, Expect, Lock, Node, Probe, ProbeOutput, Record, Step, Value};
use crate::row;

use super::{Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space};
use rule::{Match, Network, Ports, VERDICTS, Verdict};
use ufw::UfwRule;

/// A rule of the host's packet filter.
pub struct FirewallRule;

/// A rule as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    verdict: Verdict,
    matches: Match,
    comment: Option<String>,
    /// The firewall is turned on.
    enable: bool,
    /// The spec says which packets it is about; one that should be absent need not.
    is_described: bool,
}

/// What there is of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The rule that is about the packets wanted, or else one that was made for the resource.
    rule: UfwRule,
    /// The rule is there for IPv4 only, or for IPv6 only, and should be for both.
    is_half: bool,
    /// Rules made for the resource when it wanted something else, and rules that should be absent; as ufw's words.
    stale: Vec<String>,
    /// Why the firewall does not filter.
    off: Option<String>,
}

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
        Attribute::default("backend", Shape::OneOf(&["ufw"]), "ufw", "The program that keeps the rules."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A rule of the host's packet filter.",
        name: "Any words that say what it is for; `ufw status` shows them.",
        example: "firewall_rules:\n  web: { port: [80, 443] }\n  metrics: { port: 9100, from: 10.0.0.0/8 }\n",
        notes: "The rules are kept by ufw, so they are there after a reboot. A rule is for IPv4 and IPv6 unless its addresses say \
                otherwise, or ufw's IPV6 is off. Where ufw is not installed yet, the rule waits for the packages.\n\n\
                **Any rule turns ufw on**, unless it says `enable: false`; what no rule allows is then kept out. **ssh stays open**: \
                before ufw is turned on, and after any change of rules, the host checks every port on which it serves ssh: that of \
                this connection, those sshd listens on or is configured for, and those of ssh.socket. Where the rules would shut out \
                this session's address (or, without a session, any address), a rule named `ssh stays open` that allows the port goes \
                first. To restrict ssh, allow it from a network that infra connects from. A rule that denies the port to everybody \
                holds for everybody but the address infra connects from.\n\n\
                The rule carries the resource's name as its comment, so that a port that changes in the spec closes the old one. A rule \
                made by hand that says the same is taken over. A new rule goes behind the others, but one that denies or rejects what \
                comes `from` somewhere goes first; rules that are there are not moved. Two resources that say the same share one rule.\n\n\
                All rules of a host are observed by reading ufw's files, and by one `iptables -S` and one `ip6tables -S` that tell \
                whether the kernel has them. Routes, application profiles and ports of the source are left alone.",
    };

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
        Desired { verdict, matches, comment: fields.text("comment"), enable, is_described }
    }

    fn claims(_resource: &Resource<Desired>) -> Claims {
        Claims::new().requires(Space::PROGRAM, "ufw")
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| {
            let Desired { verdict, matches, comment, is_described, .. } = &resource.desired;
            let tuple = |is_ipv6| if *is_described { ufw::tuple(*verdict, matches, is_ipv6) } else { String::new() };
            row![tuple(false), tuple(true), ufw::hex(&ufw::comment(resource.name(), comment.as_deref()))]
        });
        Probe::new(include_str!("ufw_probe.sh"), rows.collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let rules: Vec<UfwRule> = output
            .records
            .iter()
            .filter(|record| record.field(0) == "rule")
            .filter_map(|record| UfwRule::parse(record.field(2), record.field(1) == "6"))
            .collect();
        let failed = output.status != crate::model::ProbeStatus::Done;
        output
            .first_records(all.len())
            .into_iter()
            .zip(all)
            .map(|(record, resource)| match record {
                Some(record) if !failed => observation(record, resource, &rules),
                _ => Observation::Failed(output.explain()),
            })
            .collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = described(observed.rule.verdict, &observed.rule.matches);
        attributes.push(("comment", observed.rule.comment.as_str().into()));
        attributes.push(("firewall", firewall(observed.off.as_deref())));
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let wanted = described(desired.verdict, &desired.matches);
        let comment = ufw::comment(resource.name(), desired.comment.as_deref());
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else {
            for (attribute, value) in wanted {
                changes.compare(attribute, Value::Null, value);
            }
            changes.push("comment", Value::Null, comment);
            if desired.enable {
                changes.push("firewall", Value::Null, ON);
            }
            return changes;
        };
        for ((attribute, before), (_, after)) in
            described(observed.rule.verdict, &observed.rule.matches).into_iter().zip(wanted)
        {
            changes.compare(attribute, before, after);
        }
        changes.compare("logged", observed.rule.is_logged(), false);
        if observed.is_half {
            let family = if observed.rule.is_ipv6 { "IPv6" } else { "IPv4" };
            changes.push("family", family, "IPv4 and IPv6");
        }
        // Two resources that say the same share a rule, and one of them is named in it.
        if !observed.rule.is_ours() || observed.rule.belongs_to(resource.name()) {
            changes.compare("comment", observed.rule.comment.as_str(), comment);
        }
        if changes.is_empty() {
            for rule in &observed.stale {
                changes.push("older rule", rule.as_str(), Value::Null);
            }
        }
        if desired.enable {
            changes.compare("firewall", firewall(observed.off.as_deref()), ON);
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let is = |text: &str| Expect::Is(text.to_string());
        Some(match (resource.is_absent(), resource.desired.enable) {
            // Another resource may want the same, and ssh may need it.
            (true, _) if resource.desired.is_described => return None,
            (true, _) => vec![is("absent"), Expect::Any, Expect::Any, Expect::Any],
            (false, true) => vec![is("in-place"), is("on"), Expect::Any, Expect::Any],
            (false, false) => vec![is("in-place"), Expect::Any, Expect::Any, Expect::Any],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let rows = batch.iter().map(|planned| {
            let resource = planned.resource;
            let Desired { verdict, matches, comment, enable, .. } = &resource.desired;
            let found = match planned.observed {
                Observation::Present(observed) => Some(observed),
                _ => None,
            };
            let stale = found.map(|observed| observed.stale.join("\n")).unwrap_or_default();
            let is_off = found.is_some_and(|observed| observed.off.is_some());
            let changes_rule =
                planned.changes.iter().any(|change| !["firewall", "older rule"].contains(&&*change.attribute));
            if resource.is_absent() {
                return row![stale, "", "", false, false, false];
            }
            let words = changes_rule.then(|| ufw::words(*verdict, None, matches));
            let comment = ufw::comment(resource.name(), comment.as_deref());
            let goes_first = verdict.is_closing() && matches.from.is_some();
            row![stale, words, comment, goes_first, *enable, *enable && is_off]
        });
        let covers: Vec<usize> = (0..batch.len()).collect();
        let purpose = if batch.len() == 1 {
            format!("set the firewall rule {}", batch[0].resource.name())
        } else {
            format!("set {} firewall rules", batch.len())
        };
        let script = concat!(include_str!("ufw_guard.sh"), include_str!("ufw_apply.sh"));
        vec![Step::new(script, covers, purpose).rows(rows.collect()).locks(&[Lock::FIREWALL])]
    }
}

/// What the plan says of a firewall that is on, or will be.
const ON: &str = "on, ssh stays open";

fn firewall(off: Option<&str>) -> Value {
    match off {
        Some(reason) => Value::text(format!("off: {reason}")),
        None => ON.into(),
    }
}

/// Returns the attributes of a rule in the order a reader wants, each with a value or null.
fn described(verdict: Verdict, matches: &Match) -> Vec<(&'static str, Value)> {
    let text = |network: &Option<Network>| network.map_or(Value::Null, |network| network.to_string().into());
    let port = if matches.ports.is_empty() { Value::Null } else { matches.ports.to_string().into() };
    vec![
        ("action", verdict.word().into()),
        ("direction", if matches.is_outgoing { "out" } else { "in" }.into()),
        ("port", port),
        ("protocol", matches.protocol.as_deref().unwrap_or("any").into()),
        ("from", text(&matches.from)),
        ("to", text(&matches.to)),
        ("interface", matches.interface.clone().into()),
    ]
}

fn observation(record: &Record, resource: &Resource<Desired>, rules: &[UfwRule]) -> Observation<Observed> {
    match record.field(0) {
        "no-ufw" => {
            let needs = Claim::new(Space::PROGRAM, "ufw");
            return Observation::Later { needs, reason: "ufw is not installed".into() };
        }
        "denied" => return Observation::Failed("ufw's rules may be read by root only: set `become: true`".into()),
        "in-place" | "absent" | "other" => {}
        other => return Observation::Failed(format!("its state {other} is none that is known")),
    }
    let off = (record.field(1) != "on").then(|| record.field(2).to_string());
    let (ipv4, ipv6) = resource.desired.matches.families();
    let families = usize::from(ipv4) + usize::from(ipv6 && (record.field(3) == "yes" || !ipv4));
    let wanted = &resource.desired;
    let is_same = |rule: &&UfwRule| wanted.is_described && rule.matches == wanted.matches;
    let is_named = |rule: &&UfwRule| rule.belongs_to(resource.name());
    let mut stale: Vec<String> = if resource.is_absent() {
        let goes = |rule: &&UfwRule| {
            is_named(rule) || is_same(rule) && rule.verdict == wanted.verdict && !rule.is_ours() && !rule.is_guard()
        };
        rules.iter().filter(goes).map(UfwRule::words).collect()
    } else {
        rules.iter().filter(|rule| is_named(rule) && !is_same(rule)).map(UfwRule::words).collect()
    };
    // A rule for both families is one for ufw's words.
    stale.sort();
    stale.dedup();
    let same: Vec<&UfwRule> = rules.iter().filter(is_same).collect();
    let first = if resource.is_absent() {
        rules.iter().find(|rule| stale.contains(&rule.words()))
    } else {
        // The half that differs from what is wanted is the one to show.
        let differs = |rule: &&&UfwRule| rule.verdict != wanted.verdict || rule.is_logged() || !rule.is_ours();
        same.iter().find(differs).or(same.first()).copied().or_else(|| rules.iter().find(is_named))
    };
    match first {
        None => Observation::Absent,
        Some(rule) => {
            let is_half = !resource.is_absent() && !same.is_empty() && same.len() < families;
            Observation::Present(Observed { rule: rule.clone(), is_half, stale, off })
        }
    }
}

fn ports(fields: &mut Fields<'_>) -> Ports {
    let items = match fields.node("port").map(Node::to_value) {
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
