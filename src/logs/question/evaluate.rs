//! Blocks are asked: first what their sources decide, then what the texts do.

use super::{
    Question,
    bits::Bits,
    matches::{Matches, Set, of_sources},
    plan::{Ask, Plan},
    seen::{OfNumber, OfSource},
    text::{self, Asked, Memory},
};
use crate::logs::store::{Block, GAP, Source};
use std::sync::Arc;

/// Asks blocks a question; remembers what it learnt of their patterns.
#[derive(Debug)]
pub struct Evaluator {
    question: Arc<Question>,
    /// For each group, term and pattern.
    memory: Vec<Vec<Vec<Memory>>>,
}

impl Evaluator {
    /// For this question.
    pub fn new(question: Arc<Question>) -> Evaluator {
        let of_ask = |ask: &Ask| match &ask.plan {
            Plan::Text { looks, .. } => looks.iter().map(|_| Memory::default()).collect(),
            _ => Vec::new(),
        };
        let groups = question.groups.iter();
        let memory = groups.map(|group| group.asks.iter().map(of_ask).collect());
        let memory = memory.collect();
        Evaluator { question, memory }
    }

    /// What it asks.
    pub fn question(&self) -> &Arc<Question> {
        &self.question
    }

    /// The rows of the block that the question is answered with: the same as
    /// [`Question::holds`] for each of them.
    pub fn evaluate(&mut self, block: &Arc<Block>) -> Matches {
        self.ask(block).0
    }

    /// As [`Evaluator::evaluate`]; and how much work it was: bytes looked at, about a nanosecond
    /// each.
    pub fn ask(&mut self, block: &Arc<Block>) -> (Matches, usize) {
        let asked = Asked::new(block);
        let matches = self.answer(&asked);
        (matches, asked.work())
    }

    fn answer(&mut self, asked: &Asked<'_>) -> Matches {
        let question = &*self.question;
        let block = asked.block;
        let sources = block.sources().iter().map(|used| &*used.what);
        let marked: Vec<bool> = sources
            .clone()
            .map(|source| match source.gap {
                true => question.gaps,
                false => question.marks(source),
            })
            .collect();
        let mut entries = sources.zip(&marked).filter(|(source, _)| !source.gap);
        let mut set = match entries.any(|(_, marked)| *marked) {
            true => Set::All,
            false => Set::None,
        };
        let groups = question.groups.iter().zip(&mut self.memory);
        for (group, memory) in groups.filter(|(group, _)| !group.of_sources) {
            if set.is_none() {
                break;
            }
            let found = group.rows(asked, &set, memory, question.now);
            set = set.and(found);
        }
        // Of gaps, texts say nothing.
        let gaps = block.sources().iter().any(|used| used.what.gap);
        if gaps && question.gaps {
            set = set.or(Set::from(Bits::of(block.pattern_of(), |of| of == GAP)));
        }
        match set {
            Set::None => Matches::None,
            Set::All => Matches::of_marked(block.sources(), marked),
            set => set.and(Set::from(of_sources(block, &marked))).into(),
        }
    }
}

/// Terms that are and-ed, and whether the rows that pass them are left out.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) out: bool,
    pub(super) asks: Vec<Ask>,
    /// The source alone decides.
    pub(super) of_sources: bool,
}

impl Group {
    /// What the source says, when it decides.
    pub(super) fn marks(&self, source: &Source) -> bool {
        let row = OfSource(source);
        self.asks.iter().all(|ask| ask.test.holds(&row) != ask.not) != self.out
    }

    fn rows(&self, asked: &Asked<'_>, within: &Set, memory: &mut [Vec<Memory>], now: i64) -> Set {
        let mut set = Set::All;
        // What is cheap comes first.
        for texts in [false, true] {
            for (ask, memory) in self.asks.iter().zip(memory.iter_mut()) {
                if matches!(ask.plan, Plan::Text { .. }) != texts || set.is_none() {
                    continue;
                }
                let within = within.clone().and(set.clone());
                if within.is_none() {
                    // Rows outside do not count: whatever is said of them will do.
                    set = Set::None;
                    break;
                }
                let found = ask.rows(asked, &within, memory, now);
                set = set.and(if ask.not { found.not() } else { found });
            }
        }
        if self.out { set.not() } else { set }
    }
}

impl Ask {
    fn rows(&self, asked: &Asked<'_>, within: &Set, memory: &mut [Memory], now: i64) -> Set {
        let block = asked.block;
        match &self.plan {
            Plan::Nothing => Set::None,
            Plan::Source => self.of_sources(block),
            Plan::Text { named, looks } => {
                let mut set = if *named {
                    self.of_sources(block)
                } else {
                    Set::None
                };
                for (look, memory) in looks.iter().zip(memory) {
                    let left = within.clone().and(set.clone().not());
                    if left.is_none() {
                        break;
                    }
                    set = set.or(text::rows(look, asked, &left, memory));
                }
                set
            }
            Plan::Time { age, monotonic } => {
                let holds = |time: i64| {
                    let micros = if *age { now.saturating_sub(time) } else { time };
                    self.test.holds(&OfNumber(Some(micros as f64 / 1e6)))
                };
                let ends = (holds(block.first().time), holds(block.last().time));
                match ends {
                    (true, true) if *monotonic => Set::All,
                    (false, false) if *monotonic => Set::None,
                    _ => {
                        let frames = 0..block.frames();
                        let times = frames.flat_map(|frame| block.times(frame).into_owned());
                        Set::from(times.map(holds).collect::<Bits>())
                    }
                }
            }
            Plan::Pid => {
                let rows = asked.rows();
                let holds = |row| {
                    let pid = rows.pid(row).map(f64::from);
                    self.test.holds(&OfNumber(pid))
                };
                Set::from((0..rows.len()).map(holds).collect::<Bits>())
            }
        }
    }

    /// What the sources alone say.
    fn of_sources(&self, block: &Block) -> Set {
        let sources = block.sources().iter();
        let marked: Vec<bool> = sources
            .map(|used| self.test.holds(&OfSource(&used.what)))
            .collect();
        if marked.iter().all(|marked| *marked) {
            Set::All
        } else if marked.iter().any(|marked| *marked) {
            Set::from(of_sources(block, &marked))
        } else {
            Set::None
        }
    }
}
