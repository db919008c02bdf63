//! The messages of a block searched for one pattern, with as little unpacked as will do.

use super::{
    bits::Bits,
    matches::Set,
    needle::{Fit, Needles, Values},
    plan::Look,
};
use crate::{
    filter,
    logs::{
        pattern::Pattern,
        store::{Block, OWN_TEXT, Rows, UsedPattern},
    },
};
use regex::bytes::Regex;
use std::{
    cell::{Cell, OnceCell},
    ops::Range,
    sync::Arc,
};

/// Patterns that are remembered: those with lower numbers, a byte each. Of the others, which only
/// millions of different messages bring about, each block asks anew.
const REMEMBERED: usize = 1 << 22;

/// A block that is asked, and its rows once somebody needs them whole.
pub(super) struct Asked<'a> {
    pub(super) block: &'a Arc<Block>,
    rows: OnceCell<Rows>,
    /// Bytes that were looked at, about.
    work: Cell<usize>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(block: &'a Arc<Block>) -> Asked<'a> {
        // That of its sources.
        let work = Cell::new(1_000 + 50 * block.sources().len());
        let rows = OnceCell::new();
        Asked { block, rows, work }
    }

    pub(super) fn rows(&self) -> &Rows {
        self.rows.get_or_init(|| {
            // Of the columns of a frame.
            self.spend(64 * self.block.rows() / self.block.frames().max(1));
            self.block.open()
        })
    }

    fn spend(&self, work: usize) {
        self.work.set(self.work.get() + work);
    }

    /// Bytes that were looked at, about.
    pub(super) fn work(&self) -> usize {
        self.work.get()
    }
}

/// What patterns say, remembered by their number.
#[derive(Debug, Default)]
struct Fits(Vec<Option<Fit>>);

impl Fits {
    /// For each pattern of the block.
    fn of(&mut self, block: &Block, mut find: impl FnMut(&Pattern) -> Fit) -> Vec<Fit> {
        let fits = block.patterns().iter().map(|used| {
            let number = used.number() as usize;
            if number >= REMEMBERED {
                return find(&used.what);
            }
            if number >= self.0.len() {
                self.0.resize(number + 1, None);
            }
            match self.0.get_mut(number) {
                Some(known) => *known.get_or_insert_with(|| find(&used.what)),
                None => find(&used.what),
            }
        });
        fits.collect()
    }
}

/// What is remembered of one [`Look`], and a buffer.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Of the needles.
    fits: Fits,
    /// Of messages that are the same for all rows of a pattern.
    same: Fits,
    /// One for each set of required needles.
    required: Vec<Memory>,
    /// A message, and the values of a frame.
    buffer: Vec<u8>,
    values: Vec<u8>,
}

/// The rows whose message the look finds; what it says of rows outside of `within` is not used.
pub(super) fn rows(look: &Look, asked: &Asked<'_>, within: &Set, memory: &mut Memory) -> Set {
    match look {
        Look::Everything => Set::All,
        Look::Needles { pattern, needles } if needles.folds() && asked.block.has_odd_case() => {
            one_by_one(pattern, asked, within, memory)
        }
        Look::Needles { pattern, needles } => {
            let found = search(needles, asked, within, memory);
            let wrong = |row: &usize| !is_match(pattern, asked, *row, &mut memory.buffer);
            let wrong: Vec<usize> = found.unsure.into_iter().filter(wrong).collect();
            match found.rows {
                Set::Some(mut bits) if !wrong.is_empty() => {
                    wrong.into_iter().for_each(|row| bits.unset(row));
                    Set::from(bits)
                }
                set => set,
            }
        }
        Look::Each { pattern, required } => {
            let odd = asked.block.has_odd_case();
            memory.required.resize_with(required.len(), Memory::default);
            let mut left = within.clone();
            for (needles, memory) in required.iter().zip(&mut memory.required) {
                if !(left.is_none() || needles.folds() && odd) {
                    let found = search(needles, asked, &left, memory).rows;
                    left = left.and(found);
                }
            }
            one_by_one(pattern, asked, &left, memory)
        }
    }
}

/// What a search for needles found.
struct Found {
    /// All rows that may contain one.
    rows: Set,
    /// Those of them that are not sure.
    unsure: Vec<usize>,
}

fn search(needles: &Needles, asked: &Asked<'_>, within: &Set, memory: &mut Memory) -> Found {
    let block = asked.block;
    let fits = memory.fits.of(block, |pattern| needles.fit(pattern));
    asked.spend(16 * fits.len() + block.rows());
    let has = |wanted| fits.contains(&wanted);
    let fit = |pattern: u16| fits.get(usize::from(pattern)).copied();
    let mut bits = if has(Fit::Always) {
        Bits::of(block.pattern_of(), |pattern| {
            fit(pattern) == Some(Fit::Always)
        })
    } else {
        Bits::none(block.rows())
    };

    let inside = needles.inside(block);
    let mut parts = Vec::new();
    let mut anything = false;
    if has(Fit::Maybe) {
        for values in needles.across(block) {
            match values {
                Values::Nothing => {}
                Values::Part(part, _) => parts.push(part),
                Values::Anything => anything = true,
            }
        }
    }
    let maybe = |pattern: u16| fit(pattern) == Some(Fit::Maybe);
    let wanted = |pattern: &u16| inside.is_some() || maybe(*pattern);
    let frames = 0..if inside.is_some() || !parts.is_empty() {
        block.frames()
    } else {
        0
    };
    for frame in frames {
        let rows = block.frame_rows(frame);
        let patterns = block.pattern_of().get(rows.clone()).unwrap_or_default();
        if !within.any(rows) || !patterns.iter().any(wanted) {
            continue;
        }
        let Memory { buffer, values, .. } = memory;
        let values = block.values(frame, values);
        asked.spend(2 * values.len());
        if let Some(inside) = inside {
            let lines = lines(inside, values);
            each_line(block, frame, &lines, |row, _, _| bits.set(row));
        }
        for part in &parts {
            let lines = lines(part, values);
            each_line(block, frame, &lines, |row, used, line| {
                if !bits.get(row) && fit(used) == Some(Fit::Maybe) {
                    let pattern = block.patterns().get(usize::from(used));
                    let values = values.get(line.clone()).unwrap_or_default();
                    buffer.clear();
                    pattern.inspect(|used| used.what.fill(values, buffer));
                    asked.spend(4 * buffer.len());
                    if needles.any().is_match(buffer) {
                        bits.set(row);
                    }
                }
            });
        }
    }

    let own = block
        .patterns()
        .iter()
        .map(|used| used.rows as usize)
        .sum::<usize>()
        < block.rows();
    if own && needles.may_be_in_texts(block) {
        texts(needles.any(), asked, &mut bits);
    }

    let mut unsure = Vec::new();
    if anything || has(Fit::Unsure) {
        let candidates = Bits::of(block.pattern_of(), |pattern| match fit(pattern) {
            Some(Fit::Maybe) => anything,
            Some(Fit::Unsure) => true,
            _ => false,
        });
        for row in candidates.iter() {
            if !bits.get(row) && within.has(row) {
                bits.set(row);
                unsure.push(row);
            }
        }
    }
    let rows = Set::from(bits);
    Found { rows, unsure }
}

/// A line of a text: which one, and where.
struct Line {
    number: usize,
    bytes: Range<usize>,
}

/// The lines with a match that has no newline in it, in their order.
fn lines(search: &Regex, text: &[u8]) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut number, mut at) = (0, 0);
    while let Some(found) = search.find_at(text, at) {
        let before = text.get(at..found.start()).unwrap_or_default();
        number += memchr::memchr_iter(b'\n', before).count();
        let start = at + memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let rest = text.get(found.start()..).unwrap_or_default();
        let end = found.start() + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let bytes = start..end;
        lines.push(Line { number, bytes });
        if end >= text.len() {
            break;
        }
        (number, at) = (number + 1, end + 1);
    }
    lines
}

/// The row, the pattern and the bytes of each of these lines of a frame's values.
fn each_line(
    block: &Block,
    frame: usize,
    lines: &[Line],
    mut visit: impl FnMut(usize, u16, &Range<usize>),
) {
    let mut lines = lines.iter().peekable();
    let mut number = 0;
    let rows = block.frame_rows(frame);
    let patterns = block.pattern_of().get(rows.clone()).unwrap_or_default();
    for (row, pattern) in rows.zip(patterns) {
        let Some(line) = lines.peek() else { return };
        let used = block.patterns().get(usize::from(*pattern));
        if !used.is_some_and(UsedPattern::has_values) {
            continue;
        }
        if line.number == number {
            visit(row, *pattern, &line.bytes);
            lines.next();
        }
        number += 1;
    }
}

/// Adds the rows with a text of their own that has a match.
fn texts(search: &Regex, asked: &Asked<'_>, bits: &mut Bits) {
    let texts = asked.rows().texts();
    asked.spend(2 * texts.bytes().len());
    let mut at = 0;
    while let Some(found) = search.find_at(texts.bytes(), at) {
        let row = texts.row_at(found.start());
        let range = texts.range(row);
        // What reaches over the end is none, but may have hidden one.
        if found.end() <= range.end || search.is_match(texts.row(row)) {
            bits.set(row);
        }
        at = range.end + 1;
        if at > texts.bytes().len() {
            break;
        }
    }
}

fn is_match(
    pattern: &filter::Pattern,
    asked: &Asked<'_>,
    row: usize,
    buffer: &mut Vec<u8>,
) -> bool {
    asked.rows().message(row, buffer);
    asked.spend(100 + 4 * buffer.len());
    pattern.is_match(buffer)
}

/// Looks at each message, but for those that are the same for all rows of a pattern.
fn one_by_one(
    pattern: &filter::Pattern,
    asked: &Asked<'_>,
    within: &Set,
    memory: &mut Memory,
) -> Set {
    let block = asked.block;
    let Memory { same, buffer, .. } = memory;
    let among: Option<&Bits> = match within {
        Set::None => return Set::None,
        Set::All => None,
        Set::Some(bits) => Some(bits),
    };
    let fits = same.of(block, |whole| {
        if whole.slots() > 0 {
            return Fit::Unsure;
        }
        buffer.clear();
        whole.fill(b"", buffer);
        if pattern.is_match(buffer) {
            Fit::Always
        } else {
            Fit::Never
        }
    });
    let mut bits = Bits::none(block.rows());
    for (row, of) in block.pattern_of().iter().enumerate() {
        if among.is_some_and(|among| !among.get(row)) {
            continue;
        }
        let found = match fits.get(usize::from(*of)) {
            Some(Fit::Always) => true,
            Some(Fit::Never) => false,
            Some(_) => is_match(pattern, asked, row, buffer),
            None => *of == OWN_TEXT && is_match(pattern, asked, row, buffer),
        };
        if found {
            bits.set(row);
        }
    }
    Set::from(bits)
}
