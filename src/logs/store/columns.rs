//! The columns of a block that lists do not filter by: times, cursors, pids. Open as vectors,
//! packed as bits.

use super::{
    cursor::{self, Cursor, Stamp},
    ints::{pack, put, take, unpack, unzigzag, zigzag},
    row::RowId,
    source::{Source, Used},
};
use crate::{logs::Gap, remote::HostId};
use std::{collections::HashMap, ops::Range, sync::Arc};

const LATE: u8 = 1;
const PID: u8 = 2;
/// The cursor is in the columns; without it the cursor is among the odd ones, or empty.
const CURSOR: u8 = 4;

/// What few rows have.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Odd {
    Cursor(Box<str>),
    CutFrom(u64),
    Gap(Box<Gap>),
}

/// Row for row; the vectors are equally long, but for `odd`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Columns {
    time: Vec<i64>,
    seq: Vec<i64>,
    realtime: Vec<i64>,
    monotonic: Vec<i64>,
    pid: Vec<u32>,
    number: Vec<u64>,
    hash: Vec<u64>,
    id_of: Vec<u16>,
    ids: Vec<u128>,
    flags: Vec<u8>,
    /// Sorted by row.
    odd: Vec<(u32, Odd)>,
    odd_bytes: usize,
}

/// A row's part of the columns.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) id: RowId,
    pub(super) late: bool,
    pub(super) realtime: i64,
    pub(super) monotonic: i64,
    pub(super) pid: Option<u32>,
    pub(super) cursor: Result<Cursor, &'a str>,
    pub(super) cut_from: Option<u64>,
    pub(super) gap: Option<&'a Gap>,
}

impl Columns {
    pub(super) fn len(&self) -> usize {
        self.time.len()
    }

    /// Without rows again, with the room for them kept.
    pub(super) fn clear(&mut self) {
        self.time.clear();
        self.seq.clear();
        self.realtime.clear();
        self.monotonic.clear();
        self.pid.clear();
        self.number.clear();
        self.hash.clear();
        self.id_of.clear();
        self.ids.clear();
        self.flags.clear();
        self.odd.clear();
        self.odd_bytes = 0;
    }

    pub(super) fn id(&self, row: usize) -> Option<RowId> {
        let (time, seq) = (*self.time.get(row)?, *self.seq.get(row)?);
        Some(RowId { time, seq })
    }

    /// Where the first row is that is not before this one.
    pub(super) fn lower_bound(&self, id: RowId) -> usize {
        let start = self.time.partition_point(|time| *time < id.time);
        let same = self.time.get(start..).unwrap_or_default();
        let same = same.partition_point(|time| *time <= id.time);
        let seqs = self.seq.get(start..start + same).unwrap_or_default();
        start + seqs.partition_point(|seq| *seq < id.seq)
    }

    pub(super) fn times(&self) -> &[i64] {
        &self.time
    }

    pub(super) fn realtime(&self, row: usize) -> i64 {
        self.realtime.get(row).copied().unwrap_or(0)
    }

    pub(super) fn monotonic(&self, row: usize) -> i64 {
        self.monotonic.get(row).copied().unwrap_or(0)
    }

    fn has(&self, row: usize, flag: u8) -> bool {
        self.flags.get(row).is_some_and(|flags| flags & flag != 0)
    }

    pub(super) fn late(&self, row: usize) -> bool {
        self.has(row, LATE)
    }

    pub(super) fn pid(&self, row: usize) -> Option<u32> {
        self.pid.get(row).copied().filter(|_| self.has(row, PID))
    }

    fn odd(&self, row: usize) -> impl Iterator<Item = &Odd> {
        let start = self.odd.partition_point(|(at, _)| (*at as usize) < row);
        let odd = self.odd.get(start..).unwrap_or_default().iter();
        odd.take_while(move |(at, _)| *at as usize == row)
            .map(|(_, odd)| odd)
    }

    pub(super) fn cut_from(&self, row: usize) -> Option<u64> {
        self.odd(row).find_map(|odd| match odd {
            Odd::CutFrom(length) => Some(*length),
            _ => None,
        })
    }

    pub(super) fn gap(&self, row: usize) -> Option<&Gap> {
        self.odd(row).find_map(|odd| match odd {
            Odd::Gap(gap) => Some(&**gap),
            _ => None,
        })
    }

    /// The cursor of a row whose boot this is.
    pub(super) fn cursor(&self, row: usize, boot: u128) -> String {
        match self.parsed_cursor(row) {
            Some(parsed) => {
                let stamp = Stamp {
                    boot,
                    monotonic: self.monotonic(row),
                    realtime: self.realtime(row),
                };
                cursor::write(parsed, stamp)
            }
            None => self.odd_cursor(row).to_owned(),
        }
    }

    fn parsed_cursor(&self, row: usize) -> Option<Cursor> {
        self.has(row, CURSOR).then_some(())?;
        Some(Cursor {
            id: *self.ids.get(usize::from(*self.id_of.get(row)?))?,
            number: *self.number.get(row)?,
            hash: *self.hash.get(row)?,
        })
    }

    fn odd_cursor(&self, row: usize) -> &str {
        let cursor = self.odd(row).find_map(|odd| match odd {
            Odd::Cursor(text) => Some(&**text),
            _ => None,
        });
        cursor.unwrap_or_default()
    }

    /// What [`Columns::insert`] takes, to move a row into other columns.
    pub(super) fn record(&self, row: usize) -> Record<'_> {
        Record {
            id: self.id(row).unwrap_or(RowId { time: 0, seq: 0 }),
            late: self.late(row),
            realtime: self.realtime(row),
            monotonic: self.monotonic(row),
            pid: self.pid(row),
            cursor: self.parsed_cursor(row).ok_or_else(|| self.odd_cursor(row)),
            cut_from: self.cut_from(row),
            gap: self.gap(row),
        }
    }

    /// Adds a row at a place.
    pub(super) fn insert(&mut self, at: usize, row: &Record<'_>) {
        let last = at >= self.len();
        let cursor = row.cursor.unwrap_or_default();
        let mut flags = u8::from(row.late) * LATE + u8::from(row.pid.is_some()) * PID;
        flags += u8::from(row.cursor.is_ok()) * CURSOR;
        let id_of = number(cursor.id, &mut self.ids);
        fn add<T>(column: &mut Vec<T>, last: bool, at: usize, value: T) {
            if last {
                column.push(value);
            } else {
                column.insert(at, value);
            }
        }
        add(&mut self.time, last, at, row.id.time);
        add(&mut self.seq, last, at, row.id.seq);
        add(&mut self.realtime, last, at, row.realtime);
        add(&mut self.monotonic, last, at, row.monotonic);
        add(&mut self.pid, last, at, row.pid.unwrap_or(0));
        add(&mut self.number, last, at, cursor.number);
        add(&mut self.hash, last, at, cursor.hash);
        add(&mut self.id_of, last, at, id_of);
        add(&mut self.flags, last, at, flags);
        let start = if last {
            self.odd.len()
        } else {
            let start = self.odd.partition_point(|(row, _)| (*row as usize) < at);
            for (row, _) in self.odd.iter_mut().skip(start) {
                *row += 1;
            }
            start
        };
        let cursor = row.cursor.err().filter(|text| !text.is_empty());
        let odd = [
            cursor.map(|text| Odd::Cursor(text.into())),
            row.cut_from.map(Odd::CutFrom),
            row.gap.map(|gap| Odd::Gap(Box::new(gap.clone()))),
        ];
        for (offset, odd) in odd.into_iter().flatten().enumerate() {
            self.odd_bytes += match &odd {
                Odd::Cursor(text) => text.len(),
                Odd::CutFrom(_) => 0,
                Odd::Gap(gap) => size_of::<Gap>() + gap.why.len(),
            };
            self.odd.insert(start + offset, (at as u32, odd));
        }
    }

    /// Bytes of memory they take.
    pub(super) fn memory(&self) -> usize {
        let wide = [&self.time, &self.seq, &self.realtime, &self.monotonic];
        let wide = wide.iter().map(|column| column.capacity()).sum::<usize>()
            + self.number.capacity()
            + self.hash.capacity();
        8 * wide
            + 4 * self.pid.capacity()
            + 2 * self.id_of.capacity()
            + self.flags.capacity()
            + 16 * self.ids.capacity()
            + size_of::<(u32, Odd)>() * self.odd.capacity()
            + self.odd_bytes
    }

    /// These rows as bits that do not shrink any further, and bytes that do. Rows of one lane (a
    /// host's boot) are compared with each other, pids with those of the same source.
    pub(super) fn pack(
        &self,
        rows: Range<usize>,
        sources: &[u16],
        lanes: &Lanes<'_>,
    ) -> (Vec<u8>, Vec<u8>) {
        fn part<'a, T>(column: &'a [T], rows: &Range<usize>) -> &'a [T] {
            column.get(rows.clone()).unwrap_or_default()
        }
        let (sources, time) = (part(sources, &rows), part(&self.time, &rows));
        let realtime = part(&self.realtime, &rows);
        let mut bits = Vec::with_capacity(12 * rows.len());
        pack_deltas(time, &mut bits);
        pack_deltas(part(&self.seq, &rows), &mut bits);
        let skews = realtime.iter().zip(time);
        let skews = skews.map(|(realtime, time)| realtime.wrapping_sub(*time));
        lanes.pack(sources, skews, &mut bits);
        let uptimes = part(&self.monotonic, &rows).iter().zip(realtime);
        let uptimes = uptimes.map(|(monotonic, realtime)| monotonic.wrapping_sub(*realtime));
        lanes.pack(sources, uptimes, &mut bits);
        let numbers = part(&self.number, &rows).iter();
        lanes.pack(sources, numbers.map(|n| n.cast_signed()), &mut bits);
        let mut ids = Vec::new();
        let id_of: Vec<i64> = part(&self.id_of, &rows)
            .iter()
            .map(|id| self.ids.get(usize::from(*id)).copied().unwrap_or(0))
            .map(|id| i64::from(number(id, &mut ids)))
            .collect();
        pack(&id_of, &mut bits);
        let flags = part(&self.flags, &rows);
        if flags.iter().any(|flags| flags & CURSOR != 0) {
            for hash in part(&self.hash, &rows) {
                bits.extend_from_slice(&hash.to_le_bytes());
            }
        }
        let mut loose = Vec::with_capacity(2 * rows.len());
        put(ids.len() as u64, &mut loose);
        for id in &ids {
            loose.extend_from_slice(&id.to_le_bytes());
        }
        loose.extend_from_slice(flags);
        let mut last = vec![0i64; lanes.sources.len()];
        for (pid, source) in part(&self.pid, &rows).iter().zip(sources) {
            if let Some(last) = last.get_mut(usize::from(*source)) {
                put(zigzag(i64::from(*pid) - *last), &mut loose);
                *last = i64::from(*pid);
            }
        }
        let at = |row: usize| self.odd.partition_point(|(odd, _)| (*odd as usize) < row);
        let odd = self.odd.get(at(rows.start)..at(rows.end));
        let odd = odd.unwrap_or_default();
        put(odd.len() as u64, &mut loose);
        for (row, odd) in odd {
            put(u64::from(*row) - rows.start as u64, &mut loose);
            match odd {
                Odd::CutFrom(length) => {
                    loose.push(0);
                    put(*length, &mut loose);
                }
                Odd::Cursor(text) => {
                    loose.push(1);
                    put_text(text, &mut loose);
                }
                Odd::Gap(gap) => {
                    loose.push(2);
                    put(zigzag(gap.from), &mut loose);
                    put(zigzag(gap.to), &mut loose);
                    put_text(&gap.why, &mut loose);
                }
            }
        }
        (bits, loose)
    }

    /// Of what [`Columns::pack`] packed the times alone.
    pub(super) fn unpack_times(mut bits: &[u8], rows: usize) -> Vec<i64> {
        unpack_deltas(&mut bits, rows)
    }

    /// What [`Columns::pack`] packed, of so many rows.
    pub(super) fn unpack(
        mut bits: &[u8],
        mut loose: &[u8],
        sources: &[u16],
        lanes: &Lanes<'_>,
    ) -> Columns {
        let rows = sources.len();
        let (bits, loose) = (&mut bits, &mut loose);
        let mut columns = Columns {
            time: unpack_deltas(bits, rows),
            seq: unpack_deltas(bits, rows),
            realtime: lanes.unpack(sources, bits),
            monotonic: lanes.unpack(sources, bits),
            ..Columns::default()
        };
        for (realtime, time) in columns.realtime.iter_mut().zip(&columns.time) {
            *realtime = realtime.wrapping_add(*time);
        }
        for (monotonic, realtime) in columns.monotonic.iter_mut().zip(&columns.realtime) {
            *monotonic = monotonic.wrapping_add(*realtime);
        }
        let numbers = lanes.unpack(sources, bits);
        columns.number = numbers.into_iter().map(i64::cast_unsigned).collect();
        columns.id_of = unpack(bits, rows).into_iter().map(|id| id as u16).collect();
        let hashes = bits.as_chunks().0.iter().map(|b| u64::from_le_bytes(*b));
        columns.hash = hashes.collect();
        columns.hash.resize(rows, 0);

        for _ in 0..take(loose) {
            let Some(id) = loose.split_off(..16) else {
                break;
            };
            let id = id.try_into().map_or(0, u128::from_le_bytes);
            columns.ids.push(id);
        }
        columns.flags = loose.split_off(..rows).unwrap_or_default().to_vec();
        let mut last = vec![0i64; lanes.sources.len()];
        for source in sources {
            let pid = last.get_mut(usize::from(*source)).map_or(0, |last| {
                *last = last.wrapping_add(unzigzag(take(loose)));
                *last
            });
            columns.pid.push(pid as u32);
        }
        for _ in 0..take(loose) {
            let row = take(loose) as u32;
            let odd = match loose.split_off_first() {
                Some(0) => Odd::CutFrom(take(loose)),
                Some(1) => Odd::Cursor(take_text(loose).into()),
                Some(_) => {
                    let (from, to) = (unzigzag(take(loose)), unzigzag(take(loose)));
                    let why = take_text(loose);
                    let host = lanes.host(sources, row as usize);
                    let Some(host) = host else { continue };
                    let gap = Gap {
                        host,
                        from,
                        to,
                        why,
                    };
                    Odd::Gap(Box::new(gap))
                }
                None => break,
            };
            columns.odd.push((row, odd));
        }
        columns
    }
}

/// Which sources belong together: each host's boots, and apart from them its gaps.
#[derive(Debug)]
pub(super) struct Lanes<'a> {
    of: Vec<u16>,
    count: usize,
    sources: &'a [Used<Arc<Source>>],
}

impl<'a> Lanes<'a> {
    pub(super) fn new(sources: &'a [Used<Arc<Source>>]) -> Lanes<'a> {
        let mut known = HashMap::new();
        let of = sources.iter().map(|used| {
            let next = known.len() as u16;
            let key = (&used.what.host, used.what.boot, used.what.gap);
            *known.entry(key).or_insert(next)
        });
        let of = of.collect();
        let count = known.len();
        Lanes { of, count, sources }
    }

    fn host(&self, sources: &[u16], row: usize) -> Option<HostId> {
        let source = usize::from(*sources.get(row)?);
        Some(self.sources.get(source)?.what.host.clone())
    }

    fn each(&self, sources: &[u16], lasts: &mut [i64], mut visit: impl FnMut(&mut i64)) {
        for source in sources {
            let lane = self.of.get(usize::from(*source)).copied().unwrap_or(0);
            if let Some(last) = lasts.get_mut(usize::from(lane)) {
                visit(last);
            }
        }
    }

    /// Appends each value's distance from the one before in its lane; for lanes without rows
    /// nothing.
    fn pack(&self, sources: &[u16], values: impl Iterator<Item = i64> + Clone, out: &mut Vec<u8>) {
        let mut firsts = vec![None; self.count];
        let mut each = values.clone();
        for source in sources {
            let lane = self.of.get(usize::from(*source)).copied().unwrap_or(0);
            let value = each.next();
            if let Some(first) = firsts.get_mut(usize::from(lane)) {
                *first = first.or(value);
            }
        }
        for first in firsts.iter().flatten() {
            put(zigzag(*first), out);
        }
        let mut lasts: Vec<i64> = firsts.into_iter().map(Option::unwrap_or_default).collect();
        let mut each = values;
        let mut column = Vec::with_capacity(sources.len());
        self.each(sources, &mut lasts, |last| {
            let value = each.next().unwrap_or(0);
            column.push(value.wrapping_sub(*last));
            *last = value;
        });
        pack(&column, out);
    }

    /// The reverse of [`Lanes::pack`].
    fn unpack(&self, sources: &[u16], input: &mut &[u8]) -> Vec<i64> {
        let mut used = vec![0i64; self.count];
        self.each(sources, &mut used, |used| *used = 1);
        let first = |used: i64| if used == 1 { unzigzag(take(input)) } else { 0 };
        let mut lasts: Vec<i64> = used.into_iter().map(first).collect();
        let mut column = unpack(input, sources.len());
        let mut values = column.iter_mut();
        self.each(sources, &mut lasts, |last| {
            if let Some(value) = values.next() {
                *last = last.wrapping_add(*value);
                *value = *last;
            }
        });
        column
    }
}

/// The place of a number among those that are known, or that it gets. There are few; where there
/// are many they are not looked through.
fn number(id: u128, ids: &mut Vec<u128>) -> u16 {
    let tail = ids.len().saturating_sub(8);
    let known = ids.get(tail..).unwrap_or_default();
    let at = match known.iter().position(|known| *known == id) {
        Some(at) => tail + at,
        None => {
            ids.push(id);
            ids.len() - 1
        }
    };
    at as u16
}

/// Appends each value's distance from the one before.
fn pack_deltas(values: &[i64], out: &mut Vec<u8>) {
    let mut last = values.first().copied().unwrap_or(0);
    put(zigzag(last), out);
    let delta = |value: &i64| value.wrapping_sub(std::mem::replace(&mut last, *value));
    let column: Vec<i64> = values.iter().map(delta).collect();
    pack(&column, out);
}

/// The reverse of [`pack_deltas`].
fn unpack_deltas(input: &mut &[u8], rows: usize) -> Vec<i64> {
    let mut last = unzigzag(take(input));
    let mut column = unpack(input, rows);
    for value in &mut column {
        last = last.wrapping_add(*value);
        *value = last;
    }
    column
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn take_text(input: &mut &[u8]) -> String {
    let length = usize::try_from(take(input)).unwrap_or(usize::MAX);
    let bytes = input.split_off(..length).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}
