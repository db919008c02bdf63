//! What can go wrong between us and the API, and what to do about it.

use super::wire::model;
use crate::problem::{Exit, Problem};

/// A problem of this source.
pub(super) fn problem(code: &'static str, exit: Exit, message: impl Into<String>) -> Problem {
    Problem::new("hetzner", code, exit, message)
}

/// How a request failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HetznerError {
    /// Nothing was changed: the request did not arrive, or a question got no answer.
    #[error("{0}")]
    Unreachable(Problem),
    /// The API said no: nothing was changed.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    /// A change was sent, and whether it was carried out is not known.
    #[error("{0}")]
    Unknown(Problem),
}

impl HetznerError {
    /// The API's word for it, where it said one.
    pub fn code(&self) -> Option<&str> {
        match self {
            HetznerError::Refused(refusal) => Some(&refusal.code),
            _ => None,
        }
    }

    /// Whether there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, HetznerError::Refused(refusal) if refusal.status == 404)
    }
}

impl From<HetznerError> for Problem {
    fn from(error: HetznerError) -> Problem {
        match error {
            HetznerError::Unreachable(problem) | HetznerError::Unknown(problem) => problem,
            HetznerError::Refused(refusal) => refusal.problem(),
        }
    }
}

/// A no from the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The API's word for it, e.g. `invalid_input`; empty when it said none.
    pub code: String,
    /// Its sentence.
    pub message: String,
    /// Fields that are wrong, with what is wrong about each.
    pub fields: Vec<(String, String)>,
    /// Limits that would be exceeded.
    pub limits: Vec<String>,
    /// Where the removal of a function was announced.
    pub announcement: Option<String>,
    /// Where the token came from, for those that are about it.
    pub token_origin: String,
}

model! {
    /// `error` of an answer.
    WireError {
        /// A word.
        code: String,
        /// A sentence.
        message: String,
        /// More, by code.
        details: WireDetails,
    }
}

model! {
    /// More about an error.
    WireDetails {
        /// Fields that are wrong.
        fields: Vec<WireField>,
        /// Limits that would be exceeded.
        limits: Vec<WireLimit>,
        /// Where it was announced.
        announcement: Option<String>,
    }
}

model! {
    /// A field that is wrong.
    WireField {
        /// Its name.
        name: String,
        /// What is wrong about it.
        messages: Vec<String>,
    }
}

model! {
    /// A limit.
    WireLimit {
        /// Its name.
        name: String,
    }
}

/// Longest text of an answer that is shown.
const LONGEST: usize = 500;
/// Most fields and limits that are shown.
const MOST: usize = 8;

impl Refusal {
    /// From an answer that is not a success. Whatever could be the token is taken out.
    pub(super) fn read(status: u16, body: &[u8], token: &str, token_origin: &str) -> Refusal {
        let wire = super::wire::One::<WireError>::read(body, "error")
            .ok()
            .and_then(|one| one.0)
            .unwrap_or_default();
        let shown = |text: &str| -> String {
            let text = match token.is_empty() {
                true => text.to_owned(),
                false => text.replace(token, "[token]"),
            };
            text.chars().take(LONGEST).collect()
        };
        let fields = wire.details.fields.iter().take(MOST);
        Refusal {
            status,
            code: shown(&wire.code),
            message: match wire.message.is_empty() {
                true => format!("the answer is HTTP status {status}"),
                false => shown(&wire.message),
            },
            fields: fields
                .map(|field| (shown(&field.name), shown(&field.messages.join(", "))))
                .collect(),
            limits: wire
                .details
                .limits
                .iter()
                .take(MOST)
                .map(|l| shown(&l.name))
                .collect(),
            announcement: wire.details.announcement.as_deref().map(shown),
            token_origin: token_origin.to_owned(),
        }
    }

    /// Whether the same request may be sent again: it was refused before anything was done.
    pub(super) fn says_again(&self) -> bool {
        self.status == 429 || matches!(self.code.as_str(), "conflict" | "rate_limit_exceeded")
    }

    /// Whether it is a gateway that speaks, which cannot know what became of the request.
    pub(super) fn is_from_between(&self) -> bool {
        matches!(self.status, 502 | 504) || matches!(self.code.as_str(), "timeout" | "bad_gateway")
    }

    /// Whether the token may only read.
    pub fn is_read_only_token(&self) -> bool {
        self.code == "token_readonly"
    }

    /// What went wrong, which field, what to do.
    pub fn problem(&self) -> Problem {
        let mut message = self.message.clone();
        for (name, what) in &self.fields {
            // The API's sentence names one of them already.
            if !message.contains(name.as_str())
                || (!what.is_empty() && !message.contains(what.as_str()))
            {
                message += &format!("; {name}: {what}");
            }
        }
        if !self.limits.is_empty() {
            message += &format!(" ({})", self.limits.join(", "));
        }
        let of = |code, exit, hint: &str| problem(code, exit, message.clone()).hint(hint);
        let from = &self.token_origin;
        match self.code.as_str() {
            "unauthorized" => of(
                "unauthorized",
                Exit::Unreachable,
                &format!("the token ({from}) is unknown to Hetzner: replace it by a new one"),
            ),
            "token_readonly" => of(
                "token-readonly",
                Exit::Refused,
                &format!(
                    "the token ({from}) may only read: changes need one with the permission to write"
                ),
            ),
            "forbidden" => of(
                "forbidden",
                Exit::Refused,
                &format!("the token ({from}) has no permission for this"),
            ),
            "rate_limit_exceeded" => of(
                "rate-limit",
                Exit::Unreachable,
                "the project's requests of this hour are spent: one comes back every second",
            ),
            "not_found" => of(
                "not-found",
                Exit::Negative,
                "it may have been deleted meanwhile, or belong to another project than the token",
            ),
            "invalid_input" | "json_error" => {
                of("invalid-input", Exit::Usage, "change the value named")
            }
            "uniqueness_error" => of(
                "not-unique",
                Exit::Negative,
                "choose another name, or use the one that exists",
            ),
            "resource_limit_exceeded" => of(
                "limit-exceeded",
                Exit::Negative,
                "delete what is not needed, or have the limit raised in Hetzner's console",
            ),
            "resource_unavailable" | "placement_error" => of(
                "unavailable",
                Exit::Negative,
                "try another location or type, or later",
            ),
            "conflict" => of(
                "conflict",
                Exit::Negative,
                "somebody changes it at the same time: look at it and try again",
            ),
            "locked" => of(
                "locked",
                Exit::Negative,
                "an action is running on it: `qd actions` shows which; try again when it is over",
            ),
            "protected" => of(
                "protected",
                Exit::Refused,
                "take its protection away first, if that is what you want",
            ),
            "maintenance" | "unavailable" => of(
                "unavailable",
                Exit::Unreachable,
                "https://status.hetzner.com tells more; try again later",
            ),
            "deprecated_api_endpoint" => of(
                "deprecated",
                Exit::Negative,
                &self.announcement.as_deref().map_or_else(
                    || "this program is too old for the API: update it".to_owned(),
                    |where_| format!("this program is too old for the API, see {where_}"),
                ),
            ),
            _ if self.status == 401 => of(
                "unauthorized",
                Exit::Unreachable,
                &format!("the token ({from}) was not accepted: replace it by a new one"),
            ),
            _ if self.status == 429 => of(
                "rate-limit",
                Exit::Unreachable,
                "the project's requests of this hour are spent: one comes back every second",
            ),
            _ if self.status >= 500 => of(
                "server-error",
                Exit::Unreachable,
                "https://status.hetzner.com tells more; try again later",
            ),
            _ => problem("refused", Exit::Negative, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Refusal {
        Refusal::read(status, body.as_bytes(), "s3cret", "HCLOUD_TOKEN")
    }

    #[test]
    fn what_which_field_what_to_do() {
        let refusal = refusal(
            422,
            r#"{"error":{"code":"invalid_input","message":"invalid input in fields 'name', 'size'",
                "details":{"fields":[{"name":"name","messages":["is too long"]},
                                     {"name":"size","messages":["must be 10 or more"]}]}}}"#,
        );
        let problem = refusal.problem();
        assert_eq!(problem.exit, Exit::Usage);
        assert_eq!(
            problem.message,
            "invalid input in fields 'name', 'size'; name: is too long; size: must be 10 or more"
        );
        assert!(problem.hint.is_some());
    }

    #[test]
    fn any_answer_gives_a_sentence_and_never_the_token() {
        for body in [
            "",
            "<html>",
            "[]",
            "{\"error\":\"s3cret\"}",
            "{\"error\":{\"code\":7}}",
        ] {
            let problem = refusal(500, body).problem();
            assert!(problem.message.contains("500"), "{problem}");
        }
        let told = refusal(
            401,
            r#"{"error":{"code":"unauthorized","message":"s3cret is unknown"}}"#,
        );
        assert_eq!(told.message, "[token] is unknown");
        assert!(!format!("{told:?}").contains("s3cret"));
        assert!(told.problem().hint.unwrap().contains("HCLOUD_TOKEN"));
    }
}
