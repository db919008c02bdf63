//! Terminals too small for a dialog: what nobody can see, nobody can confirm.

use super::drive::{answer, asked_on, confirming_on, executed, unknown_key};
use crate::{ops::Risk, remote::Question};

const TINY: [(u16, u16); 4] = [(39, 24), (80, 11), (20, 5), (1, 1)];

#[test]
fn a_plan_can_only_be_cancelled() {
    for size in TINY {
        for risk in [
            Risk::None,
            Risk::Yes,
            Risk::TypeName("nginx.service".into()),
        ] {
            for keys in ["", "y", "<tab><ret>", "nginx.service<ret>"] {
                let driven = confirming_on(size, risk.clone(), keys);
                assert!(!executed(&driven), "{size:?} {risk:?} {keys}");
                assert_eq!(driven.model().overlays.len(), 1, "{size:?} {keys}");
            }
            let driven = confirming_on(size, risk, "<esc>");
            assert!(driven.model().overlays.is_empty(), "{size:?}");
        }
    }
    // With room for it, it is there to be decided.
    let cells = confirming_on((40, 12), Risk::Yes, "y");
    assert!(executed(&cells));
}

#[test]
fn a_question_can_only_be_declined() {
    let secret = || Question::Secret {
        host: crate::remote::HostId::new("web-1"),
        prompt: "Passphrase for id_ed25519".into(),
        echo: false,
    };
    for size in TINY {
        for keys in ["y", "o", "<tab><ret>", "<ret>"] {
            assert!(answer(&asked_on(size, unknown_key(), keys)).is_none());
        }
        for keys in ["n", "<esc>"] {
            assert!(matches!(
                answer(&asked_on(size, unknown_key(), keys)),
                Some(None)
            ));
        }
        assert!(answer(&asked_on(size, secret(), "hunter2<ret>")).is_none());
        assert!(matches!(
            answer(&asked_on(size, secret(), "n<esc>")),
            Some(None)
        ));
    }
}

#[test]
fn what_is_asked_and_how_to_decline_is_said() {
    let screen = asked_on((38, 8), unknown_key(), "").screen();
    for part in [
        "is this web-1?",
        "n  No",
        "Enlarge to 40x12",
        "SHA256:abcdef",
    ] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }
    let screen = confirming_on((30, 6), Risk::Yes, "").screen();
    let screen = screen.replace('\n', " ");
    for part in ["restart nginx.service", "Esc  Cancel", "Enlarge"] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }
}
