//! The files that make a tree one particular host.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Account;
use super::name_servers::name_servers;
use super::network::Network;

/// What one host has that others do not.
pub struct Guest<'a> {
    pub name: &'a str,
    pub address: Ipv4Addr,
    pub network: &'a Network,
    /// A line of an `authorized_keys` file.
    pub authorized_key: &'a str,
    /// A private host key of sshd's and its public half.
    pub host_key: (&'a str, &'a str),
}

impl Guest<'_> {
    /// Writes the host's files into its mounted tree.
    pub fn write_into(&self, tree: &Path) -> Result<()> {
        let name = self.name;
        write(tree, "etc/hostname", &format!("{name}\n"), 0o644)?;
        write(tree, "etc/hosts", &format!("127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n"), 0o644)?;
        // Sorts before systemd's own `80-container-host0.network`, which asks for an address by DHCP.
        let network = format!(
            "[Match]\nName=host0\n\n[Network]\nAddress={}/24\nGateway={}\nLinkLocalAddressing=ipv6\nLLDP=no\n",
            self.address,
            self.network.subnet.gateway()
        );
        write(tree, "etc/systemd/network/10-host0.network", &network, 0o644)?;
        let servers = name_servers(Path::new("/"))?;
        let resolver: String = servers.iter().map(|server| format!("nameserver {server}\n")).collect();
        write(tree, "etc/resolv.conf", &resolver, 0o644)?;
        write(tree, "etc/ssh/ssh_host_ed25519_key", self.host_key.0, 0o600)?;
        write(tree, "etc/ssh/ssh_host_ed25519_key.pub", self.host_key.1, 0o644)?;
        for account in Account::ALL {
            self.authorize(tree, account)?;
        }
        Ok(())
    }

    fn authorize(&self, tree: &Path, account: Account) -> Result<()> {
        let passwd = fs::read_to_string(tree.join("etc/passwd")).context("cannot read the accounts of the base")?;
        let entry =
            passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|entry| entry[0] == account.name());
        let Some([_, _, user, group, _, home, ..]) = entry.as_deref() else {
            bail!("the base has no account `{}`", account.name());
        };
        let (user, group) = (user.parse().ok(), group.parse().ok());
        let folder = tree.join(home.trim_start_matches('/')).join(".ssh");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        write(&folder, "authorized_keys", &format!("{}\n", self.authorized_key), 0o600)?;
        for path in [folder.join("authorized_keys"), folder] {
            chown(&path, user, group).with_context(|| format!("cannot change the owner of {}", path.display()))?;
        }
        Ok(())
    }
}

fn write(tree: &Path, path: &str, text: &str, mode: u32) -> Result<()> {
    let path = tree.join(path);
    // Removed first, as a base may have a link there that leads out of the tree.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace {}", path.display()));
        }
        _ => {}
    }
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot change the mode of {}", path.display()))
}
