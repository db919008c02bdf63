//! A journal entry as a filter sees it: the texts that bare words search, and the fields.

use super::{
    Entry,
    entry::{boot_id, first_number},
    export::{Known, Raw},
};
use crate::filter::{Row, Value};
use jiff::Timestamp;
use std::borrow::Cow;

/// The fields that filters of journal entries may name.
pub const FIELDS: &[&str] = &[
    "age", "boot", "host", "id", "message", "pid", "prio", "time", "unit",
];

/// An entry, borrowed from wherever it is kept.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Whose journal.
    pub host: &'a str,
    /// Microseconds since 1970 by the host's clock; 0 when a line of text tells no time.
    pub realtime: i64,
    /// Boot id; 0 when unknown.
    pub boot: u128,
    /// 0 to 7.
    pub priority: u8,
    /// The unit it belongs to.
    pub unit: Option<&'a [u8]>,
    /// Who says it.
    pub identifier: Option<&'a [u8]>,
    /// Process id.
    pub pid: Option<u32>,
    /// What is said, any bytes.
    pub message: &'a [u8],
    /// What time it is, for ages.
    pub now: Timestamp,
}

impl<'a> Seen<'a> {
    /// An entry of a list.
    pub fn entry(entry: &'a Entry, now: Timestamp) -> Seen<'a> {
        Seen {
            host: entry.host.as_str(),
            realtime: entry.realtime,
            boot: entry.boot,
            priority: entry.priority,
            unit: entry.unit.as_deref().map(str::as_bytes),
            identifier: entry.identifier.as_deref().map(str::as_bytes),
            pid: entry.pid,
            message: &entry.message,
            now,
        }
    }

    /// An entry as it came, like [`Seen::entry`] of what [`super::entry::decode`] makes of it.
    pub fn raw(raw: &Raw<'a>, host: &'a str, now: Timestamp) -> Seen<'a> {
        let mut seen = Seen {
            host,
            realtime: 0,
            boot: 0,
            priority: 6,
            unit: None,
            identifier: None,
            pid: None,
            message: b"",
            now,
        };
        let (mut about, mut comm, mut syslog_pid, mut message) = (None, None, None, None);
        for (known, value, _) in raw.known() {
            let value = Some(value);
            match known {
                Known::Realtime => seen.realtime = first_number(value).unwrap_or(0),
                Known::Boot => seen.boot = value.and_then(boot_id).unwrap_or(0),
                Known::Priority => {
                    seen.priority = first_number(value).filter(|p| *p < 8).unwrap_or(6);
                }
                Known::Unit => seen.unit = value,
                Known::About => about = value,
                Known::Identifier if value != Some(b"") => seen.identifier = value,
                Known::Comm => comm = value,
                Known::Pid => seen.pid = first_number(value),
                Known::SyslogPid => syslog_pid = first_number(value),
                Known::Message => message = message.or(value),
                _ => {}
            }
        }
        if matches!(seen.unit, None | Some(b"init.scope")) {
            seen.unit = about.or(seen.unit);
        }
        seen.identifier = seen.identifier.or(comm);
        seen.pid = seen.pid.or(syslog_pid);
        seen.message = message.unwrap_or_default();
        seen
    }
}

/// Microseconds since 1970; 0 when it does not tell.
pub fn time_of(raw: &Raw<'_>) -> i64 {
    first_number(raw.get("__REALTIME_TIMESTAMP")).unwrap_or(0)
}

impl Row for Seen<'_> {
    fn texts(&self, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        visit(self.message)
            || self.identifier.is_some_and(&mut *visit)
            || self.unit.is_some_and(visit)
    }

    fn field(&self, name: &str) -> Option<Value<'_>> {
        let text = |bytes| Value::Text(String::from_utf8_lossy(bytes));
        match name {
            "host" => Some(self.host.into()),
            "unit" => self.unit.map(text),
            "id" => self.identifier.map(text),
            "prio" => Some(Value::Number(f64::from(self.priority))),
            "pid" => self.pid.map(|pid| Value::Number(f64::from(pid))),
            "message" => Some(Value::Bytes(self.message)),
            "boot" => Some(Value::Text(Cow::Owned(format!("{:032x}", self.boot)))),
            "time" => Some(Value::Number(self.realtime as f64 / 1e6)),
            "age" => {
                let micros = self.now.as_microsecond().saturating_sub(self.realtime);
                Some(Value::Number(micros as f64 / 1e6))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        filter::Filter,
        logs::{
            entry::{Interner, decode},
            export::{Limits, Parser},
        },
        remote::HostId,
    };

    #[test]
    fn raw_and_decoded_entries_are_seen_alike() {
        let head = "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795427434795173\n\
            _BOOT_ID=65fb330c45544b1aa2eb3c18f3295e98\n";
        let rests = [
            "MESSAGE=Started web.\n_SYSTEMD_UNIT=init.scope\nUNIT=web.service\n_COMM=systemd\n_PID=1\n",
            "MESSAGE=a\nMESSAGE=b\n_SYSTEMD_UNIT=x.service\nUNIT=y.service\nPRIORITY=3\n",
            "SYSLOG_IDENTIFIER=\n_COMM=sh\nSYSLOG_PID=7\nPRIORITY=9\n",
            "UNIT=z.service\nSYSLOG_IDENTIFIER=id\nPRIORITY=0\n_PID=x\nSYSLOG_PID=8\n",
        ];
        let filters = [
            "web",
            "unit:=web.service",
            "unit:x",
            "unit:=y.service",
            "message:=a",
            "prio:=3",
            "prio:=6",
            "id:sh",
            "id:=id",
            "pid:1",
            "pid:7",
            "pid:8",
            "prio:<=0",
            "host:h1",
            "boot:65fb",
            "age:<60s",
            "time:>=@1795427434.795173",
            "time<@1795427434.795173",
            "/^started/",
        ];
        let (host, now) = (
            HostId::new("h1"),
            Timestamp::from_second(1_795_427_444).unwrap(),
        );
        for rest in rests {
            let mut parser = Parser::new(Limits::LIST);
            parser.feed(format!("{head}{rest}\n").as_bytes());
            let raw = parser.next().unwrap().unwrap();
            let decoded = decode(&raw, &host, &mut Interner::default()).unwrap();
            for filter in filters {
                let filter = Filter::parse_for(filter, FIELDS).unwrap();
                let seen = Seen::raw(&raw, "h1", now);
                assert_eq!(
                    filter.matches(&seen),
                    filter.matches(&Seen::entry(&decoded, now)),
                    "{} on {rest}",
                    filter.as_str()
                );
            }
        }
    }
}
