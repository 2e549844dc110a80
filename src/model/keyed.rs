//! Hashes that say whether two values are the same, and nothing else to who does not have the key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Secret, Value, hex};

/// Hashes values with a key: HMAC-SHA256 (RFC 2104), as 32 hexadecimal digits. Who does not have the key cannot try out
/// what a secret might be.
#[derive(Clone, Debug)]
pub struct Keyed(Hmac<Sha256>);

impl Keyed {
    pub fn new(key: &Secret) -> Self {
        // A key of any length will do.
        Self(Hmac::new_from_slice(key.expose().as_bytes()).expect("HMAC takes keys of any length"))
    }

    /// Hashes named values. Equal are those that name and hold the same, in the same order; for what is known only later
    /// counts that it is.
    pub fn hash<'v>(&self, values: impl IntoIterator<Item = (&'v str, &'v Value)>) -> String {
        let mut mac = self.0.clone();
        for (name, value) in values {
            text(&mut mac, b'k', name.as_bytes());
            add(&mut mac, value);
        }
        hex(&mac.finalize().into_bytes()[..16])
    }
}

/// Adds bytes with what they are and how many, so that nothing else has the same bytes.
fn text(mac: &mut Hmac<Sha256>, what: u8, bytes: &[u8]) {
    mac.update(&[what]);
    mac.update(&(bytes.len() as u64).to_be_bytes());
    mac.update(bytes);
}

fn add(mac: &mut Hmac<Sha256>, value: &Value) {
    match value {
        Value::Null => mac.update(b"0"),
        Value::Bool(value) => mac.update(if *value { b"t" } else { b"f" }),
        Value::Integer(value) => text(mac, b'i', &value.to_be_bytes()),
        Value::Float(value) => text(mac, b'd', &value.to_bits().to_be_bytes()),
        Value::Text(value) => text(mac, b's', value.as_bytes()),
        Value::Secret(value) => text(mac, b's', value.expose().as_bytes()),
        Value::Content(content) => text(mac, b'c', content.hash().as_bytes()),
        Value::Unknown(_) => mac.update(b"u"),
        Value::List(items) => {
            text(mac, b'l', &(items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| add(mac, item));
        }
        Value::Map(entries) => {
            text(mac, b'm', &(entries.len() as u64).to_be_bytes());
            for (name, item) in entries {
                text(mac, b'k', name.as_bytes());
                add(mac, item);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Content;

    fn hash(key: &str, values: &[(&str, Value)]) -> String {
        Keyed::new(&Secret::new(key)).hash(values.iter().map(|(name, value)| (*name, value)))
    }

    #[test]
    fn the_same_values_have_one_hash_and_others_another() {
        let list = |items: &[&str]| Value::List(items.iter().map(|item| Value::text(*item)).collect());
        let all = [
            vec![("a", Value::text("x"))],
            vec![("a", Value::text("y"))],
            vec![("ax", Value::text(""))],
            vec![("a", Value::Null)],
            vec![("a", Value::Integer(1))],
            vec![("a", Value::text("1"))],
            vec![("a", Value::Bool(true))],
            vec![("a", list(&["x", "y"]))],
            vec![("a", list(&["xy"]))],
            vec![("a", Value::List(vec![list(&["x"]), list(&["y"])]))],
            vec![("a", Value::Content(Content::new(*b"x")))],
            vec![("a", Value::text("x")), ("b", Value::Null)],
            vec![],
        ];
        for (at, one) in all.iter().enumerate() {
            assert_eq!(hash("key", one), hash("key", one));
            assert_ne!(hash("key", one), hash("other", one));
            for other in &all[at + 1..] {
                assert_ne!(hash("key", one), hash("key", other), "{one:?} {other:?}");
            }
        }
        assert_eq!(hash("key", &all[0]), hash("key", &[("a", Value::Secret(Secret::new("x")))]), "a secret is a text");
        // RFC 4231, test case 2, to which nothing is added here but the data.
        let mac = Keyed::new(&Secret::new("Jefe")).0.chain_update(b"what do ya want for nothing?");
        assert_eq!(mac.finalize().into_bytes()[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }
}
