//! When a request is sent again: the policy of Hetzner's own clients, and never a change whose
//! first sending may have been carried out.

use super::error::{HetznerError, Refusal, problem};
use crate::problem::Exit;
use std::time::Duration;

/// Attempts after the first one.
pub(super) const RETRIES: u32 = 5;
/// The first wait; each one is twice as long.
const BASE: Duration = Duration::from_secs(1);
/// The longest wait.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// Whether sending a request twice has the effect of sending it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It only asks.
    Asks,
    /// It says how something shall be: again is the same.
    Same,
    /// It does something: again may be twice.
    Twice,
}

/// Why one attempt failed.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// It did not arrive.
    NotSent {
        /// Why.
        why: String,
        /// Whether nobody answered, rather than somebody saying no.
        late: bool,
    },
    /// It was sent, and there was no answer, or none that can be understood.
    NoAnswer(String),
    /// The answer is not one of this API.
    Strange(String),
    /// The API said no.
    Refused(Box<Refusal>),
}

impl Failure {
    /// Whether the next attempt may be made.
    pub(super) fn again(&self, repeat: Repeat) -> bool {
        match self {
            // Where nobody listens, asking again at once is no use.
            Failure::NotSent { late, .. } => *late,
            Failure::NoAnswer(_) => repeat != Repeat::Twice,
            Failure::Strange(_) => false,
            Failure::Refused(refusal) if refusal.says_again() => true,
            Failure::Refused(refusal) if refusal.is_from_between() => repeat != Repeat::Twice,
            Failure::Refused(refusal) => refusal.status >= 500 && repeat == Repeat::Asks,
        }
    }

    /// What it means when it was the last attempt.
    pub(super) fn error(self, repeat: Repeat, endpoint: &str) -> HetznerError {
        let unreachable = |code, why: String, hint: &str| {
            HetznerError::Unreachable(problem(code, Exit::Unreachable, why).hint(hint))
        };
        let asks = repeat == Repeat::Asks;
        let unknown = |why: String| {
            HetznerError::Unknown(problem(
                "unknown",
                Exit::Unknown,
                format!("{why}; the change may have been carried out"),
            ))
        };
        match self {
            Failure::NotSent { why, .. } => unreachable(
                "unreachable",
                format!("{endpoint} cannot be reached: {why}"),
                "see whether the network works, or whether a proxy is needed (HTTPS_PROXY)",
            ),
            Failure::NoAnswer(why) if asks => unreachable(
                "no-answer",
                format!("no usable answer from {endpoint}: {why}"),
                "https://status.hetzner.com tells more; try again later",
            ),
            Failure::Strange(why) if asks => unreachable(
                "strange-answer",
                format!("{endpoint} does not answer as the API does: {why}"),
                "see whether the endpoint is right and no proxy is in between",
            ),
            Failure::NoAnswer(why) | Failure::Strange(why) => unknown(why),
            Failure::Refused(refusal) if !asks && refusal.status >= 500 => {
                // 503 `unavailable` is said before anything is done.
                match refusal.code.as_str() {
                    "unavailable" => HetznerError::Refused(refusal),
                    _ => unknown(refusal.message),
                }
            }
            Failure::Refused(refusal) => HetznerError::Refused(refusal),
        }
    }
}

/// The wait before an attempt; `attempt` counts from 1, `chance` is between 0 and 1.
pub(super) fn wait(attempt: u32, chance: f64) -> Duration {
    let doubled = 2u32.saturating_pow(attempt.saturating_sub(1));
    let most = BASE.saturating_mul(doubled).min(LONGEST);
    BASE + (most - BASE).mul_f64(chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str) -> Failure {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"no"}}}}"#);
        Failure::Refused(Box::new(Refusal::read(status, body.as_bytes(), "", "")))
    }

    #[test]
    fn a_change_that_may_have_happened_is_not_sent_again() {
        let lost = Failure::NoAnswer("timeout".into());
        assert!(lost.again(Repeat::Asks) && lost.again(Repeat::Same));
        assert!(!lost.again(Repeat::Twice));
        for (status, code) in [(502, ""), (504, "timeout"), (502, "bad_gateway")] {
            assert!(refused(status, code).again(Repeat::Same), "{status}");
            assert!(!refused(status, code).again(Repeat::Twice), "{status}");
            let end = refused(status, code).error(Repeat::Twice, "");
            assert!(matches!(end, HetznerError::Unknown(_)), "{status}");
        }
        // Said before anything was done.
        for (status, code) in [(429, "rate_limit_exceeded"), (409, "conflict"), (429, "")] {
            assert!(refused(status, code).again(Repeat::Twice), "{status}");
        }
        for (status, code) in [
            (401, "unauthorized"),
            (423, "locked"),
            (422, "invalid_input"),
        ] {
            assert!(!refused(status, code).again(Repeat::Asks), "{status}");
        }
        assert!(refused(500, "server_error").again(Repeat::Asks));
        assert!(!refused(500, "server_error").again(Repeat::Same));
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        assert_eq!(wait(1, 0.7), BASE);
        assert_eq!(wait(3, 1.0), Duration::from_secs(4));
        assert_eq!(wait(3, 0.0), BASE);
        assert_eq!(wait(40, 1.0), LONGEST);
    }
}
