//! Questions over a full log store: how soon the first screen of an answer is there, how soon all
//! of it is counted, and for how long the screen stands still meanwhile.
//!
//! `cargo bench --bench question [-- ENTRIES]`, 10 million without the argument. One thread, as the
//! console's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod corpus;

use corpus::Fields;
use jiff::Timestamp;
use quarterdeck::{
    filter::Filter,
    logs::{
        export::{Limits, Parser},
        question::Clause,
        view::View,
    },
    remote::HostId,
};
use std::time::{Duration, Instant};

const HANDED: u64 = 50_000;
const BUDGET: usize = 8 << 30;
/// Rows of a large screen.
const SCREEN: usize = 60;
/// Work of one slice, as in the console.
const WORK: usize = 4 << 20;

/// What is asked, and what is special about it.
const QUESTIONS: &[(&str, &str)] = &[
    ("prio:<=3", "column"),
    ("unit:sshd prio:<=4", "columns"),
    ("needle-common", "literal, one row in a thousand"),
    ("NeedleRare", "literal, rare"),
    ("needleabsent", "literal ignoring case, absent"),
    ("refused", "literal ignoring case, frequent"),
    ("\"deadline exceeded after 30s\"", "words and a value"),
    ("4711", "digits"),
    (
        "/(?i)timeout|refused|quota|needlerare/",
        "four, ignoring case",
    ),
    ("/Needle[A-Z]are/", "regular expression, rare"),
    (
        "/connection (refused|reset).*543[0-9]/",
        "regular expression",
    ),
    (
        "/[a-z]+ [0-9]{4} \\w+$/",
        "regular expression without a literal",
    ),
];

fn main() {
    let count = std::env::args().filter_map(|arg| arg.parse().ok()).next();
    let mut view = load(count.unwrap_or(10_000_000));
    println!(
        "{} entries in {} blocks, {} MiB",
        view.store().len(),
        view.store().blocks().len(),
        view.store().bytes() >> 20
    );
    println!(
        "{:<42} {:>10} {:>10} {:>10} {:>12}  what",
        "question", "first ms", "all ms", "slice ms", "rows"
    );
    let only = std::env::var("QDQ").unwrap_or_default();
    for (text, what) in QUESTIONS.iter().filter(|(text, _)| text.contains(&*only)) {
        let filter = Filter::parse(text).unwrap();
        let start = Instant::now();
        view.set_clauses(vec![Clause::within(filter)], 0, Timestamp::default());
        let mut longest = Duration::ZERO;
        let mut first = None;
        loop {
            let slice = Instant::now();
            view.slice(WORK);
            if first.is_none() && (view.len() >= SCREEN || !view.busy()) {
                let rows = view.len().saturating_sub(SCREEN)..view.len();
                assert_eq!(
                    rows.clone().filter_map(|at| view.row(at)).count(),
                    rows.len()
                );
                first = Some(start.elapsed());
            }
            longest = longest.max(slice.elapsed());
            if !view.busy() {
                break;
            }
        }
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{text:<42} {:>10.1} {:>10.1} {:>10.1} {:>12}  {what}",
            ms(first.unwrap()),
            ms(start.elapsed()),
            ms(longest),
            view.len()
        );
    }
}

fn load(count: u64) -> View {
    let mut view = View::new(BUDGET);
    let host = HostId::new("bench");
    let mut builder = view.with_store(|store| store.builder(&host));
    let mut parser = Parser::new(Limits::LIST);
    let mut chunk = Vec::new();
    for i in 0..count {
        corpus::entry(i, Fields::List, &mut chunk);
        if (i + 1) % HANDED != 0 && i + 1 != count {
            if chunk.len() < 32 << 10 {
                continue;
            }
            take(&mut parser, &mut chunk, &mut builder);
            continue;
        }
        take(&mut parser, &mut chunk, &mut builder);
        view.with_store(|store| store.append(builder.take()));
    }
    view
}

fn take(parser: &mut Parser, chunk: &mut Vec<u8>, builder: &mut quarterdeck::logs::store::Builder) {
    parser.feed(chunk);
    while let Some(raw) = parser.next() {
        builder.push_raw(&raw.unwrap()).unwrap();
    }
    chunk.clear();
}
