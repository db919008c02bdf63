//! What the user types: answers to the questions of the server, a password.

use super::{Login, TRIES, again, in_time};
use crate::remote::{Answer, Prompter, Question};
use russh::{Error, MethodKind, client::KeyboardInteractiveAuthResponse};
use secrecy::{ExposeSecret, SecretString};

/// Rounds of keyboard-interactive questions.
const ROUNDS: usize = 16;
/// Questions in one round.
const PROMPTS: usize = 16;

impl Login<'_> {
    pub(super) async fn interactive(&mut self) -> Result<bool, Error> {
        use KeyboardInteractiveAuthResponse as Said;
        for attempt in 0..TRIES {
            self.tried.push("keyboard-interactive".to_owned());
            let user = self.to.user.clone();
            let asked = self
                .handle
                .authenticate_keyboard_interactive_start(user, None);
            let mut said = in_time(&self.patience, asked).await??;
            for _ in 0..ROUNDS {
                let Said::InfoRequest {
                    instructions,
                    prompts,
                    ..
                } = said
                else {
                    break;
                };
                let mut answers = Vec::new();
                for prompt in prompts.into_iter().take(PROMPTS) {
                    let text = format!("{instructions} {}", prompt.prompt);
                    let text = format!("{}{}", again(attempt), text.trim());
                    match self.secret(text, prompt.echo).await {
                        // russh takes them as plain text.
                        Some(answer) => answers.push(answer.expose_secret().to_owned()),
                        None => return Ok(false),
                    }
                }
                let asked = self
                    .handle
                    .authenticate_keyboard_interactive_respond(answers);
                said = in_time(&self.patience, asked).await??;
            }
            match said {
                Said::Success => return Ok(true),
                Said::Failure {
                    remaining_methods, ..
                } => self.left = remaining_methods,
                Said::InfoRequest { .. } => return Ok(false),
            }
            if self.handle.is_closed() || !self.left.contains(&MethodKind::KeyboardInteractive) {
                return Ok(false);
            }
        }
        Ok(false)
    }

    pub(super) async fn password(&mut self) -> Result<bool, Error> {
        for attempt in 0..TRIES {
            let (user, host) = (&self.to.user, &self.to.alias);
            let prompt = format!("{}Password of {user}@{host}", again(attempt));
            let Some(password) = self.secret(prompt, false).await else {
                return Ok(false);
            };
            self.tried.push("password".to_owned());
            let user = self.to.user.clone();
            let asked = self
                .handle
                .authenticate_password(user, password.expose_secret());
            let result = in_time(&self.patience, asked).await??;
            if self.done(result)? {
                return Ok(true);
            }
            if !self.left.contains(&MethodKind::Password) {
                return Ok(false);
            }
        }
        Ok(false)
    }

    pub(super) async fn secret(&self, prompt: String, echo: bool) -> Option<SecretString> {
        let host = self.id.clone();
        match self
            .prompter
            .ask(Question::Secret { host, prompt, echo })
            .await
        {
            Some(Answer::Secret(secret)) => Some(secret),
            _ => None,
        }
    }
}
