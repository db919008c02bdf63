//! ISO images: read only.

use super::super::{item::Item, kind::Kind, query::Query};

/// ISO images.
pub(in super::super) struct Isos;

impl Kind for Isos {
    fn one(&self) -> &'static str {
        "iso"
    }

    fn many(&self) -> &'static str {
        "isos"
    }

    fn sorts(&self) -> &'static [&'static str] {
        &["id", "name"]
    }

    fn acts(&self) -> bool {
        false
    }

    fn admits(&self, item: &Item, query: &Query) -> bool {
        let wild = query.flag("include_architecture_wildcard");
        match item.get("architecture").as_str() {
            Some(architecture) => query.admits("architecture", architecture),
            None => wild || query.one("architecture").is_none(),
        }
    }
}
