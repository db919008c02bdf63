//! The status line: how the journals fare, what is searched and filtered, how much there is.

use super::{State, clauses, intake::Lane, window::Window};
use crate::{
    logs::view::Folding,
    text,
    tui::{
        msg::Hit,
        panes::Ctx,
        theme::{Role, Theme},
        view::{Painter, columns},
    },
};
use ratatui::{layout::Rect, style::Style};

/// One thing that it says.
struct Part {
    role: Role,
    word: String,
    /// What a click on it means.
    hit: Option<Hit>,
}

struct Parts(Vec<Part>);

impl Parts {
    fn push(&mut self, (role, word): (Role, String)) {
        self.0.push(Part {
            role,
            word,
            hit: None,
        });
    }
}

/// What the status line says: parts, the most important first.
fn parts(state: &State, ctx: &Ctx) -> Vec<Part> {
    let mut parts = Parts(Vec::new());
    let lanes = state.intake.lanes();
    let unseen = state.here.unseen(&state.held);
    let mode = if state.intake.window().is_some() {
        (Role::Warning, "past, frozen".to_owned())
    } else if !state.intake.live() {
        (Role::Muted, "past".to_owned())
    } else if state.here.frozen() {
        (Role::Warning, "frozen".to_owned())
    } else if state.here.following() {
        (Role::Good, "following".to_owned())
    } else {
        (Role::Accent, "scrolled".to_owned())
    };
    parts.push(mode);
    if unseen > 0 {
        parts.push((Role::Warning, format!("+{} new", grouped(unseen as u64))));
    }
    for (host, lane) in lanes {
        if let Lane::Down(problem) = lane {
            let name = text::clean(host.as_str()).into_owned();
            parts.push((
                Role::Bad,
                format!("{name} down: {}", text::clean(&problem.message)),
            ));
        }
    }
    if let Some(lag) = state.intake.lag(ctx.now) {
        let seconds = lag as f64 / 1e6;
        parts.push((Role::Warning, format!("{seconds:.1} s behind")));
    }
    for (host, ahead) in state.intake.skewed() {
        let name = text::clean(host.as_str()).into_owned();
        let seconds = ahead.unsigned_abs() as f64 / 1e6;
        let word = if ahead > 0 { "ahead" } else { "behind" };
        parts.push((
            Role::Warning,
            format!("clock of {name} {seconds:.0} s {word}"),
        ));
    }
    let catching = lanes.values().filter(|l| **l == Lane::CatchingUp).count();
    if catching > 0 && state.intake.live() {
        parts.push((Role::Busy, "catching up".into()));
    }
    if !state.held.searched().is_empty() {
        let hits = state.held.hits();
        let at = state.here.at(&state.held);
        let here = state.held.shown(at).map(|shown| shown.id);
        let count = grouped(hits as u64);
        let more = if state.held.busy() { "+" } else { "" };
        let note = match here
            .filter(|_| state.on_hit)
            .and_then(|id| state.held.hit_number(id).ok())
        {
            Some(at) => format!("hit {}/{count}{more}", at + 1),
            None => format!("{count}{more} hits"),
        };
        let search = text::clean(state.held.searched().as_str()).into_owned();
        parts.push((Role::Found, format!("/ {search}")));
        parts.push((Role::Text, note));
    }
    let query = &state.query;
    for (at, clause) in state.held.clauses().iter().enumerate() {
        let label = clauses::shown(clause, &ctx.preferences.zone);
        // Off is to be seen without colours too.
        let (role, word) = match clause.on {
            true => (Role::Accent, label),
            false => (Role::Muted, format!("({label})")),
        };
        parts.0.push(Part {
            role,
            word,
            hit: Some(Hit::Tab(at)),
        });
    }
    if state.filtered() {
        if state.held.context() > 0 {
            parts.push((Role::Muted, format!("±{}", state.held.context())));
        }
        let waiting = state.held.unevaluated();
        if waiting > 0 {
            parts.push((Role::Busy, format!("{} to go", grouped(waiting as u64))));
        }
    }
    match state.held.folding() {
        Folding::Off => {}
        Folding::Runs => parts.push((Role::Accent, "folded".into())),
        Folding::All => parts.push((Role::Accent, "folded by pattern".into())),
    }
    for unit in query.units.iter().take(3) {
        parts.push((Role::Accent, text::clean(unit).into_owned()));
    }
    if let Some(priority) = query.priority {
        let (letter, _) = ctx.preferences.theme.priority(priority);
        parts.push((Role::Accent, format!("prio {letter} and worse")));
    }
    if let Some(boot) = &query.boot {
        let short: String = boot.chars().take(8).collect();
        parts.push((Role::Accent, format!("boot {}", text::clean(&short))));
    }
    if let Some(since) = &query.since {
        parts.push((Role::Accent, format!("since {}", text::clean(since))));
    }
    for wanted in &query.matches {
        parts.push((Role::Accent, text::clean(wanted).into_owned()));
    }
    if let Some(compare) = &state.compare {
        parts.push((Role::Accent, compare.title()));
    }
    if !state.columns.is_empty() {
        let keys: Vec<&str> = state.columns.keys().collect();
        let keys = text::clean(&keys.join(", ")).into_owned();
        parts.push((Role::Accent, format!("by {keys}")));
    }
    if let Some(range) = state.chosen() {
        let count = grouped(state.rows(range).count() as u64);
        parts.push((Role::Text, format!("{count} chosen")));
    }
    if let Some(incident) = ctx.incident {
        let count = incident.len();
        parts.push((Role::Warning, format!("incident: {count} noted")));
    }
    if state.intake.window().is_some_and(Window::reading) {
        parts.push((Role::Busy, "reading on".into()));
    }
    if state.intake.reading_back() {
        parts.push((Role::Busy, "reading older ones".into()));
    } else if state.intake.full() && !state.here.following() {
        parts.push((Role::Warning, "no room for older ones".into()));
    } else if state.intake.at_the_beginning(&state.held) && !state.here.following() {
        parts.push((Role::Muted, "from the beginning".into()));
    }
    let held = state.held.store().len() as u64;
    let shown = state.held.whole_len() as u64;
    let count = if shown == held {
        format!("{} entries", grouped(held))
    } else {
        format!("{} of {} entries", grouped(shown), grouped(held))
    };
    parts.push((Role::Muted, count));
    let store = state.held.store();
    if state.hosts.iter().any(|host| store.misses(host)) {
        parts.push((
            Role::Muted,
            "older ones are read again when scrolled to".into(),
        ));
    }
    parts.0
}

/// The status line as text.
pub(super) fn status_text(state: &State, ctx: &Ctx) -> String {
    let words: Vec<String> = parts(state, ctx)
        .into_iter()
        .map(|part| part.word)
        .collect();
    words.join(", ")
}

pub(super) fn draw(state: &State, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let ground = painter.theme.style(Role::Header);
    painter.style(area, ground);
    let theme: &Theme = painter.theme;
    let bar = theme.glyphs().bar;
    let mut x = area.x + 1;
    for (n, part) in parts(state, ctx).into_iter().enumerate() {
        let room = area.right().saturating_sub(x);
        let Part { role, word, hit } = part;
        let wanted = columns(&word) + if n > 0 { 3 } else { 0 };
        if room < 6 || (n > 0 && wanted > usize::from(room) && room < 12) {
            return;
        }
        if n > 0 {
            let border = ground.patch(Style::new().fg(fg(theme, Role::Border)));
            x += painter.text(x, area.y, room, " ", ground);
            x += painter.text(x, area.y, 1, bar, border);
            x += painter.text(x, area.y, 1, " ", ground);
        }
        // The header's ground, the role's colour.
        let style = match role {
            Role::Found => theme.style(role),
            role => {
                let mut style = ground.patch(theme.style(role));
                style.bg = ground.bg;
                style
            }
        };
        let used = painter.cut(x, area.y, area.right().saturating_sub(x), &word, style);
        if let Some(hit) = hit {
            painter.hit(Rect::new(x, area.y, used, 1), hit);
        }
        x += used;
    }
}

fn fg(theme: &Theme, role: Role) -> ratatui::style::Color {
    theme.style(role).fg.unwrap_or_default()
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, c) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
