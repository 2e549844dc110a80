//! Names of databases in grants of MySQL: in `GRANT … ON db.*`, `_` stands for any character and `%` for any text, unless a
//! backslash is before them (<https://dev.mysql.com/doc/refman/8.0/en/grant.html>, "Database Privileges").

/// Returns the pattern for a name as a spec writes it: of that database alone, unless there is a `%` in it, which says that
/// several are meant.
pub(super) fn of_name(name: &str) -> String {
    if bare(name).any(|c| c == '%') {
        return name.to_string();
    }
    let mut pattern = String::with_capacity(name.len());
    let mut is_escaped = false;
    for c in name.chars() {
        if c == '_' && !is_escaped {
            pattern.push('\\');
        }
        pattern.push(c);
        is_escaped = c == '\\' && !is_escaped;
    }
    pattern
}

/// Returns the one name that a pattern means; none where it may mean several.
pub(super) fn literal(pattern: &str) -> Option<String> {
    let means_several = bare(pattern).any(|c| matches!(c, '%' | '_'));
    (!means_several).then(|| pattern.replace("\\_", "_").replace("\\%", "%"))
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
            ("shop%", "shop%", None),
            (r"shop\_%", r"shop\_%", None),
            ("shop_%", "shop_%", None),
        ] {
            assert_eq!(of_name(name), pattern);
            assert_eq!(literal(pattern).as_deref(), meant, "{pattern}");
        }
        assert_eq!(literal("shop_prod"), None);
    }
}
