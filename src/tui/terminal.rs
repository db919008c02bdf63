//! The terminal's modes: set on entry, undone on every way out (quit, error, panic, signal,
//! Ctrl-Z, a shell). Nothing else touches them.

use crossterm::{
    cursor,
    event::{
        DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
        EnableFocusChange, EnableMouseCapture, KeyboardEnhancementFlags,
        PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
    },
    execute,
    style::{Attribute, ResetColor, SetAttribute},
    terminal::{
        DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen,
        disable_raw_mode, enable_raw_mode,
    },
};
use std::{
    io::{self, Write},
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether the modes are set now; what the panic hook looks at.
static ENTERED: AtomicBool = AtomicBool::new(false);
/// Whether the console takes the mouse.
static MOUSE: AtomicBool = AtomicBool::new(false);
/// Whether the keyboard flags were pushed and must be popped.
static FLAGS: AtomicBool = AtomicBool::new(false);

/// The terminal in the console's hands; given back when dropped.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Standard output is not a terminal, or it does not take the modes.
    pub fn enter(mouse: bool) -> io::Result<Guard> {
        MOUSE.store(mouse, Ordering::SeqCst);
        let guard = Guard(());
        guard.resume()?;
        Ok(guard)
    }

    /// Gives the terminal back for a while.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn suspend(&self) -> io::Result<()> {
        leave()
    }

    /// Takes it again; everything must be drawn anew.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn resume(&self) -> io::Result<()> {
        // Marked first, so that a failure halfway is undone as well.
        ENTERED.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        let mut out = io::stdout().lock();
        execute!(
            out,
            EnterAlternateScreen,
            DisableLineWrap,
            EnableBracketedPaste,
            EnableFocusChange,
            cursor::Hide
        )?;
        if MOUSE.load(Ordering::SeqCst) {
            execute!(out, EnableMouseCapture)?;
        }
        if speaks_kitty() {
            FLAGS.store(true, Ordering::SeqCst);
            execute!(
                out,
                PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES)
            )?;
        }
        out.flush()
    }
}

/// Takes the mouse, or leaves it to the terminal, which selects text with it.
///
/// # Errors
/// The terminal is gone.
pub fn set_mouse(mouse: bool) -> io::Result<()> {
    MOUSE.store(mouse, Ordering::SeqCst);
    if !ENTERED.load(Ordering::SeqCst) {
        return Ok(());
    }
    if mouse {
        execute!(io::stdout(), EnableMouseCapture)
    } else {
        execute!(io::stdout(), DisableMouseCapture)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The terminal may be gone; there is nobody left to tell.
        let _ = leave();
    }
}

/// Undoes every mode, if they are set.
fn leave() -> io::Result<()> {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    if FLAGS.swap(false, Ordering::SeqCst) {
        execute!(out, PopKeyboardEnhancementFlags)?;
    }
    execute!(
        out,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        EnableLineWrap,
        ResetColor,
        SetAttribute(Attribute::Reset),
        LeaveAlternateScreen,
        cursor::Show
    )?;
    out.flush()?;
    disable_raw_mode()
}

/// Whether the terminal is one of those that know the keyboard flags. Asking it would cost a
/// round trip before the first frame.
fn speaks_kitty() -> bool {
    let says = |name: &str| std::env::var(name).unwrap_or_default();
    let (term, program) = (says("TERM"), says("TERM_PROGRAM"));
    ["kitty", "ghostty", "foot", "WezTerm"]
        .iter()
        .any(|known| term.contains(known) || program.contains(known))
}

/// Makes a panic anywhere in the program give the terminal back, write a report and end the
/// program with its path on standard error. Call once, before [`Guard::enter`].
pub fn report_panics(directory: PathBuf) {
    std::panic::set_hook(Box::new(move |info| {
        let _ = leave();
        let backtrace = std::backtrace::Backtrace::force_capture();
        let report = format!(
            "Quarterdeck {} stopped because of a mistake in it.\n\n{info}\n\n{backtrace}\n",
            env!("CARGO_PKG_VERSION")
        );
        let path = directory.join(format!("panic-{}.txt", std::process::id()));
        let written = std::fs::create_dir_all(&directory)
            .and_then(|()| std::fs::write(&path, &report))
            .is_ok();
        let mut err = io::stderr().lock();
        let _ = writeln!(err, "qd: stopped because of a mistake in it: {info}");
        let _ = if written {
            writeln!(err, "qd: the report is in {}", path.display())
        } else {
            writeln!(err, "{report}")
        };
        // A task that is gone would leave the rest waiting for it without a screen.
        std::process::exit(101);
    }));
}
