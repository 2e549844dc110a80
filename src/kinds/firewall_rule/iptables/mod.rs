//! The backend iptables: two chains of our own, gone through before any others, kept by netfilter-persistent.

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::{Changes, Expect, Lock, ProbeOutput, Record, Records, Row, Step, Value, columns};
use crate::resource::{Claim, Confine, Fields, Found, Observation, Planned, Resource, Space, Variant};
use crate::{expect, records, row, rows};

use super::backend::{Backend, Desired, FirewallRule, described, purpose};
use super::rule::{Match, Network, Verdict};

pub const VARIANT: Variant = Variant {
    name: "iptables",
    title: "iptables",
    features: &[],
    confine: &[Confine::Program("iptables"), Confine::Program("netfilter-persistent")],
    default_for: &[],
};

/// What iptables does.
pub struct Iptables;

rows! {
    include_str!("probe.sh") => struct Asked { backend, wanted4, wanted6, comment }
}
const _: () = columns::check_row(include_str!("apply.sh"), &[], Asked::NAMES);

records! {
    include_str!("probe.sh") => enum Seen {
        "no-iptables" => NoIptables,
        "denied" => Denied,
        "failed" => Failed,
        "absent" => Absent,
        "in-place" => InPlace { rule4, rule6, flaw },
        "other" => Other { rule4, rule6, flaw },
    }
}

/// What iptables has of a rule.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    /// As `iptables -S` prints it, or `ip6tables -S`; none where there is only the other.
    ipv4: Option<String>,
    /// As `ip6tables -S` prints it; "none" where the host has no IPv6.
    ipv6: Option<String>,
    /// Why packets do not pass it, or will not after a reboot.
    flaw: Option<String>,
}

impl Backend for Iptables {
    fn probe(&self) -> &'static str {
        include_str!("probe.sh")
    }

    fn check(&self, fields: &mut Fields<'_>, desired: &Desired) {
        let name = fields.name().to_string();
        if name.contains(['"', '\\', '\n']) || name.len() > 200 {
            let help = "use at most 200 bytes, and neither quotes nor backslashes";
            fields.error("name", format!("iptables cannot keep the name `{name}`"), help);
        }
        if desired.verdict == Verdict::Limit {
            fields.error("action", "the backend iptables has no `limit`", "use `allow`, or the backend ufw");
        }
        if desired.comment.is_some() {
            fields.error("comment", "the backend iptables keeps the rule's name only", "leave `comment` out");
        }
        let matches = &desired.matches;
        let is_for_ssh = matches.ports.is_empty() && matches.protocol.as_deref() != Some("udp")
            || matches.ports.holds(22) && matches.protocol.as_deref() != Some("udp");
        if desired.verdict.is_closing() && !matches.is_outgoing && matches.from.is_none() && is_for_ssh {
            let help = "name the ports it is about, or who it is about with `from`";
            fields.error("action", "it would close ssh's port 22 to everybody", help);
        }
    }

    /// The rule for IPv4 and IPv6 ("" where it is of the other family), and the comment that names it.
    fn row(&self, resource: &Resource<Desired>) -> Row {
        let (wanted4, wanted6) = lines(resource);
        row![Asked { backend: VARIANT.name, wanted4, wanted6, comment: comment(resource.name()) }]
    }

    fn observe(&self, rows: &[(&Record, &Resource<Desired>)], output: &ProbeOutput) -> Vec<Observation<Found>> {
        let seen = |(record, _): &(&Record, &Resource<Desired>)| match Seen::read(record) {
            Ok(seen) => observation(seen, output).map(Found::new),
            Err(wrong) => Observation::Failed(wrong),
        };
        rows.iter().map(seen).collect()
    }

    fn attributes(&self, found: &Found) -> Vec<(&'static str, Value)> {
        let kept: &Kept = found.of();
        let rules = [("IPv4", &kept.ipv4), ("IPv6", &kept.ipv6)];
        let there = rules.into_iter().filter(|(_, rule)| rule.as_deref().is_some_and(|rule| rule != "none"));
        there.map(|(family, rule)| (family, rule.clone().into())).collect()
    }

    fn diff(&self, resource: &Resource<Desired>, found: Option<&Found>) -> Changes {
        diff(resource, found.map(Found::of))
    }

    fn expected(&self, resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::InPlace { flaw: "" }],
        })
    }

    fn step(&self, batch: &[Planned<'_, FirewallRule>], covers: Vec<usize>) -> Step {
        let rows = covers.iter().map(|&at| self.row(batch[at].resource)).collect();
        let purpose = purpose(batch, &covers);
        Step::new(program![BESIDE, include_str!("apply.sh")], covers, purpose).rows(rows).locks(&[Lock::FIREWALL])
    }
}

fn lines(resource: &Resource<Desired>) -> (String, String) {
    let Desired { verdict, matches, .. } = &resource.desired;
    let (ipv4, ipv6) = matches.families();
    let of = |is_family: bool, is_ipv6| {
        if is_family && !resource.is_absent() {
            line(resource.name(), *verdict, matches, is_ipv6)
        } else {
            String::new()
        }
    };
    (of(ipv4, false), of(ipv6, true))
}

/// Returns the end of every comment of a rule for this resource; what stands before is its place.
fn comment(name: &str) -> String {
    format!(" infra: {name}")
}

/// Returns a number that grows as the rule says less closely what it is about; rules stand in this order.
fn place(verdict: Verdict, matches: &Match) -> u16 {
    let bits = |network: &Option<Network>| network.map_or(0, |network| u16::from(network.prefix()) + 1);
    let somewhere = matches.without_everywhere();
    let closeness = 16 * (bits(&somewhere.from) + bits(&somewhere.to))
        + 8 * u16::from(!matches.ports.is_empty())
        + 4 * u16::from(matches.interface.is_some())
        + 2 * u16::from(matches.protocol.is_some())
        + u16::from(verdict.is_closing());
    9999 - closeness
}

/// Returns a rule as `iptables -S` prints it.
fn line(name: &str, verdict: Verdict, matches: &Match, is_ipv6: bool) -> String {
    let mut words = vec!["-A".into(), if matches.is_outgoing { "infra-output" } else { "infra-input" }.to_string()];
    let somewhere = matches.without_everywhere();
    for (option, network) in [("-s", &somewhere.from), ("-d", &somewhere.to)] {
        if let Some(network) = network {
            words.extend([option.into(), network.with_prefix()]);
        }
    }
    if let Some(interface) = &matches.interface {
        words.extend([if matches.is_outgoing { "-o" } else { "-i" }.into(), interface.clone()]);
    }
    if let Some(protocol) = &matches.protocol {
        words.extend(["-p".into(), protocol.clone()]);
        if matches.ports.is_single() {
            words.extend(["-m".into(), protocol.clone(), "--dport".into(), matches.ports.to_string()]);
        } else if !matches.ports.is_empty() {
            words.extend(["-m".into(), "multiport".into(), "--dports".into(), matches.ports.to_string()]);
        }
    }
    let comment = format!("\"{:04}{}\"", place(verdict, matches), comment(name));
    words.extend(["-m".into(), "comment".into(), "--comment".into(), comment, "-j".into()]);
    words.push(match verdict {
        Verdict::Allow | Verdict::Limit => "ACCEPT".into(),
        Verdict::Deny => "DROP".into(),
        Verdict::Reject if is_ipv6 => "REJECT --reject-with icmp6-port-unreachable".into(),
        Verdict::Reject => "REJECT --reject-with icmp-port-unreachable".into(),
    });
    words.join(" ")
}

fn observation(seen: Seen<'_>, output: &ProbeOutput) -> Observation<Kept> {
    match seen {
        Seen::NoIptables => Observation::Later {
            needs: Claim::new(Space::PROGRAM, "netfilter-persistent"),
            reason: "iptables or netfilter-persistent (package iptables-persistent) is not installed".into(),
        },
        Seen::Denied => Observation::Failed("the packet filter may be read by root only: set `become: true`".into()),
        Seen::Failed => Observation::Failed(output.explain()),
        Seen::Absent => Observation::Absent,
        Seen::InPlace { rule4, rule6, flaw } | Seen::Other { rule4, rule6, flaw } => {
            let given = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
            Observation::Present(Kept { ipv4: given(rule4), ipv6: given(rule6), flaw: given(flaw) })
        }
    }
}

/// Compares what iptables has with what the spec wants.
fn diff(resource: &Resource<Desired>, found: Option<&Kept>) -> Changes {
    let mut changes = Changes::new();
    let (ipv4, ipv6) = lines(resource);
    match found {
        None => {
            for (attribute, value) in described(resource.desired.verdict, &resource.desired.matches) {
                changes.compare(attribute, Value::Null, value);
            }
        }
        Some(found) => {
            let some = |line: String| Some(line).filter(|line| !line.is_empty());
            changes.compare("IPv4", found.ipv4.clone(), some(ipv4));
            if found.ipv6.as_deref() != Some("none") {
                changes.compare("IPv6", found.ipv6.clone(), some(ipv6));
            }
            changes.compare("flaw", found.flaw.clone(), None::<String>);
        }
    }
    changes
}
