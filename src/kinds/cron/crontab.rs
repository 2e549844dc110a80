//! A file of /etc/cron.d, as crontab(5) wants it.

/// The longest command and the longest variable that cron takes (MAX_COMMAND and MAX_ENVSTR of its sources), in bytes.
const LONGEST: usize = 998;

/// Returns a command as its line holds it. To cron a `%` ends the command, unless a backslash stands before it, and two
/// backslashes are one; here the command is what the shell gets.
pub fn command(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("the command is empty".into());
    }
    if text.contains(['\n', '\r', '\0']) {
        return Err("the command has several lines, and cron takes one".into());
    }
    let mut line = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let is_escaped = match c {
            '%' => true,
            '\\' => matches!(characters.peek(), None | Some('%' | '\\')),
            _ => false,
        };
        if is_escaped {
            line.push('\\');
        }
        line.push(c);
    }
    if line.len() > LONGEST {
        return Err(format!("the command is longer than the {LONGEST} bytes that cron takes"));
    }
    Ok(line)
}

/// Returns the line of a variable.
pub fn variable(name: &str, value: &str) -> Result<String, String> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(format!("`{name}` is not the name of a variable"));
    }
    if value.contains(['\n', '\r', '\0']) {
        return Err(format!("the value of `{name}` has several lines, and cron takes one"));
    }
    let is_plain = value.trim() == value && !value.starts_with(['"', '\'']);
    let line = match (value.contains('"'), value.contains('\'')) {
        (false, _) => format!("{name}=\"{value}\""),
        (true, false) => format!("{name}='{value}'"),
        (true, true) if is_plain => format!("{name}={value}"),
        (true, true) => return Err(format!("cron has no way to quote the value of `{name}`, which holds both quotes")),
    };
    if line.len() > LONGEST {
        return Err(format!("the value of `{name}` is longer than cron takes"));
    }
    Ok(line)
}

/// Returns the name of the file: cron reads only those with letters, digits, hyphens and underscores.
pub fn file_name(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    format!("infra-{}", words.join("-"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Given the right side, the cron of Debian 12 and 13 was seen to hand the left side to the shell.
    #[test]
    fn commands_reach_the_shell_as_they_are() {
        for (text, line) in [
            ("date +%F", r"date +\%F"),
            (r"a\b", r"a\b"),
            (r"a\\b", r"a\\\b"),
            (r"a\%b", r"a\\\%b"),
            (r"end\", r"end\\"),
            ("  x  ", "x"),
        ] {
            assert_eq!(command(text).as_deref(), Ok(line));
        }
        for wrong in ["", " \n", "a\nb"] {
            assert!(command(wrong).is_err());
        }
        assert!(command(&"%".repeat(499)).is_ok());
        assert!(command(&"%".repeat(500)).is_err());
    }

    #[test]
    fn variables_are_quoted_where_they_can_be() {
        let line = |value: &str| variable("A", value);
        assert_eq!(line("a b").as_deref(), Ok("A=\"a b\""));
        assert_eq!(line("").as_deref(), Ok("A=\"\""));
        assert_eq!(line("say \"hi\"").as_deref(), Ok("A='say \"hi\"'"));
        assert_eq!(line("it's \"it\"").as_deref(), Ok("A=it's \"it\""));
        assert!(line("'\"").is_err());
        assert!(line("a\nb").is_err());
        assert!(variable("1A", "x").is_err());
        assert!(variable("A B", "x").is_err());
    }

    /// Reads a command as cron does: a `%` is the end of a line for it, except after a backslash.
    fn heard(line: &str) -> String {
        let mut heard = String::new();
        let mut characters = line.chars().peekable();
        while let Some(c) = characters.next() {
            match (c, characters.peek()) {
                ('\\', Some('%' | '\\')) => heard.extend(characters.next()),
                ('%', _) => heard.push('\n'),
                _ => heard.push(c),
            }
        }
        heard
    }

    /// Reads a variable as cron does: blanks around a value go, and then a pair of quotes around it.
    fn value(line: &str) -> Option<String> {
        let value = line.split_once('=')?.1.trim();
        let quoted = |quote| value.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
        Some(quoted('"').or_else(|| quoted('\'')).unwrap_or(value).to_string())
    }

    proptest! {
        #[test]
        fn whatever_a_command_is_made_of_reaches_the_shell(text in r#"[a-c %\\'"$äé]{1,40}"#) {
            prop_assume!(!text.trim().is_empty());
            prop_assert_eq!(heard(&command(&text).unwrap()), text.trim());
        }

        #[test]
        fn a_variable_has_the_value_of_the_spec_or_is_refused(text in r#"[a-b '"%\\=#]{0,12}"#) {
            if let Ok(line) = variable("A", &text) {
                prop_assert_eq!(value(&line), Some(text));
            } else {
                prop_assert!(text.contains('"') && text.contains('\''), "refused without need: {}", text);
            }
        }
    }

    #[test]
    fn file_names_are_read_by_cron() {
        assert_eq!(file_name("Nightly backup: db.sql"), "infra-Nightly-backup-db-sql");
    }
}
