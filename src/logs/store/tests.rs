//! The store against a plain list of rows.

use super::{block_tests::entries, *};
use proptest::{prelude::*, sample::Index};

fn entry(host: usize, realtime: i64, n: usize) -> Entry {
    Entry {
        host: HostId::new(format!("h{host}")),
        cursor: Arc::from(format!("h{host}-{n}")),
        realtime,
        monotonic: 0,
        boot: 1,
        priority: 6,
        unit: None,
        identifier: None,
        pid: None,
        message: Arc::from(format!("message {n}").as_bytes()),
        cut_from: None,
        told: None,
    }
}

fn cursors(store: &Store) -> Vec<String> {
    let rows = store.get(0..usize::MAX);
    let entries = rows.filter_map(Row::into_entry);
    entries.map(|e| e.cursor.to_string()).collect()
}

fn gap(host: usize, from: i64) -> Gap {
    Gap {
        host: HostId::new(format!("h{host}")),
        from,
        to: from + 700,
        why: "test".into(),
    }
}

#[test]
fn late_rows_are_inserted_and_ids_stay() {
    let mut store = Store::default();
    let first = store.push(&entry(0, 100, 1));
    let last = store.push(&entry(0, 300, 2));
    let late = store.push(&entry(1, 200, 3));
    assert_eq!(cursors(&store), ["h0-1", "h1-3", "h0-2"]);
    assert_eq!(
        [first, late, last].map(|id| store.position(id)),
        [Ok(0), Ok(1), Ok(2)]
    );
    assert!(store.row(1).unwrap().late);
    // A clock that steps back does not change a host's order.
    store.push(&entry(0, 50, 4));
    assert_eq!(cursors(&store).last().unwrap(), "h0-4");
    let gap = store.push_gap(&gap(1, 200));
    assert_eq!(store.position(gap), Ok(2));
    assert_eq!(store.find(0, false, |row| row.entry().is_none()), Some(2));
    assert_eq!(
        store.find(2, true, |row| row.host().as_str() == "h0"),
        Some(0)
    );
}

#[test]
fn a_clock_that_is_ahead_is_set_right() {
    let mut store = Store::default();
    store.skew(&HostId::new("h1"), 1000);
    store.push(&entry(0, 100, 1));
    store.push(&entry(1, 1050, 2));
    assert_eq!(cursors(&store), ["h1-2", "h0-1"]);
    assert_eq!(store.at_time(51), 1);
    assert_eq!(store.row(0).unwrap().entry().unwrap().realtime, 1050);
}

#[test]
fn reading_back_fills_in_what_was_evicted() {
    const BUDGET: usize = 64 << 10;
    let mut store = Store::new(BUDGET);
    let all: Vec<Entry> = (0..9000).map(|n| entry(0, n as i64, n)).collect();
    for entry in &all {
        store.push(entry);
        assert!(store.bytes() <= BUDGET);
    }
    let held = store.len();
    assert!(held < 4000, "{held} of 9000 in 64 KiB");
    assert_eq!(store.evicted(), 9000 - held as u64);
    let host = HostId::new("h0");
    let back = store.back_from(&host, &Query::default(), 5).unwrap();
    let newest_gone = 8999 - held;
    assert_eq!(back.cursor, Some(format!("h0-{newest_gone}")));
    assert!(back.reverse && back.lines == Some(5));
    // One too many on purpose: the first held one again.
    let page = all[newest_gone - 4..newest_gone + 2].to_vec();
    assert_eq!(store.prepend(&host, page), 5);
    assert_eq!(store.len(), held + 5);
    let expected: Vec<String> = (8995 - held..9000).map(|n| format!("h0-{n}")).collect();
    assert_eq!(cursors(&store), expected);
    // Now the oldest held one is where to go on from.
    let back = store.back_from(&host, &Query::default(), 5).unwrap();
    assert_eq!(
        (back.cursor, back.lines),
        (Some(format!("h0-{}", 8995 - held)), Some(6))
    );
    // Page by page, as long as half the budget lasts.
    let mut oldest = 8995 - held;
    loop {
        let from = oldest.saturating_sub(100);
        let added = store.prepend(&host, all[from..oldest].to_vec());
        oldest -= added;
        assert_eq!(cursors(&store)[0], format!("h0-{oldest}"));
        if added < 100 {
            break;
        }
    }
    assert!(oldest > 0 && store.bytes() <= BUDGET * 2);
    store.let_go();
    assert!(store.bytes() <= BUDGET);
    let back = store.back_from(&host, &Query::default(), 5).unwrap();
    let first = cursors(&store)[0]
        .trim_start_matches("h0-")
        .parse::<usize>()
        .unwrap();
    assert_eq!(back.cursor, Some(format!("h0-{}", first - 1)));
}

#[test]
fn a_message_larger_than_the_budget_is_held_alone() {
    let mut store = Store::new(32 << 10);
    for n in 0..5 {
        let mut entry = entry(0, n, n as usize);
        entry.message = fastrand::Rng::with_seed(1)
            .choose_multiple(0..=255u8, 200)
            .repeat(300)
            .into();
        store.push(&entry);
    }
    assert_eq!(cursors(&store).last().unwrap(), "h0-4");
    store.clear();
    assert!(store.is_empty() && store.blocks().is_empty() && store.evicted() == 0);
}

/// What a store does, one after the other.
#[derive(Debug, Clone)]
enum Step {
    Push(Vec<Entry>),
    Gap(usize, i64),
    Append(Vec<Entry>),
    /// So many that are older than all of the host.
    Prepend(usize, Vec<Entry>),
    Read(Index),
    LetGo,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => entries(3, 60).prop_map(Step::Push),
        1 => (0usize..3, 0i64..2000).prop_map(|(host, from)| Step::Gap(host, from)),
        2 => entries(1, 60).prop_map(Step::Append),
        2 => (0usize..3, entries(1, 50)).prop_map(|(host, e)| Step::Prepend(host, e)),
        2 => any::<Index>().prop_map(Step::Read),
        1 => Just(Step::LetGo),
    ]
}

/// The same, simply.
#[derive(Default)]
struct List {
    rows: Vec<(RowId, Item)>,
    newest: HashMap<HostId, i64>,
}

impl List {
    fn time(&mut self, host: &HostId, realtime: i64) -> i64 {
        let newest = self.newest.entry(host.clone()).or_insert(realtime);
        *newest = realtime.max(*newest);
        *newest
    }

    fn push(&mut self, host: &HostId, realtime: i64, item: Item) -> i64 {
        let time = self.time(host, realtime);
        let at = self.rows.partition_point(|(id, _)| id.time <= time);
        self.rows.insert(at, (RowId::before(time), item));
        time
    }

    fn evict(&mut self, held: usize) {
        let gone = self.rows.len() - held;
        self.rows.drain(..gone);
    }
}

/// The store holds the end of the list.
fn compare(store: &Store, list: &mut List) -> Result<(), TestCaseError> {
    list.evict(store.len());
    prop_assert_eq!(store.len(), list.rows.len());
    for (at, (row, (id, item))) in store.get(0..usize::MAX).zip(&mut list.rows).enumerate() {
        prop_assert_eq!(&row.item, &*item);
        prop_assert_eq!(row.id.time, id.time);
        // An identity is for life.
        if id.seq != i64::MIN {
            prop_assert_eq!(row.id, *id);
        }
        *id = row.id;
        prop_assert_eq!(store.position(row.id), Ok(at));
        prop_assert_eq!(store.id(at), Some(row.id));
        let (block, within) = store.locate(at).unwrap();
        prop_assert_eq!(store.start(block) + within, at);
    }
    prop_assert!(list.rows.is_sorted_by_key(|(id, _)| *id));
    prop_assert_eq!(
        store.blocks().iter().map(|b| b.rows()).sum::<usize>(),
        store.len()
    );
    prop_assert!(store.blocks().iter().all(|block| block.rows() > 0));
    let open = store
        .blocks()
        .iter()
        .filter(|block| block.is_open())
        .count();
    prop_assert!(open <= 5, "{} open blocks", open);
    for host in (0..3).map(|n| HostId::new(format!("h{n}"))) {
        let first = list.rows.iter().position(|(_, item)| match item {
            Item::Entry(entry) => entry.host == host,
            Item::Gap(gap) => gap.host == host,
        });
        prop_assert_eq!(store.oldest_of(&host).map(|(_, at)| at), first);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn holds_what_a_list_would_hold(
        steps in proptest::collection::vec(step(), 1..16),
        budget in prop_oneof![Just(20usize << 10), Just(64 << 10), Just(8 << 20)],
    ) {
        let mut store = Store::new(budget);
        let mut list = List::default();
        for step in steps {
            let mut blocks: HashMap<BlockId, Vec<Row>> = HashMap::new();
            for block in store.blocks() {
                let rows = block.open();
                blocks.insert(block.id(), (0..rows.len()).filter_map(|n| rows.row(n)).collect());
            }
            match step {
                Step::Push(entries) => {
                    for entry in entries {
                        let id = store.push(&entry);
                        let time = list.push(&entry.host, entry.realtime, Item::Entry(entry.clone()));
                        prop_assert_eq!(id.time, time);
                        list.evict(store.len());
                        prop_assert!(store.bytes() <= budget + store.paged || store.blocks().len() == 1);
                    }
                }
                Step::Gap(host, from) => {
                    let gap = gap(host, from);
                    store.push_gap(&gap);
                    let time = list.newest.get(&gap.host).copied().unwrap_or(from);
                    list.push(&gap.host.clone(), time, Item::Gap(gap));
                }
                Step::Append(entries) => {
                    let mut builder = store.builder(&HostId::new("h0"));
                    for entry in &entries {
                        builder.push(&entry.fields());
                    }
                    store.append(builder.take());
                    for entry in entries {
                        list.push(&entry.host, entry.realtime, Item::Entry(entry.clone()));
                    }
                }
                Step::Prepend(host, mut entries) => {
                    let host = HostId::new(format!("h{host}"));
                    entries.sort_by_key(|entry| entry.realtime);
                    let known: HashSet<String> = cursors(&store).into_iter().collect();
                    entries.retain(|entry| !known.contains(&*entry.cursor));
                    for entry in &mut entries {
                        entry.host = host.clone();
                    }
                    let before = store.evicted();
                    let added = store.prepend(&host, entries.clone());
                    prop_assert_eq!(store.evicted(), before);
                    let oldest = list.rows.iter().find(|(_, item)| match item {
                        Item::Entry(entry) => entry.host == host,
                        Item::Gap(gap) => gap.host == host,
                    });
                    let mut time = oldest.map_or(i64::MAX, |(id, _)| id.time);
                    for entry in entries.into_iter().rev().take(added) {
                        time = time.min(entry.realtime);
                        let newest = list.newest.entry(host.clone()).or_insert(time);
                        *newest = time.max(*newest);
                        let at = list.rows.partition_point(|(id, _)| id.time < time);
                        list.rows.insert(at, (RowId::before(time), Item::Entry(entry)));
                    }
                }
                Step::Read(index) if !store.is_empty() => {
                    let row = store.row(index.index(store.len())).unwrap();
                    prop_assert_eq!(store.iter_from(row.id).next(), Some(row));
                }
                Step::Read(_) => {}
                Step::LetGo => {
                    store.let_go();
                    prop_assert!(store.bytes() <= budget || store.blocks().len() == 1);
                }
            }
            compare(&store, &mut list)?;
            // What was worked out for a block holds as long as there is a block of its id.
            for block in store.blocks() {
                if let Some(known) = blocks.get(&block.id()) {
                    let rows = block.open();
                    prop_assert_eq!(rows.len(), known.len());
                    for (at, row) in known.iter().enumerate() {
                        prop_assert_eq!(rows.row(at), Some(row.clone()));
                    }
                }
            }
        }
    }
}
