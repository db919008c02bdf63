use super::*;
use crossterm::event::KeyEvent;
use proptest::prelude::*;

fn chords(text: &str) -> Vec<Chord> {
    text.parse::<Sequence>().unwrap().chords().to_vec()
}

fn change(action: &str, keys: &[&str], line: u32) -> Override {
    Override {
        action: action.to_owned(),
        keys: keys.iter().map(|k| (*k).to_owned()).collect(),
        place: format!("settings.toml:{line}:1"),
    }
}

#[test]
fn keys_are_read_and_printed() {
    let cases = [
        ("x", "x"),
        ("G", "G"),
        ("shift-g", "G"),
        ("ctrl-x", "ctrl-x"),
        ("Ctrl-X", "ctrl-x"),
        ("C-x", "ctrl-x"),
        ("alt-<", "alt-<"),
        ("alt-ctrl-x", "ctrl-alt-x"),
        ("g g", "g g"),
        ("space", "space"),
        ("shift-tab", "shift-tab"),
        ("return", "enter"),
        ("<", "<"),
        ("-", "-"),
        ("ctrl--", "ctrl--"),
        ("f12", "f12"),
        ("PgUp", "pageup"),
        ("ß", "ß"),
        ("s", "s"),
    ];
    for (text, printed) in cases {
        assert_eq!(text.parse::<Sequence>().unwrap().to_string(), printed);
    }
    for (text, error) in [
        ("", "a key is missing"),
        ("foo", "there is no key `foo`"),
        ("hyper-x", "there is no key `hyper-x`"),
        ("f25", "there is no key `f25`"),
        ("a b c d e", "`a b c d e` has more than 4 keys"),
    ] {
        assert_eq!(text.parse::<Sequence>().unwrap_err().to_string(), error);
    }
}

#[test]
fn terminals_that_report_keys_differently_mean_the_same() {
    let same = [
        (KeyCode::Char('G'), KeyModifiers::SHIFT, "G"),
        (KeyCode::Char('G'), KeyModifiers::NONE, "G"),
        (KeyCode::Char('g'), KeyModifiers::SHIFT, "G"),
        (KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab"),
        (KeyCode::BackTab, KeyModifiers::NONE, "shift-tab"),
        (KeyCode::Tab, KeyModifiers::SHIFT, "shift-tab"),
        (KeyCode::Char('X'), KeyModifiers::CONTROL, "ctrl-x"),
        (KeyCode::Char('?'), KeyModifiers::SHIFT, "?"),
    ];
    for (code, modifiers, text) in same {
        assert_eq!(Chord::from(KeyEvent::new(code, modifiers)), chords(text)[0]);
    }
}

#[test]
fn every_default_holds_and_none_collide() {
    for preset in [Preset::Default, Preset::Vim, Preset::Emacs] {
        let (map, problems) = Keymap::with_overrides(preset, &[]);
        assert_eq!(problems, []);
        for action in ACTIONS {
            let given = preset.keys(action);
            let held: Vec<String> = map.keys(action.id).iter().map(|k| k.to_string()).collect();
            assert_eq!(given, held, "{preset:?} {}", action.id);
            for sequence in map.keys(action.id) {
                assert_eq!(refused(action, sequence), None, "{}: {sequence}", action.id);
                let found = map.find(&[action.context], sequence.chords());
                assert_eq!(found, Found::Action(action.id));
            }
        }
    }
}

#[test]
fn the_most_particular_context_decides_and_sequences_wait() {
    let map = Keymap::default();
    let here = [Context::List, Context::Global];
    assert_eq!(map.find(&here, &chords("g")), Found::Prefix);
    assert_eq!(map.find(&here, &chords("g g")), Found::Action("list.top"));
    assert_eq!(map.find(&here, &chords("g x")), Found::Nothing);
    assert_eq!(map.find(&here, &chords("?")), Found::Action("help"));
    assert_eq!(map.find(&[Context::Global], &chords("g")), Found::Nothing);
    let next = map.continuations(&here, &chords("g"));
    assert_eq!(next, [(chords("g")[0], "list.top")]);
}

#[test]
fn the_users_keys_win() {
    let changes = [
        change("quit", &["ctrl-q"], 1),
        change("units.restart", &["z r"], 2),
        change("copy", &[], 3),
    ];
    let (map, problems) = Keymap::with_overrides(Preset::Default, &changes);
    assert_eq!(problems, []);
    let units = [Context::Units, Context::Global];
    assert_eq!(map.find(&units, &chords("q")), Found::Nothing);
    assert_eq!(map.find(&units, &chords("ctrl-q")), Found::Action("quit"));
    assert_eq!(
        map.find(&units, &chords("z r")),
        Found::Action("units.restart")
    );
    assert_eq!(map.find(&units, &chords("T")), Found::Nothing);
    assert_eq!(map.hint("copy"), None);
}

#[test]
fn conflicts_are_reported_with_their_place() {
    let changes = [
        change("units.stop", &["z"], 1),
        change("units.start", &["z"], 2),
        change("units.restart", &["ctrl-r"], 3),
        change("prompt.accept", &["x"], 4),
        change("units.strat", &["w"], 5),
        change("quit", &["ctrl-"], 6),
        change("refresh", &["Y"], 7),
        change("units.stop", &["w"], 8),
        change("redraw", &["?"], 9),
    ];
    let (map, problems) = Keymap::with_overrides(Preset::Default, &changes);
    let expected = [
        "settings.toml:2:1: `z` is a key of `units.stop` already, or begins like one",
        "settings.toml:3:1: `ctrl-r` cannot be a key of `units.restart`: what changes the world must not sit on a bare Ctrl key",
        "settings.toml:4:1: `x` cannot be a key of `prompt.accept`: it could not be typed any more",
        "settings.toml:5:1: there is no action `units.strat`",
        "settings.toml:6:1: there is no key `ctrl-`",
        "settings.toml:8:1: the keys of `units.stop` are given twice",
        "settings.toml:7:1: `Y` was the only key of `cli`, which has none now",
    ];
    let lines: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(lines, expected);
    assert_eq!(
        problems[3].hint.as_deref(),
        Some("did you mean `units.start`?")
    );
    let units = [Context::Units];
    assert_eq!(map.find(&units, &chords("z")), Found::Action("units.stop"));
    // `?` was taken from help, which still has its other key.
    assert_eq!(map.hint("help").unwrap().to_string(), "f1");
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(
        code in prop_oneof![
            any::<char>().prop_filter("keys are visible", |c| !c.is_control() && !c.is_whitespace())
                .prop_map(KeyCode::Char),
            (1u8..=24).prop_map(KeyCode::F),
            proptest::sample::select(NAMED.to_vec()),
        ],
        bits in 0u8..16,
    ) {
        let chord = Chord::new(code, KeyModifiers::from_bits_truncate(bits));
        prop_assert_eq!(chord.to_string().parse::<Chord>().unwrap(), chord);
    }

    #[test]
    fn any_settings_make_a_keymap_without_ambiguity(
        changes in proptest::collection::vec(
            (proptest::sample::select(ACTIONS.iter().map(|a| a.id).collect::<Vec<_>>()),
             proptest::collection::vec("([a-e]|ctrl-[a-c]|enter)( [a-c]){0,2}", 0..3)),
            0..8,
        ),
    ) {
        let changes: Vec<Override> = changes
            .into_iter()
            .map(|(action, keys)| Override { action: action.to_owned(), keys, place: "x".into() })
            .collect();
        let (map, _) = Keymap::with_overrides(Preset::Default, &changes);
        for action in ACTIONS {
            for sequence in map.keys(action.id) {
                prop_assert_eq!(map.find(&[action.context], sequence.chords()), Found::Action(action.id));
                prop_assert_eq!(refused(action, sequence), None);
            }
        }
    }
}

const NAMED: [KeyCode; 6] = [
    KeyCode::Char(' '),
    KeyCode::Tab,
    KeyCode::Enter,
    KeyCode::Esc,
    KeyCode::PageDown,
    KeyCode::Delete,
];
