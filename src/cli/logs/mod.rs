//! `qd logs`: the options, and what they ask of the journals.

mod answer;
mod ask;
mod files;
mod follow;
mod narrow;
mod print;
mod since;

use super::{Global, Run, console::Screen, context::Session, output};
use crate::logs::{
    Query,
    format::{Form, Formatter},
    origin::Origin,
    query::Fields,
};
use crate::problem::Problem;
use answer::{Question, Taker};
use clap::{Args, ValueEnum};
use jiff::{Zoned, tz::TimeZone};
use narrow::Narrow;
use print::Printer;
use since::Since;
use std::path::PathBuf;

/// What each line needs; `--all-fields` asks for the rest as well.
const FIELDS: &str = "MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM,_PID,SYSLOG_PID,_SYSTEMD_UNIT,UNIT,\
                      _HOSTNAME";

/// The journal of any mix of hosts and units
#[derive(Debug, Args)]
pub struct Logs {
    /// Only these units; patterns are allowed, `.service` may be left out. With = a field's value, as
    /// journalctl takes it: _UID=0
    #[arg(value_name = "UNIT")]
    units: Vec<String>,
    /// The same, as journalctl takes it; may be repeated
    #[arg(short, long = "unit", value_name = "UNIT")]
    unit: Vec<String>,
    /// Go on with new entries, through broken links and reboots
    #[arg(short, long, conflicts_with_all = ["reverse", "until"])]
    follow: bool,
    /// At least this grave: 0 to 7, or emerg, alert, crit, err, warning, notice, info, debug
    #[arg(short, long, value_name = "PRIO", value_parser = priority)]
    priority: Option<u8>,
    /// Only messages that match this regular expression
    #[arg(short, long, value_name = "REGEX")]
    grep: Option<String>,
    /// Upper and lower case are the same to --grep
    #[arg(short, long, requires = "grep")]
    ignore_case: bool,
    /// From this time on: '2026-11-23 14:05', 14:05, 'yesterday 9am', -2h, '5 min ago', @SECONDS
    #[arg(short = 'S', long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    /// Up to this time
    #[arg(short = 'U', long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,
    /// Only this boot: 0 is the running one (also without a value), -1 the one before, or an id
    #[arg(
        short,
        long,
        value_name = "BOOT",
        num_args = 0..=1,
        default_missing_value = "0",
        allow_negative_numbers = true
    )]
    boot: Option<String>,
    /// Only the last N entries (with --follow: start with N, 10 when absent)
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<usize>,
    /// Newest first
    #[arg(short, long)]
    reverse: bool,
    /// Not hosts, but a journal export file, a journal file or directory, a log of plain text
    /// (each also gzip, zstd, xz, bzip2 or lz4), or - for standard input; may be repeated. Opens
    /// the console on a terminal, unless -o, -n or -r ask for lines
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    file: Vec<PathBuf>,
    /// The form of the output (json when --json is given)
    #[arg(short, long, value_name = "FORM")]
    output: Option<OutputForm>,
    /// Every field of each entry (json and export)
    #[arg(long)]
    all_fields: bool,
    /// Only entries that pass this filter of the console, e.g. 'unit:nginx prio:<=3 !healthz'; may
    /// be repeated
    #[arg(long, value_name = "EXPR")]
    filter: Vec<String>,
    /// No entries that pass this filter; may be repeated
    #[arg(long, value_name = "EXPR")]
    filter_out: Vec<String>,
    /// How many entries there are
    #[arg(long, group = "question", conflicts_with_all = ["follow", "output", "all_fields"])]
    count: bool,
    /// Which kinds of messages there are, the most frequent first; • stands for what varies
    #[arg(long, group = "question", conflicts_with_all = ["follow", "output", "all_fields"])]
    patterns: bool,
    /// Only kinds that were not seen before this time (as far back as --since goes), or before the
    /// last deploy, boot, or start of the units
    #[arg(
        long,
        value_name = "TIME",
        requires = "patterns",
        allow_hyphen_values = true
    )]
    new_since: Option<String>,
    /// When entries were written, by priority: ! errors, + warnings, = the rest
    #[arg(long, group = "question", conflicts_with_all = ["follow", "output", "all_fields"])]
    histogram: bool,
    /// Width of the bars: 10s, 5m, 1h, 1d (fitting when absent)
    #[arg(long, value_name = "SPAN", requires = "histogram", value_parser = answer::bucket)]
    bucket: Option<i64>,
    #[command(flatten)]
    screen: Screen,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OutputForm {
    /// One line an entry
    Short,
    /// One object a line, with journalctl's names and values
    Json,
    /// The journal export format
    Export,
    /// Messages alone
    Cat,
}

/// Runs it.
pub(crate) async fn run(global: &Global, screen: &Screen, command: Logs) -> Run {
    let (query, fields) = command.query();
    // What is wrong with the question is said before anything is connected.
    query.command(fields, &Zoned::now())?;
    let narrow = Narrow::parse(&command.filter, &command.filter_out)?;
    let question = command.question()?;
    if command.on_screen(global) {
        files::without_hosts(global)?;
        let mut options = screen.or(&command.screen).options(global);
        options.files = files::open(&command.file).await?;
        files::keys_from_terminal(&options.files)?;
        options.entries = query;
        options.entries.lines = None;
        options.filter = command.filter.join(" ");
        return crate::tui::start::console(options).await;
    }
    let mut query = query;
    let session;
    let (origins, environment): (Vec<Origin>, _) = if command.file.is_empty() {
        session = Session::open(global)?;
        let hosts = session.hosts().iter().cloned();
        let name = session.environment.name.as_str();
        (hosts.map(Origin::Host).collect(), Some(name))
    } else {
        files::without_hosts(global)?;

        let files = files::open(&command.file).await?;
        (files.into_iter().map(Origin::File).collect(), None)
    };
    // A pipe is printed as it comes, and ends by itself.
    let pipe = origins.iter().any(files::is_input);
    if pipe {
        query.lines = command.lines;
    }
    let as_it_comes = pipe && question.is_none() && !query.reverse && query.lines.is_none();
    let mut question = question;
    if let (Some(since), Some(Question::Patterns(new))) = (command.new_since()?, &mut question) {
        *new = Some(since.resolve(&origins, &query, environment).await?);
    }
    let mut taker = match &question {
        Some(question) => {
            let names: Vec<&str> = origins.iter().map(|origin| origin.id().as_str()).collect();
            Taker::question(narrow, question, &names)
        }
        None => Taker::lines(narrow, command.printer(global, origins.len() > 1)),
    };
    let whole = question.is_some() && !query.reverse && query.lines.is_none();
    let here = whole.then(|| files::read_here(&origins)).flatten();
    let problems = if command.follow || as_it_comes {
        follow::run(&origins, &query, fields, &mut taker).await?
    } else if let Some(files) = here {
        let problems;
        (taker, problems) = files::answer(files, query, taker).await?;
        problems
    } else {
        ask::run(&origins, &query, fields, &mut taker).await?
    };
    if question.is_none() {
        return finish(problems, origins.len());
    }
    let silent = |origin: &Origin| {
        let mut about = problems.iter().filter(|p| p.code != "journal-permission");
        about.any(|p| p.host.as_deref() == Some(origin.id().as_str()))
    };
    let answered = taker.taken() > 0 || !origins.iter().all(silent);
    if answered || global.json {
        taker.finish(environment, global.json, &problems)?;
    }
    output::settle(global.json, &problems, answered)
}

/// One host's problem is the command's; of several hosts each is named and the worst decides.
fn finish(mut problems: Vec<Problem>, hosts: usize) -> Run {
    if hosts == 1
        && let Some(problem) = problems.pop()
    {
        return Err(problem);
    }
    for problem in &problems {
        output::warn(problem);
    }
    Ok(output::worst(&problems).map_or(0, |problem| problem.exit.code()))
}

impl Logs {
    /// Whether entries of files are looked at in the console rather than printed: on a terminal,
    /// when nothing is asked for that the console does not show.
    pub(crate) fn on_screen(&self, global: &Global) -> bool {
        let printed = self.output.is_some()
            || self.lines.is_some()
            || self.reverse
            || self.all_fields
            || self.count
            || self.patterns
            || self.histogram
            || global.json;
        let narrowed = self.until.is_some() || self.boot.is_some() || !self.filter_out.is_empty();
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        !self.file.is_empty() && !printed && !narrowed && !dumb && output::is_terminal()
    }

    /// Whether it goes on until it is ended.
    pub(crate) fn follows(&self) -> bool {
        self.follow
    }

    /// What is asked instead of the entries themselves.
    fn question(&self) -> Result<Option<Question>, Problem> {
        Ok(if self.count {
            Some(Question::Count)
        } else if self.histogram {
            Some(Question::Histogram(self.bucket))
        } else if self.patterns {
            // When that was is asked later.
            self.new_since()?;
            Some(Question::Patterns(None))
        } else {
            None
        })
    }

    fn new_since(&self) -> Result<Option<Since>, Problem> {
        let units = self.query().0.units;
        let since = self.new_since.as_deref();
        since.map(|text| Since::parse(text, &units)).transpose()
    }

    fn printer(&self, global: &Global, name_hosts: bool) -> Printer {
        let form = match self.output {
            Some(OutputForm::Json) => Form::Json,
            Some(OutputForm::Export) => Form::Export,
            Some(OutputForm::Cat) => Form::Cat,
            None if global.json => Form::Json,
            Some(OutputForm::Short) | None => Form::Short,
        };
        Printer::new(Formatter {
            form,
            zone: TimeZone::system(),
            terminal: output::is_terminal(),
            colour: output::colour(),
            name_hosts,
        })
    }

    fn query(&self) -> (Query, Fields) {
        let named = self.units.iter().cloned();
        let (matches, mut units): (Vec<String>, Vec<String>) = named.partition(|n| is_match(n));
        units.extend(self.unit.iter().cloned());
        let mut boot = self.boot.clone();
        // `-b nginx.service` means this boot of that unit.
        if let Some(value) = boot.as_mut().filter(|value| !is_boot(value)) {
            units.push(std::mem::replace(value, "0".to_owned()));
        }
        let fields = if self.all_fields {
            Fields::All
        } else {
            Fields::Only(FIELDS)
        };
        let at_once = self.follow && self.since.is_none() && boot.is_none();
        let query = Query {
            units,
            priority: self.priority,
            grep: self.grep.clone(),
            ignore_case: self.ignore_case,
            since: self.since.clone(),
            until: self.until.clone(),
            boot,
            lines: self.lines.or(at_once.then_some(10)),
            reverse: self.reverse,
            matches,
            cursor: None,
        };
        (query, fields)
    }
}

/// `FIELD=VALUE`: no unit's name has an `=`.
fn is_match(word: &str) -> bool {
    let named = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let field = word.split_once('=').map(|(field, _)| field);
    field.is_some_and(|field| !field.is_empty() && field.chars().all(named))
}

/// `[ID][±OFFSET]`, or `all`.
fn is_boot(text: &str) -> bool {
    let (id, offset) = match text.split_at_checked(32) {
        Some((id, offset)) if id.bytes().all(|b| b.is_ascii_hexdigit()) => (id, offset),
        _ => ("", text),
    };
    let digits = offset.trim_start_matches(['+', '-']);
    text == "all"
        || (offset.len() - digits.len() <= 1
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !(id.is_empty() && digits.is_empty()))
}

fn priority(text: &str) -> Result<u8, String> {
    const NAMES: [&str; 8] = [
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
    ];
    let named = NAMES.iter().position(|name| *name == text);
    let number = match text {
        "error" => Some(3),
        "warn" => Some(4),
        _ => named.and_then(|n| u8::try_from(n).ok()),
    };
    number
        .or_else(|| text.parse().ok().filter(|n| *n < 8))
        .ok_or_else(|| format!("a priority is 0 to 7 or one of {}", NAMES.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Only {
        #[command(flatten)]
        logs: Logs,
    }

    fn query(line: &str) -> Query {
        let words = ["logs"].into_iter().chain(line.split_whitespace());
        Only::try_parse_from(words).unwrap().logs.query().0
    }

    #[test]
    fn options_as_journalctl_users_type_them() {
        let asked = query("nginx -u app -p err -g x -i -S -2h -n 5 -r -b -1");
        assert_eq!(asked.units, ["nginx", "app"]);
        assert_eq!((asked.priority, asked.lines), (Some(3), Some(5)));
        assert_eq!(asked.since.as_deref(), Some("-2h"));
        assert_eq!(asked.boot.as_deref(), Some("-1"));
        assert!(asked.reverse && asked.ignore_case);
        let asked = query("nginx _UID=0 -u a=b CODE=");
        assert_eq!(asked.units, ["nginx", "a=b"]);
        assert_eq!(asked.matches, ["_UID=0", "CODE="]);
        let asked = query("-b nginx.service -f");
        assert_eq!(asked.units, ["nginx.service"]);
        assert_eq!((asked.boot.as_deref(), asked.lines), (Some("0"), None));
        assert_eq!(query("-f").lines, Some(10));
        assert_eq!(query("").lines, None);
        for wrong in ["-p 8", "-p loud", "-f -r", "-f --until now", "-i", "-n x"] {
            let words = ["logs"].into_iter().chain(wrong.split_whitespace());
            assert!(Only::try_parse_from(words).is_err(), "{wrong}");
        }
    }

    #[test]
    fn boots() {
        let id = "65fb330c45544b1aa2eb3c18f3295e98";
        for boot in ["0", "-1", "+2", "all", id, &format!("{id}-1")] {
            assert!(is_boot(boot), "{boot}");
        }
        for unit in ["nginx", "-", "app-1.service", "--1", ""] {
            assert!(!is_boot(unit), "{unit}");
        }
    }
}
