//! JSON from the API, read leniently: what is missing, null, unknown or of another type than
//! expected never fails what it stands in.
//!
//! Models are made by `model!` and closed sets of words by `words!`. Only text that is no
//! JSON at all is an error.

mod page;

pub use page::{One, Page, Paging};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

/// A number as JSON has it.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// Not negative.
    Positive(u64),
    /// Negative.
    Negative(i64),
    /// With a fraction or an exponent.
    Real(f64),
}

/// A value that can be read from anything: `None` where what is there is no such value.
pub trait Wire: Sized {
    /// From a string.
    fn text(_: &str) -> Option<Self> {
        None
    }
    /// From a number.
    fn number(_: Number) -> Option<Self> {
        None
    }
    /// From true or false.
    fn truth(_: bool) -> Option<Self> {
        None
    }
    /// From a list, which must be read to its end.
    fn list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    /// From an object, which must be read to its end.
    fn object<'de, A: MapAccess<'de>>(mut fields: A) -> Result<Option<Self>, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Reads a [`Wire`] value.
pub struct Seed<T>(pub PhantomData<T>);

impl<T> Default for Seed<T> {
    fn default() -> Seed<T> {
        Seed::new()
    }
}

impl<T> Seed<T> {
    /// For this type.
    pub fn new() -> Seed<T> {
        Seed(PhantomData)
    }
}

impl<'de, T: Wire> DeserializeSeed<'de> for Seed<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<T>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, T: Wire> Visitor<'de> for Seed<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Option<T>, E> {
        Ok(T::truth(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Option<T>, E> {
        Ok(T::number(Number::Positive(value)))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Option<T>, E> {
        Ok(T::number(Number::Negative(value)))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Option<T>, E> {
        Ok(T::number(Number::Real(value)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Option<T>, E> {
        Ok(T::text(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Option<T>, A::Error> {
        T::list(items)
    }
    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Option<T>, A::Error> {
        T::object(fields)
    }
}

/// The name of a field, borrowed where it can be.
pub struct Key<'de>(pub Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Key<'de>, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }
        from.deserialize_str(Name)
    }
}

/// Reads the next field's value into its place; the last of several of one name counts.
pub fn fill<'de, A, T>(fields: &mut A, place: &mut T) -> Result<(), A::Error>
where
    A: MapAccess<'de>,
    T: Wire + Default,
{
    *place = fields
        .next_value_seed(Seed::<T>::new())?
        .unwrap_or_default();
    Ok(())
}

impl Wire for String {
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }
}

impl Wire for Box<str> {
    fn text(text: &str) -> Option<Box<str>> {
        Some(text.into())
    }
}

impl Wire for bool {
    fn truth(value: bool) -> Option<bool> {
        Some(value)
    }
}

impl Wire for f64 {
    fn number(number: Number) -> Option<f64> {
        Some(match number {
            Number::Positive(n) => n as f64,
            Number::Negative(n) => n as f64,
            Number::Real(n) => n,
        })
    }
    /// Prices and samples are texts.
    fn text(text: &str) -> Option<f64> {
        text.parse().ok().filter(|n: &f64| n.is_finite())
    }
}

/// Whole numbers: what does not fit is as if it was missing.
macro_rules! whole {
    ($($number:ty),*) => {$(
        impl Wire for $number {
            fn number(number: Number) -> Option<$number> {
                match number {
                    Number::Positive(n) => n.try_into().ok(),
                    Number::Negative(n) => n.try_into().ok(),
                    // `2.0` is whole; the bound is where doubles still are exact.
                    Number::Real(n) if n.fract() == 0.0 && n.abs() < 9.0e15 => {
                        (n as i64).try_into().ok()
                    }
                    Number::Real(_) => None,
                }
            }
            fn text(text: &str) -> Option<$number> {
                text.parse().ok()
            }
        }
    )*};
}
whole!(u16, u32, u64, i64);

impl Wire for Timestamp {
    fn text(text: &str) -> Option<Timestamp> {
        text.parse().ok()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn text(text: &str) -> Option<Self> {
        T::text(text).map(Some)
    }
    fn number(number: Number) -> Option<Self> {
        T::number(number).map(Some)
    }
    fn truth(value: bool) -> Option<Self> {
        T::truth(value).map(Some)
    }
    fn list<'de, A: SeqAccess<'de>>(items: A) -> Result<Option<Self>, A::Error> {
        Ok(T::list(items)?.map(Some))
    }
    fn object<'de, A: MapAccess<'de>>(fields: A) -> Result<Option<Self>, A::Error> {
        Ok(T::object(fields)?.map(Some))
    }
}

impl<T: Wire> Wire for Box<T> {
    fn object<'de, A: MapAccess<'de>>(fields: A) -> Result<Option<Self>, A::Error> {
        Ok(T::object(fields)?.map(Box::new))
    }
}

/// Elements that are no such value are left out.
impl<T: Wire> Wire for Vec<T> {
    fn list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Seed::<T>::new())? {
            all.extend(item);
        }
        Ok(Some(all))
    }
}

impl<T: Wire> Wire for BTreeMap<String, T> {
    fn object<'de, A: MapAccess<'de>>(mut fields: A) -> Result<Option<Self>, A::Error> {
        let mut all = BTreeMap::new();
        while let Some(name) = fields.next_key::<String>()? {
            if let Some(value) = fields.next_value_seed(Seed::<T>::new())? {
                all.insert(name, value);
            }
        }
        Ok(Some(all))
    }
}

/// `[time, "value"]`, as metrics have them.
impl Wire for (f64, f64) {
    fn list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        let first = items.next_element_seed(Seed::<f64>::new())?.flatten();
        let second = items.next_element_seed(Seed::<f64>::new())?.flatten();
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first.zip(second))
    }
}

/// Makes a model: a struct whose fields are public and read by their own name, or by another
/// one (`kind as "type"`).
macro_rules! model {
    ($(#[$attribute:meta])* $visible:vis $name:ident {
        $($(#[$of_field:meta])* $field:ident $(as $wire:literal)?: $type:ty,)*
    }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Default, PartialEq)]
        $visible struct $name {
            $($(#[$of_field])* pub $field: $type,)*
        }

        impl $crate::remote::hetzner::wire::Wire for $name {
            fn object<'de, A: serde::de::MapAccess<'de>>(
                mut fields: A,
            ) -> Result<Option<Self>, A::Error> {
                use $crate::remote::hetzner::wire::{Key, fill};
                let mut this = Self::default();
                while let Some(Key(name)) = fields.next_key::<Key<'de>>()? {
                    match name.as_ref() {
                        $($crate::remote::hetzner::wire::key!($field $($wire)?) =>
                            fill(&mut fields, &mut this.$field)?,)*
                        _ => {
                            fields.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Some(this))
            }
        }
    };
}

/// The name of a field in JSON.
macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}

/// Makes an enum of words; the first one stands for a missing word, and words that we do not
/// know are kept.
macro_rules! words {
    ($(#[$attribute:meta])* $visible:vis $name:ident { $($(#[$of_word:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
        $visible enum $name {
            /// The API said nothing.
            #[default]
            Unset,
            $($(#[$of_word])* $word,)*
            /// A word that is newer than this program.
            Other(Box<str>),
        }

        impl $name {
            /// As the API writes it.
            $visible fn as_str(&self) -> &str {
                match self {
                    Self::Unset => "",
                    $(Self::$word => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::remote::hetzner::wire::Wire for $name {
            fn text(text: &str) -> Option<Self> {
                Some(match text {
                    $($text => Self::$word,)*
                    other => Self::Other(other.into()),
                })
            }
        }
    };
}

pub(super) use {key, model, words};

/// Reads a whole text.
///
/// # Errors
/// When it is not JSON.
pub fn from_slice<T: Wire>(json: &[u8]) -> serde_json::Result<Option<T>> {
    let mut from = serde_json::Deserializer::from_slice(json);
    let value = Seed::<T>::new().deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    words! {
        /// For tests.
        Mood { /// Yes.
            Good = "good", }
    }
    model! {
        /// For tests.
        Inner { /// A number.
            n: u64, }
    }
    model! {
        /// For tests.
        Outer {
            /// A text.
            name: String,
            /// A word.
            mood as "type": Mood,
            /// A struct or none.
            inner: Option<Inner>,
            /// Structs.
            all: Vec<Inner>,
            /// Labels.
            labels: BTreeMap<String, String>,
            /// A time.
            at: Option<Timestamp>,
        }
    }

    fn read(json: &str) -> Outer {
        from_slice::<Outer>(json.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn what_is_not_as_expected_is_as_if_it_was_missing() {
        let whole = read(
            r#"{"name":"a","type":"good","inner":{"n":1},"all":[{"n":2},3,null,{"n":"4"}],
                "labels":{"a":"b","c":1},"at":"2016-01-30T23:55:00+00:00","new":[{}]}"#,
        );
        assert_eq!((whole.name.as_str(), &whole.mood), ("a", &Mood::Good));
        assert_eq!(whole.inner, Some(Inner { n: 1 }));
        assert_eq!(whole.all, [Inner { n: 2 }, Inner { n: 4 }]);
        assert_eq!(whole.labels.len(), 1);
        assert_eq!(whole.at.unwrap().to_string(), "2016-01-30T23:55:00Z");
        let strange = read(
            r#"{"name":[1,[2]],"type":"better","inner":"x","all":{"n":2},"labels":[],"at":7,
                "inner":{"n":-1},"inner":{"n":2.5}}"#,
        );
        let other = Mood::Other("better".into());
        assert_eq!(
            strange,
            Outer {
                mood: other,
                inner: Some(Inner { n: 0 }),
                ..Outer::default()
            }
        );
        assert_eq!(read("{}"), Outer::default());
        assert_eq!(from_slice::<Outer>(b"[1]").unwrap(), None);
        assert!(from_slice::<Outer>(b"{\"name\":").is_err());
    }

    #[test]
    fn numbers_fit_or_are_missing() {
        let n = |json: &str| from_slice::<u16>(json.as_bytes()).unwrap();
        assert_eq!(n("70000"), None);
        assert_eq!(n("-1"), None);
        assert_eq!(n("80.0"), Some(80));
        assert_eq!(n("\"80\""), Some(80));
        assert_eq!(n("1e300"), None);
    }
}
