//! A network as the engine tells of it, and when two of its addresses are the same.

use std::net::IpAddr;

use super::texts;

/// A network as `docker network inspect` tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub driver: String,
    pub subnets: Vec<String>,
    pub gateways: Vec<String>,
    pub ip_ranges: Vec<String>,
    pub internal: bool,
    pub attachable: bool,
    pub ipv6: bool,
    pub options: Vec<(String, String)>,
    pub labels: Vec<(String, String)>,
    /// Running containers in it, by name.
    pub containers: Vec<String>,
}

impl Network {
    pub(crate) fn read(json: &serde_json::Value) -> Self {
        let address = |key: &str| {
            let pools = json["IPAM"]["Config"].as_array().into_iter().flatten();
            pools.filter_map(|pool| pool[key].as_str().map(str::to_string)).collect()
        };
        let containers = json["Containers"].as_object().into_iter().flatten();
        let mut containers: Vec<_> =
            containers.filter_map(|(_, container)| container["Name"].as_str().map(str::to_string)).collect();
        containers.sort();
        Self {
            driver: json["Driver"].as_str().unwrap_or_default().to_string(),
            subnets: address("Subnet"),
            gateways: address("Gateway"),
            ip_ranges: address("IPRange"),
            internal: json["Internal"] == true,
            attachable: json["Attachable"] == true,
            ipv6: json["EnableIPv6"] == true,
            options: texts(&json["Options"]),
            labels: texts(&json["Labels"]),
            containers,
        }
    }
}

/// Returns the one of some addresses that is the wanted one, however it is spelt; else the first of its family.
pub(crate) fn among<'a>(found: &'a [String], wanted: &str) -> Option<&'a String> {
    let wanted = block(wanted);
    let is_v6 = |address: &str| block(address).map(|(address, _)| address.is_ipv6());
    let same = found.iter().find(|found| wanted.is_some() && block(found) == wanted);
    same.or_else(|| found.iter().find(|found| is_v6(found) == wanted.map(|(address, _)| address.is_ipv6())))
}

/// Returns whether two texts name the same address, or the same network.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one == other || block(one).is_some_and(|block_of_one| block(other) == Some(block_of_one))
}

/// Returns the first address of a network and its length; a single address has all its bits.
fn block(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (text, None),
    };
    Some(match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => {
            let length = length.unwrap_or(32);
            let mask = u32::MAX.checked_shl(32u32.checked_sub(length)?).unwrap_or_default();
            (IpAddr::V4((address.to_bits() & mask).into()), length)
        }
        IpAddr::V6(address) => {
            let length = length.unwrap_or(128);
            let mask = u128::MAX.checked_shl(128u32.checked_sub(length)?).unwrap_or_default();
            (IpAddr::V6((address.to_bits() & mask).into()), length)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_as_the_engine_means_them() {
        assert!(is_same("172.28.0.0/16", "172.28.5.1/16") && !is_same("172.28.0.0/16", "172.28.0.0/24"));
        assert!(is_same("fd00::/64", "fd00:0:0:0::/64") && !is_same("fd00::/64", "fd01::/64"));
        assert!(is_same("10.0.0.1", "10.0.0.1") && !is_same("10.0.0.1", "10.0.0.2"));
        assert!(is_same("0.0.0.0/0", "1.2.3.4/0") && !is_same("x", "y") && is_same("x", "x"));
        let found = ["172.18.0.0/16".to_string(), "fd00::/64".to_string()];
        assert_eq!(among(&found, "fd00:0::/64"), Some(&found[1]));
        assert_eq!(among(&found, "fd09::/64"), Some(&found[1]));
        assert_eq!(among(&found, "172.19.0.0/16"), Some(&found[0]));
        assert_eq!(among(&[], "fd00::/64"), None);
    }
}
