//! What ssh says when it fails, read. Its messages are English whatever the locale.

use super::super::Problem;
use super::super::options::Options;
use super::super::target::Target;
use super::super::wire::visible;

/// Reads what ssh wrote into its log before it gave up.
pub(super) fn classify(text: &str, target: &Target, options: &Options) -> Problem {
    let has = |part: &str| text.contains(part);
    let said = summary(text);
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED") || has("REVOKED HOST KEY DETECTED") {
        Problem::HostKeyChanged { fingerprints: Vec::new(), forget: offending(text) }
    } else if has("host key is known for") || has("Host key verification failed") {
        Problem::HostKeyUnknown { fingerprints: Vec::new(), accept: None }
    } else if has("Permission denied (")
        || has("Too many authentication failures")
        || has("No more authentication methods")
    {
        Problem::LoginRefused { said }
    } else if has("Could not resolve hostname") {
        Problem::NameNotResolved {
            address: between(text, "Could not resolve hostname ", ":").unwrap_or(&target.address).into(),
        }
    } else if has("Connection refused") {
        Problem::Refused { said }
    } else if has("timed out") {
        Problem::ConnectTimedOut(options.connect_timeout)
    } else if has("No route to host") || has("Network is unreachable") || has("Host is down") {
        Problem::Unreachable { said }
    } else if has("kex_exchange_identification")
        || has("ssh_exchange_identification")
        || has("Not allowed at this time")
    {
        Problem::Busy { tries: 1, said }
    } else {
        Problem::Ssh { said: if said.is_empty() { "it does not say why".into() } else { said } }
    }
}

/// The last lines that are more than decoration.
fn summary(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| visible(line.as_bytes()).trim().to_string())
        .filter(|line| !line.is_empty() && !line.starts_with('@') && !line.starts_with("Warning: Permanently added"))
        .collect();
    lines[lines.len().saturating_sub(3)..].join("; ")
}

/// Returns the file that holds the old key: `Offending ED25519 key in FILE:LINE`.
fn offending(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("Offending "))?;
    let (file, _) = line.split_once(" in ")?.1.trim().rsplit_once(':')?;
    Some(file.to_string())
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Transport;
    use crate::model::SshOptions;

    fn problem(text: &str) -> Problem {
        let target = Target {
            name: "app1".into(),
            address: "app1.example.com".into(),
            user: None,
            become_root: false,
            password: None,
            transport: Transport::Ssh(SshOptions::default()),
        };
        classify(text, &target, &Options::default())
    }

    #[test]
    fn messages_of_ssh_are_told_apart() {
        type IsRight = fn(&Problem) -> bool;
        let cases: &[(&str, IsRight)] = &[
            (
                "No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict checking.\r\n\
                 Host key verification failed.",
                |problem| matches!(problem, Problem::HostKeyUnknown { .. }),
            ),
            (
                "@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@@@\nIT IS POSSIBLE THAT \
                 SOMEONE IS DOING SOMETHING NASTY!\nAdd correct host key in /h/known_hosts to get rid of this message.\n\
                 Offending ED25519 key in /h/known hosts:3\nHost key verification failed.",
                |problem| matches!(problem, Problem::HostKeyChanged { forget: Some(file), .. } if file == "/h/known hosts"),
            ),
            (
                "deploy@app1: Permission denied (publickey,password).",
                |problem| matches!(problem, Problem::LoginRefused { said } if said.contains("publickey")),
            ),
            ("Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures\n", |problem| {
                matches!(problem, Problem::LoginRefused { .. })
            }),
            (
                "Could not resolve hostname app9: Name or service not known",
                |problem| matches!(problem, Problem::NameNotResolved { address } if address == "app9"),
            ),
            ("connect to host 10.0.0.1 port 22: Connection refused", |problem| {
                matches!(problem, Problem::Refused { .. })
            }),
            ("connect to host 10.0.0.1 port 22: Connection timed out", |problem| {
                matches!(problem, Problem::ConnectTimedOut(_))
            }),
            ("Connection timed out during banner exchange\nConnection to 10.0.0.1 port 22 timed out", |problem| {
                matches!(problem, Problem::ConnectTimedOut(_))
            }),
            ("connect to host 10.0.0.1 port 22: No route to host", |problem| {
                matches!(problem, Problem::Unreachable { .. })
            }),
            ("kex_exchange_identification: read: Connection reset by peer\nConnection reset by 10.0.0.1", |problem| {
                matches!(problem, Problem::Busy { .. })
            }),
            ("kex_exchange_identification: Connection closed by remote host", |problem| {
                matches!(problem, Problem::Busy { .. })
            }),
            (
                "/h/config: line 1: Bad configuration option: x\n",
                |problem| matches!(problem, Problem::Ssh { said } if said.contains("Bad configuration")),
            ),
            ("", |problem| matches!(problem, Problem::Ssh { said } if said == "it does not say why")),
        ];
        for (text, is_right) in cases {
            let problem = problem(text);
            assert!(is_right(&problem), "{text}: {problem:?}");
        }
    }
}
