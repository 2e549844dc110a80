//! Values of the kernel's parameters, compared as the kernel reads them.

/// Returns whether what was found is what is wanted. The kernel shows a number in decimal, however it was written, and joins
/// neighbours of a list of ranges (`Documentation/admin-guide/sysctl/net.rst`, `ip_local_reserved_ports`).
pub(super) fn same(found: &str, wanted: &str) -> bool {
    let (found_words, wanted_words) = (found.split(' '), wanted.split(' '));
    found == wanted
        || found_words.clone().count() == wanted_words.clone().count()
            && found_words.zip(wanted_words).all(|(found, wanted)| {
                found == wanted
                    || number(found).is_some_and(|found| number(wanted) == Some(found))
                    || (found.contains([',', '-']) && ranges(found).is_some_and(|found| ranges(wanted) == Some(found)))
            })
}

/// Reads a number as C does: `0x10` is 16, and so is `020`.
fn number(word: &str) -> Option<i128> {
    let (sign, digits) = word.strip_prefix('-').map_or((1, word), |digits| (-1, digits));
    let (digits, base) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        None => (digits, 10),
    };
    let is_number = digits.starts_with(|c: char| c.is_ascii_hexdigit());
    is_number.then(|| i128::from_str_radix(digits, base).ok()).flatten().map(|number| sign * number)
}

/// Reads ranges as they are in a bitmap: `1,2,8-9` is `1-2,8-9`.
fn ranges(word: &str) -> Option<Vec<(u64, u64)>> {
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some((from.parse::<u64>().ok()?, to.parse::<u64>().ok()?))
    };
    let mut all: Vec<(u64, u64)> = word.split(',').map(range).collect::<Option<_>>()?;
    all.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (from, to) in all {
        match joined.last_mut() {
            Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_compared_as_the_kernel_reads_them() {
        for (found, wanted) in [("1", "1"), ("255", "0xff"), ("8", "010"), ("-1", "-1"), ("4096 87380", "4096 0x15554")]
        {
            assert!(same(found, wanted), "{found} {wanted}");
        }
        for (found, wanted) in [("8080-8081", "8081,8080"), ("1-5,9", "1-3,3-5,9")] {
            assert!(same(found, wanted), "{found} {wanted}");
        }
        for (found, wanted) in
            [("1", "0"), ("10", "010"), ("1 2", "1"), ("a", "b"), ("1-5", "1-6"), ("-", "0"), ("", "0")]
        {
            assert!(!same(found, wanted), "{found} {wanted}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_the_same_in_all_its_spellings(number in any::<i32>()) {
            let size = number.unsigned_abs();
            let sign = if number < 0 { "-" } else { "" };
            for wanted in [format!("{sign}{size}"), format!("{sign}{size:#x}"), format!("{sign}0{size:o}")] {
                prop_assert!(same(&number.to_string(), &wanted), "{}", wanted);
                prop_assert!(!same(&(i64::from(number) + 1).to_string(), &wanted), "{}", wanted);
            }
        }

        #[test]
        fn a_bitmap_is_read_back_as_the_kernel_joins_it(bits in prop::collection::btree_set(0u64..40, 1..12)) {
            let list = bits.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
            let joined = ranges(&list).unwrap();
            let kernel: Vec<String> =
                joined.iter().map(|(from, to)| if from == to { from.to_string() } else { format!("{from}-{to}") }).collect();
            prop_assert!(same(&kernel.join(","), &list));
            let held: std::collections::BTreeSet<u64> = joined.iter().flat_map(|(from, to)| *from..=*to).collect();
            prop_assert_eq!(held, bits);
        }
    }
}
