//! The last line: the keys that work right now.

use super::{Painter, columns};
use crate::tui::{actions, model::Model, msg::Hit, theme::Role, update};
use ratatui::layout::Rect;

pub(super) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    let key_style = painter.theme.style(Role::Key);
    let muted = painter.theme.style(Role::Muted);
    let keymap = &model.preferences.keymap;
    let right = area.right();
    let mut x = area.x;
    // After the first key of a sequence: what can follow.
    if !model.pending.is_empty() {
        let typed: Vec<String> = model.pending.iter().map(ToString::to_string).collect();
        x += painter.text(
            x,
            area.y,
            right - x,
            &format!("{} ", typed.join(" ")),
            key_style,
        );
        for (chord, id) in keymap.continuations(&update::contexts(model), &model.pending) {
            let title = actions::by_id(id).map_or(id, |action| action.title);
            x += painter.text(
                x,
                area.y,
                right.saturating_sub(x),
                &format!(" {chord}"),
                key_style,
            );
            x += painter.text(
                x,
                area.y,
                right.saturating_sub(x),
                &format!(" {title} "),
                muted,
            );
        }
        return;
    }
    // Help is there however narrow the screen is.
    let help = keymap
        .hint("help")
        .map(ToString::to_string)
        .unwrap_or_default();
    let reserve = u16::try_from(columns(&help) + 6).unwrap_or(0);
    let offers = update::hints(model);
    for offer in offers.iter().filter(|offer| offer.action.id != "help") {
        let Some(key) = keymap.hint(offer.action.id) else {
            continue;
        };
        let (key, title) = (key.to_string(), format!(" {}  ", offer.action.title));
        let width = u16::try_from(columns(&key) + columns(&title)).unwrap_or(u16::MAX);
        if width > right.saturating_sub(x).saturating_sub(reserve) {
            continue;
        }
        let start = x;
        x += painter.text(x, area.y, right.saturating_sub(x), &key, key_style);
        x += painter.text(x, area.y, right.saturating_sub(x), &title, muted);
        let hit = Rect::new(start, area.y, x.saturating_sub(start), 1);
        painter.hit(hit, Hit::Action(offer.action.id));
    }
    if !help.is_empty() {
        let start = x;
        x += painter.text(x, area.y, right.saturating_sub(x), &help, key_style);
        x += painter.text(x, area.y, right.saturating_sub(x), " help", muted);
        let hit = Rect::new(start, area.y, x.saturating_sub(start), 1);
        painter.hit(hit, Hit::Action("help"));
    }
}
