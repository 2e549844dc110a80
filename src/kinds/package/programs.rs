//! Which programs a package brings, as far as its name does not say it.

/// Programs that come with a package of another name.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("cron", &["crontab"]),
    ("default-jdk-headless", &["java"]),
    ("default-jre-headless", &["java"]),
    ("default-mysql-client", &["mysql"]),
    ("default-mysql-server", &["mysql"]),
    ("docker-ce", &["dockerd"]),
    ("docker-ce-cli", &["docker"]),
    ("docker-cli", &["docker"]),
    ("docker.io", &["docker", "dockerd"]),
    ("mariadb-client", &["mariadb", "mysql"]),
    ("mariadb-server", &["mariadb", "mysql"]),
    ("mysql-client", &["mysql"]),
    ("mysql-community-server", &["mysql"]),
    ("mysql-server", &["mysql"]),
    ("nftables", &["nft"]),
    ("nodejs", &["node"]),
    ("openssh-client", &["ssh"]),
    ("postgresql", &["psql"]),
    ("postgresql-client", &["psql"]),
    ("python3-pip", &["pip3"]),
    ("python3-venv", &["python3"]),
    ("redis", &["redis-server", "redis-cli"]),
    ("redis-tools", &["redis-cli"]),
    ("xz-utils", &["xz"]),
];

/// Returns the programs that come with a package, one of its own name first: whoever needs a program need not know which
/// version of it the package is.
pub(super) fn of(package: &str) -> Vec<&str> {
    let general = without_version(package);
    let known = PROGRAMS.iter().filter(|(name, _)| *name == package || *name == general);
    let mut all = vec![package];
    all.extend((general != package).then_some(general));
    all.extend(known.flat_map(|(_, programs)| *programs));
    all
}

/// Returns what a package is a version of: `postgresql-16` is `postgresql`, `python3.11-venv` is `python3-venv`.
fn without_version(package: &str) -> &str {
    if package.starts_with("python3.") && package.ends_with("-venv") {
        return "python3-venv";
    }
    let is_version = |end: &str| end.starts_with(|c: char| c.is_ascii_digit()) && !end.contains(char::is_alphabetic);
    package.rsplit_once('-').filter(|(_, end)| is_version(end)).map_or(package, |(general, _)| general)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_in_the_name_does_not_hide_the_programs() {
        for (package, expected) in [
            ("nginx", vec!["nginx"]),
            ("docker-ce-cli", vec!["docker-ce-cli", "docker"]),
            ("postgresql-client-16", vec!["postgresql-client-16", "postgresql-client", "psql"]),
            ("mysql-server-8.0", vec!["mysql-server-8.0", "mysql-server", "mysql"]),
            ("python3.11-venv", vec!["python3.11-venv", "python3-venv", "python3"]),
            ("libc-2x", vec!["libc-2x"]),
        ] {
            assert_eq!(of(package), expected);
        }
    }
}
