//! The program in a pseudo-terminal, with an emulator that shows what a user would see.

use super::Qd;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::{
    io::{Read, Write},
    num::NonZeroU16,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};
use vt100::{MouseProtocolMode, Parser, Screen};

/// How long a test waits for something to appear: generous, since machines may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program and its screen. Killed when dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Keyboard,
    seen: Arc<Mutex<Seen>>,
}

type Keyboard = Arc<Mutex<Box<dyn Write + Send>>>;

/// Everything that came from the program.
struct Seen {
    parser: Parser,
    bytes: Vec<u8>,
    closed: bool,
}

impl Terminal {
    /// Starts `qd` with these words in a terminal of columns by rows.
    pub fn start(qd: &Qd, words: &[&str], size: (u16, u16)) -> Terminal {
        Terminal::with(qd, &[], words, size)
    }

    /// [`Terminal::start`] with more environment variables.
    pub fn with(
        qd: &Qd,
        environment: &[(&str, &str)],
        words: &[&str],
        size: (u16, u16),
    ) -> Terminal {
        Terminal::command(qd, environment, Qd::binary(), words, size)
    }

    /// Any program, in the same environment as `qd`.
    pub fn command(
        qd: &Qd,
        environment: &[(&str, &str)],
        program: &str,
        words: &[&str],
        (columns, rows): (u16, u16),
    ) -> Terminal {
        let pty = native_pty_system()
            .openpty(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(words);
        command.env_clear();
        command.cwd(qd.home());
        for (name, value) in qd.environment() {
            command.env(name, value);
        }
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let keyboard = Arc::new(Mutex::new(pty.master.take_writer().unwrap()));
        let seen = Arc::new(Mutex::new(Seen {
            parser: Parser::new(cells(rows), cells(columns), 0),
            bytes: Vec::new(),
            closed: false,
        }));
        let reader = pty.master.try_clone_reader().unwrap();
        let (to, answers) = (seen.clone(), keyboard.clone());
        std::thread::spawn(move || read(reader, &to, &answers));
        Terminal {
            child,
            master: pty.master,
            keyboard,
            seen,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// Types, byte for byte: `"\r"` is Enter, `"\x1b"` Escape, `"\x1a"` Ctrl-Z.
    pub fn keys(&self, keys: &str) {
        let mut keyboard = self.keyboard.lock().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
        keyboard.flush().unwrap();
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.seen().parser.screen().contents()
    }

    /// Looks at the screen's cells and modes.
    pub fn look<T>(&self, at: impl FnOnce(&Screen) -> T) -> T {
        at(self.seen().parser.screen())
    }

    /// Every byte written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// How many bytes were written so far.
    pub fn written(&self) -> usize {
        self.seen().bytes.len()
    }

    /// Waits until this text is on the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until the screen is as wanted; the test fails, showing it, when that takes too long.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut wanted: impl FnMut(&Screen) -> bool) {
        let start = Instant::now();
        while !self.look(&mut wanted) {
            assert!(
                start.elapsed() < PATIENCE,
                "never saw {what:?}; the screen is:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until nothing was written for this long; the test fails when it never rests.
    #[track_caller]
    pub fn wait_quiet(&self, time: Duration) {
        let start = Instant::now();
        let (mut written, mut since) = (self.written(), Instant::now());
        while since.elapsed() < time {
            // News of a busy machine may come first.
            assert!(
                start.elapsed() < PATIENCE + time * 3,
                "the screen never rests: {}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(10));
            let now = self.written();
            if now != written {
                (written, since) = (now, Instant::now());
            }
        }
    }

    /// Changes the terminal's size, as a window manager would.
    pub fn resize(&self, columns: u16, rows: u16) {
        // The emulator first, so that nothing drawn for the new size meets the old one.
        self.seen().parser.set_size(cells(rows), cells(columns));
        self.master
            .resize(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
    }

    /// The program's process.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().try_into().unwrap());
        kill(pid, signal).unwrap();
    }

    /// Waits for the program's end, and for the last of its output.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                while !self.seen().closed && start.elapsed() < PATIENCE {
                    std::thread::sleep(Duration::from_millis(5));
                }
                return status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "still running; the screen is:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the terminal is as a shell wants it: main screen, cursor shown, no mouse reports,
    /// no bracketed paste, no attributes left on.
    pub fn is_restored(&self) -> bool {
        self.look(|screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && screen.mouse_protocol_mode() == MouseProtocolMode::None
                && !screen.bracketed_paste()
                && screen.fgcolor() == vt100::Color::Default
                && !screen.bold()
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

/// Feeds the emulator, and answers what programs ask a terminal.
fn read(mut from: Box<dyn Read + Send>, to: &Mutex<Seen>, answers: &Keyboard) {
    let mut buffer = [0; 64 * 1024];
    loop {
        let count = match from.read(&mut buffer) {
            // Linux ends a pty whose other side is closed with EIO.
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        let bytes = &buffer[..count];
        let mut answer = Vec::new();
        {
            let mut seen = to.lock().unwrap();
            seen.parser.process(bytes);
            seen.bytes.extend_from_slice(bytes);
            if has(bytes, b"\x1b[6n") {
                let (row, column) = seen.parser.screen().cursor_position();
                write!(answer, "\x1b[{};{}R", row + 1, column + 1).unwrap();
            }
            if has(bytes, b"\x1b[c") || has(bytes, b"\x1b[0c") {
                answer.extend_from_slice(b"\x1b[?62;22c");
            }
        }
        if !answer.is_empty() {
            let _ = answers.lock().unwrap().write_all(&answer);
        }
    }
    to.lock().unwrap().closed = true;
}

fn has(bytes: &[u8], sequence: &[u8]) -> bool {
    bytes.windows(sequence.len()).any(|part| part == sequence)
}
