//! The name servers that throwaway hosts ask.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Result, bail};

/// Lists the name servers of the machine whose root is given that hosts can reach too.
pub fn name_servers(root: &Path) -> Result<Vec<Ipv4Addr>> {
    // Where systemd-resolved answers on the loopback address, it keeps the servers it asks in a second file.
    for file in ["etc/resolv.conf", "run/systemd/resolve/resolv.conf"] {
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        let servers = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse().ok());
        let reachable: Vec<Ipv4Addr> = servers.filter(|server: &Ipv4Addr| !server.is_loopback()).collect();
        if !reachable.is_empty() {
            return Ok(reachable);
        }
    }
    bail!(
        "/etc/resolv.conf names no IPv4 name server that throwaway hosts could reach (one on a loopback address they cannot)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_on_the_loopback_address_are_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert!(name_servers(root.path()).is_err());
        write("etc/resolv.conf", "nameserver 127.0.0.53\nsearch example\n");
        assert!(name_servers(root.path()).is_err());
        write("run/systemd/resolve/resolv.conf", "nameserver fe80::1%eth0\nnameserver 192.0.2.53\n");
        assert_eq!(name_servers(root.path()).unwrap(), [Ipv4Addr::new(192, 0, 2, 53)]);
        write("etc/resolv.conf", "# one\nnameserver 192.0.2.1\nnameserver\t192.0.2.2\n");
        assert_eq!(name_servers(root.path()).unwrap(), [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)]);
    }
}
