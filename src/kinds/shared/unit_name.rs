//! Names of systemd's units, as systemd.unit(5) and unit_name_is_valid() of systemd have them.

/// The types of unit that have files.
const TYPES: &[&str] =
    &["service", "socket", "timer", "path", "mount", "automount", "swap", "target", "slice", "device"];

/// The longest name systemd takes.
const LONGEST: usize = 255;

/// The name of a unit's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileName<'a> {
    /// `app.service`, `app@.service`.
    Unit(&'a str),
    /// `app.service.d/limits.conf`, with the unit it belongs to.
    DropIn { unit: &'a str },
}

impl<'a> FileName<'a> {
    /// Reads a name; the error says what is wrong with it.
    pub fn parse(name: &'a str) -> Result<Self, String> {
        let Some((folder, file)) = name.split_once('/') else {
            check(name)?;
            return Ok(Self::Unit(name));
        };
        let Some(unit) = folder.strip_suffix(".d") else {
            return Err(format!("`{name}` is neither a unit nor a drop-in"));
        };
        check(unit)?;
        let Some(stem) = file.strip_suffix(".conf") else {
            return Err(format!("the name of the drop-in `{file}` does not end in `.conf`"));
        };
        if stem.is_empty() || stem.starts_with('.') || !stem.chars().all(is_allowed) {
            return Err(format!("`{file}` is not the name of a drop-in"));
        }
        Ok(Self::DropIn { unit })
    }

    /// Returns the unit it says something about.
    pub fn unit(&self) -> &'a str {
        match self {
            Self::Unit(unit) | Self::DropIn { unit } => unit,
        }
    }
}

/// Returns whether it is the template of instances: `app@.service`.
pub fn is_template(unit: &str) -> bool {
    unit.contains("@.")
}

/// Returns the template of an instance: `app@.service` for `app@1.service`.
pub fn template_of(unit: &str) -> Option<String> {
    let (stem, instance) = unit.split_once('@')?;
    let (instance, suffix) = instance.rsplit_once('.')?;
    (!instance.is_empty()).then(|| format!("{stem}@.{suffix}"))
}

/// Returns where a unit of type mount has something mounted, which its name says (systemd-escape(1)).
pub fn mount_point(unit: &str) -> Option<String> {
    let stem = unit.strip_suffix(".mount").filter(|stem| *stem != "-")?;
    let mut path = vec![b'/'];
    let mut rest = stem;
    while let Some(c) = rest.chars().next() {
        let escaped = rest.strip_prefix("\\x").and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok());
        if let Some(byte) = escaped {
            path.push(byte);
            rest = &rest[4..];
            continue;
        }
        match c {
            '-' => path.push(b'/'),
            c => path.extend(c.to_string().bytes()),
        }
        rest = &rest[c.len_utf8()..];
    }
    String::from_utf8(path).ok()
}

/// Adds `.service` where a name has no type.
pub fn with_type(name: &str) -> String {
    let has_type = name.rsplit_once('.').is_some_and(|(_, suffix)| TYPES.contains(&suffix));
    if has_type { name.to_string() } else { format!("{name}.service") }
}

/// Says what is wrong with the name of a unit.
pub fn check(unit: &str) -> Result<(), String> {
    let Some((stem, suffix)) = unit.rsplit_once('.') else {
        return Err(format!("`{unit}` has no type: the name ends in `.service`, `.timer`, …"));
    };
    if !TYPES.contains(&suffix) {
        return Err(format!("`.{suffix}` is no type of unit: use one of {}", TYPES.join(", ")));
    }
    if stem.is_empty() || stem.starts_with('@') || unit.len() > LONGEST || !stem.chars().all(is_allowed) {
        return Err(format!("`{unit}` is not the name of a unit"));
    }
    Ok(())
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || ":_.-\\@".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_templates_and_types() {
        assert_eq!(template_of("app@1.x.service").as_deref(), Some("app@.service"));
        assert_eq!(template_of("app@.service"), None);
        assert_eq!(template_of("app.service"), None);
        assert_eq!(with_type("app"), "app.service");
        assert_eq!(with_type("php8.2-fpm"), "php8.2-fpm.service");
        assert_eq!(with_type("app.timer"), "app.timer");
    }

    #[test]
    fn a_mount_says_where() {
        assert_eq!(mount_point("srv-data.mount").as_deref(), Some("/srv/data"));
        assert_eq!(mount_point(r"srv-my\x2ddata.mount").as_deref(), Some("/srv/my-data"));
        assert_eq!(mount_point("-.mount"), None);
        assert_eq!(mount_point("srv-data.service"), None);
    }

    #[test]
    fn reads_units_and_drop_ins() {
        assert_eq!(FileName::parse("app.service"), Ok(FileName::Unit("app.service")));
        assert_eq!(FileName::parse(r"srv-a\x2db.mount"), Ok(FileName::Unit(r"srv-a\x2db.mount")));
        assert_eq!(FileName::parse("app@.service.d/x.conf"), Ok(FileName::DropIn { unit: "app@.service" }));
        for wrong in ["app", "app.srv", ".service", "@x.service", "a b.service", "a.d/x.conf", "a.service/x.conf"] {
            assert!(FileName::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in ["a.service.d/x", "a.service.d/.conf", "a.service.d/../x.conf", "a.service.d/b/x.conf"] {
            assert!(FileName::parse(wrong).is_err(), "{wrong}");
        }
    }
}
