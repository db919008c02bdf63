//! The answer of a `GetAll`, read by name and type, and the clock it is told by. Pure.

use std::collections::HashMap;
use zbus::{OwnedVariant, Variant};

/// How far the host's time of day is ahead of its monotonic clock, from the latest pair of
/// timestamps seen (the clock may have been set since boot).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Clock {
    real: u64,
    monotonic: u64,
}

impl Clock {
    /// Learns from a pair of properties, `NAME` and `NAMEMonotonic`.
    pub(super) fn learn(&mut self, properties: &Properties, name: &str) {
        let pair = properties
            .number(name)
            .zip(properties.number(&format!("{name}Monotonic")));
        if let Some((real, monotonic)) = pair
            && monotonic > self.monotonic
            && real != 0
        {
            *self = Clock { real, monotonic };
        }
    }

    /// Microseconds since 1970 of a reading of the monotonic clock.
    pub(super) fn time_of_day(&self, monotonic: u64) -> Option<u64> {
        if self.monotonic == 0 {
            return None;
        }
        let ahead = self.real.checked_sub(self.monotonic)?;
        monotonic.checked_add(ahead)
    }
}

/// The answer of `GetAll`.
#[derive(Debug, Default)]
pub(super) struct Properties(pub(super) HashMap<String, OwnedVariant>);

impl Properties {
    pub(super) fn get(&self, name: &str) -> Option<&Variant<'static>> {
        self.0.get(name).map(|value| &**value)
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Variant::Str(text) => Some(text.as_str().to_owned()),
            _ => None,
        }
    }

    /// An unsigned number; systemd's "unset" and "infinity" (all bits) are `None`.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        match *self.get(name)? {
            Variant::U64(u64::MAX) => None,
            Variant::U64(n) => Some(n),
            Variant::U32(n) => Some(u64::from(n)),
            _ => None,
        }
    }

    pub(super) fn signed(&self, name: &str) -> Option<i32> {
        match *self.get(name)? {
            Variant::I32(n) => Some(n),
            _ => None,
        }
    }

    /// A list of texts; empty when there is none.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Variant::Array(array)) => array
                .iter()
                .filter_map(|item| match item {
                    Variant::Str(text) => Some(text.as_str().to_owned()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn pairs(&self, name: &str) -> Vec<(String, String)> {
        let Some(Variant::Array(array)) = self.get(name) else {
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|item| match item {
                Variant::Structure(pair) => match pair.fields() {
                    [Variant::Str(a), Variant::Str(b)] => {
                        Some((a.as_str().to_owned(), b.as_str().to_owned()))
                    }
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    /// The object path in a pair `(number, path)`, as the property `Job` has it.
    pub(super) fn job(&self) -> Option<(u32, String)> {
        match self.get("Job")? {
            Variant::Structure(pair) => match pair.fields() {
                [Variant::U32(0), _] => None,
                [Variant::U32(id), Variant::ObjectPath(path)] => {
                    Some((*id, path.as_str().to_owned()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}
