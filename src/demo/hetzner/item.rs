//! One stored resource: fields as the API names them, relations as numbers.
//!
//! What the API shows of it is made by its kind.

use serde_json::{Map, Value};

const NULL: Value = Value::Null;

/// One stored resource.
#[derive(Debug, Clone, Default)]
pub(super) struct Item(Map<String, Value>);

impl Item {
    /// From an object; anything else gives an item without fields.
    pub(super) fn new(fields: Value) -> Item {
        match fields {
            Value::Object(fields) => Item(fields),
            _ => Item::default(),
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.number("id").unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.text("name")
    }

    /// A field; null where there is none.
    pub(super) fn get(&self, key: &str) -> &Value {
        self.0.get(key).unwrap_or(&NULL)
    }

    /// A text; empty where there is none.
    pub(super) fn text(&self, key: &str) -> &str {
        self.get(key).as_str().unwrap_or_default()
    }

    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.get(key).as_u64()
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.get(key).as_bool().unwrap_or_default()
    }

    /// A list; empty where there is none.
    pub(super) fn list(&self, key: &str) -> &[Value] {
        self.get(key).as_array().map_or(&[], Vec::as_slice)
    }

    /// Changes a list; one is made where there is none.
    pub(super) fn edit_list<T>(&mut self, key: &str, f: impl FnOnce(&mut Vec<Value>) -> T) -> T {
        let mut list = match self.0.remove(key) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        };
        let value = f(&mut list);
        self.0.insert(key.to_owned(), Value::Array(list));
        value
    }

    /// Whether a protection is on.
    pub(super) fn protected(&self, against: &str) -> bool {
        self.get("protection").get(against) == Some(&Value::Bool(true))
    }

    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.get("labels").get(key).and_then(Value::as_str)
    }

    pub(super) fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// Everything, to be shown; fields that begin with an underscore are the simulator's own.
    pub(super) fn shown(&self) -> Map<String, Value> {
        let id = self.0.get_key_value("id");
        let others = self.0.iter().filter(|(key, _)| *key != "id");
        id.into_iter()
            .chain(others)
            .filter(|(key, _)| !key.starts_with('_'))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}
