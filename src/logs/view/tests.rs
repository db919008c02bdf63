//! However rows, filters, searches and slices interleave: what is seen is what a list would show.

use super::*;
use crate::logs::{pattern::Pattern, store::Item};
use proptest::{collection::vec, prelude::*};
use std::collections::HashSet;

const WORDS: [&str; 4] = ["alpha", "beta", "gamma 7", "delta=12"];
const FILTERS: [&str; 10] = [
    "",
    "alpha",
    "!beta",
    "host:h1",
    "prio:<=3",
    "/a [0-9]/",
    "12",
    "alpha prio:>2",
    "age<60s",
    "zeta",
];

#[derive(Debug, Clone)]
enum Step {
    Push(u8, i64, usize, u8),
    Gap(u8),
    Batch(u8, i64, usize),
    Prepend(u8, usize),
    Hole(u8),
    Filter(Vec<(usize, bool, bool)>, usize),
    Search(usize),
    Slice(usize),
    Look(i64),
    LetGo,
    Clear,
    Folding(Folding),
    Until(Option<i64>),
    Unfold(usize),
    FoldAgain(usize),
    Fold(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let clause = (0..FILTERS.len(), any::<bool>(), prop::bool::weighted(0.8));
    prop_oneof![
        30 => (0u8..3, 0i64..90, 0..WORDS.len(), 0u8..8).prop_map(|(h, t, w, p)| Step::Push(h, t, w, p)),
        1 => (0u8..3).prop_map(Step::Gap),
        2 => (0u8..3, 0i64..90, 1usize..40).prop_map(|(h, t, n)| Step::Batch(h, t, n)),
        2 => (0u8..3, 1usize..20).prop_map(|(h, n)| Step::Prepend(h, n)),
        1 => (0u8..3).prop_map(Step::Hole),
        2 => (vec(clause, 0..3), prop_oneof![Just(0), 1usize..30]).prop_map(|(c, n)| Step::Filter(c, n)),
        2 => (0..FILTERS.len()).prop_map(Step::Search),
        4 => (1usize..20_000).prop_map(Step::Slice),
        1 => (0i64..90).prop_map(Step::Look),
        1 => Just(Step::LetGo),
        2 => prop::sample::select(vec![Folding::Off, Folding::Runs, Folding::Runs, Folding::All])
            .prop_map(Step::Folding),
        1 => proptest::option::of(0i64..90).prop_map(Step::Until),
        2 => (0usize..60).prop_map(Step::Unfold),
        1 => (0usize..60).prop_map(Step::FoldAgain),
        4 => (1usize..200).prop_map(Step::Fold),
        1 => prop::bool::weighted(0.05).prop_map(|c| if c { Step::Clear } else { Step::LetGo }),
    ]
}

fn entry(host: u8, time: i64, n: usize, word: usize, priority: u8) -> Entry {
    Entry {
        host: HostId::new(format!("h{host}")),
        cursor: Arc::from(format!("h{host}-{n}")),
        realtime: time * 1_000_000,
        monotonic: 0,
        boot: (time / 40) as u128,
        priority,
        unit: Some(Arc::from("a.service")),
        identifier: None,
        pid: None,
        message: Arc::from(format!("{} {n}", WORDS[word]).as_bytes()),
        cut_from: None,
        told: None,
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(100).unwrap()
}

fn apply(view: &mut View, n: usize, step: Step) {
    match step {
        Step::Push(host, time, word, priority) => view.push(&entry(host, time, n, word, priority)),
        Step::Gap(host) => view.push_gap(&Gap {
            host: HostId::new(format!("h{host}")),
            from: 5,
            to: 6,
            why: "test".into(),
        }),
        Step::Batch(host, time, count) => view.with_store(|store| {
            let mut builder = store.builder(&HostId::new(format!("h{host}")));
            for k in 0..count {
                builder.push(&entry(host, time + k as i64 / 10, 1_000 * n + k, k % 4, 6).fields());
            }
            store.append(builder.take());
        }),
        Step::Prepend(host, count) => {
            let old = (0..count).map(|k| entry(host, -100, 1_000_000 * (n + 1) + k, k % 4, 5));
            view.prepend(&HostId::new(format!("h{host}")), old.collect());
        }
        Step::Hole(host) => {
            let host = HostId::new(format!("h{host}"));
            let to = view.oldest_of(&host).map_or(0, |id| id.time);
            view.prepend_gap(&Gap {
                host: host.clone(),
                from: 0,
                to,
                why: "vacuumed".into(),
            });
            let oldest = view
                .store
                .oldest_of(&host)
                .and_then(|(_, at)| view.store.row(at));
            assert!(oldest.is_some_and(|row| row.entry().is_none()) && !view.store.misses(&host));
        }
        Step::Filter(clauses, context) => {
            let clauses = clauses.into_iter().map(|(filter, out, on)| Clause {
                filter: Filter::parse(FILTERS[filter]).unwrap(),
                out,
                on,
            });
            view.set_clauses(clauses.collect(), context, now());
        }
        Step::Search(filter) => view.set_search(Filter::parse(FILTERS[filter]).unwrap(), now()),
        Step::Slice(work) => view.slice(work),
        Step::Look(time) => view.look_at(Some(RowId::before(time * 1_000_000))),
        Step::LetGo => view.let_go(),
        Step::Clear => view.clear(),
        Step::Folding(how) => view.set_folding(how),
        Step::Until(time) => {
            let row = time.map(|time| view.at_time(time * 1_000_000));
            let row = row.and_then(|at| view.shown(at)).map(|shown| shown.id);
            view.fold_until(row);
        }
        Step::Unfold(at) => {
            if let Some(shown) = view.shown(at) {
                view.unfold(shown.id);
            }
        }
        Step::FoldAgain(at) => {
            if let Some(shown) = view.shown(at) {
                view.fold_again(shown.id);
            }
        }
        Step::Fold(rows) => view.fold(rows),
    }
}

/// What is seen holds together, also while blocks wait.
fn check_places(view: &View) -> Result<Vec<Shown>, TestCaseError> {
    let shown: Vec<Shown> = (0..view.len()).map(|at| view.shown(at).unwrap()).collect();
    prop_assert!(view.shown(view.len()).is_none());
    prop_assert!(shown.is_sorted_by(|left, right| left.id < right.id));
    for (at, row) in shown.iter().enumerate() {
        prop_assert_eq!(view.place(row.id), Ok(at));
        prop_assert_eq!(view.row(at).unwrap().id, row.id);
        prop_assert_eq!(view.by_id(row.id).unwrap().id, row.id);
    }
    for number in 0..view.hits() {
        let hit = view.hit(number).unwrap();
        prop_assert_eq!(view.hit_number(hit), Ok(number));
        prop_assert!(view.whole_place(hit).is_ok());
    }
    prop_assert_eq!(view.hit(view.hits()), None);
    let rows: usize = view.parts.iter().map(|part| part.rows).sum();
    prop_assert_eq!(rows, view.store.len());
    Ok(shown)
}

/// What is folded in the end is what one would fold by hand.
fn check_folds(view: &mut View) -> Result<(), TestCaseError> {
    let whole: Vec<Row> = (0..view.whole_len())
        .map(|at| view.whole_row(at).unwrap())
        .collect();
    let kinds: Vec<_> = whole
        .iter()
        .map(|row| {
            let entry = row.entry()?;
            let pattern = Pattern::of(&entry.message).hash();
            let key = (pattern, entry.unit.clone(), entry.priority);
            let number = view.folder.kinds.get(&key);
            let opened = view.folder.open_runs.iter();
            let opened = opened.map(|(first, last)| *first..=*last);
            if number.is_some_and(|number| view.folder.open_kinds.contains(number))
                || opened.into_iter().any(|run| run.contains(&row.id))
            {
                return None;
            }
            let after = view.folder.until.is_some_and(|until| row.id > until);
            Some((key, after, !view.filter.question().holds(row)))
        })
        .collect();
    let same = |a: usize, b: usize| kinds[a].is_some() && kinds.get(b) == Some(&kinds[a]);
    let mut expected: Vec<(RowId, usize, RowId, usize)> = Vec::new();
    for (at, row) in whole.iter().enumerate() {
        let others: Vec<usize> = match view.folding() {
            Folding::Off => vec![at],
            Folding::Runs if same(at, at + 1) => continue,
            Folding::Runs => {
                let start = (0..at).rev().take_while(|before| same(*before, at)).last();
                (start.unwrap_or(at)..=at).collect()
            }
            Folding::All if (at + 1..whole.len()).any(|later| same(at, later)) => continue,
            Folding::All => {
                let own = (0..=at).filter(|other| *other == at || same(*other, at));
                own.collect()
            }
        };
        let hosts: HashSet<&HostId> = others.iter().map(|at| whole[*at].host()).collect();
        expected.push((row.id, others.len(), whole[others[0]].id, hosts.len()));
        let head = Some(row.id);
        for other in others {
            prop_assert_eq!(view.head_of(whole[other].id), head);
        }
    }
    let listed: Vec<(RowId, usize, RowId, usize)> = (0..view.len())
        .map(|at| {
            let id = view.shown(at).unwrap().id;
            let folded = view.folded(at);
            let folded = folded.map_or((1, id, 1), |f| (f.rows, f.first, f.hosts));
            (id, folded.0, folded.1, folded.2)
        })
        .collect();
    prop_assert_eq!(listed, expected);
    if view.folding() == Folding::Runs {
        for at in 0..view.len() {
            let rows = view.folded(at).map_or(1, |folded| folded.rows);
            prop_assert_eq!(view.whole(at..at + 1).len(), rows);
        }
    }
    Ok(())
}

/// What is seen in the end is what a list would show.
fn check_all(view: &View) -> Result<(), TestCaseError> {
    let rows: Vec<Row> = view.store.get(0..usize::MAX).collect();
    let passes: Vec<bool> = rows
        .iter()
        .map(|row| view.filter.question().holds(row))
        .collect();
    let near = |at: usize| {
        let start = at.saturating_sub(view.context);
        let end = (at + view.context + 1).min(rows.len());
        passes[start..end].contains(&true)
    };
    let expected: Vec<(RowId, bool)> = (0..rows.len())
        .filter(|at| near(*at))
        .map(|at| (rows[at].id, !passes[at]))
        .collect();
    let shown = check_places(view)?;
    let found: Vec<(RowId, bool)> = shown.iter().map(|s| (s.id, s.context)).collect();
    prop_assert_eq!(&found, &expected);
    let seen: Vec<&Row> = (0..rows.len())
        .filter(|at| near(*at))
        .map(|at| &rows[at])
        .collect();
    let hits: Vec<RowId> = match &view.search {
        Some(search) => {
            let hit = |row: &&&Row| search.question().holds(row);
            seen.iter().filter(hit).map(|row| row.id).collect()
        }
        None => Vec::new(),
    };
    prop_assert_eq!(
        (0..view.hits())
            .map(|n| view.hit(n).unwrap())
            .collect::<Vec<_>>(),
        hits.clone()
    );
    for (at, row) in rows.iter().enumerate() {
        let place = expected.binary_search_by(|(id, _)| id.cmp(&row.id));
        prop_assert_eq!(view.place(row.id), place, "row {}", at);
        prop_assert_eq!(view.hit_number(row.id), hits.binary_search(&row.id));
    }
    for time in [-200, 0, 20, 45, 200] {
        let time = time * 1_000_000;
        prop_assert_eq!(
            view.at_time(time),
            seen.iter().filter(|row| row.id.time < time).count()
        );
    }
    let worse = |at: &usize| {
        let entry = seen.get(*at).and_then(|row| row.entry());
        entry.is_some_and(|entry| entry.priority <= 3)
    };
    let mut boots = HashMap::new();
    let new_boot: Vec<usize> = (0..seen.len())
        .filter(|at| {
            let Item::Entry(entry) = &seen[*at].item else {
                return false;
            };
            let before = boots.insert(entry.host.clone(), entry.boot);
            before.is_some_and(|before| before != entry.boot)
        })
        .collect();
    for from in 0..seen.len() {
        prop_assert_eq!(
            view.next_worse(from, false, 3),
            (from + 1..seen.len()).find(worse)
        );
        prop_assert_eq!(view.next_worse(from, true, 3), (0..from).rev().find(worse));
        let after = new_boot.iter().copied().find(|at| *at > from);
        prop_assert_eq!(view.next_boot(from, false), after);
        let before = new_boot.iter().copied().rfind(|at| *at < from);
        prop_assert_eq!(view.next_boot(from, true), before);
    }
    for host in ["h0", "h1", "h2"].map(HostId::new) {
        let first = rows
            .iter()
            .find(|row| *row.host() == host)
            .map(|row| row.id);
        prop_assert_eq!(view.oldest_of(&host), first);
    }
    Ok(())
}

proptest! {
    #[test]
    fn slices_end_where_evaluation_at_once_would(
        steps in vec(step(), 1..250), budget in prop::sample::select(vec![8_000, 40_000, 1 << 20]),
    ) {
        let mut view = View::new(budget);
        for (n, step) in steps.into_iter().enumerate() {
            apply(&mut view, n, step);
            if n % 16 == 0 {
                check_places(&view)?;
            }
        }
        let mut waiting = usize::MAX;
        while view.busy() {
            view.slice(1);
            prop_assert!(view.pending < waiting, "no progress");
            waiting = view.pending;
        }
        prop_assert_eq!(view.unevaluated(), 0);
        while view.folds() {
            view.fold(1);
        }
        check_places(&view)?;
        check_folds(&mut view)?;
        view.set_folding(Folding::Off);
        check_all(&view)?;
    }
}

#[test]
fn context_is_shown_around_what_passes() {
    let clause = |text| vec![Clause::within(Filter::parse(text).unwrap())];
    let mut view = View::new(1 << 20);
    for n in 0..10 {
        view.push(&entry(0, n, n as usize, usize::from(n == 5), 6));
    }
    view.set_clauses(clause("beta"), 1, now());
    view.slice(usize::MAX);
    for n in 10..15 {
        view.push(&entry(0, n, n as usize, usize::from(n == 12), 6));
    }
    let texts: Vec<String> = (0..view.len())
        .filter_map(|at| Some(view.row(at)?.into_entry()?.message))
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .collect();
    assert_eq!(
        texts,
        [
            "alpha 4", "beta 5", "alpha 6", "alpha 11", "beta 12", "alpha 13"
        ]
    );
    // Wider and narrower without asking again.
    view.set_clauses(clause("beta"), 3, now());
    assert_eq!((view.len(), view.busy()), (13, false));
    view.set_clauses(clause("beta"), 0, now());
    assert_eq!((view.len(), view.busy()), (2, false));
}

#[test]
fn what_is_near_is_asked_first() {
    let mut view = View::new(64 << 10);
    for n in 0..400 {
        view.push(&entry(0, n, n as usize, 0, 6));
    }
    assert!(view.parts.len() > 6);
    let middle = view.store.id(view.store.len() / 2);
    view.look_at(middle);
    view.set_clauses(
        vec![Clause::within(Filter::parse("alpha").unwrap())],
        0,
        now(),
    );
    assert_eq!((view.len(), view.unevaluated()), (0, view.store.len()));
    view.slice(1);
    let first = view.shown(0).map(|shown| shown.id);
    let last = view.shown(view.len() - 1).map(|shown| shown.id);
    assert!(first <= middle && middle <= last && view.busy());
}
