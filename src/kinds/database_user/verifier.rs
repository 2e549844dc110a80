//! What servers store in place of a password, and whether a password is the one behind it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::kinds::shared::database_engine::hex;

/// How often PostgreSQL hashes (`scram_iterations`).
const SCRAM_ITERATIONS: u32 = 4096;
/// `caching_sha2_password_digest_rounds` of MySQL where nobody sets it.
const SHA2_ROUNDS: usize = 5000;

/// Returns what `mysql_native_password` stores: `*` and SHA1(SHA1(password)) in upper-case hexadecimal.
pub(super) fn native(password: &str) -> String {
    format!("*{}", hex(&Sha1::digest(Sha1::digest(password.as_bytes()))).to_uppercase())
}

/// Returns what PostgreSQL stored up to version 9: `md5` and MD5(password, role).
pub(super) fn md5(password: &str, role: &str) -> String {
    format!("md5{}", hex(&Md5::digest(format!("{password}{role}").as_bytes())))
}

/// Returns what PostgreSQL stores (RFC 5802, RFC 7677): `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`.
fn scram_with(password: &str, salt: &[u8], iterations: u32) -> String {
    let salted = pbkdf2(password.as_bytes(), salt, iterations);
    let stored = Sha256::digest(mac(&salted, b"Client Key"));
    let server = mac(&salted, b"Server Key");
    format!("SCRAM-SHA-256${iterations}:{}${}:{}", BASE64.encode(salt), BASE64.encode(stored), BASE64.encode(server))
}

/// Makes a verifier of PostgreSQL for a new password. There is no chance here, so that its salt comes from the password
/// too, by as many rounds as an attacker has to go anyway.
pub(super) fn scram(password: &str, role: &str) -> String {
    let salt = pbkdf2(password.as_bytes(), format!("salt of {role}").as_bytes(), SCRAM_ITERATIONS);
    scram_with(password, &salt[..16], SCRAM_ITERATIONS)
}

/// Makes what `caching_sha2_password` stores; its salt comes from the password, as in [`scram`].
pub(super) fn caching_sha2(password: &str, user: &str) -> String {
    let bytes = pbkdf2(password.as_bytes(), format!("salt of {user}").as_bytes(), SCRAM_ITERATIONS);
    // The server takes any byte but NUL and `$`.
    let salt: Vec<u8> = bytes[..20].iter().map(|byte| ALPHABET[usize::from(byte % 64)]).collect();
    caching_sha2_with(password, &salt)
}

fn caching_sha2_with(password: &str, salt: &[u8]) -> String {
    let digest = sha256_crypt(password.as_bytes(), salt, SHA2_ROUNDS);
    format!("$A$005${}{digest}", String::from_utf8_lossy(salt))
}

/// Returns whether a password is the one behind a verifier of PostgreSQL; `None` where its form is unknown.
pub(super) fn is_of_postgresql(verifier: &str, password: &str, role: &str) -> Option<bool> {
    if verifier.starts_with("md5") {
        return Some(md5(password, role) == verifier);
    }
    let rest = verifier.strip_prefix("SCRAM-SHA-256$")?;
    let (iterations, salt) = rest.split_once('$')?.0.split_once(':')?;
    let salt = BASE64.decode(salt).ok()?;
    Some(scram_with(password, &salt, iterations.parse().ok()?) == verifier)
}

/// Returns whether a password is the one behind what a plugin of MySQL or MariaDB stores; `None` where it is unknown.
pub(super) fn is_of_mysql(plugin: &str, verifier: &[u8], password: &str) -> Option<bool> {
    match plugin {
        "mysql_native_password" | "" => Some(native(password).as_bytes() == verifier),
        "caching_sha2_password" => {
            // `$A$`, thousands of rounds in three hexadecimal digits, `$`, 20 bytes of salt, 43 characters of digest.
            let (rounds, rest) = verifier.strip_prefix(b"$A$")?.split_at_checked(3)?;
            let rounds = usize::from_str_radix(std::str::from_utf8(rounds).ok()?, 16).ok()? * 1000;
            let (salt, digest) = rest.strip_prefix(b"$")?.split_at_checked(20)?;
            Some(sha256_crypt(password.as_bytes(), salt, rounds).as_bytes() == digest)
        }
        _ => None,
    }
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, iterations)
}

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The digest of SHA-256-crypt (https://www.akkadia.org/drepper/SHA-crypt.txt) with a salt of any length, as MySQL has
/// it.
fn sha256_crypt(password: &[u8], salt: &[u8], rounds: usize) -> String {
    let repeated = |digest: &[u8], length: usize| -> Vec<u8> { digest.iter().copied().cycle().take(length).collect() };
    let b = Sha256::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut a = Sha256::new().chain_update(password).chain_update(salt);
    a.update(repeated(&b, password.len()));
    let mut bits = password.len();
    while bits > 0 {
        match bits & 1 {
            1 => a.update(b),
            _ => a.update(password),
        }
        bits >>= 1;
    }
    let mut digest = a.finalize();
    let mut dp = Sha256::new();
    (0..password.len()).for_each(|_| dp.update(password));
    let p = repeated(&dp.finalize(), password.len());
    let mut ds = Sha256::new();
    (0..16 + usize::from(digest[0])).for_each(|_| ds.update(salt));
    let s = repeated(&ds.finalize(), salt.len());
    for round in 0..rounds {
        let mut c = Sha256::new();
        if round % 2 == 1 {
            c.update(&p)
        } else {
            c.update(digest)
        }
        if round % 3 != 0 {
            c.update(&s);
        }
        if round % 7 != 0 {
            c.update(&p);
        }
        if round % 2 == 1 {
            c.update(digest)
        } else {
            c.update(&p)
        }
        digest = c.finalize();
    }
    // Three bytes at a time, in the order of the specification.
    const ORDER: [[usize; 3]; 10] = [
        [0, 10, 20],
        [21, 1, 11],
        [12, 22, 2],
        [3, 13, 23],
        [24, 4, 14],
        [15, 25, 5],
        [6, 16, 26],
        [27, 7, 17],
        [18, 28, 8],
        [9, 19, 29],
    ];
    let mut text = String::with_capacity(43);
    let mut push = |mut value: u32, count: usize| {
        for _ in 0..count {
            text.push(char::from(ALPHABET[(value & 63) as usize]));
            value >>= 6;
        }
    };
    for [high, middle, low] in ORDER {
        push(u32::from(digest[high]) << 16 | u32::from(digest[middle]) << 8 | u32::from(digest[low]), 4);
    }
    push(u32::from(digest[31]) << 8 | u32::from(digest[30]), 3);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::shared::database_engine::unhex;

    #[test]
    fn knows_native_passwords() {
        // SELECT PASSWORD('mariadb') of MariaDB.
        assert_eq!(native("mariadb"), "*54958E764CE10E50764C2EECBB71D01F08549980");
        assert_eq!(is_of_mysql("mysql_native_password", native("x").as_bytes(), "x"), Some(true));
        assert_eq!(is_of_mysql("mysql_native_password", b"invalid", "x"), Some(false));
        assert_eq!(is_of_mysql("ed25519", b"x", "x"), None);
    }

    #[test]
    fn knows_verifiers_of_postgresql() {
        // The example of RFC 7677: password "pencil".
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = scram_with("pencil", &salt, 4096);
        assert_eq!(
            verifier,
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
        assert_eq!(is_of_postgresql(&verifier, "pencil", "user"), Some(true));
        assert_eq!(is_of_postgresql(&verifier, "pen", "user"), Some(false));
        assert_eq!(is_of_postgresql(&scram("x y", "app"), "x y", "app"), Some(true));
        assert_eq!(is_of_postgresql(&md5("x", "app"), "x", "app"), Some(true));
        assert_eq!(is_of_postgresql("other", "x", "app"), None);
    }

    #[test]
    fn knows_sha256_crypt() {
        // The examples of https://www.akkadia.org/drepper/SHA-crypt.txt.
        assert_eq!(sha256_crypt(b"Hello world!", b"saltstring", 5000), "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5");
        assert_eq!(
            sha256_crypt(b"Hello world!", b"saltstringsaltst", 10_000),
            "3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"
        );
    }

    #[test]
    fn knows_caching_sha2() {
        let salt = unhex("F9CC98CE08892924F50A213B6BC571A2C11778C5").unwrap();
        let digest =
            unhex("625479393559393965414D45316477456B484F41316E64484742577A2E3162785353526B7554584647562F").unwrap();
        let verifier = [b"$A$005$".as_slice(), &salt, &digest].concat();
        assert_eq!(is_of_mysql("caching_sha2_password", &verifier, "hashcat"), Some(true));
        assert_eq!(is_of_mysql("caching_sha2_password", &verifier, "hashcats"), Some(false));
        let more = [b"$A$00A$".as_slice(), &salt, sha256_crypt(b"hashcat", &salt, 10_000).as_bytes()].concat();
        assert_eq!(is_of_mysql("caching_sha2_password", &more, "hashcat"), Some(true));
        assert_eq!(is_of_mysql("caching_sha2_password", b"$B$005$", "hashcat"), None);
        let own = caching_sha2("secret", "app");
        assert_eq!(own.len(), 70);
        assert_eq!(is_of_mysql("caching_sha2_password", own.as_bytes(), "secret"), Some(true));
    }
}
