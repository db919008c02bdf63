//! Questions of connections to the user: unknown host keys, passphrases.
//!
//! The first button declines and has the focus at first; Enter alone never says yes.

use crate::{
    remote::{Answer, Question},
    tui::{
        effect::{Effect, Hidden},
        model::{Dialog, EnvId, Model},
        msg::QuestionId,
    },
};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use jiff::SignedDuration;
use secrecy::SecretString;
use tui_input::{InputRequest, backend::crossterm::EventHandler};

/// How long a new dialog about a host key takes no answer.
const SLIP: SignedDuration = SignedDuration::from_millis(400);

pub(super) fn asked(model: &mut Model, id: QuestionId, env: EnvId, question: Question) {
    model.dirty = true;
    model.questions.push_back((id, env, question));
}

/// Nobody waits for the answer any more.
pub(super) fn over(model: &mut Model, id: QuestionId) {
    let first = model.questions.front().is_some_and(|(q, ..)| *q == id);
    model.questions.retain(|(q, ..)| *q != id);
    if first {
        model.dialog = Dialog::default();
    }
    model.dirty = true;
}

pub(super) fn key(model: &mut Model, key: KeyEvent, out: &mut Vec<Effect>) {
    let Some((_, _, question)) = model.asking() else {
        return;
    };
    // Who was pressing keys when the dialog came up did not mean it.
    let slip = matches!(question, Question::UnknownHostKey { .. })
        && model
            .dialog
            .shown
            .is_none_or(|at| model.now.duration_since(at) < SLIP);
    if slip && key.code != KeyCode::Esc {
        return;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let tiny = model.layout().tiny;
    let Some((_, _, question)) = model.questions.front() else {
        return;
    };
    let dialog = &mut model.dialog;
    match (question, key.code) {
        (_, KeyCode::Esc) => press(model, 0, out),
        (_, KeyCode::Char('c')) if control => press(model, 0, out),
        // What cannot be seen can only be declined.
        (Question::UnknownHostKey { .. }, KeyCode::Char('n')) if tiny => press(model, 0, out),
        _ if tiny => {}
        (Question::UnknownHostKey { .. }, code) => match code {
            KeyCode::Char('n') => press(model, 0, out),
            KeyCode::Char('o') => press(model, 1, out),
            KeyCode::Char('y') => press(model, 2, out),
            KeyCode::Tab | KeyCode::Right => dialog.focus = (dialog.focus + 1) % 3,
            KeyCode::BackTab | KeyCode::Left => dialog.focus = (dialog.focus + 2) % 3,
            KeyCode::Enter => {
                let focus = dialog.focus;
                press(model, focus, out);
            }
            _ => {}
        },
        (Question::Secret { .. }, KeyCode::Enter) => press(model, 1, out),
        (Question::Secret { echo: true, .. }, _) => {
            dialog.typed.handle_event(&Event::Key(key));
        }
        (Question::Secret { .. }, _) => {
            dialog.secret.key(key);
        }
    }
}

/// A pasted passphrase.
pub(super) fn paste(model: &mut Model, text: String) {
    if model.layout().tiny {
        return;
    }
    match model.questions.front() {
        Some((_, _, Question::Secret { echo: true, .. })) => {
            for c in text.chars().filter(|c| !c.is_control()) {
                model.dialog.typed.handle(InputRequest::InsertChar(c));
            }
        }
        Some((_, _, Question::Secret { .. })) => model.dialog.secret.paste(text),
        _ => {}
    }
}

pub(super) fn press(model: &mut Model, button: usize, out: &mut Vec<Effect>) {
    let Some((id, _, question)) = model.questions.pop_front() else {
        return;
    };
    let mut dialog = std::mem::take(&mut model.dialog);
    let answer = match (question, button) {
        (Question::UnknownHostKey { .. }, 1) => Some(Answer::Once),
        (Question::UnknownHostKey { .. }, 2) => Some(Answer::Yes),
        (Question::Secret { echo: true, .. }, 1) => {
            Some(Answer::Secret(SecretString::from(dialog.typed.value())))
        }
        (Question::Secret { .. }, 1) => Some(Answer::Secret(dialog.secret.take())),
        _ => None,
    };
    model.dirty = true;
    out.push(Effect::Answer(id, answer.map(Hidden)));
}
