//! When a job runs: the five fields of crontab(5), or a word for them.

const WORDS: &[&str] = &["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

struct Field {
    what: &'static str,
    least: u8,
    most: u8,
    /// Words for the numbers from `least` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { what: "minute", least: 0, most: 59, names: &[] },
    Field { what: "hour", least: 0, most: 23, names: &[] },
    Field { what: "day of the month", least: 1, most: 31, names: &[] },
    Field { what: "month", least: 1, most: 12, names: MONTHS },
    Field { what: "day of the week", least: 0, most: 7, names: DAYS },
];

/// Checks a schedule and returns it with one blank between its fields; the error says what is wrong with which field.
pub fn parse(text: &str) -> Result<String, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if let [word] = fields[..] {
        return match WORDS.contains(&word) {
            true => Ok(word.to_string()),
            false if word.starts_with('@') => Err(format!("`{word}` is none of {}", WORDS.join(", "))),
            false => Err(format!("`{text}` has one field of five")),
        };
    }
    if fields.len() != FIELDS.len() {
        return Err(format!("`{text}` has {} fields, not five", fields.len()));
    }
    for (text, field) in fields.iter().zip(&FIELDS) {
        for item in text.split(',') {
            field.check(item).map_err(|wrong| format!("{} `{text}`: {wrong}", field.what))?;
        }
    }
    Ok(fields.join(" "))
}

impl Field {
    /// Checks `*`, `a`, `a-b`, each but `a` perhaps with a step.
    fn check(&self, item: &str) -> Result<(), String> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let is_single = range != "*" && !range.contains('-');
        if range != "*" {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last) = (self.number(first)?, self.number(last)?);
            if first > last {
                return Err(format!("`{range}` ends before it starts"));
            }
        }
        match step.map(str::parse::<u8>) {
            None => Ok(()),
            Some(Ok(_)) if is_single => Err(format!("a step follows `*` or a range: `{range}-{}/…`", self.most)),
            Some(Ok(step)) if step > 0 => Ok(()),
            Some(_) => Err(format!("`{item}` has no step after `/`")),
        }
    }

    fn number(&self, text: &str) -> Result<u8, String> {
        let named = self.names.iter().position(|name| text.eq_ignore_ascii_case(name));
        if let Some(at) = named.and_then(|at| u8::try_from(at).ok()) {
            return Ok(self.least + at);
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_number && (self.least..=self.most).contains(&number) => Ok(number),
            _ if is_number => Err(format!("{text} is not from {} to {}", self.least, self.most)),
            _ => Err(format!("`{text}` is not a number{}", if self.names.is_empty() { "" } else { " or a name" })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Schedules that the cron of Debian 12 and 13 was seen to take.
    #[test]
    fn takes_what_cron_does() {
        for text in [
            "*/5 * * * *",
            "0-59/7,*/1 0-23/1 1-31 * 0-7",
            "* * * JAN-dec mon,tue-fri,Sat,0",
            "07 04 01 12 7",
            "@daily",
        ] {
            assert_eq!(parse(text).as_deref(), Ok(text));
        }
        assert_eq!(parse(" *\t*  * * * ").as_deref(), Ok("* * * * *"));
    }

    #[test]
    fn says_which_field_is_wrong() {
        for (text, wrong) in [
            ("60 * * * *", "minute `60`: 60 is not from 0 to 59"),
            ("* * 0 * *", "day of the month `0`: 0 is not from 1 to 31"),
            ("* 5-1 * * *", "hour `5-1`: `5-1` ends before it starts"),
            ("5/15 * * * *", "minute `5/15`: a step follows `*` or a range: `5-59/…`"),
            ("*/0 * * * *", "minute `*/0`: `*/0` has no step after `/`"),
            ("* * * foo *", "month `foo`: `foo` is not a number or a name"),
            ("0~59 * * * *", "minute `0~59`: `0~59` is not a number"),
            ("* * * *", "`* * * *` has 4 fields, not five"),
            ("daily", "`daily` has one field of five"),
            ("* , * * *", "hour `,`: `` is not a number"),
        ] {
            assert_eq!(parse(text), Err(wrong.to_string()));
        }
        assert!(parse("@dialy").is_err_and(|wrong| wrong.contains("@daily")));
    }
}
