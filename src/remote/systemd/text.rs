//! A unit as text: its properties formatted, its files, its relations.

use super::{SystemdError, bridge::problem, properties::Properties};
use crate::{
    problem::Exit,
    remote::ssh::{Argv, ExitStatus, Host},
};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use zbus::Variant;

/// The longest unit file shown, in bytes.
const LONGEST_FILE: usize = 256 * 1024;

/// Files of one unit that are read.
const MOST_FILES: usize = 64;

/// The relations between units, as systemd names the properties, with the words shown.
const RELATIONS: [(&str, &str); 20] = [
    ("Requires", "requires"),
    ("Requisite", "requisite"),
    ("BindsTo", "binds to"),
    ("Wants", "wants"),
    ("Upholds", "upholds"),
    ("PartOf", "part of"),
    ("RequiredBy", "required by"),
    ("RequisiteOf", "requisite of"),
    ("BoundBy", "bound by"),
    ("WantedBy", "wanted by"),
    ("UpheldBy", "upheld by"),
    ("ConsistsOf", "consists of"),
    ("Conflicts", "conflicts with"),
    ("ConflictedBy", "conflicted by"),
    ("Triggers", "triggers"),
    ("TriggeredBy", "triggered by"),
    ("OnFailure", "on failure"),
    ("OnSuccess", "on success"),
    ("After", "after"),
    ("Before", "before"),
];

/// Every relation that has units.
pub(super) fn relations(common: &Properties) -> Vec<(String, Vec<String>)> {
    RELATIONS
        .iter()
        .filter_map(|(property, word)| {
            let mut units = common.texts(property);
            units.sort_unstable();
            (!units.is_empty()).then(|| ((*word).to_owned(), units))
        })
        .collect()
}

/// All properties, formatted as people read them, sorted by name.
pub(super) fn properties(all: &Properties) -> Vec<(String, String)> {
    let mut lines: Vec<_> = all
        .0
        .iter()
        .map(|(name, value)| (name.clone(), format(name, value)))
        .collect();
    lines.sort_unstable();
    lines
}

fn format(name: &str, value: &Variant<'_>) -> String {
    match value {
        Variant::U64(u64::MAX) if name.starts_with("Limit") || name.ends_with("Max") => {
            "infinity".to_owned()
        }
        Variant::U64(u64::MAX) => "[not set]".to_owned(),
        Variant::U64(0) if is_time(name) => "never".to_owned(),
        Variant::U64(microseconds) if is_time(name) => i64::try_from(*microseconds)
            .ok()
            .and_then(|t| Timestamp::from_microsecond(t).ok())
            .map_or_else(|| microseconds.to_string(), |time| time.to_string()),
        Variant::U64(microseconds) if name.ends_with("USec") => {
            format!("{:?}", std::time::Duration::from_micros(*microseconds))
        }
        Variant::Bool(true) => "yes".to_owned(),
        Variant::Bool(false) => "no".to_owned(),
        Variant::Array(bytes) if name == "InvocationID" && bytes.len() == 16 => {
            super::unit::invocation_id(value).unwrap_or_default()
        }
        value => plain(value),
    }
}

/// A property that holds a time of day.
fn is_time(name: &str) -> bool {
    (name.ends_with("Timestamp") || name.ends_with("USecRealtime") || name == "LastTriggerUSec")
        && !name.ends_with("Monotonic")
}

/// A value without types and quotes: lists by spaces, structures in braces.
fn plain(value: &Variant<'_>) -> String {
    let joined = |items: &[Variant<'_>]| items.iter().map(plain).collect::<Vec<_>>().join(" ");
    match value {
        Variant::Str(text) => text.as_str().to_owned(),
        Variant::ObjectPath(path) => path.as_str().to_owned(),
        Variant::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Variant::U8(n) => n.to_string(),
        Variant::I16(n) => n.to_string(),
        Variant::U16(n) => n.to_string(),
        Variant::I32(n) => n.to_string(),
        Variant::U32(n) => n.to_string(),
        Variant::I64(n) => n.to_string(),
        Variant::U64(n) => n.to_string(),
        Variant::F64(n) => n.to_string(),
        Variant::Array(array) => joined(array.inner()),
        Variant::Structure(fields) => format!("{{ {} }}", joined(fields.fields())),
        Variant::Variant(inner) => plain(inner),
        other => other.to_string(),
    }
}

/// The unit's file and drop-ins, each after a comment with its path.
pub(super) async fn files(
    host: &Host,
    name: &str,
    common: &Properties,
) -> Result<String, SystemdError> {
    let mut paths = common.texts("DropInPaths");
    if let Some(fragment) = common.text("FragmentPath").filter(|path| !path.is_empty()) {
        paths.insert(0, fragment);
    }
    // From the wire: only what cannot be taken for an option.
    paths.retain(|path| path.starts_with('/'));
    paths.truncate(MOST_FILES);
    if paths.is_empty() {
        let code = if common.text("LoadState").as_deref() == Some("not-found") {
            "no-such-unit"
        } else {
            "no-unit-file"
        };
        return Err(SystemdError::Refused(problem(
            host.id(),
            code,
            Exit::Negative,
            format!("{name} has no unit file"),
        )));
    }
    let mut texts = stream::iter(paths)
        .map(|path| async move {
            let text = file(host, &path).await?;
            Ok(format!("# {path}\n{text}"))
        })
        .buffered(2);
    let mut all = String::new();
    while let Some(text) = texts.next().await {
        let text: String = text?;
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(&text);
        if !all.ends_with('\n') {
            all.push('\n');
        }
    }
    Ok(all)
}

async fn file(host: &Host, path: &str) -> Result<String, SystemdError> {
    let output = host
        .output(&Argv::new("cat").arg(path), LONGEST_FILE)
        .await
        .map_err(|error| SystemdError::Unreachable(error.into()))?;
    match output.exit {
        ExitStatus::Code(0) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        ExitStatus::Lost => Err(SystemdError::Unreachable(problem(
            host.id(),
            "systemd-link",
            Exit::Unreachable,
            format!("the connection broke while {path} was read"),
        ))),
        _ => Err(SystemdError::Refused(
            problem(
                host.id(),
                "unit-file-unreadable",
                Exit::Negative,
                format!(
                    "{path} cannot be read: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                ),
            )
            .hint("read it with `sudo cat` in a shell on the host"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn some() -> Properties {
        let owned = |value: Variant<'static>| value.try_into_owned().expect("no descriptors");
        Properties(HashMap::from([
            (
                "After".to_owned(),
                owned(vec!["b.service", "a.target"].into()),
            ),
            ("Wants".to_owned(), owned(Vec::<&str>::new().into())),
            ("MemoryMax".to_owned(), owned(u64::MAX.into())),
            ("MemoryCurrent".to_owned(), owned(u64::MAX.into())),
            (
                "ActiveEnterTimestamp".to_owned(),
                owned(1_700_000_000_000_000u64.into()),
            ),
            ("InactiveEnterTimestamp".to_owned(), owned(0u64.into())),
            ("TimeoutStartUSec".to_owned(), owned(90_000_000u64.into())),
            ("CanStart".to_owned(), owned(true.into())),
        ]))
    }

    #[test]
    fn formatted_as_people_read() {
        assert_eq!(
            properties(&some()),
            [
                ("ActiveEnterTimestamp", "2023-11-14T22:13:20Z"),
                ("After", "b.service a.target"),
                ("CanStart", "yes"),
                ("InactiveEnterTimestamp", "never"),
                ("MemoryCurrent", "[not set]"),
                ("MemoryMax", "infinity"),
                ("TimeoutStartUSec", "90s"),
                ("Wants", ""),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn empty_relations_are_left_out() {
        assert_eq!(
            relations(&some()),
            [(
                "after".to_owned(),
                vec!["a.target".to_owned(), "b.service".to_owned()]
            )]
        );
    }
}
