//! Drawing: the status line, then the rows that fit.

use super::{Cache, State, held::as_log_row, intake::Lane};
use crate::{
    filter::Filter,
    text,
    tui::{
        msg::Hit,
        panes::Ctx,
        theme::{Role, Theme},
        view::{Painter, columns},
        widgets::log::Emphasis,
    },
};
use ratatui::{layout::Rect, style::Style};

/// Draws what is seen.
pub fn view(state: &State, _cache: &mut Cache, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let area = area.intersection(painter.buffer.area);
    if area.is_empty() {
        return;
    }
    if let Some(detail) = &state.detail {
        detail.draw(painter, area, ctx);
        return;
    }
    status(
        state,
        ctx,
        Rect::new(area.x, area.y, area.width, 1),
        painter,
    );
    let body = Rect::new(area.x, area.y + 1, area.width, area.height - 1);
    let searched = state.held.searched();
    let filter = &state.filter();
    let found: Vec<(&Filter, Role)> = [(filter, Role::Accent), (searched, Role::Found)]
        .into_iter()
        .filter(|(f, _)| !f.is_empty())
        .collect();
    let style = state.style(ctx, &found);
    let height = |at| {
        state
            .held
            .row(at)
            .map_or(1, |row| style.height(as_log_row(&row), body.width))
    };
    let seen = state.here.seen(&state.held, height, body.height);
    let selected = state.here.at(&state.held);
    let rows = state.here.visible(&state.held);
    if rows == 0 {
        empty(state, body, painter);
        return;
    }
    let mut y = body.y;
    let mut skip = seen.skip;
    for at in seen.top..rows {
        let (Some(row), Some(shown)) = (state.held.row(at), state.held.shown(at)) else {
            break;
        };
        if y >= body.bottom() {
            break;
        }
        let lines = height(at).saturating_sub(skip).min(body.bottom() - y);
        let place = Rect::new(body.x, y, body.width, lines);
        let how = Emphasis {
            // While following, the end is where one is: no cursor distracts from it.
            selected: at == selected && !state.here.following(),
            focus: at == selected && state.on_hit,
            context: shown.context,
        };
        style.draw(painter, place, as_log_row(&row), skip, how);
        painter.hit(place, Hit::Row(at));
        y += lines;
        skip = 0;
    }
}

fn empty(state: &State, area: Rect, painter: &mut Painter) {
    let lanes = state.intake.lanes();
    let (line, role) = if let Some((host, Lane::Down(problem))) =
        lanes.iter().find(|(_, lane)| matches!(lane, Lane::Down(_)))
    {
        let mut line = problem.to_string();
        if problem.host.is_none() {
            line = format!("{host}: {line}");
        }
        (line, Role::Bad)
    } else if state.held.busy() {
        ("looking through what is held".to_owned(), Role::Busy)
    } else if lanes.values().any(|lane| *lane == Lane::CatchingUp) {
        ("asking the hosts for their journals".to_owned(), Role::Busy)
    } else if state.held.store().is_empty() {
        (
            "no entries: the journals have none that match".to_owned(),
            Role::Muted,
        )
    } else {
        let line = format!(
            "none of the {} entries held passes the filter; = shows all again",
            state.held.store().len()
        );
        (line, Role::Muted)
    };
    let style = painter.theme.style(role);
    let line = text::clean(&line);
    let mut y = area.y;
    crate::tui::widgets::text::wrap(&line, area.width.saturating_sub(2).max(1), |range| {
        if y < area.bottom() {
            let part = line.get(range).unwrap_or("");
            painter.text(area.x + 1, y, area.width.saturating_sub(1), part, style);
        }
        y = y.saturating_add(1);
        y < area.bottom()
    });
}

/// What the status line says: parts, the most important first.
fn parts(state: &State, ctx: &Ctx) -> Vec<(Role, String)> {
    let mut parts: Vec<(Role, String)> = Vec::new();
    let lanes = state.intake.lanes();
    let unseen = state.here.unseen(&state.held);
    let mode = if !state.intake.live() {
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
    let filter = state.filter();
    if !filter.is_empty() {
        let filter = text::clean(filter.as_str()).into_owned();
        parts.push((Role::Accent, format!("& {filter}")));
        if state.held.context() > 0 {
            parts.push((Role::Muted, format!("±{}", state.held.context())));
        }
        let waiting = state.held.unevaluated();
        if waiting > 0 {
            parts.push((Role::Busy, format!("{} to go", grouped(waiting as u64))));
        }
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
    if state.intake.reading_back() {
        parts.push((Role::Busy, "reading older ones".into()));
    } else if state.intake.at_the_beginning() && !state.here.following() {
        parts.push((Role::Muted, "from the beginning".into()));
    }
    let held = state.held.store().len() as u64;
    let shown = state.held.len() as u64;
    let count = if shown == held {
        format!("{} entries", grouped(held))
    } else {
        format!("{} of {} entries", grouped(shown), grouped(held))
    };
    parts.push((Role::Muted, count));
    let evicted = state.held.store().evicted();
    if evicted > 0 {
        parts.push((
            Role::Muted,
            format!("{} older ones on the hosts", grouped(evicted)),
        ));
    }
    parts
}

/// The status line as text.
pub(super) fn status_text(state: &State, ctx: &Ctx) -> String {
    let words: Vec<String> = parts(state, ctx)
        .into_iter()
        .map(|(_, word)| word)
        .collect();
    words.join(", ")
}

fn status(state: &State, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let ground = painter.theme.style(Role::Header);
    painter.style(area, ground);
    let theme: &Theme = painter.theme;
    let bar = theme.glyphs().bar;
    let mut x = area.x + 1;
    for (n, (role, word)) in parts(state, ctx).into_iter().enumerate() {
        let room = area.right().saturating_sub(x);
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
        x += painter.cut(x, area.y, area.right().saturating_sub(x), &word, style);
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
