//! A page of a list, and a single resource: the envelopes that everything comes in.

use super::{Key, Seed, Wire, model};
use crate::remote::hetzner::kinds::Item;
use serde::{
    Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{fmt, marker::PhantomData};

model! {
    /// `meta.pagination`: each of them may be null.
    pub Paging {
        /// Its number, from 1.
        page: Option<u64>,
        /// How many items a page has.
        per_page: Option<u64>,
        /// The page after it.
        next_page: Option<u64>,
        /// The last page's number.
        last_page: Option<u64>,
        /// How many items all pages have.
        total_entries: Option<u64>,
    }
}

model! {
    /// What stands beside a list.
    Meta {
        /// Where in the list we are.
        pagination: Option<Paging>,
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// What could be read.
    pub items: Vec<T>,
    /// Elements that are no such item, by their place on the page.
    pub broken: Vec<usize>,
    /// `None` where the server says nothing about pages.
    pub paging: Option<Paging>,
}

impl<T: Item> Page<T> {
    /// Reads a page.
    ///
    /// # Errors
    /// When it is not JSON, or has no such list: to take that for an empty list would lose
    /// everything.
    pub fn read(json: &[u8]) -> serde_json::Result<Page<T>> {
        match Page::read_as::<AtOnce<T>>(json) {
            Ok(page) => Ok(page),
            // A number, text or depth that the parser refuses is the fault of one element.
            Err(_) => Page::read_as::<Apart<T>>(String::from_utf8_lossy(json).as_bytes()),
        }
    }

    fn read_as<E: Elements<Item = T>>(json: &[u8]) -> serde_json::Result<Page<T>> {
        let mut from = serde_json::Deserializer::from_slice(json);
        let page = from.deserialize_map(Envelope::<E>(PhantomData))?;
        from.end()?;
        Ok(page)
    }
}

struct Envelope<E>(PhantomData<E>);

impl<'de, E: Elements> Visitor<'de> for Envelope<E> {
    type Value = Page<E::Item>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the list {:?}", E::Item::LIST)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Page<E::Item>, A::Error> {
        let mut list = None;
        let mut paging = None;
        while let Some(Key(name)) = fields.next_key::<Key<'de>>()? {
            if name == E::Item::LIST {
                list = fields.next_value_seed(Seed::<List<E>>::new())?;
            } else if name == "meta" {
                let meta = fields.next_value_seed(Seed::<Meta>::new())?;
                paging = meta.and_then(|meta| meta.pagination);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        let Some(List { items, broken }) = list else {
            let name = E::Item::LIST;
            return Err(A::Error::custom(format_args!("no list {name:?} in it")));
        };
        Ok(Page {
            items,
            broken,
            paging,
        })
    }
}

/// A way to read the elements of a list.
trait Elements {
    type Item: Item;

    /// The next one: `None` at the end, `Some(None)` for one that is no such item.
    fn next<'de, A: SeqAccess<'de>>(from: &mut A) -> Result<Option<Option<Self::Item>>, A::Error>;
}

/// As they come: fast.
struct AtOnce<T>(PhantomData<T>);

impl<T: Item> Elements for AtOnce<T> {
    type Item = T;

    fn next<'de, A: SeqAccess<'de>>(from: &mut A) -> Result<Option<Option<T>>, A::Error> {
        T::element(from)
    }
}

/// Each by itself: what the parser refuses in one does not reach the others.
struct Apart<T>(PhantomData<T>);

impl<T: Item> Elements for Apart<T> {
    type Item = T;

    fn next<'de, A: SeqAccess<'de>>(from: &mut A) -> Result<Option<Option<T>>, A::Error> {
        let element = from.next_element::<Box<RawValue>>()?;
        Ok(element.map(T::alone))
    }
}

/// The elements, as a value that is read from anything.
struct List<E: Elements> {
    items: Vec<E::Item>,
    broken: Vec<usize>,
}

impl<E: Elements> Wire for List<E> {
    fn list<'de, A: SeqAccess<'de>>(mut elements: A) -> Result<Option<Self>, A::Error> {
        let mut list = List {
            items: Vec::new(),
            broken: Vec::new(),
        };
        let mut place = 0;
        while let Some(item) = E::next(&mut elements)? {
            match item {
                Some(item) => list.items.push(item),
                None => list.broken.push(place),
            }
            place += 1;
        }
        Ok(Some(list))
    }
}

/// A single thing under its name.
#[derive(Debug)]
pub struct One<T>(pub Option<T>);

impl<T: Wire> One<T> {
    /// Reads what stands under this name.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn read(json: &[u8], name: &str) -> serde_json::Result<One<T>> {
        struct Under<'a, T>(&'a str, PhantomData<T>);
        impl<'de, T: Wire> Visitor<'de> for Under<'_, T> {
            type Value = Option<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object with {:?}", self.0)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Option<T>, A::Error> {
                let mut found = None;
                while let Some(Key(name)) = fields.next_key::<Key<'de>>()? {
                    if name == self.0 {
                        found = fields.next_value_seed(Seed::<T>::new())?;
                    } else {
                        fields.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(found)
            }
        }
        let mut from = serde_json::Deserializer::from_slice(json);
        let found = from.deserialize_map(Under::<T>(name, PhantomData))?;
        from.end()?;
        Ok(One(found))
    }
}
