//! What is made of the entries: lines, or the answer to a question about them.

mod count;
mod histogram;
mod part;
mod patterns;

use super::{narrow::Narrow, print::Printer};
use crate::cli::output::{self, Document};
use crate::logs::{
    Query,
    export::{Limits, Raw, RawEntry},
    file::LogFile,
    seen::Seen,
};
use crate::problem::Problem;
use count::Counter;
use histogram::Bars;
use jiff::{Timestamp, tz::TimeZone};
use part::{Kind, Parts};
use patterns::Patterns;
use std::ops::ControlFlow;

pub(super) use histogram::bucket;

/// What is asked.
pub(super) enum Question {
    /// How many.
    Count,
    /// When, by priority; in buckets of so many microseconds, or of a fitting width.
    Histogram(Option<i64>),
    /// Which kinds of messages; only those that were not seen before this time (microseconds
    /// since 1970).
    Patterns(Option<i64>),
}

/// Takes entries one by one.
pub(super) struct Taker {
    narrow: Narrow,
    answer: Answer,
    taken: u64,
}

enum Answer {
    Lines(Box<Printer>),
    Count(Counter),
    Histogram(Bars),
    Patterns(Patterns),
}

impl Taker {
    /// Prints what passes.
    pub(super) fn lines(narrow: Narrow, printer: Printer) -> Taker {
        Taker::new(narrow, Answer::Lines(Box::new(printer)))
    }

    /// Answers a question about what passes; of these hosts, also when they have nothing.
    pub(super) fn question(narrow: Narrow, question: &Question, hosts: &[&str]) -> Taker {
        let answer = match question {
            Question::Count => Answer::Count(Counter::new(hosts)),
            Question::Histogram(width) => {
                Answer::Histogram(Bars::new(*width, TimeZone::system(), Timestamp::now()))
            }
            Question::Patterns(new_since) => {
                Answer::Patterns(Patterns::new(*new_since, TimeZone::system()))
            }
        };
        Taker::new(narrow, answer)
    }

    fn new(narrow: Narrow, answer: Answer) -> Taker {
        Taker {
            narrow,
            answer,
            taken: 0,
        }
    }

    /// Whether every entry passes.
    pub(super) fn takes_all(&self) -> bool {
        self.narrow.takes_all()
    }

    /// Whether an entry passes.
    pub(super) fn passes(&self, raw: &Raw<'_>, host: &str) -> bool {
        self.narrow.passes(raw, host)
    }

    /// Takes an entry that passes.
    pub(super) async fn take(&mut self, host: &str, entry: &RawEntry) -> Result<(), Problem> {
        self.taken += 1;
        if let Answer::Lines(printer) = &mut self.answer {
            return printer.entry(host, entry).await;
        }
        let raw = entry.as_raw();
        let seen = Seen::raw(&raw, host, Timestamp::UNIX_EPOCH);
        match &mut self.answer {
            Answer::Count(counter) => counter.add(&seen),
            Answer::Histogram(bars) => bars.add(&seen),
            Answer::Patterns(patterns) => patterns.add(&seen),
            Answer::Lines(_) => {}
        }
        Ok(())
    }

    /// Takes all of a file at once, on all processors, where nothing is printed. Blocks.
    pub(super) fn take_all(&mut self, file: &LogFile, query: &Query) -> Result<(), Problem> {
        let Some(kind) = Kind::of(&self.answer) else {
            return Ok(());
        };
        let fold = Parts::new(kind, &self.narrow);
        let (answer, taken) = (&mut self.answer, &mut self.taken);
        file.fold(query, Limits::WHOLE, &fold, |part| {
            *taken += part.taken();
            part.join(answer);
            ControlFlow::Continue(())
        })
    }

    /// How many entries were taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether lines are printed.
    pub(super) fn prints(&self) -> Option<&Printer> {
        match &self.answer {
            Answer::Lines(printer) => Some(printer),
            _ => None,
        }
    }

    /// Writes what is pending.
    pub(super) async fn flush(&mut self) -> Result<(), Problem> {
        match &mut self.answer {
            Answer::Lines(printer) => printer.flush().await,
            _ => Ok(()),
        }
    }

    /// Prints the answer to a question, as a document when `json`; nothing after lines.
    pub(super) fn finish(
        self,
        environment: Option<&str>,
        json: bool,
        problems: &[Problem],
    ) -> Result<(), Problem> {
        match self.answer {
            Answer::Lines(_) => Ok(()),
            Answer::Count(counter) if json => output::json(&Document::of(
                environment,
                counter.items(problems),
                problems,
            )),
            Answer::Count(counter) => output::print(&counter.text(problems)),
            Answer::Histogram(bars) if json => {
                output::json(&Document::of(environment, bars.items()?, problems))
            }
            Answer::Histogram(bars) => output::print(&bars.text()?),
            Answer::Patterns(patterns) if json => {
                output::json(&Document::of(environment, patterns.items(), problems))
            }
            Answer::Patterns(patterns) => output::print(&patterns.text()),
        }
    }
}

/// A journal's time as documents write it.
fn stamp(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}
