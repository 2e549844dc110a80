//! The hosts that ssh goes through, as ssh reads them (`-J`, ssh(1)).

/// What ssh refuses in names, as some of its ways to a host lead through a shell (readconf.c).
const REFUSED: &[char] = &['\'', '`', '"', '$', '\\', ';', '&', '<', '>', '|', '(', ')', '{', '}'];

/// Splits a list of hosts to go through; an error says which is none, and why.
pub(super) fn jump(text: &str) -> Result<Vec<String>, String> {
    let hosts: Vec<String> = text.split(',').map(|host| host.trim().to_string()).collect();
    for (at, host) in hosts.iter().enumerate() {
        if let Err(reason) = check(host) {
            return Err(match host.as_str() {
                "" if hosts.len() == 1 => "`jump` names no host".to_string(),
                "" => format!("`jump` has no host in place {} of its list", at + 1),
                host => format!("`{}` is no host to go through: {reason}", host.escape_debug()),
            });
        }
    }
    Ok(hosts)
}

/// Checks `[user@]host[:port]`, with or without `ssh://`.
fn check(host: &str) -> Result<(), String> {
    let rest = host.strip_prefix("ssh://").unwrap_or(host);
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    let (name, port) = match rest.strip_prefix('[') {
        Some(bracketed) => match bracketed.split_once(']') {
            Some((name, "")) => (name, None),
            Some((name, rest)) => {
                let port = rest.strip_prefix(':').ok_or("after the bracket comes a colon and a port, or nothing")?;
                (name, Some(port))
            }
            None => return Err("its bracket is not closed".into()),
        },
        None if rest.matches(':').count() > 1 => {
            return Err("an IPv6 address stands in brackets, as in [2001:db8::1]:22".into());
        }
        None => match rest.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (rest, None),
        },
    };
    if user == Some("") {
        return Err("no account stands before its @".into());
    }
    for (what, word) in [("the account", user.unwrap_or("user")), ("its name", name)] {
        if word.is_empty() {
            return Err(format!("{what} is empty"));
        }
        if word.starts_with('-') {
            return Err(format!("{what} starts with a dash, which ssh takes for an option"));
        }
        if let Some(wrong) = word.chars().find(|c| c.is_whitespace() || c.is_control() || REFUSED.contains(c)) {
            return Err(format!("{what} holds `{}`, which ssh does not take", wrong.escape_debug()));
        }
    }
    match port.map(str::parse::<u16>) {
        None | Some(Ok(1..)) => Ok(()),
        _ => Err(format!("its port is `{}`, not a number from 1 to 65535", port.unwrap_or_default().escape_debug())),
    }
}

#[cfg(test)]
mod tests {
    use super::jump;

    #[test]
    fn hosts_to_go_through_are_read_as_ssh_reads_them() {
        for (text, hosts) in [
            ("bastion", &["bastion"][..]),
            ("me@bastion:2222, inner", &["me@bastion:2222", "inner"]),
            ("ssh://me@bastion:22", &["ssh://me@bastion:22"]),
            ("[2001:db8::1]:22,[::1]", &["[2001:db8::1]:22", "[::1]"]),
            ("me@corp@bastion", &["me@corp@bastion"]),
            ("none", &["none"]),
        ] {
            assert_eq!(jump(text).unwrap(), hosts, "{text}");
        }
    }

    #[test]
    fn what_is_no_host_has_its_reason() {
        for (text, reason) in [
            ("", "`jump` names no host"),
            ("a,,b", "`jump` has no host in place 2 of its list"),
            ("a,", "`jump` has no host in place 2 of its list"),
            ("a:0", "`a:0` is no host to go through: its port is `0`, not a number from 1 to 65535"),
            ("a:ssh", "`a:ssh` is no host to go through: its port is `ssh`, not a number from 1 to 65535"),
            ("a:", "`a:` is no host to go through: its port is ``, not a number from 1 to 65535"),
            ("::1", "`::1` is no host to go through: an IPv6 address stands in brackets, as in [2001:db8::1]:22"),
            ("[::1", "`[::1` is no host to go through: its bracket is not closed"),
            ("[::1]22", "`[::1]22` is no host to go through: after the bracket comes a colon and a port, or nothing"),
            ("@a", "`@a` is no host to go through: no account stands before its @"),
            ("me@", "`me@` is no host to go through: its name is empty"),
            (
                "-oProxyCommand=x",
                "`-oProxyCommand=x` is no host to go through: its name starts with a dash, which ssh takes for an option",
            ),
            ("a b", "`a b` is no host to go through: its name holds ` `, which ssh does not take"),
            ("a;b", "`a;b` is no host to go through: its name holds `;`, which ssh does not take"),
            ("$(x)@a", "`$(x)@a` is no host to go through: the account holds `$`, which ssh does not take"),
        ] {
            assert_eq!(jump(text).unwrap_err(), reason, "{text}");
        }
    }
}
