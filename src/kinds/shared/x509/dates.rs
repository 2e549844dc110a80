//! Dates as openssl prints them.

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads `Dec 22 10:31:21 2026 GMT` as seconds since 1970.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let mut words = text.split_whitespace();
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let day: i64 = words.next()?.parse().ok()?;
    let mut time = words.next()?.split(':').map(str::parse::<i64>);
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    let year: i64 = words.next()?.parse().ok()?;
    Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Returns the days from 1970-01-01 to a date of the Gregorian calendar: years are counted from March, so that the day
/// that comes only in some years is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_openssl_prints() {
        assert_eq!(seconds("Jan  1 00:00:00 1970 GMT"), Some(0));
        assert_eq!(seconds("Dec 22 10:31:21 2026 GMT"), Some(1_797_935_481));
        assert_eq!(seconds("Feb 29 23:59:59 2000 GMT"), Some(951_868_799));
        assert_eq!(seconds("Mar  1 00:00:00 2000 GMT"), Some(951_868_800));
        assert_eq!(seconds("Dec 31 23:59:59 9999 GMT"), Some(253_402_300_799));
        assert_eq!(seconds("soon"), None);
    }
}
