//! A file holds one idea, and a function fits on a screen or two.

use std::fs;

use super::source::{Token, tokens, without_tests};
use super::{code, root};

/// The most lines of a file, without its tests.
const MOST_OF_A_FILE: usize = 450;
/// The most lines of a function.
const MOST_OF_A_FUNCTION: usize = 80;

/// What may be longer, with the reason: a file, or a file and a function of it.
const ALLOWED: &[(&str, &str)] = &[];

/// Returns the functions of a file with their first line and their length.
fn functions(tokens: &[Token]) -> Vec<(usize, String, usize)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(name) = tokens.get(at + 1).filter(|name| token.text == "fn" && name.is_name()) else { continue };
        let mut depth = 0;
        for token_of_it in &tokens[at..] {
            match token_of_it.text.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" => depth -= 1,
                "}" if depth == 1 => {
                    found.push((token.line, name.text.clone(), token_of_it.line - token.line + 1));
                    break;
                }
                "}" => depth -= 1,
                // One without a body.
                ";" if depth == 0 => break,
                _ => {}
            }
        }
    }
    found
}

/// Returns how many lines of a file are not its tests.
fn lines(text: &str) -> usize {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap().lines().count()
}

#[test]
fn files_and_functions_are_short() {
    let mut long = Vec::new();
    let mut seen = 0;
    for (path, file) in code() {
        let text = fs::read_to_string(file).unwrap();
        let lines = lines(&text);
        if lines > MOST_OF_A_FILE {
            long.push((path.clone(), format!("src/{path} has {lines} lines, {MOST_OF_A_FILE} are allowed")));
        }
        for (line, name, lines) in functions(&without_tests(&tokens(&text))) {
            seen += 1;
            if lines > MOST_OF_A_FUNCTION {
                let told = format!("src/{path}:{line}: `{name}` has {lines} lines, {MOST_OF_A_FUNCTION} are allowed");
                long.push((format!("{path} {name}"), told));
            }
        }
    }
    assert!(seen > 1000, "only {seen} functions were found in {}", root().display());
    let is_allowed = |what: &str| ALLOWED.iter().any(|(allowed, _)| *allowed == what);
    let told: Vec<&str> = long.iter().filter(|(what, _)| !is_allowed(what)).map(|(_, told)| told.as_str()).collect();
    assert!(told.is_empty(), "split these, or say why not in tests/fast/architecture/sizes.rs:\n{}", told.join("\n"));
}

#[test]
fn lengths_are_counted_without_tests() {
    let text = "fn a() {\n    b(|| { c(\"}\") });\n}\n\ntrait T {\n    fn d(&self, e: [u8; 2]);\n    fn f() {}\n}\n
#[cfg(test)]\nmod tests {\n    fn g() {\n\n    }\n}\n";
    let found = functions(&without_tests(&tokens(text)));
    assert_eq!(found, [(1, "a".into(), 3), (7, "f".into(), 1)]);
    assert_eq!(lines(text), 8);
}
