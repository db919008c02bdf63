//! A line of shell: words, quotes, pipes and lists; no expansion.

/// When a pipeline runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Always,
    Success,
    Failure,
}

impl Condition {
    pub(super) fn holds(self, status: u32) -> bool {
        match self {
            Condition::Always => true,
            Condition::Success => status == 0,
            Condition::Failure => status != 0,
        }
    }
}

type Pipeline = Vec<Vec<String>>;

/// Splits a line into its list of pipelines.
pub(super) fn parse(line: &str) -> Result<Vec<(Condition, Pipeline)>, String> {
    let mut list = Vec::new();
    let mut condition = Condition::Always;
    let mut pipeline: Pipeline = Vec::new();
    let mut command: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err("unterminated quoted string".to_owned()),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') if chars.peek().is_some_and(|c| "\"\\$`".contains(*c)) => {
                            word.extend(chars.next());
                        }
                        Some(c) => word.push(c),
                        None => return Err("unterminated quoted string".to_owned()),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '#' if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            '|' | '&' | ';' | '\n' => {
                command.extend(word.take());
                let double = chars.next_if_eq(&c).is_some();
                if !command.is_empty() {
                    pipeline.push(std::mem::take(&mut command));
                }
                if c == '|' && !double {
                    continue;
                }
                if !pipeline.is_empty() {
                    list.push((condition, std::mem::take(&mut pipeline)));
                }
                condition = match c {
                    '|' => Condition::Failure,
                    '&' => Condition::Success,
                    _ => Condition::Always,
                };
            }
            c if c.is_whitespace() => command.extend(word.take()),
            '2' if word.is_none() && chars.peek() == Some(&'>') => {
                while chars.next_if(|c| !c.is_whitespace() && *c != ';').is_some() {}
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    command.extend(word);
    if !command.is_empty() {
        pipeline.push(command);
    }
    if !pipeline.is_empty() {
        list.push((condition, pipeline));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::ssh::Argv;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_argv_quotes_comes_out_again(words in prop::collection::vec("[^\0]{0,12}", 1..6)) {
            let line = Argv::new(words[0].clone()).args(words[1..].to_vec()).to_string();
            let list = parse(&line).unwrap();
            prop_assert_eq!(list, vec![(Condition::Always, vec![words])]);
        }
    }

    #[test]
    fn lists_and_pipes() {
        let list = parse("a 'b c' | d && e; f || g \"h\\\"\"").unwrap();
        let shape: Vec<_> = list.iter().map(|(c, p)| (*c, p.len())).collect();
        use Condition::{Always, Failure, Success};
        assert_eq!(
            shape,
            [(Always, 2), (Success, 1), (Always, 1), (Failure, 1)]
        );
        assert!(parse("echo 'open").is_err());
    }
}
