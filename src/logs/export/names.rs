//! Names of fields: which of them lists read, and which is likely to come next. Entries repeat
//! their names in the same order, so that the next one is guessed and compared rather than read.

/// Longest field name that journald allows, in bytes.
pub(super) const NAME_MAX: usize = 64;
/// So many different names are remembered; a journal has few.
const MOST: usize = 64;

/// A field that lists read, told by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// `__CURSOR`
    Cursor,
    /// `__REALTIME_TIMESTAMP`
    Realtime,
    /// `__MONOTONIC_TIMESTAMP`
    Monotonic,
    /// `_BOOT_ID`
    Boot,
    /// `MESSAGE`
    Message,
    /// `PRIORITY`
    Priority,
    /// `SYSLOG_IDENTIFIER`
    Identifier,
    /// `_COMM`
    Comm,
    /// `_PID`
    Pid,
    /// `SYSLOG_PID`
    SyslogPid,
    /// `_SYSTEMD_UNIT`
    Unit,
    /// `UNIT`
    About,
    /// `MESSAGE_ID`
    Catalogue,
    /// Any other name.
    Other,
}

impl Known {
    pub(super) fn of(name: &[u8]) -> Known {
        match name {
            b"__CURSOR" => Known::Cursor,
            b"__REALTIME_TIMESTAMP" => Known::Realtime,
            b"__MONOTONIC_TIMESTAMP" => Known::Monotonic,
            b"_BOOT_ID" => Known::Boot,
            b"MESSAGE" => Known::Message,
            b"PRIORITY" => Known::Priority,
            b"SYSLOG_IDENTIFIER" => Known::Identifier,
            b"_COMM" => Known::Comm,
            b"_PID" => Known::Pid,
            b"SYSLOG_PID" => Known::SyslogPid,
            b"_SYSTEMD_UNIT" => Known::Unit,
            b"UNIT" => Known::About,
            b"MESSAGE_ID" => Known::Catalogue,
            _ => Known::Other,
        }
    }
}

/// The names seen so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    seen: Vec<Name>,
    last: usize,
}

#[derive(Debug)]
struct Name {
    /// The name and its `=`.
    text: Box<[u8]>,
    known: Known,
    /// Which one came after it the last time.
    next: usize,
}

impl Names {
    /// How long the name at the front is, which a `=` follows, and what it is; `None` when there
    /// is none.
    pub(super) fn front(&mut self, bytes: &[u8]) -> Option<(usize, Known)> {
        let guess = self.seen.get(self.last).map_or(0, |last| last.next);
        if let Some(name) = self.seen.get(guess)
            && bytes.starts_with(&name.text)
        {
            self.last = guess;
            return Some((name.text.len() - 1, name.known));
        }
        let length = name_end(bytes)?;
        let text = bytes.get(..=length)?;
        let found = self.seen.iter().position(|name| *name.text == *text);
        let at = match found {
            Some(at) => at,
            None if self.seen.len() < MOST => {
                self.seen.push(Name {
                    text: text.into(),
                    known: Known::of(text.get(..length)?),
                    next: 0,
                });
                self.seen.len() - 1
            }
            None => return Some((length, Known::of(text.get(..length)?))),
        };
        if let Some(last) = self.seen.get_mut(self.last) {
            last.next = at;
        }
        self.last = at;
        Some((length, self.seen.get(at)?.known))
    }

    /// Bytes of memory they take.
    pub(super) fn held(&self) -> usize {
        let texts: usize = self.seen.iter().map(|name| name.text.len()).sum();
        texts + self.seen.capacity() * size_of::<Name>()
    }
}

/// Where the name of a text field ends; `None` when the line starts with no name and `=`.
pub(super) fn name_end(line: &[u8]) -> Option<usize> {
    let equals = line
        .get(..line.len().min(NAME_MAX + 1))?
        .iter()
        .position(|b| *b == b'=')?;
    is_name(line.get(..equals)?).then_some(equals)
}

pub(super) fn is_name(name: &[u8]) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name
            .iter()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_whether_guessed_or_read() {
        let mut names = Names::default();
        let many: Vec<String> = (0..2 * MOST).map(|i| format!("FIELD_{i}")).collect();
        for _ in 0..3 {
            for known in [
                ("MESSAGE", Known::Message),
                ("_PID", Known::Pid),
                ("MESSAGE", Known::Message),
                ("MESSAGE_IDS", Known::Other),
            ] {
                let line = format!("{}=x=y\n", known.0);
                assert_eq!(
                    names.front(line.as_bytes()),
                    Some((known.0.len(), known.1)),
                    "{line}"
                );
            }
            for name in &many {
                let line = format!("{name}=");
                assert_eq!(
                    names.front(line.as_bytes()),
                    Some((name.len(), Known::Other))
                );
            }
            for none in ["", "=", "MESSAGE", "MESSAGE\n_PID=", "message=", "A B="] {
                assert_eq!(names.front(none.as_bytes()), None, "{none}");
            }
        }
        assert_eq!(names.seen.len(), MOST);
        let longest = "A".repeat(NAME_MAX);
        assert!(names.front(format!("{longest}=").as_bytes()).is_some());
        assert!(names.front(format!("{longest}A=").as_bytes()).is_none());
    }
}
