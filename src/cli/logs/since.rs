//! `--new-since deploy`, `boot`, `start`: times that have a name, asked of the journals.

use super::Problem;
use crate::cli::output;
use crate::logs::{Entry, Query, lifecycle, origin::Origin, when};
use crate::ops::audit;
use crate::problem::Exit;
use futures::future::join_all;
use jiff::{Timestamp, Zoned, tz::TimeZone};

/// systemd's `SD_MESSAGE_UNIT_STARTED`.
const STARTED: &str = "MESSAGE_ID=39f53479d3a045ac8e11786248231fbf";
/// The newest lines of a deployment that are looked at.
const LOOKED_AT: usize = 2_000;
/// Records of operations that are looked at.
const RECORDS: usize = 10_000;

/// What `--new-since` was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Since {
    /// A time, microseconds since 1970.
    Time(i64),
    /// The last deployment.
    Deploy,
    /// The last boot.
    Boot,
    /// The last start of the units that are asked for.
    Start,
}

impl Since {
    /// Reads it.
    pub(super) fn parse(text: &str, units: &[String]) -> Result<Since, Problem> {
        match text {
            "deploy" => Ok(Since::Deploy),
            "boot" => Ok(Since::Boot),
            "start" if units.is_empty() => {
                let message = "--new-since start: of which unit?";
                let problem = Problem::new("cli", "no-unit", Exit::Usage, message);
                Err(problem.hint("name it: qd logs nginx --patterns --new-since start"))
            }
            "start" => Ok(Since::Start),
            time => Ok(Since::Time(
                when::since(time, &Zoned::now())?.as_microsecond(),
            )),
        }
    }

    /// When that was: of several hosts the latest, which is said.
    pub(super) async fn resolve(
        self,
        origins: &[Origin],
        query: &Query,
        environment: Option<&str>,
    ) -> Result<i64, Problem> {
        let (what, asked) = match self {
            Since::Time(time) => return Ok(time),
            Since::Deploy => ("deployment", deployments()),
            Since::Boot => ("boot", newest(Query::default(), 1)),
            Since::Start => {
                let query = Query {
                    units: query.units.clone(),
                    matches: vec![STARTED.to_owned()],
                    ..Query::default()
                };
                ("start", newest(query, 1))
            }
        };
        let mut found: Vec<(i64, String)> = Vec::new();
        let answers = origins.iter().map(|origin| first(&self, origin, &asked));
        for (origin, answer) in origins.iter().zip(join_all(answers).await) {
            let time = answer?;
            found.extend(time.map(|time| (time, origin.id().to_string())));
        }
        if self == Since::Deploy {
            found.extend(rebuilt(origins, environment).await);
        }
        let Some((time, host)) = found.into_iter().max() else {
            let message = format!("--new-since: the journals tell of no {what}");
            return Err(Problem::new("cli", "no-such-time", Exit::Negative, message)
                .hint("give the time itself, e.g. --new-since 14:05"));
        };
        let shown = Timestamp::from_microsecond(time).unwrap_or_default();
        let shown = shown.to_zoned(TimeZone::system());
        let shown = shown.strftime("%Y-%m-%d %H:%M:%S");
        output::note(&format!("qd: new since the {what} of {host} at {shown}"));
        Ok(time)
    }
}

/// The newest entries of a question.
fn newest(query: Query, lines: usize) -> Vec<Query> {
    vec![Query {
        lines: Some(lines),
        reverse: true,
        ..query
    }]
}

/// Who tells of deployments.
fn deployments() -> Vec<Query> {
    let by_unit = Query {
        units: vec!["nixos-rebuild*".to_owned()],
        ..Query::default()
    };
    let by_name = Query {
        matches: vec!["SYSLOG_IDENTIFIER=nixos".to_owned()],
        ..Query::default()
    };
    let mut all = newest(by_unit, LOOKED_AT);
    all.extend(newest(by_name, LOOKED_AT));
    all
}

/// The time that an entry stands for.
fn time_of(since: &Since, entry: &Entry) -> Option<i64> {
    match since {
        Since::Time(_) | Since::Start => Some(entry.realtime),
        Since::Boot => Some(entry.realtime.saturating_sub(entry.monotonic)),
        Since::Deploy => lifecycle::deployed(entry).then_some(entry.realtime),
    }
}

/// The newest time that a host's answers to these questions have.
async fn first(since: &Since, origin: &Origin, queries: &[Query]) -> Result<Option<i64>, Problem> {
    let mut latest = None;
    for query in queries {
        let mut answer = origin.fetch(query.clone());
        'answer: while let Some(entries) = answer.recv().await {
            for entry in entries? {
                if let Some(time) = time_of(since, &entry) {
                    latest = latest.max(Some(time));
                    break 'answer;
                }
            }
        }
    }
    Ok(latest)
}

/// Rebuilds of these hosts that this user began from here.
async fn rebuilt(origins: &[Origin], environment: Option<&str>) -> Vec<(i64, String)> {
    let log = tokio::task::spawn_blocking(|| audit::read(RECORDS)).await;
    // Without a record the journals' word stands.
    let Ok(Ok(log)) = log else {
        return Vec::new();
    };
    let ours = |record: &&audit::Record| {
        record.operation == "rebuild"
            && Some(record.environment.as_str()) == environment
            && origins
                .iter()
                .any(|origin| origin.id().as_str() == record.host)
    };
    let records = log.records.iter().filter(ours);
    let times = records.map(|record| (record.began.as_microsecond(), record.host.clone()));
    times.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_times() {
        let units = ["nginx".to_owned()];
        assert_eq!(Since::parse("deploy", &[]), Ok(Since::Deploy));
        assert_eq!(Since::parse("boot", &[]), Ok(Since::Boot));
        assert_eq!(Since::parse("start", &units), Ok(Since::Start));
        assert_eq!(Since::parse("start", &[]).unwrap_err().exit, Exit::Usage);
        assert_eq!(Since::parse("@17", &[]), Ok(Since::Time(17_000_000)));
        assert!(Since::parse("deployment", &[]).is_err());
    }
}
