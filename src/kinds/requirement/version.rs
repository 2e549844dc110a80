//! Versions, and what is asked of them.

use std::cmp::Ordering;
use std::fmt;

/// What a version must be: `>=3.8,<4`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bounds(Vec<(Operator, Vec<u64>, String)>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    AtLeast,
    Above,
    AtMost,
    Below,
    /// Compares as many numbers as it is given: `=3.11` holds for 3.11.2.
    Is,
}

impl Bounds {
    /// Reads bounds separated by commas; `None` where one has no operator or no number.
    pub fn parse(text: &str) -> Option<Self> {
        let bound = |text: &str| {
            let text = text.trim();
            let operators = [
                (">=", Operator::AtLeast),
                ("<=", Operator::AtMost),
                ("==", Operator::Is),
                (">", Operator::Above),
                ("<", Operator::Below),
                ("=", Operator::Is),
            ];
            let (sign, operator) = operators.into_iter().find(|(sign, _)| text.starts_with(sign))?;
            let version = text[sign.len()..].trim();
            let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            is_version.then(|| (operator, numbers(version), text.replace(' ', "")))
        };
        text.split(',').map(bound).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Returns whether a version is within them.
    pub fn hold(&self, version: &str) -> bool {
        let version = numbers(version);
        self.0.iter().all(|(operator, bound, _)| match operator {
            Operator::AtLeast => compare(&version, bound) != Ordering::Less,
            Operator::Above => compare(&version, bound) == Ordering::Greater,
            Operator::AtMost => compare(&version, bound) != Ordering::Greater,
            Operator::Below => compare(&version, bound) == Ordering::Less,
            Operator::Is => version.iter().chain(std::iter::repeat(&0)).zip(bound).all(|(a, b)| a == b),
        })
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<&str> = self.0.iter().map(|(_, _, text)| text.as_str()).collect();
        f.write_str(&texts.join(","))
    }
}

fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// Compares number by number; what is missing is 0.
fn compare(a: &[u64], b: &[u64]) -> Ordering {
    let at = |numbers: &[u64], at: usize| numbers.get(at).copied().unwrap_or(0);
    (0..a.len().max(b.len())).map(|n| at(a, n).cmp(&at(b, n))).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_numbers() {
        let holds = |bounds: &str, version: &str| Bounds::parse(bounds).unwrap().hold(version);
        assert!(holds(">=3.8", "3.11.2") && holds(">=3.8", "3.8") && holds(">= 3.8, <4", "3.9"));
        assert!(!holds(">=3.8", "3.7.17") && !holds(">=3.8,<3.12", "3.12") && !holds(">3.8", "3.8.0"));
        assert!(holds("=3.11", "3.11.2") && holds("==3", "3.1") && !holds("=3.11.1", "3.11") && holds("=3.0", "3"));
        assert!(holds("<=3.8", "3.8.0") && !holds("<=3.8", "3.8.1"));
    }

    #[test]
    fn bounds_need_an_operator_and_a_number() {
        for wrong in ["", "3.8", ">=", ">=x", ">=3.8,", "~3"] {
            assert_eq!(Bounds::parse(wrong), None, "{wrong}");
        }
    }
}
