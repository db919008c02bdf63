//! The console as lines, for screen readers and dumb terminals (`--plain`): no alternate screen,
//! no cursor movement, nothing that blinks. What keys do elsewhere is typed as words here; the
//! model, the panes and the operations are the same.

use super::{
    actions::{self, Context},
    command,
    effect::Effect,
    keymap::Sequence,
    model::{Model, Overlay},
    msg::{Hit, Level, Mouse, Msg},
    panes::ScreenId,
    run::{Executor, Leave},
    update, view,
};
use crate::{remote::Question, text};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle};
use zeroize::Zeroizing;

/// The rows that a pane may tell at once.
const ROWS: u16 = 200;
const COLUMNS: u16 = 120;
/// What has come within this time is told together.
const PAUSE: Duration = Duration::from_millis(150);

/// What is told and what was told already.
#[derive(Debug)]
pub struct Plain {
    /// The state of everything.
    pub model: Model,
    said: u64,
    over: String,
    screen: Option<ScreenId>,
    greeted: bool,
    /// What was told is what the hosts said, not what was known before they answered.
    settled: bool,
}

impl Plain {
    /// Of this model.
    pub fn new(mut model: Model) -> Plain {
        model.size = (COLUMNS, ROWS);
        Plain {
            model,
            said: 0,
            over: String::new(),
            screen: None,
            greeted: false,
            settled: false,
        }
    }

    /// The whole screen as lines: where one is, what the pane tells, what is selected.
    pub fn screen(&self) -> String {
        let model = &self.model;
        let mut out = String::new();
        let (Some(id), Some(screen)) = (model.history.here(), model.screen()) else {
            return out;
        };
        let Some(ctx) = view::ctx(model, id) else {
            return out;
        };
        let read_only = if ctx.world.read_only {
            ", read-only"
        } else {
            ""
        };
        let title = screen.pane.title();
        let _ = writeln!(out, "{title}, environment {}{read_only}.", ctx.world.id);
        screen.pane.plain(&ctx, &mut out);
        if let Some(subject) = screen.pane.subject(&ctx) {
            let unit = subject
                .unit
                .map_or(String::new(), |unit| format!(", {unit}"));
            let _ = writeln!(
                out,
                "Selected: {}{unit}.",
                text::clean(&format!("{}", subject.host))
            );
        }
        out
    }

    /// What can be typed here.
    fn help(&self) -> String {
        let mut out = String::from(
            "Type a command, an action or a key. An empty line reads the screen again.\nCommands:\n",
        );
        for spec in command::COMMANDS {
            let _ = writeln!(out, "  {} {}: {}", spec.name, spec.usage, spec.help);
        }
        out.push_str("Actions of this screen:\n");
        for context in update::contexts(&self.model) {
            for action in actions::ACTIONS.iter().filter(|a| a.context == context) {
                let state = match update::availability(&self.model, action) {
                    Ok(()) => String::new(),
                    Err(why) => format!(" (not now: {why})"),
                };
                let _ = writeln!(out, "  {}: {}{state}", action.id, action.help);
            }
        }
        out
    }

    /// What happened that has not been told: messages, another screen, a question.
    pub fn news(&mut self) -> String {
        let mut out = String::new();
        // Of those that were dropped meanwhile there is nothing to tell any more.
        let news = self.model.said.saturating_sub(self.said);
        let news = usize::try_from(news).unwrap_or(usize::MAX);
        let told = self.model.messages.len().saturating_sub(news);
        self.said = self.model.said;
        for message in self.model.messages.iter().skip(told) {
            let word = match message.level {
                Level::Info => "Note",
                Level::Warning => "Warning",
                Level::Error => "Error",
            };
            let _ = writeln!(out, "{word}: {}", text::clean(&message.text));
        }
        if self.model.history.here() != self.screen {
            self.screen = self.model.history.here();
            self.settled = self.answered();
            out.push_str(&self.screen());
            if !self.greeted {
                self.greeted = true;
                out.push_str("Type help for what can be done here.\n");
            }
        } else if !self.settled && self.answered() && !self.asks() {
            self.settled = true;
            out.push_str("The hosts have answered.\n");
            out.push_str(&self.screen());
        }
        let over = view::overlay_text(&self.model);
        if over != self.over {
            self.over = over;
            if !self.over.is_empty() {
                out.push_str(&self.over);
                out.push_str("Type the answer; an empty line cancels.\n");
            }
        }
        out
    }

    /// Whether every host told its units, or why there is no telling.
    fn answered(&self) -> bool {
        self.model.world().is_none_or(|world| {
            world.hosts.values().all(|host| {
                host.down.is_some() || host.units_down.is_some() || {
                    host.conn.is_up() && host.units.is_some() && !host.stale
                }
            })
        })
    }

    /// Whether what is typed next must not be seen.
    fn hidden(&self) -> bool {
        let question = self.model.asking().map(|(_, _, question)| question);
        matches!(question, Some(Question::Secret { echo: false, .. }))
    }

    fn asks(&self) -> bool {
        !self.model.questions.is_empty() || !self.model.overlays.is_empty()
    }

    /// What is over the screen, to see whether an answer was taken.
    fn depth(&self) -> (usize, usize) {
        (self.model.questions.len(), self.model.overlays.len())
    }

    /// Takes a typed line. Returns what is to be done, and what to say at once.
    pub fn line(&mut self, line: &str) -> (Vec<Effect>, String) {
        if self.asks() {
            return (self.answer(line), String::new());
        }
        let line = line.trim();
        let word = line.split_whitespace().next().unwrap_or("");
        match word {
            "" => return (Vec::new(), self.screen()),
            "help" | "?" if word == line => return (Vec::new(), self.help()),
            _ => {}
        }
        let contexts = update::contexts(&self.model);
        let here = |context: Context| contexts.contains(&context);
        let action = actions::ACTIONS.iter().find(|a| {
            here(a.context)
                && (a.id == line || a.id.split_once('.').is_some_and(|(_, id)| id == line))
        });
        let typed = line.strip_prefix(':').unwrap_or(line);
        let name = typed.split_whitespace().next().unwrap_or("");
        let known = command::COMMANDS
            .iter()
            .any(|spec| spec.name == name || (name.len() > 1 && spec.aliases.contains(&name)));
        if line.starts_with(':') || (known && action.is_none()) {
            let mut effects = self.act("command");
            effects.extend(self.tell(Msg::Paste(typed.to_owned())));
            effects.extend(self.press(KeyCode::Enter));
            return (effects, String::new());
        }
        if let Some(action) = action {
            let effects = self.act(action.id);
            return (effects, self.after());
        }
        match line.parse::<Sequence>() {
            Ok(keys) => {
                let mut effects = Vec::new();
                for chord in keys.chords() {
                    let key = KeyEvent::new(chord.code, chord.modifiers);
                    effects.extend(self.tell(Msg::Key(key)));
                }
                self.model.pending.clear();
                (effects, self.after())
            }
            Err(_) => {
                let word = text::clean(line);
                (
                    Vec::new(),
                    format!("There is no command, action or key {word}: help lists them.\n"),
                )
            }
        }
    }

    /// What one hears after an action on the same screen.
    fn after(&self) -> String {
        let same = self.screen == self.model.history.here();
        if same && !self.asks() {
            self.screen()
        } else {
            String::new()
        }
    }

    fn answer(&mut self, line: &str) -> Vec<Effect> {
        if line.trim().is_empty() {
            return self.press(KeyCode::Esc);
        }
        let before = self.depth();
        // A whole line was typed: not a slip.
        self.model.dialog.shown = Some(Timestamp::UNIX_EPOCH);
        let mut effects = Vec::new();
        let over = self.model.overlays.last();
        let prompt = self.model.asking().is_none() && matches!(over, Some(Overlay::Line(_)));
        if prompt {
            // What stands in the line is replaced.
            let clear = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
            effects.extend(self.tell(Msg::Key(clear)));
        }
        if prompt || self.hidden() {
            effects.extend(self.tell(Msg::Paste(line.to_owned())));
        } else {
            for c in line.trim().chars() {
                if self.depth() != before {
                    // The first character was the whole answer.
                    return effects;
                }
                effects.extend(self.press(KeyCode::Char(c)));
            }
        }
        if self.depth() == before {
            effects.extend(self.press(KeyCode::Enter));
        }
        effects
    }

    fn act(&mut self, id: &'static str) -> Vec<Effect> {
        self.tell(Msg::Mouse(Mouse::Click(Hit::Action(id))))
    }

    fn press(&mut self, code: KeyCode) -> Vec<Effect> {
        self.tell(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    fn tell(&mut self, msg: Msg) -> Vec<Effect> {
        update::update(&mut self.model, msg)
    }

    /// Runs until the terminal has to be left, or there is no more input.
    ///
    /// # Errors
    /// Input or output failed.
    pub async fn run(
        &mut self,
        messages: &mut mpsc::Receiver<Msg>,
        executor: &mut impl Executor,
    ) -> io::Result<Leave> {
        loop {
            print(&self.news())?;
            let mut echo = Echo::off(self.hidden());
            let mut reading = read_line();
            let line = loop {
                tokio::select! {
                    biased;
                    line = &mut reading => break line.map_err(io::Error::other)??,
                    msg = messages.recv() => {
                        let Some(msg) = msg else { return Ok(Leave::Quit(0)) };
                        self.batch(msg, messages, executor).await?;
                    }
                }
                // Before it is asked for, so that nothing of it is seen.
                if self.hidden() && echo.0.is_none() {
                    echo = Echo::off(true);
                }
                print(&self.news())?;
            };
            drop(echo);
            let Some(line) = line else {
                return Ok(Leave::Quit(0));
            };
            self.tell(Msg::Clock(Timestamp::now()));
            let (effects, said) = self.line(&line);
            print(&said)?;
            for effect in effects {
                match effect {
                    Effect::Quit(code) => return Ok(Leave::Quit(code)),
                    effect @ (Effect::Suspend | Effect::Shell(..)) => {
                        return Ok(Leave::For(Box::new(effect)));
                    }
                    Effect::Redraw | Effect::Restore => {}
                    effect => executor.execute(effect),
                }
            }
        }
    }

    /// What has come, and what comes right after it.
    async fn batch(
        &mut self,
        first: Msg,
        messages: &mut mpsc::Receiver<Msg>,
        executor: &mut impl Executor,
    ) -> io::Result<()> {
        let mut next = Some(first);
        let until = tokio::time::Instant::now() + PAUSE;
        while let Some(msg) = next {
            self.tell(Msg::Clock(Timestamp::now()));
            for effect in self.tell(msg) {
                executor.execute(effect);
            }
            next = tokio::time::timeout_at(until, messages.recv())
                .await
                .unwrap_or(None);
        }
        Ok(())
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The next line, without its end; `None` at the end of input.
fn read_line() -> JoinHandle<io::Result<Option<Zeroizing<String>>>> {
    tokio::task::spawn_blocking(|| {
        let mut line = Zeroizing::new(String::with_capacity(4096));
        let count = io::stdin().read_line(&mut line)?;
        while line.ends_with(['\n', '\r']) {
            line.pop();
        }
        Ok((count > 0).then_some(line))
    })
}

/// Turns the terminal's echo off until dropped.
struct Echo(Option<nix::sys::termios::Termios>);

impl Echo {
    fn off(hidden: bool) -> Echo {
        use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
        let stdin = io::stdin();
        if !hidden || !stdin.is_terminal() {
            return Echo(None);
        }
        let Ok(before) = tcgetattr(&stdin) else {
            return Echo(None);
        };
        let mut without = before.clone();
        without.local_flags.remove(LocalFlags::ECHO);
        without.local_flags.insert(LocalFlags::ECHONL);
        let done = tcsetattr(&stdin, SetArg::TCSANOW, &without).is_ok();
        Echo(done.then_some(before))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        use nix::sys::termios::{SetArg, tcsetattr};
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, before);
        }
    }
}

#[cfg(test)]
mod tests;
