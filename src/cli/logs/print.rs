//! Entries to standard output, and what else there is to say to standard error.

use crate::cli::output;
use crate::logs::{Gap, export::RawEntry, format::Formatter};
use crate::problem::{Exit, Problem};
use crate::text;
use jiff::Timestamp;
use std::io::Write;
use tokio::io::{AsyncWriteExt, Stdout};

/// Bytes gathered before they are written.
const CHUNK: usize = 64 << 10;

/// Writes without blocking the runtime: a reader that stalls does not keep signals from us.
pub(super) struct Printer {
    formatter: Formatter,
    stdout: Stdout,
    pending: Vec<u8>,
}

impl Printer {
    pub(super) fn new(formatter: Formatter) -> Printer {
        Printer {
            formatter,
            stdout: tokio::io::stdout(),
            pending: Vec::new(),
        }
    }

    /// Prints an entry, at the latest with the next [`Printer::flush`].
    pub(super) async fn entry(&mut self, host: &str, entry: &RawEntry) -> Result<(), Problem> {
        let raw = entry.as_raw();
        self.formatter.write(&raw, host, &mut self.pending);
        if raw.skipped() > 0 || raw.fields().any(|field| field.cut_from.is_some()) {
            let problem = Problem::new(
                "journal",
                "entry-cut",
                Exit::Negative,
                "an entry is larger than any sensible one; it was printed in part",
            );
            output::warn(&problem.on(host));
        }
        if self.pending.len() >= CHUNK {
            self.flush().await?;
        }
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> Result<(), Problem> {
        let written = async {
            self.stdout.write_all(&self.pending).await?;
            self.stdout.flush().await
        };
        written
            .await
            .map_err(|error| output::write_failed(&error))?;
        self.pending.clear();
        if self.pending.capacity() > 1 << 20 {
            self.pending.shrink_to(CHUNK);
        }
        Ok(())
    }

    /// Tells a hole on standard error.
    pub(super) fn gap(&self, gap: &Gap) {
        let zone = &self.formatter.zone;
        let time = |micros| {
            let time = Timestamp::from_microsecond(micros).unwrap_or_default();
            let time = time.to_zoned(zone.clone());
            time.strftime("%b %d %H:%M:%S").to_string()
        };
        say(&format!(
            "{}: entries between {} and {} may be missing: {}",
            gap.host,
            time(gap.from),
            time(gap.to),
            gap.why
        ));
    }
}

/// A line on standard error.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "qd: {}", text::clean(line));
}
