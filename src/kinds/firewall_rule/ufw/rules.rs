//! How ufw keeps rules: the lines `### tuple ###` of `/etc/ufw/user.rules` and `user6.rules`.

use crate::kinds::firewall_rule::rule::{Match, Network, Ports, Verdict};

/// What starts the comment of every rule made here.
const MARK: &str = "infra: ";

/// The comment of the rule that keeps ssh open; `apply.sh` writes it.
const GUARD: &str = "infra: ssh stays open";

/// A rule as ufw has it.
#[derive(Clone, Debug, PartialEq)]
pub struct UfwRule {
    pub is_ipv6: bool,
    pub verdict: Verdict,
    /// `log` or `log-all`, where its packets are logged.
    log: Option<&'static str>,
    pub matches: Match,
    pub comment: String,
}

impl UfwRule {
    /// Reads a line without its `### tuple ### `: verdict, protocol, ports, destination, ports and address of the source,
    /// perhaps names of applications, direction with interface, perhaps a comment in hexadecimal. Rules that the kind has
    /// no words for (routes, applications, ports of the source) are `None`.
    pub fn parse(text: &str, is_ipv6: bool) -> Option<Self> {
        let (text, comment) = match text.split_once(" comment=") {
            Some((text, comment)) => (text, unhex(comment)?),
            None => (text, String::new()),
        };
        let words: Vec<&str> = text.split(' ').collect();
        let [verdict, protocol, ports, to, from_ports, from, direction] = words[..] else { return None };
        let (verdict, log) = match verdict.split_once('_') {
            Some((verdict, "log")) => (verdict, Some("log")),
            Some((verdict, "log-all")) => (verdict, Some("log-all")),
            Some(_) => return None,
            None => (verdict, None),
        };
        let (direction, interface) = match direction.split_once('_') {
            Some((direction, interface)) => (direction, Some(interface.to_string())),
            None => (direction, None),
        };
        let network = |text: &str| match text {
            "0.0.0.0/0" | "::/0" => Some(None),
            text => text.parse().ok().map(Some),
        };
        if from_ports != "any" || !matches!(direction, "in" | "out") {
            return None;
        }
        let matches = Match {
            is_outgoing: direction == "out",
            interface,
            protocol: (protocol != "any").then(|| protocol.to_string()),
            from: network(from)?,
            to: network(to)?,
            ports: if ports == "any" { Ports::default() } else { Ports::parse(ports.split(',')).ok()? },
        };
        Some(Self { is_ipv6, verdict: Verdict::parse(verdict)?, log, matches, comment })
    }

    /// Returns whether it keeps ssh open and belongs to no resource.
    pub fn is_guard(&self) -> bool {
        self.comment == GUARD
    }

    /// Returns whether it belongs to the resource of this name.
    pub fn belongs_to(&self, name: &str) -> bool {
        self.comment.strip_prefix(&comment(name, None)).is_some_and(|rest| rest.is_empty() || rest.starts_with(" - "))
    }

    /// Returns whether it belongs to a resource of any name.
    pub fn is_ours(&self) -> bool {
        self.comment.starts_with(MARK) && !self.is_guard()
    }

    pub fn is_logged(&self) -> bool {
        self.log.is_some()
    }

    /// Returns whether it is about these packets, or those of them that are of its family.
    pub fn is_about(&self, matches: &Match) -> bool {
        let (ipv4, ipv6) = matches.families();
        (if self.is_ipv6 { ipv6 } else { ipv4 }) && self.matches == matches.without_everywhere()
    }

    /// Returns the words that delete it, and the one for the other family that says the same.
    pub fn words(&self) -> String {
        words(self.verdict, self.log, &self.matches)
    }

    /// Returns the words that delete it alone.
    pub fn own_words(&self) -> String {
        let everywhere = if self.is_ipv6 { "::/0" } else { "0.0.0.0/0" };
        let from = self.matches.from.or(everywhere.parse().ok());
        words(self.verdict, self.log, &Match { from, ..self.matches.clone() })
    }
}

/// Returns the comment of a resource's rule. ufw takes no apostrophe in it.
pub fn comment(name: &str, words: Option<&str>) -> String {
    let text = match words {
        Some(words) => format!("{MARK}{name} - {words}"),
        None => format!("{MARK}{name}"),
    };
    text.replace('\'', "\u{2019}")
}

/// Returns a comment as ufw's files have it.
pub fn hex(comment: &str) -> String {
    comment.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    Some(String::from_utf8_lossy(&bytes?).into_owned())
}

/// Returns the words `ufw` wants for a rule, with a blank between; none of them holds one.
pub fn words(verdict: Verdict, log: Option<&str>, matches: &Match) -> String {
    let mut words = vec![verdict.word().to_string(), if matches.is_outgoing { "out" } else { "in" }.into()];
    if let Some(interface) = &matches.interface {
        words.extend(["on".into(), interface.clone()]);
    }
    words.extend(log.map(String::from));
    if let Some(protocol) = &matches.protocol {
        words.extend(["proto".into(), protocol.clone()]);
    }
    words.extend(["from".into(), address(&matches.from, "any"), "to".into(), address(&matches.to, "any")]);
    if !matches.ports.is_empty() {
        words.extend(["port".into(), matches.ports.to_string()]);
    }
    words.join(" ")
}

/// Returns the text of a rule without its comment, as ufw's files have it; empty where its addresses are of the other
/// family.
pub fn tuple(verdict: Verdict, matches: &Match, is_ipv6: bool) -> String {
    let (ipv4, ipv6) = matches.families();
    if !(if is_ipv6 { ipv6 } else { ipv4 }) {
        return String::new();
    }
    let any = if is_ipv6 { "::/0" } else { "0.0.0.0/0" };
    let protocol = matches.protocol.as_deref().unwrap_or("any");
    let ports = if matches.ports.is_empty() { "any".into() } else { matches.ports.to_string() };
    let direction = if matches.is_outgoing { "out" } else { "in" };
    let interface = matches.interface.as_ref().map(|name| format!("_{name}")).unwrap_or_default();
    let (to, from) = (address(&matches.to, any), address(&matches.from, any));
    format!("{} {protocol} {ports} {to} any {from} {direction}{interface}", verdict.word())
}

fn address(network: &Option<Network>, any: &str) -> String {
    network.map_or_else(|| any.to_string(), |network| network.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines that ufw 0.36.2 wrote.
    #[test]
    fn reads_and_writes_what_ufw_does() {
        for text in [
            "allow tcp 8000 0.0.0.0/0 any 0.0.0.0/0 in",
            "allow tcp 80,443,1000:2000 0.0.0.0/0 any 10.0.0.0/8 in_host0",
            "limit any 53 0.0.0.0/0 any 0.0.0.0/0 in",
            "reject tcp 25 0.0.0.0/0 any 0.0.0.0/0 out",
            "deny any any 192.168.1.1 any 10.0.0.1 in_br-abc+",
        ] {
            let rule = UfwRule::parse(text, false).unwrap();
            assert_eq!(tuple(rule.verdict, &rule.matches, false), text);
        }
        let rule = UfwRule::parse("allow any 5 ::/0 any 2001:db8::5 in", true).unwrap();
        assert_eq!(tuple(rule.verdict, &rule.matches, true), "allow any 5 ::/0 any 2001:db8::5 in");
        assert_eq!(tuple(rule.verdict, &rule.matches, false), "");
        assert_eq!(rule.words(), "allow in from 2001:db8::5 to any port 5");
        let logged = "allow_log tcp 98 0.0.0.0/0 any 0.0.0.0/0 in_eth0";
        assert_eq!(
            UfwRule::parse(logged, false).unwrap().words(),
            "allow in on eth0 log proto tcp from any to any port 98"
        );
    }

    #[test]
    fn a_network_of_all_addresses_is_a_family() {
        let rule = UfwRule::parse("allow tcp 7001 0.0.0.0/0 any 0.0.0.0/0 in", false).unwrap();
        let from = |network: &str| Match { from: network.parse().ok(), ..rule.matches.clone() };
        assert!(rule.is_about(&from("0.0.0.0/0")) && rule.is_about(&rule.matches) && !rule.is_about(&from("::/0")));
        assert!(!rule.is_about(&from("10.0.0.0/8")));
        assert_eq!(rule.words(), "allow in proto tcp from any to any port 7001");
        assert_eq!(rule.own_words(), "allow in proto tcp from 0.0.0.0/0 to any port 7001");
    }

    #[test]
    fn leaves_alone_what_it_has_no_words_for() {
        for text in [
            "allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 OpenSSH - in",
            "route:allow tcp 80 10.1.1.1 any 0.0.0.0/0 in_host0!out_lo",
            "allow any any 0.0.0.0/0 99 10.2.2.2 in",
        ] {
            assert_eq!(UfwRule::parse(text, false), None, "{text}");
        }
    }

    #[test]
    fn comments_say_whose_a_rule_is() {
        let line = format!("allow tcp 80 ::/0 any ::/0 in comment={}", hex(&comment("don't", Some("web"))));
        let rule = UfwRule::parse(&line, true).unwrap();
        assert!(rule.belongs_to("don't") && rule.is_ours());
        assert!(!rule.belongs_to("don") && !rule.belongs_to("don't - web - x"));
    }
}
