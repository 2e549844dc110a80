//! The facts of a host, by the names that expressions have for them.

/// One fact.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    pub name: &'static str,
    /// What it is; null on hosts that do not tell.
    pub summary: &'static str,
    /// Where it is a mapping, what is in it.
    pub inside: &'static [Fact],
}

const fn fact(name: &'static str, summary: &'static str) -> Fact {
    Fact { name, summary, inside: &[] }
}

/// What `host.facts` and `hosts.NAME.facts` hold.
pub const FACTS: &[Fact] = &[
    Fact {
        name: "os",
        summary: "the operating system, as /etc/os-release has it",
        inside: &[
            fact("id", "`debian`, `ubuntu`, `rhel`, …"),
            fact("id_like", "what it is like, several separated by blanks"),
            fact("version_id", "its version, a text"),
            fact("codename", "the name of its version"),
            fact("family", "`debian`, `redhat`, `alpine`, `arch` or `suse`"),
        ],
    },
    fact("system", "the kernel's name: `Linux`"),
    fact("kernel", "the kernel's version"),
    fact("arch", "the machine: `x86_64`, `aarch64`"),
    fact("hostname", "its own name"),
    fact("cpus", "how many processors it has"),
    fact("memory", "its memory in bytes"),
    fact("swap", "its swap space in bytes"),
    fact("init", "`systemd`"),
    fact("interface", "where the default route goes"),
    fact("address", "its own address there"),
    fact("user", "the account that works there, after sudo"),
    fact("uid", "its number"),
    fact("is_root", "whether that is 0"),
    fact("tools", "which of the programs that kinds ask for are there, a list"),
];
