//! What a text of nginx's configuration names.

/// Directives of nginx whose first parameter is a file or folder that must be there before nginx accepts the site.
const NAME_PATHS: &[&str] = &[
    "auth_basic_user_file",
    "include",
    "root",
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_client_certificate",
    "ssl_dhparam",
    "ssl_trusted_certificate",
];

/// Returns the absolute paths that the text names.
pub fn named_paths(text: &str) -> impl Iterator<Item = String> {
    paths_of(text, NAME_PATHS)
}

/// Returns the folders whose files the text serves.
pub fn web_roots(text: &str) -> impl Iterator<Item = String> {
    paths_of(text, &["root"])
}

/// Returns the groups of servers that the text defines, which other sites may pass requests to.
pub fn upstreams(text: &str) -> impl Iterator<Item = String> {
    first_words(text).filter(|(directive, _)| directive == "upstream").map(|(_, name)| name)
}

/// Returns the servers and groups of servers that the text passes requests to (`proxy_pass`, `fastcgi_pass` and the like).
pub fn passed_to(text: &str) -> impl Iterator<Item = String> {
    first_words(text).filter(|(directive, _)| directive.ends_with("_pass")).map(|(_, target)| {
        let host = target.split_once("://").map_or(target.as_str(), |(_, host)| host);
        host.split(['/', ':']).next().unwrap_or_default().to_string()
    })
}

/// Returns each directive with its first parameter.
fn first_words(text: &str) -> impl Iterator<Item = (String, String)> {
    statements(text).into_iter().filter_map(|statement| {
        let mut words = statement.split_whitespace();
        let directive = words.next()?.to_string();
        Some((directive, words.next()?.trim_matches(['"', '\'']).to_string()))
    })
}

/// Returns the absolute paths that are the first parameter of these directives.
fn paths_of(text: &str, directives: &'static [&'static str]) -> impl Iterator<Item = String> {
    first_words(text).filter_map(move |(directive, path)| {
        let is_path = path.starts_with('/') && !path.contains(['*', '$']);
        (directives.contains(&directive.as_str()) && is_path).then(|| path.trim_end_matches('/').to_string())
    })
}

/// Splits at `;`, `{` and `}` outside of comments and quotes.
fn statements(text: &str) -> Vec<String> {
    let mut statements = vec![String::new()];
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, '#') => {
                // A comment ends with its line.
                characters.by_ref().find(|c| *c == '\n');
                statements.last_mut().expect("there is always one").push(' ');
                continue;
            }
            (None, ';' | '{' | '}') => {
                statements.push(String::new());
                continue;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        statements.last_mut().expect("there is always one").push(c);
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_certificates_and_folders_and_nothing_else() {
        let text = "server { # ssl_certificate /not/this;\n  ssl_certificate '/etc/ssl/a.pem';ssl_certificate_key /etc/ssl/a.key;\n\
                    root\n /var/www/a/; include snippets/x.conf; include /etc/nginx/conf.d/*.conf;\n\
                    add_header X \"root /no;\" always; proxy_pass http://b; }";
        let found: Vec<String> = named_paths(text).collect();
        assert_eq!(found, ["/etc/ssl/a.pem", "/etc/ssl/a.key", "/var/www/a"]);
        let pool = "upstream pool { server a:1; } server { location / { proxy_pass https://other/x; fastcgi_pass unix:/run/x; } }";
        assert_eq!(upstreams(pool).collect::<Vec<_>>(), ["pool"]);
        assert_eq!(passed_to(pool).collect::<Vec<_>>(), ["other", "unix"]);
        assert_eq!(web_roots(text).collect::<Vec<_>>(), ["/var/www/a"]);
    }
}
