//! What the text of a file alone tells, without the program that reads it.

use crate::kinds::shared::schedule;

/// Returns the last part of a path in a folder.
pub(super) fn name_in<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder)?.strip_prefix('/').filter(|name| !name.contains('/') && !name.starts_with('.'))
}

/// Says what the reader of this path would not take of a text.
pub(super) fn wrong(path: &str, text: &str) -> Option<String> {
    let name = |folder: &str| name_in(path, folder);
    if name("/etc/cron.d").is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')) {
        crontab(text)
    } else if name("/etc/sysctl.d").is_some_and(|name| name.ends_with(".conf")) || path == "/etc/sysctl.conf" {
        sysctl(text)
    } else if path == "/etc/apt/preferences"
        || name("/etc/apt/preferences.d").is_some_and(|name| !name.contains('.') || name.ends_with(".pref"))
        || name("/etc/apt/sources.list.d").is_some_and(|name| name.ends_with(".sources"))
    {
        stanzas(text)
    } else {
        None
    }
}

/// Returns the users and groups that a text of logrotate's configuration names, as far as they are written plainly: logrotate
/// passes over rules of accounts that are not there (`su`, `create`, `createolddir`; logrotate.conf(5)).
pub(super) fn accounts_of_logrotate(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    let mut is_script = false;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let is_after_a_mode = match words.next() {
            Some("endscript") => {
                is_script = false;
                continue;
            }
            Some("prerotate" | "postrotate" | "preremove" | "firstaction" | "lastaction") => {
                is_script = true;
                continue;
            }
            _ if is_script => continue,
            Some("su") => false,
            Some("create" | "createolddir") => true,
            _ => continue,
        };
        let mut words: Vec<&str> = words.take_while(|word| !word.starts_with('#')).collect();
        if is_after_a_mode && words.first().is_some_and(|word| word.bytes().all(|c| c.is_ascii_digit())) {
            words.remove(0);
        }
        let is_plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if let [user, group] = words.as_slice()
            && is_plain(user)
            && is_plain(group)
        {
            users.push((*user).to_string());
            groups.push((*group).to_string());
        }
    }
    (users, groups)
}

/// Stanzas as apt reads them: what other readers take for an empty line, it goes on after with the same stanza.
fn stanzas(text: &str) -> Option<String> {
    let (mut is_open, mut blank) = (false, None);
    for (at, line) in text.lines().enumerate() {
        if line.is_empty() {
            (is_open, blank) = (false, None);
        } else if line.trim().is_empty() {
            blank = blank.or(is_open.then_some(at + 1));
        } else if !line.starts_with('#') {
            if let Some(number) = blank {
                return Some(format!(
                    "line {number} holds blanks, and apt takes it for no end of a stanza: of what stands before and after it, it \
                     reads one stanza"
                ));
            }
            is_open = true;
        }
    }
    None
}

/// Returns whether apt reads a file of this path to know where packages are, whom to trust, and which ones to take.
pub(super) fn decides_about_packages(path: &str) -> bool {
    let Some(file) = path.strip_prefix("/etc/apt/") else { return false };
    let folders = ["sources.list.d", "keyrings", "trusted.gpg.d", "preferences.d", "auth.conf.d"];
    match file.split_once('/') {
        Some((folder, _)) => folders.contains(&folder),
        None => ["sources.list", "preferences", "auth.conf"].contains(&file),
    }
}

/// Returns the keys and folders on the host that a list of apt's sources names, in either format (sources.list(5)).
pub(super) fn paths_of_apt(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let words = lines.flat_map(|line| line.split([' ', '\t', '[', ']', ',']));
    let path = |word: &str| {
        let lower = word.to_ascii_lowercase();
        let rest = ["signed-by=", "signed-by:", "file:", "copy:"]
            .iter()
            .find_map(|start| lower.starts_with(start).then(|| word[start.len()..].trim_start_matches("//")));
        rest.unwrap_or(word).to_string()
    };
    let paths = words.map(path).map(|path| path.trim_end_matches('/').to_string());
    paths.filter(|path| path.starts_with('/') && path.len() > 1).collect()
}

/// A table of cron, with the account in each line.
fn crontab(text: &str) -> Option<String> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Some("its last line has no line end, and cron passes over such a file".into());
    }
    numbered(text, |line| {
        if is_variable(line) {
            return None;
        }
        // Some crons take a line with `-` before it for one that is not logged.
        let line = line.strip_prefix('-').unwrap_or(line);
        let words: Vec<&str> = line.split_whitespace().collect();
        let times = if line.starts_with('@') { 1 } else { 5 };
        if words.len() < times {
            return Some(format!("`{line}` is neither a job nor a variable"));
        }
        if let Err(wrong) = schedule::parse(&words[..times].join(" ")) {
            return Some(wrong);
        }
        match words.len() - times {
            0 => Some("it has neither an account nor a command after the times".into()),
            1 => Some(format!("after the times come an account and a command, and there is only `{}`", words[times])),
            _ => None,
        }
    })
}

/// `NAME=value`, `NAME = value`, `"NAME" = value`.
fn is_variable(line: &str) -> bool {
    let Some((name, _)) = line.split_once('=') else { return false };
    let name = name.trim();
    let name = ['"', '\''].iter().find_map(|&quote| name.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(name);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Parameters of the kernel, sysctl.d(5).
fn sysctl(text: &str) -> Option<String> {
    numbered(text, |line| {
        let is_left_out = line.starts_with('-') && !line.contains('=');
        match line.split_once('=') {
            _ if line.starts_with(';') || is_left_out => None,
            Some((name, _)) if !name.trim().trim_start_matches('-').is_empty() => None,
            _ => Some(format!("`{line}` does not read `PARAMETER = VALUE`")),
        }
    })
}

/// Says what is wrong with the first line that is, of those that are neither empty nor comments.
fn numbered(text: &str, wrong: impl Fn(&str) -> Option<String>) -> Option<String> {
    text.lines().enumerate().find_map(|(at, line)| {
        let line = line.trim();
        let is_said = !line.is_empty() && !line.starts_with('#');
        is_said.then(|| wrong(line)).flatten().map(|wrong| format!("line {}: {wrong}", at + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::{accounts_of_logrotate, decides_about_packages, paths_of_apt, wrong};

    #[test]
    fn lists_of_apt_name_keys_and_folders() {
        let text = "# deb file:/no ./\ndeb [arch=amd64 signed-by=/etc/apt/keyrings/a.asc,/usr/share/b.gpg] file:///srv/repo/ ./\n";
        assert_eq!(paths_of_apt(text), ["/etc/apt/keyrings/a.asc", "/usr/share/b.gpg", "/srv/repo"]);
        let text = "Types: deb\nURIs: copy:/srv/c https://x.example/debian\nSigned-By: /etc/k.asc\n";
        assert_eq!(paths_of_apt(text), ["/srv/c", "/etc/k.asc"]);
        assert!(
            decides_about_packages("/etc/apt/sources.list.d/a.list") && decides_about_packages("/etc/apt/preferences")
        );
        assert!(!decides_about_packages("/etc/apt/apt.conf.d/50x") && !decides_about_packages("/etc/apt/keyrings"));
    }

    #[test]
    fn accounts_of_logrotate_are_those_of_rules() {
        let text = "/var/log/a.log {\n  su app adm\n  create 0640 web www-data # x\n  create 0600\n  create\n \
                    createolddir 755 old old\n  su \"a b\" c\n  postrotate\n    su x y\n  endscript\n}\n";
        let (users, groups) = accounts_of_logrotate(text);
        assert_eq!(users, ["app", "web", "old"]);
        assert_eq!(groups, ["adm", "www-data", "old"]);
    }

    #[test]
    fn tables_of_cron_have_times_account_and_command() {
        let right =
            "# x\nMAILTO=\"\"\nPATH = /bin\n\n*/5 1-5 * jan mon root true\n@daily app /x y\n\t0 0 1,15 * * root a=b\n";
        assert_eq!(wrong("/etc/cron.d/app", right), None);
        for (text, words) in [
            ("* * * * * root true", "no line end"),
            ("# x\n* * * * root true\n", "line 2: day of the week `root`"),
            ("* * * * * true\n", "only `true`"),
            ("@often root true\n", "@often"),
            ("61 * * * * root true\n", "minute `61`"),
            ("nonsense\n", "neither a job nor a variable"),
        ] {
            let said = wrong("/etc/cron.d/app", text).unwrap_or_default();
            assert!(said.contains(words), "{text:?}: {said}");
            // cron reads no such name.
            assert_eq!(wrong("/etc/cron.d/app.bak", text), None);
        }
    }

    #[test]
    fn a_line_of_blanks_ends_no_stanza_of_apt() {
        let [one, other] = ["Types: deb\nURIs: http://a/\n", "# b\nTypes: deb\nURIs: http://b/\n"];
        for between in ["\n", " \n\n", "\n \n", ""] {
            let text = format!("\n{one}{between}{other} \n");
            assert_eq!(wrong("/etc/apt/sources.list.d/a.sources", &text), None, "{text:?}");
        }
        for (path, is_wrong) in [
            ("/etc/apt/sources.list.d/a.sources", true),
            ("/etc/apt/preferences", true),
            ("/etc/apt/preferences.d/app", true),
            ("/etc/apt/preferences.d/app.bak", false),
            ("/etc/apt/sources.list.d/a.list", false),
        ] {
            let said = wrong(path, &format!("{one} \t\n{other}"));
            assert_eq!(said.is_some_and(|said| said.starts_with("line 3 holds blanks")), is_wrong, "{path}");
        }
    }

    #[test]
    fn parameters_of_the_kernel_have_values() {
        let right =
            "# x\n; y\nnet.ipv4.ip_forward = 1\n-net.x=1\n-net.ipv4.conf.*.rp_filter\nkernel.core_pattern=|/x %e\n";
        assert_eq!(wrong("/etc/sysctl.d/90-app.conf", right), None);
        assert_eq!(wrong("/etc/sysctl.d/README", "words"), None);
        let said = wrong("/etc/sysctl.conf", "a = 1\nvm.swappiness 10\n").unwrap_or_default();
        assert!(said.starts_with("line 2: `vm.swappiness 10`"), "{said}");
    }
}
