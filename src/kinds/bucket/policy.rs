//! Who may read a bucket.

use serde_json::{Value as Json, json};

/// Who may read a bucket's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// Whom the server knows; the bucket has no policy of its own.
    Private,
    /// Everybody; only its owners list them.
    PublicRead,
}

impl Policy {
    /// Takes a word that the table allows; anything else is private.
    pub fn named(word: &str) -> Self {
        if word == "public-read" { Self::PublicRead } else { Self::Private }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::PublicRead => "public-read",
        }
    }

    /// Returns it as S3 takes it; nothing where the bucket needs none.
    pub fn text(self, bucket: &str) -> String {
        match self {
            Self::Private => String::new(),
            Self::PublicRead => json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "AWS": ["*"] },
                    "Action": ["s3:GetObject"],
                    "Resource": [format!("arn:aws:s3:::{bucket}/*")],
                }],
            })
            .to_string(),
        }
    }

    /// Names what a server has: servers order and wrap the same policy each in its own way.
    pub fn describe(text: &str, bucket: &str) -> &'static str {
        if text.trim().is_empty() {
            return Self::Private.word();
        }
        let Ok(found) = serde_json::from_str::<Json>(text) else { return "custom" };
        let one = |value: &Json| match value {
            Json::Array(items) if items.len() == 1 => items[0].clone(),
            other => other.clone(),
        };
        match found["Statement"].as_array().map(Vec::as_slice) {
            Some([]) => Self::Private.word(),
            Some([statement]) => {
                let principal = match &statement["Principal"] {
                    Json::Object(map) => map.get("AWS").map_or(Json::Null, one),
                    other => other.clone(),
                };
                let is_read = statement["Effect"] == "Allow"
                    && principal == "*"
                    && one(&statement["Action"]) == "s3:GetObject"
                    && one(&statement["Resource"]) == format!("arn:aws:s3:::{bucket}/*").as_str()
                    && statement.get("Condition").is_none_or(|condition| condition == &json!({}));
                if is_read { Self::PublicRead.word() } else { "custom" }
            }
            _ => "custom",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_policy_however_it_is_written() {
        assert_eq!(Policy::describe(&Policy::PublicRead.text("b"), "b"), "public-read");
        let other = r#"{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Principal":"*","Resource":"arn:aws:s3:::b/*","Sid":""}]}"#;
        assert_eq!(Policy::describe(other, "b"), "public-read");
        assert_eq!(Policy::describe(other, "c"), "custom");
        assert_eq!(Policy::describe("", "b"), "private");
        assert_eq!(Policy::describe(&other.replace("Get", "Put"), "b"), "custom");
        assert_eq!(Policy::describe("<html>", "b"), "custom");
    }
}
