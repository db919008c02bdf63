//! The step between a plan and its execution: somebody said yes to exactly this, just now.

use super::{Plan, Risk, problem};
use crate::problem::{Exit, Problem};
use jiff::{SignedDuration, Timestamp};

/// How old the data under a plan may be.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// A plan somebody said yes to. Only [`confirm`] makes one.
#[derive(Debug)]
pub struct ApprovedPlan {
    plan: Plan,
}

impl ApprovedPlan {
    /// What was approved.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// What the user (or `--yes`, `--confirm NAME`) answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// Nothing was asked.
    NotAsked,
    /// `y`.
    Yes,
    /// This was typed.
    Typed(String),
}

/// Checks consent against the plan's risk, environment and the age of its data (60 s at most).
///
/// # Errors
/// `confirmation-missing`, `confirmation-wrong`, `plan-stale`, `plan-elsewhere`: all of them
/// refusals.
pub fn confirm(
    plan: Plan,
    consent: Consent,
    environment: &str,
    now: Timestamp,
) -> Result<ApprovedPlan, Problem> {
    if plan.environment != environment {
        return Err(problem(
            "plan-elsewhere",
            Exit::Refused,
            format!(
                "the plan was made for {}, this is {environment}",
                plan.environment
            ),
        )
        .hint("make the plan again in this environment"));
    }
    if is_stale(&plan, now) {
        let age = now.duration_since(plan.data_at).as_secs();
        let text = if age < 0 {
            "the clock was set back since the plan was made: its age is not known".to_owned()
        } else {
            format!(
                "the plan was made {age} s ago, and more than {} s is too old to act upon",
                FRESH.as_secs()
            )
        };
        return Err(problem("plan-stale", Exit::Refused, text)
            .hint("ask for it again: the plan is made anew"));
    }
    match (&plan.risk, consent) {
        (Risk::None, _) | (Risk::Yes, Consent::Yes) => Ok(ApprovedPlan { plan }),
        (Risk::Yes, _) => Err(missing(&plan, "`--yes` answers it on the command line")),
        (Risk::TypeName(name) | Risk::TypeNameAndWait(name, _), Consent::Typed(typed)) => {
            if typed == *name {
                return Ok(ApprovedPlan { plan });
            }
            Err(problem(
                "confirmation-wrong",
                Exit::Refused,
                format!("{}: the name typed is not {name}", plan.title),
            )
            .on(plan.intent.host().as_str()))
        }
        (Risk::TypeName(name) | Risk::TypeNameAndWait(name, _), _) => Err(missing(
            &plan,
            &format!("`--confirm {name}` answers it on the command line"),
        )),
    }
}

/// Whether what a plan rests on is too old to act upon. A plan from the future means that the
/// clock was set back: its age is not known.
pub fn is_stale(plan: &Plan, now: Timestamp) -> bool {
    let age = now.duration_since(plan.data_at);
    age > FRESH || age < SignedDuration::from_secs(-1)
}

fn missing(plan: &Plan, hint: &str) -> Problem {
    problem(
        "confirmation-missing",
        Exit::Refused,
        format!("{} needs a confirmation", plan.title),
    )
    .hint(hint)
    .on(plan.intent.host().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Intent;
    use crate::remote::HostId;
    use std::time::Duration;

    fn plan(risk: Risk) -> Plan {
        Plan {
            intent: Intent::Rebuild {
                host: HostId::new("web-1"),
            },
            environment: "production".into(),
            title: "rebuild web-1".into(),
            steps: vec![],
            effects: vec![],
            undo: None,
            risk,
            data_at: now(),
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }

    fn code(risk: Risk, consent: Consent) -> &'static str {
        match confirm(plan(risk), consent, "production", now()) {
            Ok(_) => "approved",
            Err(problem) => {
                assert_eq!(problem.exit, Exit::Refused);
                problem.code
            }
        }
    }

    #[test]
    fn each_risk_asks_its_own_answer() {
        let name = || "web-1".to_owned();
        let typed = |text: &str| Consent::Typed(text.to_owned());
        assert_eq!(code(Risk::None, Consent::NotAsked), "approved");
        assert_eq!(code(Risk::Yes, Consent::NotAsked), "confirmation-missing");
        assert_eq!(code(Risk::Yes, typed("web-1")), "confirmation-missing");
        assert_eq!(code(Risk::Yes, Consent::Yes), "approved");
        for risk in [
            Risk::TypeName(name()),
            Risk::TypeNameAndWait(name(), Duration::from_secs(3)),
        ] {
            assert_eq!(code(risk.clone(), Consent::Yes), "confirmation-missing");
            assert_eq!(code(risk.clone(), typed("")), "confirmation-wrong");
            assert_eq!(code(risk.clone(), typed("Web-1")), "confirmation-wrong");
            assert_eq!(code(risk, typed("web-1")), "approved");
        }
    }

    #[test]
    fn only_fresh_data_of_the_same_environment() {
        let at = |seconds| now() + SignedDuration::from_secs(seconds);
        let confirm = |environment, now| confirm(plan(Risk::None), Consent::Yes, environment, now);
        assert!(confirm("production", at(60)).is_ok());
        assert_eq!(
            confirm("production", at(61)).unwrap_err().code,
            "plan-stale"
        );
        assert_eq!(
            confirm("production", at(-5)).unwrap_err().code,
            "plan-stale"
        );
        assert_eq!(
            confirm("staging", at(0)).unwrap_err().code,
            "plan-elsewhere"
        );
    }
}
