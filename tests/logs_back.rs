//! Reading back beyond what is held, and all fields of one entry, on a real host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{TestHost, follow::host};
use quarterdeck::{
    logs::{
        self, Entry, Fetched, Query,
        store::{Row, Store},
    },
    problem::Problem,
};

async fn all(mut fetched: Fetched<Entry>) -> Result<Vec<Entry>, Problem> {
    let mut entries = Vec::new();
    while let Some(batch) = fetched.recv().await {
        entries.extend(batch?);
    }
    Ok(entries)
}

fn cursors(store: &Store) -> Vec<String> {
    let rows = store.get(0..store.len()).filter_map(Row::into_entry);
    rows.map(|entry| entry.cursor.to_string()).collect()
}

#[tokio::test]
async fn page_by_page_to_the_past() {
    require!(hosts);
    let server = TestHost::up("log-back");
    server.fill(100_000);
    let config = server.config();
    let host = host(config.path(), &server.label);
    for units in [vec!["app*".to_owned()], vec!["app07".to_owned()]] {
        let query = Query {
            units: units.clone(),
            ..Query::default()
        };
        let start = Query {
            lines: Some(50),
            ..query.clone()
        };
        let mut store = Store::default();
        for entry in all(logs::fetch(host.clone(), start)).await.unwrap() {
            store.push(&entry);
        }
        for _ in 0..5 {
            let page = store.back_from(host.id(), &query, 200).unwrap();
            let mut page = all(logs::fetch(host.clone(), page)).await.unwrap();
            page.reverse();
            assert_eq!(store.prepend(host.id(), page), 200);
        }
        let truth = server.run(&[
            "journalctl",
            "--no-pager",
            "-o",
            "export",
            "--output-fields=X",
            "-n",
            "1050",
            "-u",
            &units[0],
        ]);
        let truth: Vec<&str> = truth
            .lines()
            .filter_map(|line| line.strip_prefix("__CURSOR="))
            .collect();
        assert_eq!(cursors(&store), truth);
    }
}

#[tokio::test]
async fn what_was_evicted_is_read_back_whole() {
    require!(hosts);
    let server = TestHost::up("log-evict");
    server.fill(100_000);
    let config = server.config();
    let host = host(config.path(), &server.label);
    let query = Query {
        units: vec!["app*".to_owned()],
        ..Query::default()
    };
    let start = Query {
        lines: Some(6000),
        ..query.clone()
    };
    let entries = all(logs::fetch(host.clone(), start)).await.unwrap();
    let expected: Vec<String> = entries.iter().map(|e| e.cursor.to_string()).collect();
    // A page is not packed at once, and must fit into half the budget once more.
    let mut store = Store::new(128 << 10);
    for entry in entries {
        store.push(&entry);
    }
    let held = store.len();
    assert!(held < 5500 && store.bytes() <= 128 << 10);
    let page = store.back_from(host.id(), &query, 300).unwrap();
    let mut page = all(logs::fetch(host.clone(), page)).await.unwrap();
    page.reverse();
    assert_eq!(store.prepend(host.id(), page), 300);
    assert_eq!(cursors(&store), expected[6000 - held - 300..]);
}

#[tokio::test]
async fn all_fields_of_one_entry() {
    require!(hosts);
    let server = TestHost::up("log-fields");
    let config = server.config();
    let host = host(config.path(), &server.label);
    let long = "long-".repeat(8000);
    server.feed(
        &["logger", "--journald"],
        format!("MESSAGE={long}\nNOTE=one\nNOTE=two\n").as_bytes(),
    );
    server.run(&["journalctl", "--sync"]);
    let query = Query {
        matches: vec!["NOTE=two".to_owned()],
        ..Query::default()
    };
    let found = all(logs::fetch(host.clone(), query)).await.unwrap();
    let [entry] = &found[..] else {
        panic!("{found:?}")
    };
    let fields = logs::all_fields(&host, &entry.cursor).await.unwrap();
    let values = |name: &str| -> Vec<&[u8]> {
        let found = fields.iter().filter(|(found, _)| found == name);
        found.map(|(_, value)| value.as_slice()).collect()
    };
    assert_eq!(values("MESSAGE"), [long.as_bytes()]);
    let mut notes = values("NOTE");
    notes.sort_unstable();
    assert_eq!(notes, [&b"one"[..], b"two"]);
    assert_eq!(values("__CURSOR"), [entry.cursor.as_bytes()]);
    assert_eq!(values("_TRANSPORT"), [&b"journal"[..]]);

    // An entry that is gone is told as such, not replaced by its neighbour.
    let gone = entry.cursor.replace(";x=", ";x=f").replace(";i=", ";i=fff");
    let problem = logs::all_fields(&host, &gone).await.unwrap_err();
    assert_eq!(problem.code, "journal-entry-gone");
}
