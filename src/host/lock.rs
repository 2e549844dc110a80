//! A host's lock, as its watchdog tells of it: who has it, and what the run before had written into it.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Holder, Who, utc};

use super::clock::now;
use super::frame::Text;

/// How often a host is asked again that another run changes.
pub(super) const AGAIN: Duration = Duration::from_millis(500);

/// How often, and after what pauses, a host is asked again at once where its lock names nobody: who has it has just begun, or
/// ends. A run that follows another one must not meet what that one tidies up.
pub(super) const NAMELESS: (u32, Duration) = (30, Duration::from_millis(100));

/// How the lock is written that this program knows.
const VERSION: &str = "1";

/// A run that wants the lock.
pub(super) struct Wanted<'a> {
    /// How many changes it is about.
    pub of: usize,
    /// How long it waits for another one.
    pub until: Instant,
    /// Is told who has it, each time the host was asked; nobody knows who where the lock does not say.
    pub waiting: &'a mut (dyn FnMut(Option<&Holder>) + Send),
}

/// Writes who wants it as one text of several fields.
pub(super) fn who(who: &Who) -> Text {
    let mut text = Text::new();
    for (at, part) in who.parts().iter().enumerate() {
        if at > 0 {
            text.raw("\u{1f}");
        }
        text.field(part);
    }
    text
}

/// Reads who has the lock: the host's uptime, then the fields of the lock. Nothing where they name nobody who still runs: a
/// lock is taken before anything is written into it, and another version of this program may write another form.
pub(super) fn holder(told: &[String]) -> Option<Holder> {
    let [uptime, version, _run, user, machine, spec, commit, since, done, of, state] = told else { return None };
    if version != VERSION || state != "running" {
        return None;
    }
    let number = |text: &String| text.parse::<u64>().ok();
    let seconds = number(uptime)?.saturating_sub(number(since)?);
    let who = Who { user: user.clone(), machine: machine.clone(), spec: spec.clone(), commit: commit.clone() };
    let since = time_of_day(now().saturating_sub(seconds));
    Some(Holder { who, seconds, since, done: number(done)?, of: number(of)? })
}

/// Returns whether a host may be otherwise than it was observed: a run had the lock then or has had it since, going by what
/// stood in the lock at the observation and what stands there now that nobody has it.
pub(super) fn is_old(observed: &[String], now: &[String]) -> bool {
    let had_ended = match observed {
        [] => true,
        [version, .., state] => version == VERSION && state == "ended",
        [_] => false,
    };
    observed != now || !had_ended
}

fn time_of_day(seconds: u64) -> String {
    format!("{} UTC", &utc(seconds)[11..19])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<String> {
        text.split('|').map(ToString::to_string).collect()
    }

    #[test]
    fn a_lock_tells_who_has_it_how_long_and_how_far() {
        let told = fields("5000|1|00ff00ff00ff00ff|anna|laptop|specs/web|1a2b3c|4900|3|10|running");
        let holder = holder(&told).unwrap();
        assert_eq!((holder.who.user.as_str(), holder.who.commit.as_str()), ("anna", "1a2b3c"));
        assert_eq!((holder.seconds, holder.done, holder.of), (100, 3, 10));
    }

    #[test]
    fn what_makes_no_sense_names_nobody() {
        let whole = "5000|1|00ff00ff00ff00ff|anna|laptop|specs/web|1a2b3c|4900|3|10|running";
        for cut in 0..whole.rfind('|').unwrap() {
            assert_eq!(holder(&fields(&whole[..cut])), None, "{cut}");
        }
        assert_eq!(holder(&fields(&whole.replace("|1|0", "|2|0"))), None);
        assert_eq!(holder(&fields(&whole.replace("running", "ended"))), None);
        assert_eq!(holder(&fields(&whole.replace("4900", "long ago"))), None);
        assert_eq!(holder(&[]), None);
    }

    #[test]
    fn only_a_lock_that_nobody_has_had_since_leaves_what_was_seen_fresh() {
        let (ended, other) = (fields("1|a|u|m|s|c|1|1|1|ended"), fields("1|b|u|m|s|c|1|1|1|ended"));
        let running = fields("1|a|u|m|s|c|1|0|1|running");
        assert!(!is_old(&[], &[]));
        assert!(!is_old(&ended, &ended));
        assert!(is_old(&[], &ended));
        assert!(is_old(&ended, &other));
        // It was killed, or still ran: what it did after the last word is not known.
        assert!(is_old(&running, &running));
        assert!(is_old(&fields(""), &fields("")));
        assert!(is_old(&fields("2|x|ended"), &fields("2|x|ended")));
    }
}
