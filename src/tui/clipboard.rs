//! Copying text out of the console, also over SSH: by the terminal itself (OSC 52), through tmux
//! and GNU screen, or else to a file. Says which way it went, since a terminal never answers.

use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fmt, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Longer texts are cut off or ignored by common terminals (base64 of this is 100,000 bytes).
const MAX_OSC52: usize = 74_994;

/// GNU screen takes pass-through in pieces of at most this many bytes.
const SCREEN_PIECE: usize = 512;

/// Which way a text went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// To the terminal, by OSC 52.
    Terminal,
    /// To tmux's buffer, and through it to the terminal.
    Tmux,
    /// To the terminal, through GNU screen.
    Screen,
    /// To this file: the terminal cannot take it, or not as much.
    File(PathBuf),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Terminal => f.write_str("to the terminal's clipboard (OSC 52)"),
            Way::Tmux => f.write_str("to tmux's buffer and the terminal's clipboard"),
            Way::Screen => f.write_str("to the terminal's clipboard, through screen"),
            Way::File(path) => write!(f, "to the file {}", path.display()),
        }
    }
}

/// What the terminal is, as far as copying goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Inside tmux.
    pub tmux: bool,
    /// Inside GNU screen.
    pub screen: bool,
    /// A terminal that is known not to understand OSC 52.
    pub deaf: bool,
}

impl Surroundings {
    /// From this process's environment variables.
    pub fn from_environment() -> Surroundings {
        let var = |name| std::env::var(name).unwrap_or_default();
        Surroundings::of(
            &var("TERM"),
            &var("TERM_PROGRAM"),
            !var("TMUX").is_empty(),
            !var("STY").is_empty(),
        )
    }

    fn of(term: &str, program: &str, tmux: bool, screen: bool) -> Surroundings {
        Surroundings {
            tmux,
            screen: screen && !tmux,
            deaf: matches!(term, "" | "dumb" | "linux") || program == "Apple_Terminal",
        }
    }
}

/// Copies a text. `out` is the terminal; `directory` is where the file goes when the terminal
/// cannot take the text.
///
/// # Errors
/// The terminal or the file cannot be written.
pub fn copy(
    out: &mut impl Write,
    text: &str,
    around: &Surroundings,
    directory: &Path,
) -> io::Result<Way> {
    if around.tmux && tmux_buffer(text) {
        return Ok(Way::Tmux);
    }
    if !around.deaf && text.len() <= MAX_OSC52 {
        out.write_all(&sequence(text, around))?;
        out.flush()?;
        return Ok(match (around.tmux, around.screen) {
            (true, _) => Way::Tmux,
            (_, true) => Way::Screen,
            _ => Way::Terminal,
        });
    }
    to_file(text, directory).map(Way::File)
}

/// `tmux load-buffer -w` works with tmux's default settings, which neither pass-through nor
/// OSC 52 from programs does.
fn tmux_buffer(text: &str) -> bool {
    let mut command = Command::new("tmux");
    command
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = crate::job_control::start(|| command.spawn());
    let Ok(mut child) = child else { return false };
    let written = child
        .stdin
        .take()
        .is_some_and(|mut stdin| stdin.write_all(text.as_bytes()).is_ok());
    child.wait().is_ok_and(|status| status.success()) && written
}

/// The bytes that make the terminal copy a text.
fn sequence(text: &str, around: &Surroundings) -> Vec<u8> {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    if around.tmux {
        // Both forms: which one tmux lets through depends on its settings.
        let inner = plain.replace('\x1b', "\x1b\x1b");
        return format!("{plain}\x1bPtmux;{inner}\x1b\\").into_bytes();
    }
    if around.screen {
        let mut out = Vec::with_capacity(plain.len() * 2);
        for piece in plain.as_bytes().chunks(SCREEN_PIECE) {
            out.extend_from_slice(b"\x1bP");
            out.extend_from_slice(piece);
            out.extend_from_slice(b"\x1b\\");
        }
        return out;
    }
    plain.into_bytes()
}

fn to_file(text: &str, directory: &Path) -> io::Result<PathBuf> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let path = directory.join("clipboard.txt");
    // A new file each time: an older one may have other permissions or be a link elsewhere.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_terminal_is_told_in_its_own_way() {
        let plain = Surroundings::default();
        assert_eq!(sequence("hi", &plain), b"\x1b]52;c;aGk=\x07");
        let tmux = Surroundings {
            tmux: true,
            ..plain.clone()
        };
        assert_eq!(
            sequence("hi", &tmux),
            b"\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\"
        );
        let screen = Surroundings {
            screen: true,
            ..plain.clone()
        };
        let text = "x".repeat(2_000);
        let long = String::from_utf8(sequence(&text, &screen)).unwrap();
        let pieces: Vec<&str> = long
            .strip_prefix("\x1bP")
            .unwrap()
            .split_terminator("\x1b\\")
            .map(|piece| piece.trim_start_matches("\x1bP"))
            .collect();
        assert!(pieces.len() > 1 && pieces.iter().all(|p| p.len() <= SCREEN_PIECE));
        assert_eq!(pieces.concat().as_bytes(), sequence(&text, &plain));
    }

    #[test]
    fn what_the_terminal_cannot_take_goes_to_a_private_file() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("qd");
        let mut out = Vec::new();
        let deaf = Surroundings::of("linux", "", false, false);
        assert!(deaf.deaf);
        for (text, around) in [
            ("hello".to_owned(), deaf),
            ("y".repeat(MAX_OSC52 + 1), Surroundings::default()),
        ] {
            let way = copy(&mut out, &text, &around, &place).unwrap();
            let Way::File(path) = way else {
                panic!("{way}")
            };
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(out.is_empty());
        let way = copy(&mut out, "small", &Surroundings::default(), &place).unwrap();
        assert_eq!(way, Way::Terminal);
        assert!(out.starts_with(b"\x1b]52;"));
    }
}
