//! Unit names and their D-Bus object paths. Pure.

/// Where systemd's units live on the bus.
const UNITS: &str = "/org/freedesktop/systemd1/unit/";

/// The longest unit name that systemd accepts, in bytes.
const LONGEST: usize = 255;

/// The object path of a unit, whether it is loaded or not (systemd loads it when asked).
pub(super) fn path_of(unit: &str) -> String {
    let mut path = String::with_capacity(UNITS.len() + unit.len() + 8);
    path.push_str(UNITS);
    if unit.is_empty() {
        path.push('_');
    }
    for (i, byte) in unit.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (i > 0 && byte.is_ascii_digit()) {
            path.push(char::from(byte));
        } else {
            path.push('_');
            for nibble in [byte >> 4, byte & 15] {
                path.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
    }
    path
}

/// The unit whose object path this is.
pub(super) fn unit_of(path: &str) -> Option<String> {
    let label = path.strip_prefix(UNITS)?;
    if label == "_" {
        return None;
    }
    let mut name = Vec::with_capacity(label.len());
    let mut bytes = label.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'_' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            name.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            name.push(byte);
        }
    }
    String::from_utf8(name).ok()
}

/// What the user typed, as systemd names it: `nginx` is `nginx.service`, as for systemctl.
/// `None` when no unit can have that name.
pub fn full_name(typed: &str) -> Option<String> {
    let valid = !typed.is_empty()
        && typed.len() <= LONGEST
        && typed
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b":-_.\\@".contains(&b));
    if !valid {
        return None;
    }
    let name = match kind(typed) {
        Some(_) => typed.to_owned(),
        None => format!("{typed}.service"),
    };
    (name.len() <= LONGEST && !name.starts_with('.')).then_some(name)
}

/// The kinds of unit that systemd knows.
pub const KINDS: [&str; 11] = [
    "service",
    "socket",
    "timer",
    "target",
    "mount",
    "automount",
    "path",
    "slice",
    "scope",
    "swap",
    "device",
];

/// The kind in a unit's name: `service` of `nginx.service`.
pub fn kind(name: &str) -> Option<&str> {
    let (_, suffix) = name.rsplit_once('.')?;
    KINDS.contains(&suffix).then_some(suffix)
}

/// Whether a file of this name is a template, which cannot be started as it is.
pub(super) fn is_template(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(stem, _)| stem.ends_with('@'))
}

/// The interface that has a unit's own kind of properties.
pub(super) fn interface_of(name: &str) -> Option<&'static str> {
    Some(match kind(name)? {
        "service" => "org.freedesktop.systemd1.Service",
        "socket" => "org.freedesktop.systemd1.Socket",
        "timer" => "org.freedesktop.systemd1.Timer",
        "mount" => "org.freedesktop.systemd1.Mount",
        "automount" => "org.freedesktop.systemd1.Automount",
        "path" => "org.freedesktop.systemd1.Path",
        "slice" => "org.freedesktop.systemd1.Slice",
        "scope" => "org.freedesktop.systemd1.Scope",
        "swap" => "org.freedesktop.systemd1.Swap",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_that_systemd_gives() {
        assert_eq!(
            path_of("podman-web.service"),
            "/org/freedesktop/systemd1/unit/podman_2dweb_2eservice"
        );
        assert_eq!(
            path_of("6to4.mount"),
            "/org/freedesktop/systemd1/unit/_36to4_2emount"
        );
        assert_eq!(unit_of("/org/freedesktop/systemd1/job/12"), None);
        assert_eq!(unit_of("/org/freedesktop/systemd1/unit/a_2"), None);
        assert_eq!(unit_of("/org/freedesktop/systemd1/unit/a_zz"), None);
    }

    #[test]
    fn names_are_completed_as_systemctl_does() {
        assert_eq!(full_name("nginx").as_deref(), Some("nginx.service"));
        assert_eq!(full_name("a.timer").as_deref(), Some("a.timer"));
        assert_eq!(full_name("a.b").as_deref(), Some("a.b.service"));
        assert_eq!(full_name("-.mount").as_deref(), Some("-.mount"));
        for wrong in [
            "",
            "a b",
            "a/b",
            "a;b",
            "$(x)",
            ".service",
            &"x".repeat(250),
        ] {
            assert_eq!(full_name(wrong), None, "{wrong:?}");
        }
        assert!(is_template("getty@.service"));
        assert!(!is_template("getty@tty1.service"));
    }

    proptest! {
        #[test]
        fn there_and_back(name in "\\PC{1,80}") {
            let path = path_of(&name);
            prop_assert!(path.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'/'));
            prop_assert_eq!(unit_of(&path), Some(name));
        }

        #[test]
        fn any_path_is_answered(path in "/org/freedesktop/systemd1/unit/.{0,40}") {
            let _ = unit_of(&path);
        }
    }
}
