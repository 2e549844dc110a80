//! Configs and secrets whose contents stand in the file or in a variable. Compose copies them into containers when it makes
//! these, and its hash leaves them out.

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::model::Arg;

use super::body::{entries, list};

/// Returns for each service that is handed such contents a digest of all of them. What comes from a variable that the spec
/// does not set is left out.
pub fn digests(file: &Json, env: &[(String, Arg)]) -> Vec<(String, String)> {
    let digest = |(name, service): (&String, &Json)| {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        let mut is_handed = false;
        for section in ["configs", "secrets"] {
            for handed in list(&service[section]) {
                let Some(source) = handed.as_str().or(handed["source"].as_str()) else { continue };
                let one = &file[section][source];
                let variable = one["environment"].as_str();
                let content = one["content"].as_str();
                // Compose puts variables into contents too.
                let is_read = |name: &str| variable == Some(name) || content.is_some_and(|text| text.contains(name));
                let values = env.iter().filter(|(name, _)| is_read(name));
                if content.is_none() && values.clone().next().is_none() {
                    continue;
                }
                is_handed = true;
                [section, source, content.unwrap_or_default()].into_iter().for_each(&mut add);
                for (name, value) in values {
                    add(name);
                    match value {
                        Arg::Plain(text) => add(text),
                        Arg::Secret(secret) => add(secret.expose()),
                    }
                }
            }
        }
        is_handed.then(|| (name.clone(), hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    };
    entries(&file["services"]).filter_map(digest).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Secret;

    #[test]
    fn only_what_a_service_is_handed_counts() {
        let file = |content: &str| {
            json!({
                "services": {
                    "web": { "configs": ["page"], "secrets": [{ "source": "pw", "target": "x" }] },
                    "db": { "secrets": ["pw", "key"] },
                    "job": { "secrets": ["key", "elsewhere"] },
                },
                "configs": { "page": { "content": content } },
                "secrets": { "pw": { "environment": "PW" }, "key": { "file": "./key" }, "elsewhere": { "environment": "E" } },
            })
        };
        let env = |password: &str, name: &str| {
            [("PW".to_string(), Arg::from(Secret::new(password))), ("NAME".to_string(), Arg::from(name))]
        };
        let is_other = |content: &str, password: &str, name: &str| {
            let before = digests(&file("hello $NAME"), &env("one", "me"));
            let after = digests(&file(content), &env(password, name));
            let names: Vec<&str> = before.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["web", "db"]);
            before.into_iter().zip(after).filter(|(a, b)| a != b).map(|((name, _), _)| name).collect::<Vec<_>>()
        };
        assert!(is_other("hello $NAME", "one", "me").is_empty());
        assert_eq!(is_other("bye $NAME", "one", "me"), ["web"]);
        assert_eq!(is_other("hello $NAME", "one", "you"), ["web"]);
        assert_eq!(is_other("hello $NAME", "two", "me"), ["web", "db"]);
    }
}
