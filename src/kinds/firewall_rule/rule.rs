//! What a rule of a packet filter says, whichever program keeps it.

use core::net::IpAddr;
use std::fmt;
use std::str::FromStr;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    Deny,
    Reject,
    /// Allowed, but not too often from one address.
    Limit,
}

/// The words of [`Verdict`], as specs and ufw write them.
pub const VERDICTS: &[&str] = &["allow", "deny", "reject", "limit"];

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Reject => "reject",
            Self::Limit => "limit",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Allow, Self::Deny, Self::Reject, Self::Limit].into_iter().find(|verdict| verdict.word() == word)
    }

    /// Returns whether it keeps packets out.
    pub fn is_closing(self) -> bool {
        matches!(self, Self::Deny | Self::Reject)
    }
}

/// What packets a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    pub is_outgoing: bool,
    pub interface: Option<String>,
    /// `tcp` or `udp`; both and all others where there is none.
    pub protocol: Option<String>,
    pub from: Option<Network>,
    pub to: Option<Network>,
    /// The ports of the destination; all where there is none.
    pub ports: Ports,
}

impl Match {
    /// Says which of IPv4 and IPv6 its addresses allow.
    pub fn families(&self) -> (bool, bool) {
        let addresses = [&self.from, &self.to];
        let all = |is_family: fn(&IpAddr) -> bool| {
            addresses.iter().all(|network| network.as_ref().is_none_or(|network| is_family(&network.address)))
        };
        (all(IpAddr::is_ipv4), all(IpAddr::is_ipv6))
    }

    /// Returns it without networks that are all addresses of their family: what is left of them is the family.
    pub fn without_everywhere(&self) -> Self {
        let somewhere = |network: &Option<Network>| network.filter(|network| network.prefix > 0);
        Self { from: somewhere(&self.from), to: somewhere(&self.to), ..self.clone() }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "packets that {}", if self.is_outgoing { "go out" } else { "come in" })?;
        if let Some(protocol) = &self.protocol {
            write!(f, ", {protocol}")?;
        }
        if !self.ports.is_empty() {
            write!(f, ", port {}", self.ports)?;
        }
        for (word, network) in [("from", &self.from), ("to", &self.to)] {
            if let Some(network) = network {
                write!(f, ", {word} {network}")?;
            }
        }
        self.interface.iter().try_for_each(|interface| write!(f, ", on {interface}"))
    }
}

/// Addresses with the same first bits, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The bits behind the prefix are zero.
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// How many bits an address of its family has.
    fn longest(address: &IpAddr) -> u8 {
        if address.is_ipv4() { 32 } else { 128 }
    }
}

impl Network {
    /// Returns how many first bits its addresses share.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Writes it with its prefix, even where that is one address.
    pub fn with_prefix(&self) -> String {
        format!("{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let longest = Self::longest(&address);
        let prefix = prefix.map_or(Ok(longest), str::parse).map_err(|_| ())?;
        if prefix > longest {
            return Err(());
        }
        let address = match address {
            IpAddr::V4(v4) => IpAddr::V4(
                u32::from(v4).checked_shr(u32::from(32 - prefix)).map_or(0, |bits| bits << (32 - prefix)).into(),
            ),
            IpAddr::V6(v6) => IpAddr::V6(
                u128::from(v6).checked_shr(u32::from(128 - prefix)).map_or(0, |bits| bits << (128 - prefix)).into(),
            ),
        };
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == Self::longest(&self.address) {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

/// Ports and ranges of ports, sorted; none means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports(Vec<(u16, u16)>);

impl Ports {
    /// Reads ports and ranges (`8000`, `8000-8010`, `8000:8010`); the error is the text that is none.
    pub fn parse<'a>(items: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut ports = Vec::new();
        for item in items {
            let (first, last) = item.split_once([':', '-']).unwrap_or((item, item));
            match (first.trim().parse(), last.trim().parse()) {
                (Ok(first), Ok(last)) if 0 < first && first <= last => ports.push((first, last)),
                _ => return Err(item.to_string()),
            }
        }
        ports.sort_unstable();
        ports.dedup();
        Ok(Self(ports))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a port is among them.
    pub fn holds(&self, port: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }

    /// Returns whether it is one port or one range.
    pub fn is_single(&self) -> bool {
        self.0.len() == 1
    }

    /// Returns whether it is more than one plain port.
    pub fn are_many(&self) -> bool {
        self.0.len() > 1 || self.0.iter().any(|(first, last)| first != last)
    }

    /// Returns how many of the 15 places of a rule they take: a range takes two (iptables-extensions(8), multiport).
    pub fn places(&self) -> usize {
        self.0.iter().map(|(first, last)| if first == last { 1 } else { 2 }).sum()
    }

    /// Returns two that share a port.
    pub fn overlap(&self) -> bool {
        self.0.windows(2).any(|pair| pair[1].0 <= pair[0].1)
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}:{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_compared_by_their_first_bits() {
        let network = |text: &str| text.parse::<Network>().map(|network| network.to_string());
        assert_eq!(network("10.0.0.5/8").as_deref(), Ok("10.0.0.0/8"));
        assert_eq!(network("10.0.0.5/32").as_deref(), Ok("10.0.0.5"));
        assert_eq!(network("10.0.0.5/0").as_deref(), Ok("0.0.0.0/0"));
        assert_eq!(network("2001:DB8::1/32").as_deref(), Ok("2001:db8::/32"));
        assert_eq!(network("::1").as_deref(), Ok("::1"));
        for wrong in ["10.0.0", "10.0.0.1/33", "::/129", "any", "10.0.0.1/255.0.0.0", ""] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ports_are_sorted() {
        let ports = |items: &[&str]| Ports::parse(items.iter().copied()).map(|ports| ports.to_string());
        assert_eq!(ports(&["443", "80", "8000-8010", "80"]).as_deref(), Ok("80,443,8000:8010"));
        for wrong in ["0", "65536", "9-8", "http", "-1", "80,443", ""] {
            assert_eq!(ports(&[wrong]), Err(wrong.to_string()));
        }
        assert!(Ports::parse(["80", "70:90"]).unwrap().overlap());
        assert_eq!(Ports::parse(["80", "90:91"]).unwrap().places(), 3);
    }
}
