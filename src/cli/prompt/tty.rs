//! The controlling terminal: lines read key by key, hidden or not, and echo as it was before,
//! whatever ends the reading.

use super::{
    Person,
    line::{Line, Typed},
};
use crate::text;
use nix::{
    sys::{
        signal::{Signal, kill},
        termios::{
            InputFlags, LocalFlags, SetArg, SpecialCharacterIndices as Index, Termios, tcgetattr,
            tcsetattr,
        },
    },
    unistd::Pid,
};
use secrecy::SecretString;
use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

/// How long a read waits for a key, in tenths of a second: then somebody may have given up.
const TENTHS: u8 = 2;
/// A read that returns this fast without a key has met the terminal's end.
const AT_ONCE: Duration = Duration::from_millis(50);
/// Empty reads at once, one after the other, that mean the end.
const ENDED: u32 = 3;
/// Time for an interrupt to end the program.
const INTERRUPT: Duration = Duration::from_secs(2);

/// How the terminal was before a question changed it.
static BEFORE: Mutex<Option<(File, Termios)>> = Mutex::new(None);

/// Gives the terminal back as it was, if a question has changed it. For the end of the program,
/// whatever that was: a thread that reads a line does not hear of it.
pub(in crate::cli) fn restore() {
    let taken = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((file, before)) = taken {
        let _ = tcsetattr(&file, SetArg::TCSANOW, &before);
    }
}

/// Keys one by one, without echo and signals, until dropped.
struct Raw;

impl Raw {
    /// What was typed before the question is no answer to it and is thrown away.
    fn enter(file: &File) -> std::io::Result<Raw> {
        let before = tcgetattr(file)?;
        let mut raw = before.clone();
        raw.local_flags.remove(
            LocalFlags::ECHO
                | LocalFlags::ECHONL
                | LocalFlags::ICANON
                | LocalFlags::ISIG
                | LocalFlags::IEXTEN,
        );
        raw.input_flags
            .remove(InputFlags::IXON | InputFlags::INLCR | InputFlags::IGNCR);
        for (index, value) in [(Index::VMIN, 0), (Index::VTIME, TENTHS)] {
            if let Some(slot) = raw.control_chars.get_mut(index as usize) {
                *slot = value;
            }
        }
        let copy = file.try_clone()?;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some((copy, before));
        let raw_mode = Raw;
        tcsetattr(file, SetArg::TCSAFLUSH, &raw)?;
        Ok(raw_mode)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// The terminal this process belongs to.
pub(super) struct Tty {
    file: File,
    given_up: Arc<AtomicBool>,
}

impl Tty {
    /// `None` where the process has none, as under cron.
    pub(super) fn open(given_up: Arc<AtomicBool>) -> Option<Tty> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty");
        Some(Tty {
            file: file.ok()?,
            given_up,
        })
    }

    fn write(&mut self, text: &str) {
        // A terminal that cannot be written to answers nothing either.
        let _ = self.file.write_all(text.as_bytes());
    }

    /// The next key; `None` at the terminal's end, or when nobody waits for it.
    fn key(&mut self) -> Option<u8> {
        let mut byte = Zeroizing::new([0_u8]);
        let mut empty = 0;
        while empty < ENDED && !self.given_up.load(Ordering::Relaxed) {
            let start = Instant::now();
            match self.file.read(byte.as_mut()) {
                Ok(0) if start.elapsed() < AT_ONCE => empty += 1,
                Ok(0) => empty = 0,
                Ok(_) => return byte.first().copied(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        None
    }
}

impl Person for Tty {
    fn tell(&mut self, text: &str) {
        self.write(text);
    }

    fn line(&mut self, prompt: &str, echo: bool) -> Option<SecretString> {
        let mut raw = Raw::enter(&self.file).ok()?;
        self.write(prompt);
        let mut line = Line::new();
        loop {
            match self.key().map(|byte| line.byte(byte)) {
                None | Some(Typed::End) => {
                    self.write("\n");
                    return None;
                }
                Some(Typed::Enter) => {
                    self.write("\n");
                    return Some(line.take());
                }
                Some(Typed::Added(c)) if echo => {
                    let mut bytes = [0; 4];
                    let shown = text::clean(c.encode_utf8(&mut bytes)).into_owned();
                    self.write(&shown);
                }
                Some(Typed::Erased(columns)) if echo => {
                    self.write(&"\x08 \x08".repeat(columns));
                }
                Some(Typed::Added(_) | Typed::Erased(_) | Typed::Nothing) => {}
                Some(key @ (Typed::Interrupt | Typed::Quit)) => {
                    self.write("\n");
                    drop(raw);
                    signal(if key == Typed::Quit {
                        Signal::SIGQUIT
                    } else {
                        Signal::SIGINT
                    });
                    std::thread::sleep(INTERRUPT);
                    return None;
                }
                Some(Typed::Suspend) => {
                    self.write("\n");
                    drop(raw);
                    let stop = crate::job_control::stop(Signal::SIGTSTP);
                    let _ = Handle::try_current().ok()?.block_on(stop);
                    raw = Raw::enter(&self.file).ok()?;
                    self.write(prompt);
                    if echo {
                        let shown = text::clean(line.shown()).into_owned();
                        self.write(&shown);
                    }
                }
            }
        }
    }
}

/// To everything that was started together, as the terminal itself would have sent it.
fn signal(signal: Signal) {
    let _ = kill(Pid::from_raw(0), signal);
}
