//! The bridge all hosts of a state folder are on, and their way out to package mirrors.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files::write_json;
use super::name_servers::name_servers;
use super::program::{run, succeeds};
use super::state::StateFolder;

/// The private /24 of a state folder's hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet([u8; 3]);

impl Subnet {
    /// Returns the bridge's own address in it, which is the hosts' way out.
    pub fn gateway(self) -> Ipv4Addr {
        self.address(1)
    }

    fn of(address: Ipv4Addr) -> Self {
        let [a, b, c, _] = address.octets();
        Subnet([a, b, c])
    }

    fn address(self, last: u8) -> Ipv4Addr {
        let [a, b, c] = self.0;
        Ipv4Addr::new(a, b, c, last)
    }

    fn in_words(self) -> String {
        format!("{}/24", self.address(0))
    }

    fn overlaps(self, network: Ipv4Addr, prefix: u8) -> bool {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(24))).unwrap_or(0);
        u32::from(network) & mask == u32::from(self.address(0)) & mask
    }
}

/// Returns the bridge's own address, as seen by the host at an address.
pub fn gateway(host: Ipv4Addr) -> Ipv4Addr {
    Subnet::of(host).gateway()
}

/// The network of a state folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    pub bridge: String,
    pub subnet: Subnet,
    /// How many addresses were ever given.
    given: u64,
}

impl Network {
    /// Makes the network unless it is there. Needs the state lock.
    ///
    /// A subnet stays what it is while there are hosts in it.
    pub fn ensure(state: &StateFolder) -> Result<Self> {
        let recorded = fs::read(state.network_file()).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let network = match recorded {
            Some(network) if !state.hosts()?.is_empty() => network,
            recorded => Self::choose(state.path(), recorded)?,
        };
        write_json(&state.network_file(), &network)?;
        network.set_up()?;
        Ok(network)
    }

    /// Chooses a subnet that nothing on this machine is in, the last one again if possible.
    fn choose(state: &Path, last: Option<Network>) -> Result<Self> {
        let hash = Sha256::digest(state.as_os_str().as_encoded_bytes());
        let bridge: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let bridge = format!("lab{bridge}");
        let taken = taken(&bridge)?;
        let wanted = last.as_ref().map(|network| network.subnet);
        // 10.64.0.0 to 10.191.255.0, beginning at a place of its own for each state folder.
        let begin = u32::from(u16::from_le_bytes([hash[4], hash[5]]) >> 1);
        let candidates = (0..1 << 15).map(|step| {
            let number = (begin + step) % (1 << 15);
            let [_, _, high, low] = number.to_be_bytes();
            Subnet([10, 64 + high, low])
        });
        let free = |subnet: &Subnet| !taken.iter().any(|(network, prefix)| subnet.overlaps(*network, *prefix));
        match wanted.into_iter().chain(candidates).find(free) {
            Some(subnet) => Ok(Network { bridge, subnet, given: last.map_or(0, |network| network.given) }),
            None => bail!("every private network from 10.64.0.0 to 10.191.255.0 is in use on this machine"),
        }
    }

    /// Gives an address that none of the others has, and the host's serial number. Needs the state lock.
    ///
    /// Addresses go round: what a client remembers of one (a connection kept open, a host key) rarely meets another host.
    pub fn give(&mut self, state: &StateFolder) -> Result<(Ipv4Addr, u64)> {
        let mut used = BTreeSet::new();
        for id in state.hosts()? {
            used.extend(state.host(&id).record().map(|record| record.address));
        }
        for _ in 0..HOSTS {
            let last = FIRST + (self.given % HOSTS) as u8;
            self.given += 1;
            let address = self.subnet.address(last);
            if !used.contains(&address) {
                write_json(&state.network_file(), self)?;
                return Ok((address, self.given));
            }
        }
        bail!("all {HOSTS} addresses of {} are in use; take hosts down first", self.subnet.in_words())
    }

    fn set_up(&self) -> Result<()> {
        let bridge = &self.bridge;
        if !self.bridge_exists() {
            // With an address of its own: otherwise a bridge takes its ports' lowest, and hosts that come and go change it
            // under the others.
            let [a, b, c] = self.subnet.0;
            let hardware = format!("02:6c:{a:02x}:{b:02x}:{c:02x}:01");
            run("ip", ["link", "add", bridge, "address", &hardware, "type", "bridge"])?;
        }
        run("ip", ["address", "replace", &format!("{}/24", self.subnet.gateway()), "dev", bridge])?;
        run("ip", ["link", "set", bridge, "up"])?;
        for rule in self.rules() {
            if !rule.run("--check", succeeds)? {
                rule.run(rule.add, run)?;
            }
        }
        raise("/proc/sys/net/ipv4/ip_forward", 1)?;
        // Every systemd holds a handful; the default of 128 is gone after twenty hosts.
        raise("/proc/sys/fs/inotify/max_user_instances", 8192)
    }

    /// Removes the network if there is one. Needs the state lock, and that no hosts are left.
    ///
    /// Kernel settings stay as they are: others may rely on them by now.
    pub fn remove(state: &StateFolder) -> Result<()> {
        let Some(network) =
            fs::read(state.network_file()).ok().and_then(|text| serde_json::from_slice::<Network>(&text).ok())
        else {
            return Ok(());
        };
        // The bridge is made before the rules and outlives them.
        if !network.bridge_exists() {
            return Ok(());
        }
        for rule in network.rules() {
            while rule.run("--check", succeeds)? {
                rule.run("--delete", run)?;
            }
        }
        run("ip", ["link", "delete", &network.bridge]).map(drop)
    }

    fn bridge_exists(&self) -> bool {
        Path::new("/sys/class/net").join(&self.bridge).exists()
    }

    fn rules(&self) -> [Rule; 3] {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (bridge, subnet) = (&self.bridge, self.subnet.in_words());
        [
            Rule {
                table: "nat",
                add: "--append",
                chain: "POSTROUTING",
                matches: words(&format!("--source {subnet} ! --out-interface {bridge} --jump MASQUERADE")),
            },
            // First, as machines that run Docker or a firewall drop what they do not know at the end.
            Rule {
                table: "filter",
                add: "--insert",
                chain: "FORWARD",
                matches: words(&format!("--in-interface {bridge} --jump ACCEPT")),
            },
            Rule {
                table: "filter",
                add: "--insert",
                chain: "FORWARD",
                matches: words(&format!("--out-interface {bridge} --jump ACCEPT")),
            },
        ]
    }
}

/// The last number of the first address that is given; before it is the bridge's own.
const FIRST: u8 = 2;

/// How many hosts a /24 has room for beside the bridge.
const HOSTS: u64 = 253;

struct Rule {
    table: &'static str,
    add: &'static str,
    chain: &'static str,
    matches: Vec<String>,
}

impl Rule {
    fn run<T>(&self, action: &str, run: impl Fn(&str, Vec<String>) -> Result<T>) -> Result<T> {
        let fixed = ["--wait", "--table", self.table, action, self.chain].map(str::to_owned);
        run("iptables", fixed.into_iter().chain(self.matches.iter().cloned()).collect())
    }
}

/// Lists the networks this machine knows a way to, and its name servers, apart from what is on the bridge itself.
fn taken(bridge: &str) -> Result<Vec<(Ipv4Addr, u8)>> {
    let routes = run("ip", ["-json", "-4", "route", "show", "table", "all"])?;
    let mut taken = networks_of_routes(&routes, bridge)?;
    taken.extend(name_servers(Path::new("/"))?.into_iter().map(|server| (server, 32)));
    Ok(taken)
}

fn networks_of_routes(json: &str, bridge: &str) -> Result<Vec<(Ipv4Addr, u8)>> {
    #[derive(Deserialize)]
    struct Route {
        dst: String,
        dev: Option<String>,
    }
    let routes: Vec<Route> = serde_json::from_str(json).context("cannot read the routes `ip -json route` printed")?;
    let known = routes.iter().filter(|route| route.dev.as_deref() != Some(bridge)).filter_map(|route| {
        let (network, prefix) = route.dst.split_once('/').unwrap_or((&route.dst, "32"));
        Some((network.parse().ok()?, prefix.parse().ok()?))
    });
    Ok(known.collect())
}

fn raise(path: &str, least: u64) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    if text.trim().parse::<u64>().is_ok_and(|current| current >= least) {
        return Ok(());
    }
    fs::write(path, least.to_string()).with_context(|| format!("cannot set {path} to {least}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_say_which_networks_are_taken() {
        let json = r#"[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]},
            {"dst":"10.0.0.0/8","dev":"vpn0","flags":[]},{"type":"local","dst":"192.0.2.2","dev":"eth0","flags":[]},
            {"dst":"10.70.1.0/24","dev":"labx","flags":[]}]"#;
        assert_eq!(
            networks_of_routes(json, "labx").unwrap(),
            [(Ipv4Addr::new(10, 0, 0, 0), 8), (Ipv4Addr::new(192, 0, 2, 2), 32)]
        );
    }

    #[test]
    fn overlap_is_seen_both_ways() {
        let subnet = Subnet([10, 70, 1]);
        for (network, prefix, overlaps) in [
            ([10, 0, 0, 0], 8, true),
            ([0, 0, 0, 0], 0, true),
            ([10, 70, 1, 0], 24, true),
            ([10, 70, 1, 128], 25, true),
            ([10, 70, 1, 9], 32, true),
            ([10, 70, 2, 0], 24, false),
            ([10, 70, 2, 9], 32, false),
            ([192, 168, 0, 0], 16, false),
        ] {
            assert_eq!(subnet.overlaps(network.into(), prefix), overlaps, "{network:?}/{prefix}");
        }
    }
}
