//! The fault plan of tests: which requests and actions go wrong, how, and how often.

use super::action::Failure;
use serde::Deserialize;
use std::path::Path;

/// What goes wrong with requests and actions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// How long actions take, as a part of what they take without it.
    pace: Option<f64>,
    /// Requests an hour.
    budget: Option<u32>,
    /// Tried in order; the first that applies is taken.
    requests: Vec<Request>,
    /// The same for actions.
    actions: Vec<ActionRule>,
}

/// One rule for requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// `METHOD /path` below the version, either may be `*`; a path ending in `*` is a beginning.
    route: String,
    /// So many matching requests pass first.
    #[serde(default)]
    skip: u32,
    /// So many are hit then; all when absent.
    count: Option<u32>,
    /// Answers this status instead.
    status: Option<u16>,
    /// With this code.
    code: Option<String>,
    /// Waits before anything is answered.
    #[serde(default)]
    delay_ms: u64,
    /// Ends the connection after so many bytes of the answer's body.
    cut: Option<usize>,
    /// Does the work, but answers the status: whether it was done is not known to the client.
    #[serde(default)]
    after: bool,
}

/// One rule for actions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionRule {
    command: String,
    #[serde(default)]
    skip: u32,
    count: Option<u32>,
    #[serde(default = "failed")]
    code: String,
    #[serde(default = "failed_message")]
    message: String,
}

fn failed() -> String {
    "action_failed".to_owned()
}

fn failed_message() -> String {
    "Action failed".to_owned()
}

/// What happens to one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) status: Option<u16>,
    pub(super) code: Option<String>,
    pub(super) delay_ms: u64,
    pub(super) cut: Option<usize>,
    pub(super) after: bool,
}

/// Why a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Read(std::path::PathBuf, std::io::Error),
    /// It is no plan.
    #[error("{0}: {1}")]
    Parse(std::path::PathBuf, serde_json::Error),
}

/// Whether a rule applies now; counts.
fn applies(skip: &mut u32, count: &mut Option<u32>) -> bool {
    if *skip > 0 {
        *skip -= 1;
        return false;
    }
    match count {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    }
}

impl Plan {
    /// Reads a plan's file.
    pub fn read(path: &Path) -> Result<Plan, PlanError> {
        let text = std::fs::read(path).map_err(|error| PlanError::Read(path.to_owned(), error))?;
        serde_json::from_slice(&text).map_err(|error| PlanError::Parse(path.to_owned(), error))
    }

    /// A plan from its text, for tests.
    pub fn parse(text: &str) -> Result<Plan, serde_json::Error> {
        serde_json::from_str(text)
    }

    pub(super) fn budget(&self) -> u32 {
        self.budget.unwrap_or(3600)
    }

    /// How long something takes.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    pub(super) fn paced(&self, lasts: i64) -> i64 {
        (lasts as f64 * self.pace.unwrap_or(1.0)) as i64
    }

    /// How an action that begins now is to fail.
    pub(super) fn failing(&mut self, command: &str) -> Option<Failure> {
        let mut rules = self.actions.iter_mut().filter(|r| r.command == command);
        let rule =
            rules.find_map(|rule| applies(&mut rule.skip, &mut rule.count).then_some(rule))?;
        Some(Failure {
            code: rule.code.clone(),
            message: rule.message.clone(),
        })
    }

    /// What happens to a request.
    pub(super) fn hit(&mut self, method: &str, path: &str) -> Hit {
        let mut rules = self.requests.iter_mut().filter(|rule| {
            let (wanted, place) = rule.route.split_once(' ').unwrap_or(("*", &rule.route));
            let placed = match place.strip_suffix('*') {
                Some(begin) => path.starts_with(begin),
                None => path == place,
            };
            placed && (wanted == "*" || wanted == method)
        });
        let found = rules.find_map(|rule| applies(&mut rule.skip, &mut rule.count).then_some(rule));
        found.map_or_else(Hit::default, |rule| Hit {
            status: rule.status,
            code: rule.code.clone(),
            delay_ms: rule.delay_ms,
            cut: rule.cut,
            after: rule.after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_count_what_they_hit() {
        let mut plan = Plan::parse(
            r#"{"requests": [{"route": "GET /servers", "skip": 1, "count": 1, "status": 502},
                             {"route": "* /vol*", "status": 500}],
                "actions": [{"command": "start_server", "count": 1, "code": "x"}]}"#,
        )
        .unwrap();
        assert_eq!(plan.hit("GET", "/servers").status, None);
        assert_eq!(plan.hit("GET", "/servers").status, Some(502));
        assert_eq!(plan.hit("GET", "/servers").status, None);
        assert_eq!(plan.hit("POST", "/volumes/1").status, Some(500));
        assert_eq!(
            plan.failing("start_server").map(|f| f.code),
            Some("x".into())
        );
        assert_eq!(plan.failing("start_server"), None);
        assert!(Plan::parse(r#"{"request": []}"#).is_err());
    }
}
