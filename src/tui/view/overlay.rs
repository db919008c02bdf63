//! What lies over the screen: the line being typed, palette, dialogs, toasts.

use super::{Painter, columns};
use crate::{
    ops::Risk,
    remote::Question,
    text,
    tui::{
        layout::Layout,
        model::{Confirm, Dialog as Answer, EnvId, Model, Overlay, Palette},
        msg::{Hit, Level},
        theme::Role,
        widgets::{
            dialog::{Dialog, Field, border},
            prompt::Prompt,
            toast,
        },
    },
};
use ratatui::layout::Rect;

pub(super) fn draw(model: &Model, layout: &Layout, painter: &mut Painter) {
    // What is being typed or asked is not to be covered.
    if model.toast_until.is_some()
        && (model.overlays.is_empty() || matches!(model.overlays.last(), Some(Overlay::Palette(_))))
        && let Some(message) = model.messages.back()
    {
        let role = match message.level {
            Level::Info => Role::Accent,
            Level::Warning => Role::Warning,
            Level::Error => Role::Bad,
        };
        toast::draw(painter, layout.body, role, &text::clean(&message.text));
    }
    asking(model, layout, painter);
}

/// What waits for the user.
pub(super) fn asking(model: &Model, layout: &Layout, painter: &mut Painter) {
    let whole = painter.buffer.area;
    let below = if layout.tiny {
        Rect::new(0, 1, whole.width, whole.height.saturating_sub(1))
    } else {
        layout.body
    };
    for overlay in &model.overlays {
        match overlay {
            Overlay::Line(line) => Prompt {
                label: line.label,
                input: &line.input,
                error: line
                    .error
                    .as_ref()
                    .map(|(span, message)| (span, message.as_str())),
                note: "",
                offers: &line.offers,
                taken: line.taken,
            }
            .draw(painter, whole),
            Overlay::Palette(palette) => self::palette(palette, below, painter),
            Overlay::Confirm(confirm) => self::confirm(confirm, layout, painter),
            Overlay::Leave(on_go) => leave(model, *on_go, layout, painter),
            Overlay::Stop(stop) => super::stop::draw(stop, layout, painter),
        }
    }
    if let Some((_, env, question)) = model.asking() {
        self::question(question, env, &model.dialog, layout, painter);
    }
}

/// A dialog in the middle; where nobody could see all of it, only what it is about.
pub(super) fn dialog(dialog: &Dialog, layout: &Layout, painter: &mut Painter) {
    let mut area = painter.buffer.area;
    if layout.tiny {
        // The line that says where one is stays as long as there is any room.
        let header = u16::from(area.height > 3);
        area.y += header;
        area.height -= header;
        dialog.small(painter, area);
    } else {
        dialog.draw(painter, area);
    }
}

fn leave(model: &Model, on_go: bool, layout: &Layout, painter: &mut Painter) {
    let mut lines = vec![(Role::Text, "These operations are running:".to_owned())];
    for job in model.running() {
        lines.push((Role::Title, format!("  {}", text::clean(&job.title))));
    }
    lines.push((
        Role::Text,
        "What was sent to a host goes on there without the console. Rebuilds are watched again \
         by the next start."
            .to_owned(),
    ));
    let whole = Dialog {
        title: "Leave?",
        role: Role::Warning,
        lines: &lines,
        scroll: 0,
        field: None,
        buttons: &[("n  Stay", true), ("y  Leave", true)],
        focus: usize::from(on_go),
    };
    dialog(&whole, layout, painter);
}

fn confirm(confirm: &Confirm, layout: &Layout, painter: &mut Painter) {
    let mut lines = Vec::new();
    for plan in &confirm.plans {
        // The only one is what the frame's heading says, unless that has no room for it.
        if confirm.plans.len() > 1 || columns(&plan.title) > 50 {
            lines.push((Role::Title, text::clean(&plan.title).into_owned()));
        }
        for step in &plan.steps {
            lines.push((Role::Text, format!("  will run   {}", text::clean(step))));
        }
        for effect in &plan.effects {
            lines.push((
                Role::Warning,
                format!("  affects    {}", text::clean(effect)),
            ));
        }
        if let Some(undo) = &plan.undo {
            lines.push((Role::Muted, format!("  to undo    {}", text::clean(undo))));
        }
    }
    for refused in &confirm.refused {
        lines.push((Role::Bad, format!("cannot: {}", text::clean(refused))));
    }
    if !confirm.waiting.is_empty() {
        let text = format!(
            "Looking what it would do: {} to come.",
            confirm.waiting.len()
        );
        lines.push((Role::Muted, text));
    }
    if let Some(note) = &confirm.note {
        lines.push((Role::Warning, note.clone()));
    }
    let ready = confirm.waiting.is_empty();
    let risk = confirm.risk();
    let label;
    let (field, go) = match &risk {
        Risk::TypeName(name) | Risk::TypeNameAndWait(name, _) if ready => {
            label = format!("type {}: ", text::clean(name));
            (Some(Field::Plain(&label, &confirm.typed)), "Go ahead")
        }
        _ => (None, "y  Go ahead"),
    };
    let title = match confirm.plans.as_slice() {
        [one] => format!("{} · {}", confirm.env, text::clean(&one.title)),
        [] => confirm.env.to_string(),
        several => format!("{} · {} operations", confirm.env, several.len()),
    };
    let whole = Dialog {
        title: &title,
        role: Role::Warning,
        lines: &lines,
        scroll: confirm.scroll,
        field,
        buttons: &[("Esc  Cancel", true), (go, ready)],
        focus: usize::from(confirm.on_go),
    };
    dialog(&whole, layout, painter);
}

fn question(
    question: &Question,
    env: &EnvId,
    answer: &Answer,
    layout: &Layout,
    painter: &mut Painter,
) {
    match question {
        Question::UnknownHostKey {
            host,
            address,
            algorithm,
            fingerprint,
            known_hosts,
        } => {
            let lines = [
                (
                    Role::Text,
                    format!("{address} shows a key that no known_hosts file has:"),
                ),
                (Role::Title, format!("  {algorithm}  {fingerprint}")),
                (
                    Role::Text,
                    "Compare it with what the server's console or its provider shows. Somebody \
                     in between would show another one."
                        .to_owned(),
                ),
                (Role::Muted, format!("Remembering adds it to {known_hosts}")),
            ]
            .map(|(role, line)| (role, text::clean(&line).into_owned()));
            let whole = Dialog {
                title: &format!("{env} · is this {}?", text::clean(host.as_str())),
                role: Role::Warning,
                lines: &lines,
                scroll: 0,
                field: None,
                buttons: &[
                    ("n  No", true),
                    ("o  Once", true),
                    ("y  Yes, remember", true),
                ],
                focus: answer.focus,
            };
            dialog(&whole, layout, painter);
        }
        Question::Secret { host, prompt, echo } => {
            let lines = [(Role::Text, text::clean(prompt).into_owned())];
            let mark = painter.theme.glyphs().prompt;
            let field = if *echo {
                Field::Plain(mark, &answer.typed)
            } else {
                Field::Hidden(mark, &answer.secret)
            };
            let whole = Dialog {
                title: &format!("{env} · {} asks", text::clean(host.as_str())),
                role: Role::Accent,
                lines: &lines,
                scroll: 0,
                field: Some(field),
                buttons: &[("Esc  Cancel", true), ("Enter  Send", true)],
                focus: 1,
            };
            dialog(&whole, layout, painter);
        }
    }
}

fn palette(palette: &Palette, body: Rect, painter: &mut Painter) {
    let width = body.width.saturating_sub(4).min(100);
    let wanted = u16::try_from(palette.items.len()).unwrap_or(u16::MAX);
    let height = wanted.saturating_add(3).min(body.height);
    let inner = if width >= 8 && height >= 4 {
        let area = Rect::new(body.x + (body.width - width) / 2, body.y, width, height);
        painter.clear(area);
        border(painter, area, &palette.title, Role::Accent);
        Rect::new(area.x + 2, area.y + 1, width - 4, height - 2)
    } else {
        painter.clear(body);
        body
    };
    if inner.is_empty() {
        return;
    }
    let text_style = painter.theme.style(Role::Text);
    let prompt = format!("{} ", painter.theme.glyphs().prompt);
    let key = painter.theme.style(Role::Key);
    let used = painter.text(inner.x, inner.y, inner.width, &prompt, key);
    let value = text::clean(palette.input.value());
    let room = inner.width.saturating_sub(used);
    painter.text(inner.x + used, inner.y, room, &value, text_style);
    let cursor = u16::try_from(palette.input.visual_cursor()).unwrap_or(u16::MAX);
    let x = (inner.x + used)
        .saturating_add(cursor)
        .min(inner.right() - 1);
    painter.cursor = Some((x, inner.y).into());

    let rows = usize::from(inner.height.saturating_sub(1));
    let top = (palette.selected + 1).saturating_sub(rows);
    let shown = palette.matches.iter().enumerate().skip(top);
    for ((at, item), y) in shown.zip(inner.y + 1..inner.bottom()) {
        let Some((item, text, second)) = palette.items.get(*item) else {
            continue;
        };
        let selected = at == palette.selected;
        let row = Rect::new(inner.x, y, inner.width, 1);
        if selected {
            painter.style(row, painter.theme.style(Role::Selected));
        }
        let possible = !matches!(item, crate::tui::model::PaletteItem::Action(_, Err(_)));
        let role = match (selected, possible) {
            (true, _) => Role::Selected,
            (false, true) => Role::Text,
            (false, false) => Role::Muted,
        };
        let style = painter.theme.style(role);
        let second = text::clean(second);
        let wide = u16::try_from(columns(&second))
            .unwrap_or(u16::MAX)
            .min(inner.width / 2);
        let room = inner.width.saturating_sub(wide + 1);
        painter.cut(inner.x, y, room, &text::clean(text), style);
        let style = if selected {
            style
        } else {
            painter.theme.style(Role::Key)
        };
        painter.cut(inner.right() - wide, y, wide, &second, style);
        painter.hit(row, Hit::Offer(at));
    }
}
