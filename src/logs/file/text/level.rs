//! Priorities from what programs write in front of their messages.

/// Bytes of a message that are searched for a word.
const LOOKED_AT: usize = 200;

/// `<3>` in front, as the kernel and syslog write it; and where the rest begins.
pub(super) fn number(line: &[u8]) -> (Option<u8>, usize) {
    let [b'<', rest @ ..] = line else {
        return (None, 0);
    };
    let digits = rest
        .iter()
        .take(3)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let closed = rest.get(digits) == Some(&b'>');
    let text = rest.get(..digits).and_then(|d| std::str::from_utf8(d).ok());
    match text.and_then(|text| text.parse::<u8>().ok()) {
        Some(number) if closed && number < 192 => (Some(number % 8), digits + 2),
        _ => (None, 0),
    }
}

/// The first word that is certainly meant as a priority: in capitals, in brackets, after `level=`
/// and the like, or before a colon at the start.
pub(super) fn word(message: &[u8]) -> Option<u8> {
    let looked_at = message.get(..LOOKED_AT).unwrap_or(message);
    let mut at = 0;
    let mut first = true;
    while let Some(start) = looked_at
        .get(at..)?
        .iter()
        .position(u8::is_ascii_alphabetic)
    {
        let start = at + start;
        let rest = looked_at.get(start..)?;
        let length = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        at = start + length;
        let word = rest.get(..length)?;
        let before = start.checked_sub(1).and_then(|i| looked_at.get(i).copied());
        let after = looked_at.get(at).copied();
        // `no-error`, `ERROR_CODE` and `INFO2` are other words.
        let whole = !before.is_some_and(inside) && !after.is_some_and(inside);
        if whole
            && let Some(priority) = known(word)
            && (word.iter().all(u8::is_ascii_uppercase)
                || in_brackets(before, after)
                || (first && after == Some(b':'))
                || is_value(looked_at.get(..start)?))
        {
            return Some(priority);
        }
        first = false;
    }
    None
}

fn inside(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn in_brackets(before: Option<u8>, after: Option<u8>) -> bool {
    matches!(
        (before, after),
        (Some(b'['), Some(b']')) | (Some(b'<'), Some(b'>')) | (Some(b'('), Some(b')')) | (Some(b'|'), Some(b'|'))
        // `[error:` and `:error]`, as apache writes them.
        | (Some(b':'), Some(b']')) | (Some(b'['), Some(b':'))
    )
}

/// Whether what stands before is `level=`, `"level":"` and the like.
fn is_value(before: &[u8]) -> bool {
    let trimmed = |text: &[u8], of: &[u8]| {
        let kept = text.iter().rposition(|b| !of.contains(b));
        kept.map_or(0, |at| at + 1)
    };
    let key = before.get(..trimmed(before, b"\"' :=")).unwrap_or_default();
    let assigned = before
        .get(key.len()..)
        .is_some_and(|between| between.iter().any(|b| matches!(b, b'=' | b':')));
    assigned
        && ["level", "lvl", "severity", "priority", "loglevel"]
            .iter()
            .any(|name| {
                let at = key.len().checked_sub(name.len());
                at.and_then(|at| key.get(at..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
            })
}

fn known(word: &[u8]) -> Option<u8> {
    if !(3..=11).contains(&word.len()) {
        return None;
    }
    let mut lower = [0; 11];
    for (to, from) in lower.iter_mut().zip(word) {
        *to = from.to_ascii_lowercase();
    }
    Some(match lower.get(..word.len())? {
        b"emerg" | b"emergency" => 0,
        b"alert" => 1,
        b"crit" | b"critical" | b"fatal" | b"panic" => 2,
        b"err" | b"error" | b"severe" => 3,
        b"warn" | b"warning" => 4,
        b"notice" => 5,
        b"info" | b"information" => 6,
        b"debug" | b"trace" | b"verbose" | b"fine" => 7,
        _ => return None,
    })
}

/// The rest of an access log's line after the time: `] "GET / HTTP/1.1" 502 …`. A server's own
/// failure is an error.
pub(super) fn of_status(rest: &[u8]) -> Option<u8> {
    let looked_at = rest.get(..4096).unwrap_or(rest);
    let request = memchr::memchr(b'"', looked_at)?;
    let after = looked_at.get(request + 1..)?;
    let status = after
        .windows(6)
        .find(|w| matches!(w, [b'"', b' ', _, _, _, b' '] if w.iter().skip(2).take(3).all(u8::is_ascii_digit)))?;
    (status.get(2) == Some(&b'5')).then_some(3)
}
