//! What a regular expression can match, as far as that is a small set of short byte strings: all
//! of its matches, or strings without which there is no match.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Strings that one expression may stand for.
const MOST: usize = 64;
/// Bytes of one of them.
const LONGEST: usize = 200;
/// Sets of strings required at the same time that are worth looking for.
const CONDITIONS: usize = 3;

/// The bytes that may stand at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub(crate) struct Bytes([u64; 4]);

impl Bytes {
    pub(crate) fn one(byte: u8) -> Bytes {
        let mut bytes = Bytes::default();
        bytes.add(byte);
        bytes
    }

    fn add(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    pub(crate) fn has(&self, byte: u8) -> bool {
        let word = self.0.get(usize::from(byte >> 6));
        word.is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=u8::MAX).filter(|byte| self.has(*byte))
    }

    /// Whether all of them are of this kind.
    pub(crate) fn all(&self, kind: impl Fn(u8) -> bool) -> bool {
        self.iter().all(kind)
    }

    /// Whether one of them is of this kind.
    pub(crate) fn any(&self, kind: impl Fn(u8) -> bool) -> bool {
        self.iter().any(kind)
    }
}

/// One string: what may stand at each place of it.
pub(crate) type Needle = Vec<Bytes>;

/// A set of strings, any of which will do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Language {
    pub(crate) needles: Vec<Needle>,
    /// Without `ſ` and `K`, which a search that ignores case takes for `s` and `k`.
    pub(crate) folds: bool,
}

impl Language {
    fn empty() -> Language {
        Language {
            needles: vec![Vec::new()],
            folds: false,
        }
    }

    fn single(bytes: Bytes) -> Language {
        Language {
            needles: vec![vec![bytes]],
            folds: false,
        }
    }

    /// The length of the shortest.
    pub(crate) fn shortest(&self) -> usize {
        self.needles.iter().map(Vec::len).min().unwrap_or(0)
    }

    fn then(&self, other: &Language) -> Option<Language> {
        if self.needles.len() * other.needles.len() > MOST {
            return None;
        }
        let mut needles = Vec::with_capacity(self.needles.len() * other.needles.len());
        for left in &self.needles {
            for right in &other.needles {
                if left.len() + right.len() > LONGEST {
                    return None;
                }
                needles.push([left.as_slice(), right.as_slice()].concat());
            }
        }
        Some(Language {
            needles,
            folds: self.folds || other.folds,
        })
    }

    fn or(mut self, other: Language) -> Option<Language> {
        self.needles.extend(other.needles);
        self.folds |= other.folds;
        (self.needles.len() <= MOST).then_some(self)
    }
}

/// All that the expression matches, when that is such a set.
pub(crate) fn whole(hir: &Hir) -> Option<Language> {
    language(hir, false)
}

/// Sets of strings: whatever the expression matches contains one of each. Best ones first.
pub(crate) fn required(hir: &Hir) -> Vec<Language> {
    let mut found = conditions(hir);
    found.retain(|language| language.shortest() > 1);
    found.sort_by_key(|language| std::cmp::Reverse(language.shortest()));
    found.truncate(CONDITIONS);
    found
}

/// With `anywhere`, conditions on the place (`^`, `\b`) are left out: it may stand for too much.
fn language(hir: &Hir, anywhere: bool) -> Option<Language> {
    match hir.kind() {
        HirKind::Empty => Some(Language::empty()),
        HirKind::Look(_) => anywhere.then(Language::empty),
        HirKind::Literal(literal) => {
            let needle: Needle = literal.0.iter().map(|byte| Bytes::one(*byte)).collect();
            (needle.len() <= LONGEST).then(|| Language {
                needles: vec![needle],
                folds: false,
            })
        }
        HirKind::Class(class) => characters(class),
        HirKind::Capture(capture) => language(&capture.sub, anywhere),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.filter(|max| *max <= 16)?;
            let one = language(&repetition.sub, anywhere)?;
            let mut times = Language::empty();
            for _ in 0..repetition.min {
                times = times.then(&one)?;
            }
            let mut all = times.clone();
            for _ in repetition.min..most {
                times = times.then(&one)?;
                all = all.or(times.clone())?;
            }
            Some(all)
        }
        HirKind::Concat(parts) => {
            let mut all = Language::empty();
            for part in parts {
                all = all.then(&language(part, anywhere)?)?;
            }
            Some(all)
        }
        HirKind::Alternation(parts) => {
            let mut all = Language::default();
            for part in parts {
                all = all.or(language(part, anywhere)?)?;
            }
            Some(all)
        }
    }
}

fn characters(class: &Class) -> Option<Language> {
    let mut ascii = Bytes::default();
    let mut wide: Vec<char> = Vec::new();
    match class {
        Class::Bytes(class) => {
            for range in class.ranges() {
                (range.start()..=range.end()).for_each(|byte| ascii.add(byte));
            }
        }
        Class::Unicode(class) => {
            for range in class.ranges() {
                for c in range.start()..=range.end() {
                    match u8::try_from(c).ok().filter(u8::is_ascii) {
                        Some(byte) => ascii.add(byte),
                        None if wide.len() < 8 => wide.push(c),
                        None => return None,
                    }
                }
            }
        }
    }
    let before = wide.len();
    wide.retain(|c| {
        !matches!(
            (c, ascii.has(b's'), ascii.has(b'k')),
            ('ſ', true, _) | ('\u{212a}', _, true)
        )
    });
    let mut all = if ascii == Bytes::default() {
        Language::default()
    } else {
        Language::single(ascii)
    };
    all.folds = wide.len() < before;
    for c in wide {
        let mut buffer = [0; 4];
        let text = c.encode_utf8(&mut buffer);
        all.needles.push(text.bytes().map(Bytes::one).collect());
    }
    Some(all)
}

fn conditions(hir: &Hir) -> Vec<Language> {
    if let Some(language) = language(hir, true) {
        return vec![language];
    }
    match hir.kind() {
        HirKind::Capture(capture) => conditions(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => conditions(&repetition.sub),
        HirKind::Concat(parts) => {
            let mut all = Vec::new();
            // What follows on each other makes longer strings.
            let mut run: Option<Language> = None;
            for part in parts {
                let Some(next) = language(part, true) else {
                    all.extend(run.take());
                    all.extend(conditions(part));
                    continue;
                };
                run = match run {
                    None => Some(next),
                    Some(before) => match before.then(&next) {
                        Some(both) => Some(both),
                        None => {
                            all.push(before);
                            Some(next)
                        }
                    },
                };
            }
            all.extend(run);
            all
        }
        HirKind::Alternation(parts) => {
            let mut any: Option<Language> = None;
            for part in parts {
                let best = conditions(part).into_iter().max_by_key(Language::shortest);
                let Some(best) = best else { return Vec::new() };
                any = match any {
                    None => Some(best),
                    Some(any) => match any.or(best) {
                        Some(both) => Some(both),
                        None => return Vec::new(),
                    },
                };
            }
            any.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Pattern;

    fn show(language: &Language) -> Vec<String> {
        let place = |bytes: &Bytes| {
            let all: String = bytes.iter().map(char::from).collect();
            if all.len() == 1 {
                all
            } else {
                format!("[{all}]")
            }
        };
        let needle = |needle: &Needle| needle.iter().map(place).collect();
        language.needles.iter().map(needle).collect()
    }

    fn hir(source: &str) -> Hir {
        Pattern::regex(source, false).unwrap().hir().unwrap()
    }

    #[test]
    fn small_expressions_are_sets_of_strings() {
        let cases: [(&str, &[&str]); 8] = [
            ("Abc", &["Abc"]),
            ("A(b|cd)?", &["A", "Ab", "Acd"]),
            ("5[0-9]X", &["5[0123456789]X"]),
            ("X{2,3}", &["XX", "XXX"]),
            ("ab", &["[Aa][Bb]"]),
            ("ks", &["[Kk][Ss]"]),
            ("Timeout|Refused", &["Timeout", "Refused"]),
            ("A(?:)", &["A"]),
        ];
        for (source, expected) in cases {
            let language = whole(&hir(source)).unwrap_or_else(|| panic!("{source}"));
            assert_eq!(show(&language), expected, "{source}");
            assert_eq!(language.folds, source == "ks", "{source}");
        }
        for source in ["^A", "A+", "A.B", "\\w", "A{99}{3}", "[A-Z]{17}"] {
            assert_eq!(whole(&hir(source)), None, "{source}");
        }
    }

    #[test]
    fn larger_ones_require_strings() {
        let cases: [(&str, &[&[&str]]); 7] = [
            ("^Time.*Out$", &[&["Time"], &["Out"]]),
            (r"\bError\b", &[&["Error"]]),
            (r"(Got|Put) \d+ [A-Z]*!", &[&["Got ", "Put "]]),
            ("(Abc+|Def.)", &[&["Ab", "Def"]]),
            ("(Abc+|.)", &[]),
            (".*", &[]),
            ("(Xy)+", &[&["Xy"]]),
        ];
        for (source, expected) in cases {
            let found: Vec<_> = required(&hir(source)).iter().map(show).collect();
            assert_eq!(found, expected, "{source}");
        }
    }
}
