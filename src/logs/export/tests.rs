use super::*;
use proptest::prelude::*;

type Fields = Vec<(String, Vec<u8>)>;

fn parse(limits: Limits, chunks: &[&[u8]]) -> (Vec<Fields>, Vec<ExportError>) {
    let mut parser = Parser::new(limits);
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for chunk in chunks {
        parser.feed(chunk);
        while let Some(item) = parser.next() {
            match item {
                Ok(raw) => entries.push(
                    raw.fields()
                        .map(|f| (f.name.to_owned(), f.value.to_vec()))
                        .collect(),
                ),
                Err(error) => errors.push(error),
            }
        }
    }
    (entries, errors)
}

fn serialise(entries: &[Fields]) -> Vec<u8> {
    let mut out = Vec::new();
    for fields in entries {
        for (name, value) in fields {
            let text = !value.contains(&b'\n') && std::str::from_utf8(value).is_ok();
            let (value, cut_from, binary) = (value.as_slice(), None, !text);
            Field {
                name,
                value,
                binary,
                cut_from,
            }
            .write(&mut out);
        }
        out.push(b'\n');
    }
    out
}

fn fields() -> impl Strategy<Value = Fields> {
    let value = prop_oneof![
        "[ -~]{0,40}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..200),
        "\n*=?\n*".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(("[A-Z_][A-Z0-9_]{0,30}", value), 1..12)
}

/// Splits at arbitrary places.
fn chunks<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut ends: Vec<usize> = cuts.iter().map(|c| c % (bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter()
        .map(|end| {
            let chunk = &bytes[start..end];
            start = end;
            chunk
        })
        .collect()
}

proptest! {
    #[test]
    fn any_entries_in_any_chunks(
        entries in proptest::collection::vec(fields(), 0..6),
        cuts in proptest::collection::vec(any::<usize>(), 0..12),
    ) {
        let bytes = serialise(&entries);
        let (parsed, errors) = parse(Limits::WHOLE, &chunks(&bytes, &cuts));
        prop_assert_eq!(errors, vec![]);
        prop_assert_eq!(&parsed, &entries);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(parse(Limits::WHOLE, &single).0, entries);
    }

    #[test]
    fn limits_hold_whatever_the_chunks(
        entries in proptest::collection::vec(fields(), 1..5),
        cuts in proptest::collection::vec(any::<usize>(), 0..12),
    ) {
        let limits = Limits { message: 16, field: 8, fields: 4, entry: 64 };
        let bytes = serialise(&entries);
        let (parsed, errors) = parse(limits, &chunks(&bytes, &cuts));
        prop_assert_eq!(errors, vec![]);
        prop_assert_eq!(parsed.len(), entries.len());
        for (got, sent) in parsed.iter().zip(&entries) {
            prop_assert!(!got.is_empty() && got.len() <= 4);
            for ((name, value), (sent_name, sent_value)) in got.iter().zip(sent) {
                prop_assert_eq!(name, sent_name);
                let room = if name == "MESSAGE" { 16 } else { 8 };
                prop_assert_eq!(value, &sent_value[..sent_value.len().min(room)]);
            }
        }
        // The same bytes in one chunk give the same.
        prop_assert_eq!(parse(limits, &[&bytes]).0, parsed);
    }

    #[test]
    fn garbage_never_panics_nor_grows(
        pieces in proptest::collection::vec(prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            Just(b"MESSAGE\n".to_vec()), Just(b"A=b\n".to_vec()), Just(b"\n".to_vec()),
            Just((1u64 << 31).to_le_bytes().to_vec()), Just(vec![b'x'; 3000]),
        ], 0..40),
    ) {
        let limits = Limits { message: 64, field: 32, fields: 8, entry: 256 };
        let mut parser = Parser::new(limits);
        for piece in &pieces {
            parser.feed(piece);
            while parser.next().is_some() {}
            prop_assert!(parser.held() < 32 << 10, "{}", parser.held());
        }
    }
}

#[test]
fn resynchronises_at_the_next_blank_line() {
    let bytes = b"A=1\n\nthis is no field at all\nB=lost with it\n\nC=3\n\n";
    let (entries, errors) = parse(Limits::LIST, &[bytes]);
    assert_eq!(
        entries,
        vec![
            vec![("A".to_owned(), b"1".to_vec())],
            vec![("C".to_owned(), b"3".to_vec())]
        ]
    );
    assert_eq!(
        errors,
        vec![ExportError {
            offset: 5,
            what: "neither a field nor a name"
        }]
    );
}

#[test]
fn a_cut_message_keeps_its_true_length() {
    let mut stream = b"MESSAGE=".to_vec();
    stream.extend(vec![b'm'; 100_000]);
    stream.extend(b"\nPRIORITY=3\nMESSAGE\n");
    stream.extend(70_000u64.to_le_bytes());
    stream.extend(vec![b'\n'; 70_000]);
    stream.extend(b"\n_PID=7\n\n");
    for size in [1usize, 7, 4096, 65_537, stream.len()] {
        let mut parser = Parser::new(Limits::LIST);
        let mut seen = 0;
        for chunk in stream.chunks(size) {
            parser.feed(chunk);
            while let Some(item) = parser.next() {
                let raw = item.unwrap();
                let fields: Vec<Field<'_>> = raw.fields().collect();
                assert_eq!(fields[0].cut_from, Some(100_000), "chunks of {size}");
                assert_eq!(fields[0].value.len(), 64 << 10);
                assert_eq!(fields[1].value, b"3");
                assert_eq!(fields[2].cut_from, Some(70_000), "chunks of {size}");
                assert_eq!(fields[2].value.len(), 64 << 10);
                assert_eq!(fields[3].value, b"7");
                seen += 1;
            }
        }
        assert_eq!(seen, 1);
        assert!(!parser.is_within_entry());
    }
}

#[test]
fn a_gigabyte_field_is_skipped_in_constant_memory() {
    let mut parser = Parser::new(Limits::LIST);
    parser.feed(b"__CURSOR=c\nCOREDUMP\n");
    parser.feed(&(1u64 << 30).to_le_bytes());
    let chunk = vec![b'\n'; 1 << 20];
    for _ in 0..1024 {
        parser.feed(&chunk);
        assert!(parser.next().is_none());
        assert!(parser.is_within_entry());
        assert!(parser.held() < 3 << 20, "{}", parser.held());
    }
    parser.feed(b"\n_PID=1\n\n");
    let raw = parser.next().unwrap().unwrap();
    let fields: Vec<Field<'_>> = raw.fields().collect();
    assert_eq!(fields[1].cut_from, Some(1 << 30));
    assert_eq!(raw.get("_PID"), Some(&b"1"[..]));
}

#[test]
fn fields_beyond_the_count_are_counted_only() {
    let limits = Limits {
        fields: 3,
        ..Limits::LIST
    };
    let mut stream = Vec::new();
    for i in 0..1000 {
        Field {
            name: &format!("F{i}"),
            value: b"a\nb",
            binary: true,
            cut_from: None,
        }
        .write(&mut stream);
    }
    stream.extend(b"\nA=1\n\n");
    for size in [1, 1000, stream.len()] {
        let mut parser = Parser::new(limits);
        let mut seen = Vec::new();
        for chunk in stream.chunks(size) {
            parser.feed(chunk);
            while let Some(item) = parser.next() {
                let raw = item.unwrap();
                seen.push((raw.fields().count(), raw.skipped()));
            }
        }
        assert_eq!(seen, [(3, 997), (1, 0)]);
    }
}
