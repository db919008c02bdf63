//! Rows of one kind that are listed as one: those in a row, or all of them. A kind is a pattern, who
//! says it and how grave it is; hosts are not told apart. The newest row stands for the others, so
//! that a place among the listed ones is found for every row.
//!
//! What a block has to fold is found out once, in slices; how blocks join is reckoned each time.

use super::{Part, View};
use crate::logs::{
    pattern::Splitter,
    question::{Bits, Matches},
    store::{GAP, OWN_TEXT, RowId, Source, Used},
};
use crate::remote::HostId;
use foldhash::fast::RandomState;
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

/// Different kinds that are told apart; beyond that all begin anew.
const MOST: usize = 200_000;
/// Runs that are listed row by row at a time; the one opened first is folded again.
const OPENED: usize = 100;

/// What is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Folding {
    /// Nothing.
    #[default]
    Off,
    /// Rows of one kind that follow one another.
    Runs,
    /// All rows of a kind, where the newest is.
    All,
}

/// A listed row that stands for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folded {
    /// For how many, itself included; at least 2.
    pub rows: usize,
    /// The oldest of them.
    pub first: RowId,
    /// Of how many hosts they are.
    pub hosts: usize,
}

/// A pattern's hash, who says it, how grave it is.
type Key = (u64, Option<Arc<str>>, u8);

/// A kind's number, and in the lowest bits whether its rows came after [`Folder::until`] and
/// whether they are there for context only.
type Kind = u32;
const AFTER: Kind = 1;
const CONTEXT: Kind = 2;
const BITS: u32 = 2;

/// What is to be folded; see the module.
#[derive(Debug, Default)]
pub(super) struct Folder {
    pub(super) how: Folding,
    pub(super) kinds: HashMap<Key, u32, RandomState>,
    /// Runs that are listed row by row, the first opened first.
    /// Hosts by the bit that stands for each; the last one for all further ones.
    hosts: Vec<HostId>,
    pub(super) open_runs: Vec<(RowId, RowId)>,
    pub(super) open_kinds: HashSet<u32>,
    /// Rows up to here are not folded with later ones: where one reads nothing moves.
    pub(super) until: Option<RowId>,
    /// When all of a kind are folded: what each comes to, and which listed row stands for it, by
    /// part and row.
    sums: HashMap<Kind, Sum, RandomState>,
    heads: HashMap<(usize, usize), Kind, RandomState>,
    /// Something has changed since.
    stale: bool,
    /// Parts that wait to be folded.
    waiting: usize,
}

impl Folder {
    /// Something has changed in the parts.
    pub(super) fn stale(&mut self) {
        self.stale = true;
    }

    /// The number of a kind.
    fn number(&mut self, pattern: u64, who: &Source) -> u32 {
        let name = who.unit.as_ref().or(who.identifier.as_ref());
        let next = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX >> BITS);
        let key = (pattern, name.cloned(), who.priority);
        *self.kinds.entry(key).or_insert(next)
    }

    /// For each source of a block the bit of its host.
    fn hosts(&mut self, sources: &[Used<Arc<Source>>]) -> Vec<u64> {
        let bit = |used: &Used<Arc<Source>>| {
            let host = &used.what.host;
            let known = self.hosts.iter().position(|known| known == host);
            let at = known.unwrap_or_else(|| {
                self.hosts.push(host.clone());
                self.hosts.len() - 1
            });
            1 << at.min(63)
        };
        sources.iter().map(bit).collect()
    }
}

#[derive(Debug, Clone, Copy)]
struct Sum {
    rows: usize,
    /// A bit for each of their hosts.
    hosts: u64,
    /// Part and row of the oldest and of the newest.
    first: (usize, usize),
    last: (usize, usize),
}

/// What a block has to fold.
#[derive(Debug)]
pub(super) struct Found {
    /// How it joins the blocks around it, or which of its rows stand for their kinds: as it was
    /// reckoned last.
    last: Option<Listed>,
    what: What,
}

#[derive(Debug)]
enum What {
    Runs {
        /// Rows after which another kind begins, the last one among them.
        ends: Bits,
        /// Kinds of the first and the last row; none when it stands for itself alone.
        first: Option<Kind>,
        last: Option<Kind>,
        last_row: usize,
    },
    All {
        /// Of each kind what it comes to.
        kinds: Vec<(Kind, Here)>,
        /// Rows of no kind.
        loose: Vec<usize>,
    },
    /// No row is shown.
    Nothing,
}

/// Rows of one kind in one block.
#[derive(Debug)]
struct Here {
    rows: usize,
    hosts: u64,
    first: usize,
    last: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Listed {
    Joined(bool),
    Heads(Vec<usize>),
}

impl View {
    /// What is folded.
    pub fn folding(&self) -> Folding {
        self.folder.how
    }

    /// Folds like this from now on, by [`View::fold`].
    pub fn set_folding(&mut self, how: Folding) {
        let until = self.folder.until;
        self.folder = Folder {
            how,
            until,
            ..Folder::default()
        };
        self.parts.iter_mut().for_each(Part::unfold);
        self.reckon(0);
    }

    /// Rows up to this one are not folded with later ones.
    pub fn fold_until(&mut self, row: Option<RowId>) {
        let before = std::mem::replace(&mut self.folder.until, row);
        if before == row || self.folder.how == Folding::Off {
            return;
        }
        let from = [before, row].into_iter().flatten().min();
        let from = from.map_or(0, |id| self.part_of(id));
        self.parts.iter_mut().skip(from).for_each(Part::unfold);
        self.reckon(from);
    }

    /// Up to which row, as [`View::fold_until`] was told.
    pub fn folds_until(&self) -> Option<RowId> {
        self.folder.until
    }

    /// Whether blocks wait to be folded.
    pub fn folds(&self) -> bool {
        self.folder.how != Folding::Off && (self.folder.stale || self.folder.waiting > 0)
    }

    /// Folds blocks that wait for it, the newest first, until so many rows were looked at.
    pub fn fold(&mut self, rows: usize) {
        if !self.folds() {
            return;
        }
        if self.folder.kinds.len() > MOST {
            self.folder.kinds.clear();
            self.folder.open_kinds.clear();
            self.parts.iter_mut().for_each(Part::unfold);
        }
        let (mut left, mut waiting) = (rows, 0);
        for at in (0..self.parts.len()).rev() {
            let wanted = self.parts.get(at).is_some_and(Part::to_fold);
            if wanted && left > 0 {
                left = left.saturating_sub(self.find(at));
            } else if wanted {
                waiting += 1;
            }
        }
        match self.folder.how {
            Folding::Off => {}
            Folding::Runs => self.join_runs(),
            Folding::All => self.join_all(),
        }
        (self.folder.stale, self.folder.waiting) = (false, waiting);
        self.reckon(0);
        // Counting anew is no change.
        self.folder.stale = false;
    }

    /// Finds out what a block has to fold; how much work that was, in rows.
    fn find(&mut self, at: usize) -> usize {
        let (rows, kinds, work) = self.kinds(at);
        let what = match (self.folder.how, rows.last()) {
            (Folding::Off, _) | (_, None) => What::Nothing,
            (Folding::Runs, Some(last_row)) => {
                let mut ends = Bits::none(self.parts.get(at).map_or(0, |part| part.rows));
                let after = kinds.iter().skip(1).chain([&None]);
                for ((row, kind), next) in rows.iter().zip(&kinds).zip(after) {
                    if kind.is_none() || kind != next {
                        ends.set(*row);
                    }
                }
                What::Runs {
                    ends,
                    first: kinds.first().copied().flatten(),
                    last: kinds.last().copied().flatten(),
                    last_row: *last_row,
                }
            }
            (Folding::All, _) => {
                let mut sums: HashMap<Kind, Here, RandomState> = HashMap::default();
                let mut loose = Vec::new();
                let block = self.store.blocks().get(at);
                let hosts = block.map(|block| self.folder.hosts(block.sources()));
                let host_of = |row: usize| {
                    let source = *block?.source_of().get(row)?;
                    hosts.as_ref()?.get(usize::from(source)).copied()
                };
                for (row, kind) in rows.iter().zip(&kinds) {
                    let Some(kind) = kind else {
                        loose.push(*row);
                        continue;
                    };
                    let here = sums.entry(*kind).or_insert(Here {
                        rows: 0,
                        hosts: 0,
                        first: *row,
                        last: *row,
                    });
                    (here.rows, here.last) = (here.rows + 1, *row);
                    here.hosts |= host_of(*row).unwrap_or(0);
                }
                let kinds = sums.into_iter().collect();
                What::All { kinds, loose }
            }
        };
        if let Some(part) = self.parts.get_mut(at) {
            part.fold = Some(Found { last: None, what });
        }
        work
    }

    /// The rows of a block that are shown, and the kind of each.
    fn kinds(&mut self, at: usize) -> (Vec<usize>, Vec<Option<Kind>>, usize) {
        let row_after = |id| self.row_in(at, id).map_or_else(|row| row, |row| row + 1);
        let after = self.folder.until.map(row_after);
        let part = self.parts.get(at);
        let here = part.map(|part| (part.first, part.last));
        let within = |(first, last): &&(RowId, RowId)| {
            here.is_some_and(|here| here.0 <= *last && *first <= here.1)
        };
        let opened = self.folder.open_runs.iter().filter(within);
        let opened: Vec<Range<usize>> = opened
            .map(|(first, last)| {
                self.row_in(at, *first).unwrap_or_else(|row| row)..row_after(*last)
            })
            .collect();
        let open = self.store.open(at);
        let (Some(part), Some(block)) = (part, self.store.blocks().get(at)) else {
            return Default::default();
        };
        let rows: Vec<usize> = match part.shown() {
            Matches::None => Vec::new(),
            Matches::All => (0..part.rows).collect(),
            some => some
                .bits(block)
                .map_or_else(Vec::new, |bits| bits.iter().collect()),
        };
        let folder = &mut self.folder;
        let mut work = rows.len();
        let mut known: HashMap<u32, Option<u32>, RandomState> = HashMap::default();
        let mut latest = (u32::MAX, None);
        let (mut message, mut splitter, mut values) = (Vec::new(), Splitter::default(), Vec::new());
        let mut kinds = Vec::with_capacity(rows.len());
        for row in rows.iter().copied() {
            let pattern = block.pattern_of().get(row).copied().unwrap_or(GAP);
            let source = block.source_of().get(row).copied().unwrap_or(u16::MAX);
            let who = block
                .sources()
                .get(usize::from(source))
                .map(|used| &used.what);
            let number = if pattern == OWN_TEXT {
                // Seldom within a block is not seldom among many.
                work += 32;
                open.as_ref().zip(who).map(|(open, who)| {
                    open.message(row, &mut message);
                    values.clear();
                    splitter.split(&message, &mut values);
                    folder.number(splitter.hash(), who)
                })
            } else {
                let pair = u32::from(pattern) << 16 | u32::from(source);
                if latest.0 != pair {
                    let number = *known.entry(pair).or_insert_with(|| {
                        let pattern = block.patterns().get(usize::from(pattern))?;
                        Some(folder.number(pattern.what.hash(), who?))
                    });
                    latest = (pair, number);
                }
                latest.1
            };
            let number = number.filter(|number| {
                !folder.open_kinds.contains(number)
                    && !opened.iter().any(|rows| rows.contains(&row))
            });
            kinds.push(number.map(|number| {
                let after = after.is_some_and(|after| row >= after);
                let passed = part.passed();
                let context =
                    part.spread().is_some() && !passed.is_some_and(|passed| passed.has(row, block));
                number << BITS | if after { AFTER } else { 0 } | if context { CONTEXT } else { 0 }
            }));
        }
        (rows, kinds, work)
    }

    /// Lists the newest row of each run.
    fn join_runs(&mut self) {
        let mut next: Option<Kind> = None;
        for part in self.parts.iter_mut().rev() {
            let Some(found) = &mut part.fold else {
                // Rows that wait stand for themselves.
                next = None;
                continue;
            };
            let What::Runs {
                ends,
                first,
                last,
                last_row,
            } = &found.what
            else {
                part.folded = Some(Matches::None);
                continue;
            };
            let joined = Listed::Joined(last.is_some() && *last == next);
            next = *first;
            if found.last.as_ref() != Some(&joined) {
                let mut ends = ends.clone();
                if joined == Listed::Joined(true) {
                    ends.unset(*last_row);
                }
                part.folded = Some(Matches::of(ends));
                found.last = Some(joined);
            }
        }
    }

    /// Lists the newest row of each kind.
    fn join_all(&mut self) {
        let mut sums: HashMap<Kind, Sum, RandomState> = HashMap::default();
        for (at, part) in self.parts.iter_mut().enumerate().rev() {
            let Some(found) = &mut part.fold else {
                continue;
            };
            let What::All { kinds, loose } = &found.what else {
                part.folded = Some(Matches::None);
                continue;
            };
            let mut heads = loose.clone();
            for (kind, here) in kinds {
                let sum = sums.entry(*kind).or_insert_with(|| {
                    heads.push(here.last);
                    Sum {
                        rows: 0,
                        hosts: 0,
                        first: (at, here.first),
                        last: (at, here.last),
                    }
                });
                (sum.rows, sum.first) = (sum.rows + here.rows, (at, here.first));
                sum.hosts |= here.hosts;
            }
            heads.sort_unstable();
            let listed = Listed::Heads(heads);
            if found.last.as_ref() != Some(&listed) {
                let mut bits = Bits::none(part.rows);
                if let Listed::Heads(heads) = &listed {
                    heads.iter().for_each(|row| bits.set(*row));
                }
                part.folded = Some(Matches::of(bits));
                found.last = Some(listed);
            }
        }
        let heads = sums.iter().map(|(kind, sum)| (sum.last, *kind));
        self.folder.heads = heads.collect();
        self.folder.sums = sums;
    }

    /// What the row at a place stands for, if for more than itself.
    pub fn folded(&self, index: usize) -> Option<Folded> {
        let (rows, (at, row), hosts) = match self.folder.how {
            Folding::Off => return None,
            Folding::Runs => {
                let run = self.whole(index..index + 1);
                let first = self.locate_whole(run.start)?;
                let hosts = if run.len() > 1 {
                    self.hosts_of(first, self.locate(index)?)
                } else {
                    1
                };
                (run.len(), first, hosts)
            }
            Folding::All => {
                let kind = self.folder.heads.get(&self.locate(index)?)?;
                let sum = self.folder.sums.get(kind)?;
                (sum.rows, sum.first, sum.hosts.count_ones() as usize)
            }
        };
        let first = self.id(at, row)?;
        (rows > 1).then_some(Folded { rows, first, hosts })
    }

    /// How many hosts the shown rows from one to another are of.
    fn hosts_of(&self, first: (usize, usize), last: (usize, usize)) -> usize {
        let mut hosts: Vec<&HostId> = Vec::new();
        for at in first.0..=last.0 {
            let (Some(part), Some(block)) = (self.parts.get(at), self.store.blocks().get(at))
            else {
                break;
            };
            let mut new: Vec<bool> = block
                .sources()
                .iter()
                .map(|used| !hosts.contains(&&used.what.host))
                .collect();
            let start = if at == first.0 { first.1 } else { 0 };
            let end = if at == last.0 { last.1 + 1 } else { part.rows };
            for row in start..end {
                // Most blocks have nobody new.
                if !new.contains(&true) {
                    break;
                }
                let source = block.source_of().get(row).copied().map_or(0, usize::from);
                if new.get(source) != Some(&true) || !part.shown().has(row, block) {
                    continue;
                }
                let Some(used) = block.sources().get(source) else {
                    continue;
                };
                hosts.push(&used.what.host);
                for (new, used) in new.iter_mut().zip(block.sources()) {
                    *new &= !hosts.contains(&&used.what.host);
                }
            }
        }
        hosts.len()
    }

    /// The listed row that stands for this one.
    pub fn head_of(&mut self, id: RowId) -> Option<RowId> {
        let at = match (self.place(id), self.folder.how) {
            (Ok(_), _) => return Some(id),
            (Err(_), Folding::All) => {
                let kind = self.kind_of(id)?;
                let sum = self.folder.sums.get(&kind)?;
                return self.id(sum.last.0, sum.last.1);
            }
            (Err(at), _) => at,
        };
        Some(self.shown(at)?.id)
    }

    /// Lists what a row stands for, or is hidden by, row by row; whether there was such a thing.
    pub fn unfold(&mut self, id: RowId) -> bool {
        let Some(index) = self.head_of(id).and_then(|head| self.place(head).ok()) else {
            return false;
        };
        let Some(folded) = self.folded(index) else {
            return false;
        };
        let Some(last) = self.shown(index).map(|shown| shown.id) else {
            return false;
        };
        if self.folder.how == Folding::Runs {
            if self.folder.open_runs.len() >= OPENED {
                self.close_run(0);
            }
            self.folder.open_runs.push((folded.first, last));
            self.find_anew(folded.first, last);
        } else if let Some(kind) = self.kind_of(last) {
            self.folder.open_kinds.insert(kind >> BITS);
            for part in &mut self.parts {
                let used = match part.fold.as_ref().map(|found| &found.what) {
                    Some(What::All { kinds, .. }) => kinds,
                    _ => continue,
                };
                if used.iter().any(|(other, _)| other >> BITS == kind >> BITS) {
                    part.unfold();
                }
            }
        }
        self.reckon(0);
        true
    }

    /// Folds again what was listed row by row around this row; whether there was such a thing.
    pub fn fold_again(&mut self, id: RowId) -> bool {
        let runs = &self.folder.open_runs;
        let run = runs
            .iter()
            .position(|(first, last)| *first <= id && id <= *last);
        if let Some(run) = run {
            self.close_run(run);
            self.reckon(0);
            return true;
        }
        if self.folder.how != Folding::All || self.folder.open_kinds.is_empty() {
            return false;
        }
        let opened = std::mem::take(&mut self.folder.open_kinds);
        let kind = self.kind_of(id).map(|kind| kind >> BITS);
        self.folder.open_kinds = opened;
        let again = kind.is_some_and(|kind| self.folder.open_kinds.remove(&kind));
        if again {
            self.parts.iter_mut().for_each(Part::unfold);
            self.reckon(0);
        }
        again
    }

    fn close_run(&mut self, run: usize) {
        let (first, last) = self.folder.open_runs.remove(run);
        self.find_anew(first, last);
    }

    /// These rows are folded in another way from now on.
    fn find_anew(&mut self, first: RowId, last: RowId) {
        let parts = self.part_of(first)..self.part_of(last) + 1;
        let count = parts.len();
        let parts = self.parts.iter_mut().skip(parts.start).take(count);
        parts.for_each(Part::unfold);
    }

    fn kind_of(&mut self, id: RowId) -> Option<Kind> {
        let at = self.part_of(id);
        let wanted = self.row_in(at, id).ok()?;
        let (rows, kinds, _) = self.kinds(at);
        *kinds.get(rows.binary_search(&wanted).ok()?)?
    }
}
