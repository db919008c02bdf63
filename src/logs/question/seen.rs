//! Rows of a journal as filters see them of whom only a part is known.

use crate::{
    filter::{Row, Value},
    logs::store::Source,
};

/// What the source of a row says about it; the rest has no value.
pub(super) struct OfSource<'a>(pub(super) &'a Source);

/// The fields that [`OfSource`] knows.
pub(super) const OF_SOURCE: &[&str] = &["boot", "host", "id", "prio", "unit"];

impl Row for OfSource<'_> {
    fn texts(&self, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        [&self.0.identifier, &self.0.unit]
            .into_iter()
            .flatten()
            .any(|text| visit(text.as_bytes()))
    }

    fn field(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "host" => Some(self.0.host.as_str().into()),
            "unit" => self.0.unit.as_deref().map(Into::into),
            "id" => self.0.identifier.as_deref().map(Into::into),
            "prio" => Some(Value::Number(f64::from(self.0.priority))),
            "boot" => Some(boot(self.0.boot)),
            _ => None,
        }
    }
}

/// A row of which only one number is known.
pub(super) struct OfNumber(pub(super) Option<f64>);

impl Row for OfNumber {
    fn texts(&self, _: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        false
    }

    fn field(&self, _: &str) -> Option<Value<'_>> {
        self.0.map(Value::Number)
    }
}

fn boot(boot: u128) -> Value<'static> {
    Value::Text(format!("{boot:032x}").into())
}
