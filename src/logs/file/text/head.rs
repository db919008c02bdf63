//! What the first line of an entry tells: time, host, program, priority.

use super::{
    level,
    stamp::{Clock, Form},
};
use std::ops::Range;

#[derive(Debug, Default, Clone)]
pub(super) struct Head {
    pub(super) time: Option<i64>,
    pub(super) priority: Option<u8>,
    pub(super) host: Option<Range<usize>>,
    pub(super) identifier: Option<Range<usize>>,
    pub(super) pid: Option<u32>,
    /// Where the message begins.
    pub(super) message: usize,
}

impl Head {
    pub(super) fn of(line: &[u8], clock: &mut Clock) -> Head {
        let mut head = Head::default();
        let (number, begins) = level::number(line);
        head.priority = number;
        let Some(stamp) = clock.read(line, begins) else {
            head.priority = head.priority.or_else(|| level::word(line));
            return head;
        };
        head.time = Some(stamp.micros);
        if !stamp.in_front {
            // Access logs and JSON: the time is somewhere in the message.
            let found = match stamp.form {
                Form::Access => level::of_status(line.get(stamp.end..).unwrap_or_default()),
                _ => level::word(line),
            };
            head.priority = head.priority.or(found);
            return head;
        }
        let rest = line.get(stamp.end..).unwrap_or_default();
        let from = stamp.end + separators(rest);
        head.message = from;
        let rest = line.get(from..).unwrap_or_default();
        if matches!(stamp.form, Form::Syslog | Form::Iso) {
            head.syslog(rest, from, stamp.form == Form::Syslog);
        }
        let message = line.get(head.message..).unwrap_or_default();
        head.priority = head
            .priority
            .or(stamp.priority)
            .or_else(|| level::word(message));
        head
    }

    /// `host program[pid]: `. Where the time alone does not tell that this is syslog's form, the
    /// process id has to.
    fn syslog(&mut self, rest: &[u8], from: usize, sure: bool) {
        let Some(space) = rest.iter().take(256).position(|b| *b == b' ') else {
            return;
        };
        let Some(after) = rest.get(space + 1..) else {
            return;
        };
        let Some(colon) = after
            .iter()
            .take(128)
            .position(|b| *b == b':' || *b == b' ')
        else {
            return;
        };
        if after.get(colon) != Some(&b':') || !matches!(after.get(colon + 1), None | Some(b' ')) {
            return;
        }
        let tag = after.get(..colon).unwrap_or_default();
        let (name, pid) = match tag.iter().position(|b| *b == b'[') {
            Some(open) => {
                let digits = tag.get(open + 1..).and_then(|t| t.strip_suffix(b"]"));
                let pid = digits.and_then(|d| std::str::from_utf8(d).ok()?.parse().ok());
                if pid.is_none() {
                    return;
                }
                (tag.get(..open).unwrap_or_default(), pid)
            }
            None => (tag, None),
        };
        if name.is_empty() || (!sure && pid.is_none() && name != b"kernel") {
            return;
        }
        let tag_at = from + space + 1;
        self.host = Some(from..from + space);
        self.identifier = Some(tag_at..tag_at + name.len());
        self.pid = pid;
        let end = tag_at + colon + 1;
        let blank = after.get(colon + 1) == Some(&b' ');
        self.message = end + usize::from(blank);
    }
}

/// What stands between time and message.
fn separators(rest: &[u8]) -> usize {
    let bytes = rest.iter().take(8);
    let closing = bytes
        .clone()
        .take_while(|b| matches!(b, b']' | b')' | b':' | b',' | b'|' | b' ' | b'\t'))
        .count();
    match rest.get(closing..) {
        // `time - message`
        Some([b'-', b' ', ..]) => closing + 2,
        _ => closing,
    }
}
