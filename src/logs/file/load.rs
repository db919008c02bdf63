//! Entries of files as blocks of a store, built where they are read.

use super::{
    entries::fields_of,
    fold::{Fold, Found, Of},
};
use crate::logs::store::{Batch, Builder};

/// Builds blocks.
pub(super) struct ForStore<'a> {
    like: &'a Builder,
}

impl<'a> ForStore<'a> {
    pub(super) fn new(like: &'a Builder) -> ForStore<'a> {
        ForStore { like }
    }
}

/// A part of the file's blocks.
pub(super) struct Part {
    builder: Builder,
    cursor: String,
    /// Lines that tell no time go behind the last one that does.
    time: i64,
}

impl Part {
    pub(super) fn batch(mut self) -> Batch {
        self.builder.take()
    }
}

impl Fold for ForStore<'_> {
    type Part = Part;

    fn begin(&self) -> Part {
        Part {
            builder: self.like.another(),
            cursor: String::new(),
            time: 0,
        }
    }

    fn add(&self, part: &mut Part, found: &Found<'_>) {
        let seen = &found.seen;
        if seen.realtime != 0 {
            part.time = seen.realtime;
        }
        let (raw, place) = match found.of {
            Of::Line(offset) => (None, offset),
            Of::Entry(raw, number) => (Some(raw), number),
        };
        let fields = fields_of(seen, raw, place, part.time, &mut part.cursor);
        part.builder.push(&fields);
    }
}
