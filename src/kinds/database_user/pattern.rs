//! Names of databases in grants of MySQL: in `GRANT … ON db.*`, `_` stands for any character and `%` for any text, unless a
//! backslash is before them (<https://dev.mysql.com/doc/refman/8.0/en/grant.html>, "Database Privileges").

/// Returns the pattern for a name as a spec writes it: of that database alone, unless there is a `%` in it, which says that
/// several are meant.
pub(super) fn of_name(name: &str) -> String {
    if bare(name).any(|c| c == '%') {
        return name.to_string();
    }
    let mut pattern = String::with_capacity(name.len());
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            // Escaped as the server wants it.
            ('\\', Some(&next @ ('_' | '%' | '\\'))) => {
                pattern.extend([c, next]);
                rest.next();
            }
            // Part of the name.
            ('\\', _) => pattern.push_str("\\\\"),
            ('_', _) => pattern.push_str("\\_"),
            _ => pattern.push(c),
        }
    }
    pattern
}

/// Returns the one name that a pattern means; none where it may mean several.
pub(super) fn literal(pattern: &str) -> Option<String> {
    let means_several = bare(pattern).any(|c| matches!(c, '%' | '_'));
    let mut rest = pattern.chars();
    let mut next = || match rest.next()? {
        '\\' => Some(rest.next().unwrap_or('\\')),
        c => Some(c),
    };
    (!means_several).then(|| std::iter::from_fn(&mut next).collect())
}

/// Returns the characters that no backslash stands before.
fn bare(text: &str) -> impl Iterator<Item = char> {
    let mut is_escaped = false;
    text.chars().filter(move |c| {
        let is_bare = !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_bare
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_database() {
        for (name, pattern, meant) in [
            ("shop", "shop", Some("shop")),
            ("shop_prod", r"shop\_prod", Some("shop_prod")),
            (r"shop\_prod", r"shop\_prod", Some("shop_prod")),
            (r"a\%b_c", r"a\%b\_c", Some("a%b_c")),
            (r"it's \ x", r"it's \\ x", Some(r"it's \ x")),
            ("shop%", "shop%", None),
            (r"shop\_%", r"shop\_%", None),
            ("shop_%", "shop_%", None),
        ] {
            assert_eq!(of_name(name), pattern);
            assert_eq!(literal(pattern).as_deref(), meant, "{pattern}");
        }
        assert_eq!(literal("shop_prod"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_read_back(name in "([a-z'\"`. =数_]|\\\\[a-z' ])*") {
            proptest::prop_assert_eq!(literal(&of_name(&name)), Some(name));
        }
    }
}
