//! The backend ufw.

mod rules;

use crate::model::{Changes, Expect, Lock, ProbeOutput, Record, Records, Row, Step, Value};
use crate::resource::{Claim, Confine, Feature, Fields, Found, Observation, Planned, Resource, Space, Variant};
use crate::{expect, records, row, rows};

use super::backend::{Backend, Desired, FirewallRule, described, found, purpose};
use rules::UfwRule;

pub const VARIANT: Variant = Variant {
    name: "ufw",
    title: "ufw",
    features: &[
        Feature { name: "comments", attributes: &["comment"] },
        Feature { name: "limits on how often one address gets in", attributes: &[] },
    ],
    confine: &[Confine::Program("ufw")],
    default_for: &["debian"],
};

/// What ufw does.
pub struct Ufw;

rows! {
    include_str!("probe.sh") => struct Asked { backend, rule4, rule6, comment }
    include_str!("apply.sh") => struct Wanted { stale, words, comment, goes_first, enables, rereads }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "no-ufw" => NoUfw,
        "denied" => Denied,
        "rule" => Rule { family, rule },
        "lacks" => Lacks { form, what },
        _ => Looked { found, state, reason, ipv6 },
    }
}

/// What ufw has of a rule.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    /// The rule that is about the packets wanted, or else one that was made for the resource.
    rule: UfwRule,
    /// The rule is there for IPv4 only, or for IPv6 only, and should be for both.
    is_half: bool,
    /// Rules made for the resource when it wanted something else, and rules that should be absent; as ufw's words.
    stale: Vec<String>,
    /// Why the firewall does not filter.
    off: Option<String>,
}

/// What the plan says of a firewall that is on, or will be.
const ON: &str = "on, ssh stays open";

fn firewall(off: Option<&str>) -> Value {
    match off {
        Some(reason) => Value::text(format!("off: {reason}")),
        None => ON.into(),
    }
}

impl Backend for Ufw {
    fn probe(&self) -> &'static str {
        include_str!("probe.sh")
    }

    fn check(&self, _fields: &mut Fields<'_>, _desired: &Desired) {}

    /// The rule as ufw's files for IPv4 and IPv6 have it, and its comment.
    fn row(&self, resource: &Resource<Desired>) -> Row {
        let Desired { verdict, matches, comment, is_described, .. } = &resource.desired;
        let tuple = |is_ipv6| if *is_described { rules::tuple(*verdict, matches, is_ipv6) } else { String::new() };
        row![Asked {
            backend: VARIANT.name,
            rule4: tuple(false),
            rule6: tuple(true),
            comment: rules::hex(&rules::comment(resource.name(), comment.as_deref())),
        }]
    }

    fn observe(&self, rows: &[(&Record, &Resource<Desired>)], output: &ProbeOutput) -> Vec<Observation<Found>> {
        let rules = all_rules(output);
        let seen = |(record, resource): &(&Record, &Resource<Desired>)| match Seen::read(record) {
            Ok(seen) => observation(seen, resource, &rules).map(Found::new),
            Err(wrong) => Observation::Failed(wrong),
        };
        rows.iter().map(seen).collect()
    }

    fn attributes(&self, found: &Found) -> Vec<(&'static str, Value)> {
        let kept: &Kept = found.of();
        let mut attributes = described(kept.rule.verdict, &kept.rule.matches);
        attributes.push(("comment", kept.rule.comment.as_str().into()));
        attributes.push(("firewall", firewall(kept.off.as_deref())));
        attributes
    }

    fn diff(&self, resource: &Resource<Desired>, found: Option<&Found>) -> Changes {
        diff(resource, found.map(Found::of))
    }

    fn expected(&self, resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(match (resource.is_absent(), resource.desired.enable) {
            // Another resource may want the same, and ssh may need it.
            (true, _) if resource.desired.is_described => return None,
            (true, _) => expect![Seen::Looked { found: "absent" }],
            (false, true) => expect![Seen::Looked { found: "in-place", state: "on" }],
            (false, false) => expect![Seen::Looked { found: "in-place" }],
        })
    }

    fn step(&self, batch: &[Planned<'_, FirewallRule>], covers: Vec<usize>) -> Step {
        let rows = covers.iter().map(|&at| {
            let planned = &batch[at];
            let resource = planned.resource;
            let Desired { verdict, matches, comment, enable, .. } = &resource.desired;
            let found: Option<&Kept> = found(resource, planned.observed).map(Found::of);
            let stale = found.map(|found| found.stale.join("\n")).unwrap_or_default();
            let is_off = found.is_some_and(|found| found.off.is_some());
            let changes_rule =
                planned.changes.iter().any(|change| !["firewall", "older rule"].contains(&&*change.attribute));
            if resource.is_absent() {
                return row![Wanted { stale, .. }];
            }
            let words = changes_rule.then(|| rules::words(*verdict, None, matches));
            let comment = rules::comment(resource.name(), comment.as_deref());
            let goes_first = verdict.is_closing() && matches.from.is_some();
            row![Wanted { stale, words, comment, goes_first, enables: *enable, rereads: *enable && is_off }]
        });
        let rows = rows.collect();
        let purpose = purpose(batch, &covers);
        let script = concat!(include_str!("guard.sh"), include_str!("apply.sh"));
        Step::new(script, covers, purpose).rows(rows).locks(&[Lock::FIREWALL])
    }
}

/// Returns all rules that its probe has read.
fn all_rules(output: &ProbeOutput) -> Vec<UfwRule> {
    let rule = |record| match Seen::find(record) {
        Some(Seen::Rule { family, rule }) => UfwRule::parse(rule, family == "6"),
        _ => None,
    };
    output.records.iter().filter_map(rule).collect()
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>, rules: &[UfwRule]) -> Observation<Kept> {
    let (state, reason, ipv6_too) = match seen {
        Seen::NoUfw => {
            let needs = Claim::new(Space::PROGRAM, "ufw");
            return Observation::Later { needs, reason: "ufw is not installed".into() };
        }
        Seen::Denied => return Observation::Failed("ufw's rules may be read by root only: set `become: true`".into()),
        Seen::Looked { found: _, state, reason, ipv6 } => (state, reason, ipv6),
        Seen::Rule { .. } | Seen::Lacks { .. } => {
            return Observation::Failed("the probe does not say whether it is there".into());
        }
    };
    let off = (state != "on").then(|| reason.to_string());
    let (ipv4, ipv6) = resource.desired.matches.families();
    let families = usize::from(ipv4) + usize::from(ipv6 && (ipv6_too == "yes" || !ipv4));
    let wanted = &resource.desired;
    let is_same = |rule: &&UfwRule| wanted.is_described && rule.is_about(&wanted.matches);
    let is_named = |rule: &&UfwRule| rule.belongs_to(resource.name());
    let goes = |rule: &&UfwRule| match resource.is_absent() {
        true => {
            is_named(rule) || is_same(rule) && rule.verdict == wanted.verdict && !rule.is_ours() && !rule.is_guard()
        }
        false => is_named(rule) && !is_same(rule),
    };
    // Where the one for the other family stays, ufw's words must not mean both.
    let stays = |words: &str| rules.iter().any(|rule| rule.words() == words && !goes(&rule));
    let words = |rule: &UfwRule| Some(rule.words()).filter(|words| !stays(words)).unwrap_or_else(|| rule.own_words());
    let mut stale: Vec<String> = rules.iter().filter(goes).map(words).collect();
    // A rule for both families is one for ufw's words.
    stale.sort();
    stale.dedup();
    let same: Vec<&UfwRule> = rules.iter().filter(is_same).collect();
    let first = if resource.is_absent() {
        rules.iter().find(goes)
    } else {
        // The half that differs from what is wanted is the one to show.
        let differs = |rule: &&&UfwRule| rule.verdict != wanted.verdict || rule.is_logged() || !rule.is_ours();
        same.iter().find(differs).or(same.first()).copied().or_else(|| rules.iter().find(is_named))
    };
    match first {
        None => Observation::Absent,
        Some(rule) => {
            let is_half = !resource.is_absent() && !same.is_empty() && same.len() < families;
            let mut rule = rule.clone();
            if is_same(&&rule) {
                rule.matches = wanted.matches.clone();
            }
            Observation::Present(Kept { rule, is_half, stale, off })
        }
    }
}

/// Compares what ufw has with what the spec wants.
fn diff(resource: &Resource<Desired>, observed: Option<&Kept>) -> Changes {
    let desired = &resource.desired;
    let wanted = described(desired.verdict, &desired.matches);
    let comment = rules::comment(resource.name(), desired.comment.as_deref());
    let mut changes = Changes::new();
    let Some(observed) = observed else {
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
