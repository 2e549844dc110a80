//! Who changes a host.

use std::fmt;

/// What a run says of itself to others who want the same host. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    pub user: String,
    pub machine: String,
    /// The spec as the user named it.
    pub spec: String,
    /// The commit that the spec's checkout is at.
    pub commit: String,
}

impl Who {
    /// How many characters of each part are told.
    const MOST: usize = 200;

    /// Names the user and the machine.
    pub fn named(&self) -> String {
        match (self.user.as_str(), self.machine.as_str()) {
            ("", _) => "somebody".into(),
            (user, "") => user.into(),
            (user, machine) => format!("{user} on {machine}"),
        }
    }

    /// Returns its parts, in the order in which a lock holds them.
    pub fn parts(&self) -> [String; 4] {
        [&self.user, &self.machine, &self.spec, &self.commit].map(|part| part.chars().take(Self::MOST).collect())
    }
}

/// A run that has a host's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub who: Who,
    /// How long it has had it, in seconds.
    pub seconds: u64,
    /// Since when, by the clock here: a time of day in UTC.
    pub since: String,
    /// How many of its changes it has made, and of how many.
    pub done: u64,
    pub of: u64,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Who { user, machine, spec, commit } = &self.who;
        let known = |text: &str, unknown: &str| if text.is_empty() { unknown.to_string() } else { text.to_string() };
        write!(f, "{} on {}", known(user, "somebody"), known(machine, "a machine without a name"))?;
        write!(f, ", with {}", known(spec, "a spec it does not name"))?;
        if !commit.is_empty() {
            write!(f, " at commit {commit}")?;
        }
        write!(f, ", since {} ({})", self.since, Span(self.seconds))?;
        match self.of {
            0 => Ok(()),
            of => write!(f, ", {} of {of} changes done", self.done),
        }
    }
}

/// A length of time for a reader.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        match (hours, minutes) {
            (0, 0) => write!(f, "{seconds} s"),
            (0, _) => write!(f, "{minutes} min {seconds} s"),
            _ => write!(f, "{hours} h {minutes} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_named_with_all_that_is_known() {
        let who = Who {
            user: "anna".into(),
            machine: "laptop".into(),
            spec: "specs/web".into(),
            commit: "1a2b3c4d5e6f".into(),
        };
        let mut holder = Holder { who, seconds: 192, since: "14:05:10 UTC".into(), done: 4, of: 12 };
        assert_eq!(
            holder.to_string(),
            "anna on laptop, with specs/web at commit 1a2b3c4d5e6f, since 14:05:10 UTC (3 min 12 s), 4 of 12 changes done"
        );
        holder = Holder { who: Who::default(), seconds: 4000, of: 0, ..holder };
        assert_eq!(
            holder.to_string(),
            "somebody on a machine without a name, with a spec it does not name, since 14:05:10 UTC (1 h 6 min)"
        );
        let long = Who { spec: "é".repeat(5000), ..Who::default() };
        assert_eq!(long.parts()[2], "é".repeat(200));
    }
}
