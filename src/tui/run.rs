//! The loop: drain what happened, update, hand effects over, draw if something changed. The
//! only place that waits.

use super::{
    effect::Effect,
    model::Model,
    msg::{Mouse, Msg},
    render::Screen,
    update,
    view::{self, ViewCache},
};
use crossterm::event::{Event, MouseButton, MouseEventKind};
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use std::{
    future::poll_fn,
    io::{self, Write},
    task::Poll,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// Between two frames, unless a key was pressed: nobody reads lines that come faster.
const FRAME: Duration = Duration::from_millis(33);
/// Messages handled before a frame is drawn.
const BATCH: usize = 2_048;
/// Clicks closer together than this are one double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);

/// Whoever executes effects: the runtime, or a test.
pub trait Executor {
    /// Starts it; never waits. The answer comes as messages.
    fn execute(&mut self, effect: Effect);
}

/// What only the owner of the terminal can do.
#[derive(Debug)]
pub enum Leave {
    /// End with this exit code.
    Quit(u8),
    /// Give the screen up for this, then go on.
    For(Box<Effect>),
}

/// What reaches the loop from the terminal.
#[derive(Debug)]
pub enum Input {
    /// A key, the mouse, a size.
    Event(Event),
    /// A message from elsewhere (a signal).
    Msg(Box<Msg>),
}

/// Model, view and the terminal they are drawn on.
#[derive(Debug)]
pub struct Console<W> {
    /// The state of everything.
    pub model: Model,
    screen: Screen<W>,
    cache: ViewCache,
    frames: u64,
    drawn: Option<Instant>,
    clicked: Option<(Instant, u16, u16)>,
    clock: fn() -> Timestamp,
}

impl<W: Write> Console<W> {
    /// Of this model on the terminal behind `out`, of the model's size; `clock` says what time it
    /// is.
    pub fn new(model: Model, out: W, clock: fn() -> Timestamp) -> Console<W> {
        Console {
            screen: Screen::new(out, model.size),
            model,
            cache: ViewCache::default(),
            frames: 0,
            drawn: None,
            clicked: None,
            clock,
        }
    }

    /// What is on the screen.
    pub fn screen(&self) -> &Screen<W> {
        &self.screen
    }

    /// How many frames were drawn.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Draws if something visible changed.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.model.dirty) {
            return Ok(());
        }
        let (model, cache) = (&self.model, &mut self.cache);
        self.screen.resize(model.size);
        self.screen.set_scrolls(model.preferences.scroll_regions);
        self.screen.draw(model.preferences.theme.base(), |buffer| {
            view::view(model, cache, buffer)
        })?;
        self.frames += 1;
        self.drawn = Some(Instant::now());
        Ok(())
    }

    /// Draws everything anew, whatever the terminal shows.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.screen.forget();
        self.model.dirty = true;
        self.draw()
    }

    /// Runs until the screen has to be left.
    ///
    /// # Errors
    /// The terminal is gone.
    pub async fn run(
        &mut self,
        input: &mut (impl Stream<Item = io::Result<Input>> + Unpin),
        messages: &mut mpsc::Receiver<Msg>,
        executor: &mut impl Executor,
    ) -> io::Result<Leave> {
        loop {
            let wake = self.wake();
            let mut batch = Vec::new();
            let mut urgent = false;
            tokio::select! {
                biased;
                event = input.next() => match event {
                    Some(event) => batch.push(event?),
                    None => return Ok(Leave::Quit(0)),
                },
                msg = messages.recv() => match msg {
                    Some(msg) => batch.push(Input::Msg(Box::new(msg))),
                    None => return Ok(Leave::Quit(0)),
                },
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
            // Everything that has already come, keys first.
            while let Some(event) = already(input).await {
                batch.push(event?);
            }
            while batch.len() < BATCH {
                match messages.try_recv() {
                    Ok(msg) => batch.push(Input::Msg(Box::new(msg))),
                    Err(_) => break,
                }
            }
            let mut effects = update::update(&mut self.model, Msg::Clock((self.clock)()));
            let mut wheel = 0;
            for input in batch {
                let msg = match input {
                    Input::Msg(msg) => *msg,
                    Input::Event(event) => {
                        urgent = true;
                        match self.translate(event, &mut wheel) {
                            Some(msg) => msg,
                            None => continue,
                        }
                    }
                };
                effects.extend(update::update(&mut self.model, msg));
            }
            if wheel != 0 {
                let msg = Msg::Mouse(Mouse::Wheel(wheel));
                effects.extend(update::update(&mut self.model, msg));
            }
            let mut leave = None;
            for effect in effects {
                match effect {
                    Effect::Quit(code) => leave = Some(Leave::Quit(code)),
                    Effect::Redraw => self.redraw()?,
                    effect @ (Effect::Suspend | Effect::Restore | Effect::Shell(..)) => {
                        leave.get_or_insert(Leave::For(Box::new(effect)));
                    }
                    effect => executor.execute(effect),
                }
            }
            if let Some(leave) = leave {
                return Ok(leave);
            }
            let due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME);
            if urgent || due {
                self.draw()?;
            }
        }
    }

    /// When the loop has to go on though nothing happens: a frame is due, or something shown
    /// changes with time. `None` when idle.
    fn wake(&self) -> Option<Instant> {
        let frame = self
            .model
            .dirty
            .then(|| self.drawn.map_or_else(Instant::now, |drawn| drawn + FRAME));
        let clock = update::next_wake(&self.model).map(|at| {
            let wait = at.duration_since((self.clock)());
            Instant::now() + Duration::try_from(wait).unwrap_or_default()
        });
        [frame, clock].into_iter().flatten().min()
    }

    fn translate(&mut self, event: Event, wheel: &mut i32) -> Option<Msg> {
        match event {
            Event::Key(key) => Some(Msg::Key(key)),
            Event::Paste(text) => Some(Msg::Paste(text)),
            Event::Resize(columns, rows) => {
                // Also when it is the old size again: the terminal may have moved or cut lines.
                self.screen.forget();
                Some(Msg::Resize(columns, rows))
            }
            Event::FocusGained => Some(Msg::Focus(true)),
            Event::FocusLost => Some(Msg::Focus(false)),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::ScrollDown => {
                    *wheel += 3;
                    None
                }
                MouseEventKind::ScrollUp => {
                    *wheel -= 3;
                    None
                }
                MouseEventKind::Drag(MouseButton::Left) => {
                    let hit = self.cache.hit(mouse.column, mouse.row)?;
                    Some(Msg::Mouse(Mouse::Drag(hit)))
                }
                MouseEventKind::Down(MouseButton::Left) => {
                    let hit = self.cache.hit(mouse.column, mouse.row)?;
                    let now = Instant::now();
                    let again = self.clicked.is_some_and(|(at, column, row)| {
                        (column, row) == (mouse.column, mouse.row)
                            && now.duration_since(at) < DOUBLE_CLICK
                    });
                    self.clicked = (!again).then_some((now, mouse.column, mouse.row));
                    Some(Msg::Mouse(if again {
                        Mouse::DoubleClick(hit)
                    } else {
                        Mouse::Click(hit)
                    }))
                }
                _ => None,
            },
        }
    }
}

/// The next item if it has come. Polled with the task's own waker: a stream keeps the one it was
/// last polled with, and would never wake us by a waker that does nothing.
async fn already<T>(stream: &mut (impl Stream<Item = T> + Unpin)) -> Option<T> {
    poll_fn(|cx| match stream.poll_next_unpin(cx) {
        Poll::Ready(item) => Poll::Ready(item),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
