//! What a text of nginx's configuration names.

use std::collections::BTreeSet;

use crate::resource::{Claims, Space};

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
fn named_paths(text: &str) -> impl Iterator<Item = String> {
    paths_of(text, NAME_PATHS)
}

/// Returns the folders whose files the text serves.
pub fn web_roots(text: &str) -> impl Iterator<Item = String> {
    paths_of(text, &["root"])
}

/// Adds the paths that the text of this path names: they must be there.
fn needs(claims: Claims, text: &str, path: &str) -> Claims {
    let named = named_paths(text).filter(|named| named != path);
    named.fold(claims, |claims, named| claims.requires(Space::PATH, named))
}

/// Adds what the text of a file names, and the names that it defines for sites. Files may use names of each other: those of one
/// run are written and judged together, so there is no order among them.
pub fn file_claims(claims: Claims, text: &str, path: &str) -> Claims {
    let claims = needs(claims, text, path);
    names(text, defined).into_iter().fold(claims, |claims, (space, name)| claims.shares(space, name))
}

/// Adds what the text of a site names, and the names that files may define: nginx accepts none that nothing defines. Sites are
/// judged together, too.
pub fn site_claims(claims: Claims, text: &str) -> Claims {
    let claims = needs(claims, text, "");
    names(text, used).into_iter().fold(claims, |claims, (space, name)| claims.follows(space, name))
}

/// A group of servers to which requests are passed.
const UPSTREAM: Space = Space("nginx upstream");
/// A memory zone of a cache or a limit.
const ZONE: Space = Space("nginx zone");
const LOG_FORMAT: Space = Space("nginx log format");
/// A variable that `map` and the like make of others.
const VARIABLE: Space = Space("nginx variable");

/// Returns all names that statements have, each once.
fn names(text: &str, of: fn(&[&str]) -> Vec<(Space, String)>) -> BTreeSet<(Space, String)> {
    let statements = statements(text);
    statements.iter().flat_map(|statement| of(&statement.split_whitespace().collect::<Vec<_>>())).collect()
}

/// Returns the names that a statement defines for all of nginx's configuration.
fn defined(words: &[&str]) -> Vec<(Space, String)> {
    let [directive, parameters @ ..] = words else { return Vec::new() };
    let space = match *directive {
        "upstream" => UPSTREAM,
        "log_format" => LOG_FORMAT,
        "map" | "geo" | "split_clients" => {
            let name = parameters.last().and_then(|name| name.strip_prefix('$'));
            return name.map(|name| (VARIABLE, name.to_string())).into_iter().collect();
        }
        _ if directive.ends_with("_zone") || directive.ends_with("_cache_path") => {
            let zones =
                parameters.iter().filter_map(|word| word.strip_prefix("keys_zone=").or(word.strip_prefix("zone=")));
            return zones.map(|zone| (ZONE, up_to(zone, &[':']).to_string())).collect();
        }
        _ => return Vec::new(),
    };
    parameters.first().map(|name| (space, unquoted(name).to_string())).into_iter().collect()
}

/// Returns the names that a statement uses, wherever they are defined.
fn used(words: &[&str]) -> Vec<(Space, String)> {
    let [directive, parameters @ ..] = words else { return Vec::new() };
    let first = parameters.first().map(|first| unquoted(first));
    let name = match *directive {
        "access_log" => parameters.get(1).map(|format| (LOG_FORMAT, *format)),
        "limit_req" => parameters.iter().find_map(|word| word.strip_prefix("zone=")).map(|zone| (ZONE, zone)),
        "limit_conn" => first.map(|zone| (ZONE, zone)),
        // `proxy_pass`, `fastcgi_pass` and the like.
        _ if directive.ends_with("_pass") => first.map(|target| {
            let host = target.split_once("://").map_or(target, |(_, host)| host);
            (UPSTREAM, up_to(host, &['/', ':']))
        }),
        _ if directive.ends_with("_cache") => first.map(|zone| (ZONE, zone)),
        _ => None,
    };
    let name = name.filter(|(_, name)| !name.contains(['=', '$', ':']));
    let variables = parameters.iter().flat_map(|word| word.split('$').skip(1)).map(|rest| {
        let name = rest.trim_start_matches('{');
        (VARIABLE, name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default())
    });
    let named = name.into_iter().chain(variables).filter(|(_, name)| !name.is_empty());
    named.map(|(space, name)| (space, name.to_string())).collect()
}

fn up_to<'a>(text: &'a str, ends: &[char]) -> &'a str {
    text.split(ends).next().unwrap_or_default()
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\''])
}

/// Returns each directive with its first parameter.
fn first_words(text: &str) -> impl Iterator<Item = (String, String)> {
    statements(text).into_iter().filter_map(|statement| {
        let mut words = statement.split_whitespace();
        let directive = words.next()?.to_string();
        Some((directive, unquoted(words.next()?).to_string()))
    })
}

/// Returns the paths that are the first parameter of these directives. nginx reads one that is not absolute from the folder of
/// its configuration; not so a folder that it serves, and a key that is in a device.
fn paths_of(text: &str, directives: &'static [&'static str]) -> impl Iterator<Item = String> {
    first_words(text).filter_map(move |(directive, path)| {
        let is_absolute = path.starts_with('/');
        let is_path = !path.is_empty()
            && !path.contains(['*', '$'])
            && (is_absolute || directive != "root" && !path.contains(':'));
        let path = path.trim_end_matches('/');
        let path = if is_absolute { path.to_string() } else { format!("/etc/nginx/{path}") };
        (directives.contains(&directive.as_str()) && is_path).then_some(path)
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
            // A variable may stand in braces.
            (None, '{') if statements.last().is_some_and(|statement| statement.ends_with('$')) => {
                let name: String = characters.by_ref().take_while(|c| *c != '}').collect();
                statements.last_mut().expect("there is always one").push_str(&format!("{{{name}}}"));
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
        assert_eq!(found, ["/etc/ssl/a.pem", "/etc/ssl/a.key", "/var/www/a", "/etc/nginx/snippets/x.conf"]);
        assert_eq!(web_roots(text).collect::<Vec<_>>(), ["/var/www/a"]);
    }

    #[test]
    fn names_are_defined_in_one_file_and_used_in_others() {
        let of = |names: BTreeSet<(Space, String)>| -> Vec<String> {
            names.into_iter().map(|(space, name)| format!("{} {name}", space.0)).collect()
        };
        let text = "upstream pool { server a:1; } log_format 'main' '$remote_addr'; map $http_upgrade $connection { default x; }
                    limit_req_zone $binary_remote_addr zone=slow:10m rate=1r/s; proxy_cache_path /var/cache keys_zone=pages:1m;";
        let defined = of(names(text, defined));
        let all = [
            "nginx log format main",
            "nginx upstream pool",
            "nginx variable connection",
            "nginx zone pages",
            "nginx zone slow",
        ];
        assert_eq!(defined, all);
        let text = "server { access_log /var/log/a.log main; limit_req zone=slow burst=5; proxy_cache pages; ssl_session_cache shared:x:1m;
                    location / { proxy_pass https://pool/x; proxy_set_header Connection ${connection}x; fastcgi_pass unix:/run/x; } }";
        let used = of(names(text, used));
        let all = [
            "nginx log format main",
            "nginx upstream pool",
            "nginx upstream unix",
            "nginx variable connection",
            "nginx zone pages",
            "nginx zone slow",
        ];
        assert_eq!(used, all);
    }
}
