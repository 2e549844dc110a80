//! What a host is: its system, its size, its account, its tools.

use std::net::{Ipv4Addr, Ipv6Addr};

use indexmap::IndexMap;

use crate::model::{ProbeOutput, Value};

use super::Problem;

/// Reads the facts: all that are in [`FACTS`](crate::spec::FACTS), and no others; what a host does not tell is null.
pub(super) fn read(output: &ProbeOutput) -> Result<Value, Problem> {
    let all = |name: &'static str| output.records.iter().filter(move |record| record.field(0) == name);
    let one = |name: &'static str| all(name).next().map(|record| record.field(1)).filter(|text| !text.is_empty());
    let text = |name: &'static str| Value::from(one(name));
    let number = |name: &'static str| one(name).and_then(|text| text.parse::<i64>().ok());
    let kib = |name: &'static str| Value::from(number(name).map(|kib| kib.saturating_mul(1024)));
    let Some(account) = one("id").and_then(account) else {
        return Err(Problem::Protocol(format!("its facts are incomplete: {}", output.explain())));
    };
    let mut uname = one("uname").unwrap_or_default().split(' ');
    let (system, kernel, arch) = (uname.next(), uname.next(), uname.next());
    let routes: Vec<Route<'_>> =
        all("route").filter_map(|record| Route::read(record.field(1), record.field(2), record.field(3))).collect();
    let interface = routes
        .iter()
        .find(|route| route.mask == 0)
        .map(|route| route.interface)
        .or_else(|| all("inet6").map(|record| record.field(1)).find(|name| *name != "lo"));
    let locals: Vec<Ipv4Addr> = all("local").filter_map(|record| record.field(1).parse().ok()).collect();
    let address = interface.and_then(|interface| {
        let v4 = routes
            .iter()
            .filter(|route| route.interface == interface && route.mask != 0)
            .find_map(|route| locals.iter().find(|local| route.holds(**local)))
            .map(ToString::to_string);
        let v6 = || {
            all("inet6")
                .filter(|record| record.field(1) == interface)
                .find_map(|record| u128::from_str_radix(record.field(2), 16).ok())
                .map(|bits| Ipv6Addr::from_bits(bits).to_string())
        };
        v4.or_else(v6)
    });
    let os = map([
        ("id", text("os.ID")),
        ("id_like", text("os.ID_LIKE")),
        ("version_id", text("os.VERSION_ID")),
        ("codename", text("os.VERSION_CODENAME")),
        ("family", Value::from(family(one("os.ID"), one("os.ID_LIKE")))),
    ]);
    Ok(map([
        ("os", os),
        ("system", Value::from(system)),
        ("kernel", Value::from(kernel)),
        ("arch", Value::from(arch)),
        ("hostname", text("hostname")),
        ("cpus", Value::from(number("cpus"))),
        ("memory", kib("MemTotal:")),
        ("swap", kib("SwapTotal:")),
        ("init", text("init")),
        ("interface", Value::from(interface)),
        ("address", Value::from(address)),
        ("user", Value::from(account.1)),
        ("uid", Value::Integer(account.0)),
        ("is_root", Value::Bool(account.0 == 0)),
        ("tools", Value::List(all("tool").map(|record| Value::from(record.field(1))).collect())),
    ]))
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect::<IndexMap<_, _>>())
}

/// Reads `uid=0(root) gid=…`; an account without a name is its number.
fn account(id: &str) -> Option<(i64, &str)> {
    let first = id.split(' ').next()?.strip_prefix("uid=")?;
    let (number, name) = match first.split_once('(') {
        Some((number, name)) => (number, name.trim_end_matches(')')),
        None => (first, first),
    };
    Some((number.parse().ok()?, name))
}

fn family(id: Option<&str>, like: Option<&str>) -> Option<&'static str> {
    let names = [id.unwrap_or_default(), like.unwrap_or_default()];
    names.iter().flat_map(|names| names.split(' ')).find_map(|name| {
        Some(match name {
            "debian" | "ubuntu" => "debian",
            "rhel" | "fedora" | "centos" | "rocky" | "almalinux" | "amzn" => "redhat",
            "alpine" => "alpine",
            "arch" => "arch",
            "suse" | "opensuse" | "sles" => "suse",
            other if other.starts_with("opensuse-") => "suse",
            _ => return None,
        })
    })
}

/// A line of `/proc/net/route`: addresses in hexadecimal, lowest byte first.
struct Route<'a> {
    interface: &'a str,
    destination: u32,
    mask: u32,
}

impl<'a> Route<'a> {
    fn read(interface: &'a str, destination: &str, mask: &str) -> Option<Self> {
        let bits = |hex: &str| u32::from_str_radix(hex, 16).ok().map(u32::swap_bytes);
        Some(Self { interface, destination: bits(destination)?, mask: bits(mask)? })
    }

    fn holds(&self, address: Ipv4Addr) -> bool {
        address.to_bits() & self.mask == self.destination
    }
}
