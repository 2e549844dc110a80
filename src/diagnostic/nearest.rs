//! "Did you mean …".

/// How many mistakes of a spec are given the nearest name: more of them have one cause, and looking for it compares a
/// name with all there are.
pub const MOST_SUGGESTIONS: usize = 100;

/// Finds the candidate that a mistyped name was probably meant to be; none if nothing is near.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    // About a third of the letters may be wrong, but never so many that it is another name.
    let allowed = if length < 3 { return None } else { length.div_ceil(3).min(4) };
    let lower = name.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            // Comparing costs the product of the lengths: what differs too much in length cannot be near.
            let other = candidate.chars().count();
            if length.abs_diff(other) > allowed || length.max(other) > 500 {
                return None;
            }
            let candidate_lower = candidate.to_lowercase();
            let (name, other) = differing(&lower, &candidate_lower);
            let distance = strsim::damerau_levenshtein(name, other);
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|&(distance, candidate)| (distance, candidate))
        .map(|(_, candidate)| candidate)
}

/// Cuts off what two texts have in common at both ends, which adds nothing to their distance.
fn differing<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let same = |pair: &(char, char)| pair.0 == pair.1;
    let start: usize = one.chars().zip(other.chars()).take_while(same).map(|(letter, _)| letter.len_utf8()).sum();
    let (one, other) = (&one[start..], &other[start..]);
    let end: usize =
        one.chars().rev().zip(other.chars().rev()).take_while(same).map(|(letter, _)| letter.len_utf8()).sum();
    (&one[..one.len() - end], &other[..other.len() - end])
}

/// Says which of the candidates was probably meant, or else which there are.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(near) = nearest(name, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    match all.len() {
        0 => None,
        1..=30 => Some(format!("known: {}", all.join(", "))),
        more => Some(format!("known: {}, and {} more", all[..30].join(", "), more - 30)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_name() {
        let names = ["port", "dir", "database_users", "Files"];
        assert_eq!(nearest("prot", names), Some("port"));
        assert_eq!(nearest("databse_user", names), Some("database_users"));
        assert_eq!(nearest("files", names), Some("Files"));
        assert_eq!(nearest("zzzzzz", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("x", ["y"]), None);
    }

    #[test]
    fn without_a_near_name_all_are_listed() {
        assert_eq!(did_you_mean("zzzz", ["a", "b"]).as_deref(), Some("known: a, b"));
        assert_eq!(did_you_mean("zzzz", []), None);
    }
}
