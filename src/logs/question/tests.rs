//! Blocks answer as their rows do, one by one.

use super::*;
use crate::{
    logs::{
        Entry,
        store::{Block, Builder, Limits, Tables},
    },
    remote::HostId,
};
use proptest::{collection::vec, prelude::*};
use std::sync::Arc;

/// Messages of few forms, so that patterns are met more than once, with texts that hit and miss.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let word = || "(timeout|Refused|ok|error|Maſter|\u{212a}ill|größe|GRÖSSE|a1b|x2y|aa)";
    prop_oneof![
        4 => (0usize..6, 0u32..40, word()).prop_map(|(kind, n, word)| match kind {
            0 => format!("GET /orders/{n} took {n}.5ms"),
            1 => format!("level=error id=00{n:x} msg=\"no {word} to host\""),
            2 => format!("{word} started"),
            3 => format!("{word}{n} of {n}{word}"),
            4 => format!("{n}"),
            _ => "constant".to_owned(),
        }.into_bytes()),
        1 => vec(prop_oneof![word(), "[ 0-9a-b\n=]"], 0..8).prop_map(|all| all.concat().into_bytes()),
        1 => vec(any::<u8>(), 0..20),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let who = (
        0u8..2,
        0u8..8,
        proptest::option::of(0u8..3),
        proptest::option::of(0u8..2),
    );
    (
        who,
        0i64..100,
        message(),
        proptest::option::of(0u32..5),
        0u128..2,
    )
        .prop_map(
            |((host, priority, unit, identifier), time, message, pid, boot)| Entry {
                host: HostId::new(format!("h{host}")),
                cursor: Arc::from(format!("line {time}")),
                realtime: time * 1_000_000,
                monotonic: time,
                boot,
                priority,
                unit: unit.map(|n| format!("error{n}.service").into()),
                identifier: identifier.map(|n| {
                    if n == 0 {
                        "app".into()
                    } else {
                        "timeoutd".into()
                    }
                }),
                pid,
                message: message.into(),
                cut_from: None,
                told: None,
            },
        )
}

fn term() -> impl Strategy<Value = String> {
    let words = "timeout|Refused|refused|error|kill|master|größe|[0-9]{1,3}|[a-bx]{1,3}|ms|app|constant|\
                 \"(no timeout|no ref|orders/[0-9]{1,2} took|took [0-9]|= ?|[0-9] of|ok started|id=00|msg=)\"";
    let regexes = prop::sample::select(vec![
        "/timeout|refused/",
        "/error|[0-9]{2}|took \\d+/",
        "/started$|5\\.5/",
        "/^get|kill/",
        "/time.*out/",
        "/TIME.*OUT/i",
        "/\\bok\\b/",
        "/[0-9]+ms$/",
        "/(err|ref)[a-z]+/",
        "/id=\\d+[a-f]?/",
        "/./",
        "/^$/",
        "/a*/",
        "/a{2}/",
        "/k.ll/",
        "/\\S+ of/",
        "/m[aä]s(ter)?/",
        "/no .*(host|\\d)/",
        "/[= ]00/",
        "/s[ x]?t/",
        "~tmt",
        "~gtok",
        "~krs",
    ]);
    let fields = "host:(h0|=h1)|unit:(error1|=error0.service|/2/)|id:(app|timeout)|prio:<=[0-7]|prio:!3|\
                  pid:(1|2,3)|pid>2|age[<>]=?[0-9]{1,2}s|age:[0-9]{1,2}|time[<>]=?@[0-9]{1,2}|boot:=0{31}1|\
                  message:(timeout|/level[.][*]msg/,started|=constant)";
    let term = prop_oneof![words, regexes.prop_map(str::to_owned), fields];
    ("!?", term).prop_map(|(not, term)| format!("{not}{term}"))
}

fn clause() -> impl Strategy<Value = Clause> {
    (vec(term(), 1..3), any::<bool>(), prop::bool::weighted(0.9)).prop_map(|(terms, out, on)| {
        let text = terms.join(" ");
        let filter = Filter::parse_for(&text, crate::logs::seen::FIELDS);
        Clause {
            filter: filter.unwrap_or_else(|e| panic!("{text}: {e}")),
            out,
            on,
        }
    })
}

fn blocks(entries: &[Entry], rows: usize) -> Vec<Arc<Block>> {
    let (raw, frame) = (1 << 20, rows / 3);
    let limits = Limits { rows, raw, frame };
    let mut builder = Builder::new(HostId::new("h0"), limits, Tables::default(), 0, None);
    for entry in entries {
        builder.push(&entry.fields());
    }
    builder.take().into_blocks()
}

fn check(question: Question, blocks: &[Arc<Block>]) -> Result<(), TestCaseError> {
    let question = Arc::new(question);
    let mut evaluator = Evaluator::new(question.clone());
    for block in blocks {
        let found = evaluator.evaluate(block);
        let rows = block.open();
        let expected: Bits = (0..rows.len())
            .map(|row| question.holds(&rows.row(row).unwrap()))
            .collect();
        let texts: Vec<_> = question
            .clauses()
            .iter()
            .map(|c| (c.filter.as_str(), c.out))
            .collect();
        prop_assert_eq!(found.to_bits(block), expected.clone(), "{:?}", texts);
        prop_assert_eq!(found.count(block.rows()), expected.count());
        for row in 0..rows.len() + 1 {
            prop_assert_eq!(found.has(row, block) && row < rows.len(), expected.get(row));
            prop_assert_eq!(found.rank(row, block), expected.rank(row));
            prop_assert_eq!(found.select(row, block), expected.select(row));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn blocks_answer_as_their_rows_do(
        entries in vec(entry(), 1..120),
        clauses in vec(clause(), 0..3),
        rows in 20usize..60,
        search in clause(),
    ) {
        let blocks = blocks(&entries, rows);
        let now = Timestamp::from_second(100).unwrap();
        check(Question::new(clauses, now), &blocks)?;
        check(Question::search(search.filter, now), &blocks)?;
    }
}

#[test]
fn expressions_that_grow_elsewhere_are_harmless() {
    let entry = Entry {
        message: Arc::from(vec![b'a'; 60_000]),
        host: HostId::new("h0"),
        cursor: Arc::from("line 1"),
        realtime: 0,
        monotonic: 0,
        boot: 1,
        priority: 6,
        unit: None,
        identifier: None,
        pid: None,
        cut_from: None,
        told: None,
    };
    let blocks = blocks(&vec![entry; 20], 20);
    // A matcher that tries all ways would take longer than the universe lasts.
    for regex in [
        "/(a+)+$x/",
        "/(a|aa)*b/",
        "/(a*)*c/",
        "/(.*)(.*)(.*)(.*)(.*)z/",
    ] {
        let question = Question::search(Filter::parse(regex).unwrap(), Timestamp::default());
        let found = Evaluator::new(Arc::new(question)).evaluate(&blocks[0]);
        assert_eq!(found.count(20), 0, "{regex}");
    }
}
