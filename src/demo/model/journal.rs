//! A host's journal in memory: entries in order, bounded, the oldest go first.
//!
//! What `journalctl` prints of it is made next door.

use std::{borrow::Cow, collections::VecDeque, sync::Arc};

/// Entries kept a host; some 150 bytes each.
const MOST: usize = 60_000;

/// Who writes: the fields that journald adds by itself.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) unit: String,
    pub(crate) identifier: String,
    pub(crate) exe: String,
    pub(crate) transport: &'static str,
    pub(crate) uid: u32,
    pub(crate) invocation: String,
}

/// One entry.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) seq: u64,
    /// Microseconds since 1970.
    pub(crate) realtime: i64,
    /// Microseconds since the boot.
    pub(crate) monotonic: i64,
    pub(crate) boot: Arc<str>,
    pub(crate) source: Arc<Source>,
    pub(crate) pid: u32,
    pub(crate) priority: u8,
    pub(crate) message: Box<[u8]>,
    /// Fields of the program's own, in its order.
    pub(crate) extra: Vec<(Cow<'static, str>, Vec<u8>)>,
}

/// The journal and the names of the machine that are in every entry.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) host: String,
    pub(crate) machine: String,
    pub(crate) seq_id: String,
    pub(crate) entries: VecDeque<Arc<Record>>,
    last: u64,
    /// The last entry of the files that are no longer written to.
    rotated: u64,
}

impl Journal {
    pub(crate) fn new(host: &str, machine: String, seq_id: String) -> Journal {
        Journal {
            host: host.to_owned(),
            machine,
            seq_id,
            entries: VecDeque::new(),
            last: 0,
            rotated: 0,
        }
    }

    /// Adds an entry; its sequence number is set here.
    pub(crate) fn append(&mut self, mut record: Record) {
        self.last += 1;
        record.seq = self.last;
        if self.entries.len() >= MOST {
            self.entries.pop_front();
        }
        self.entries.push_back(Arc::new(record));
    }

    /// Begins a new journal file.
    pub(crate) fn rotate(&mut self) {
        self.rotated = self.last;
    }

    /// Drops the journal files that are no longer written to.
    pub(crate) fn vacuum(&mut self) {
        let gone = self
            .entries
            .partition_point(|record| record.seq <= self.rotated);
        self.entries.drain(..gone);
    }

    /// The newest entry's number.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// The entries after number `seq`.
    pub(crate) fn after(&self, seq: u64) -> impl DoubleEndedIterator<Item = &Arc<Record>> {
        let first = self.entries.front().map_or(0, |record| record.seq);
        let skip = usize::try_from((seq + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.range(skip.min(self.entries.len())..)
    }

    /// The boots in order with their first and last entry's time.
    pub(crate) fn boots(&self) -> Vec<(Arc<str>, i64, i64)> {
        let mut boots: Vec<(Arc<str>, i64, i64)> = Vec::new();
        for record in &self.entries {
            match boots.last_mut() {
                Some((boot, _, last)) if *boot == record.boot => *last = record.realtime,
                _ => boots.push((record.boot.clone(), record.realtime, record.realtime)),
            }
        }
        boots
    }

    /// `__CURSOR`.
    pub(crate) fn cursor(&self, record: &Record) -> String {
        let x = record
            .seq
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(17)
            ^ record.realtime.unsigned_abs();
        format!(
            "s={};i={:x};b={};m={:x};t={:x};x={x:x}",
            self.seq_id, record.seq, record.boot, record.monotonic, record.realtime
        )
    }

    /// The fields as journald stores them, without the address fields (`__…`).
    pub(crate) fn fields(&self, record: &Record) -> Vec<(Cow<'static, str>, Vec<u8>)> {
        let source = &record.source;
        let mut fields: Vec<(Cow<'static, str>, Vec<u8>)> = Vec::with_capacity(24);
        let mut put = |name: &'static str, value: String| {
            fields.push((Cow::Borrowed(name), value.into_bytes()));
        };
        put("_BOOT_ID", record.boot.to_string());
        put("PRIORITY", record.priority.to_string());
        put("_MACHINE_ID", self.machine.clone());
        put("_HOSTNAME", self.host.clone());
        put("_RUNTIME_SCOPE", "system".to_owned());
        put("_TRANSPORT", source.transport.to_owned());
        put("SYSLOG_IDENTIFIER", source.identifier.clone());
        if source.transport == "kernel" {
            put("SYSLOG_FACILITY", "0".to_owned());
        } else {
            let pid1 = record.pid == 1;
            put("_UID", source.uid.to_string());
            put("_GID", source.uid.to_string());
            put("_PID", record.pid.to_string());
            put("_COMM", source.identifier.chars().take(15).collect());
            put("_EXE", source.exe.clone());
            put("_CMDLINE", source.exe.clone());
            put("SYSLOG_FACILITY", "3".to_owned());
            if pid1 {
                put("_SYSTEMD_CGROUP", "/init.scope".to_owned());
                put("_SYSTEMD_UNIT", "init.scope".to_owned());
                put("_SYSTEMD_SLICE", "-.slice".to_owned());
            } else {
                put("_SYSTEMD_CGROUP", format!("/system.slice/{}", source.unit));
                put("_SYSTEMD_UNIT", source.unit.clone());
                put("_SYSTEMD_SLICE", "system.slice".to_owned());
                if !source.invocation.is_empty() {
                    put("_SYSTEMD_INVOCATION_ID", source.invocation.clone());
                }
            }
        }
        fields.push((Cow::Borrowed("MESSAGE"), record.message.to_vec()));
        for (name, value) in &record.extra {
            fields.push((name.clone(), value.clone()));
        }
        fields.push((
            Cow::Borrowed("_SOURCE_REALTIME_TIMESTAMP"),
            (record.realtime - 14).to_string().into_bytes(),
        ));
        fields
    }

    /// `_SYSTEMD_UNIT`.
    pub(crate) fn unit_of(record: &Record) -> Option<&str> {
        match (record.source.transport, record.pid) {
            ("kernel", _) => None,
            (_, 1) => Some("init.scope"),
            _ => Some(&record.source.unit),
        }
    }

    /// The unit that an entry of systemd's own is about.
    pub(crate) fn about(record: &Record) -> Option<&[u8]> {
        record
            .extra
            .iter()
            .find(|(name, _)| name == "UNIT")
            .map(|(_, value)| value.as_slice())
    }
}
