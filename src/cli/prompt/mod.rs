//! Questions of connections, asked on the controlling terminal. Standard input and output stay
//! what they are, so that a command in a pipeline may ask too.
//!
//! Here is what is said and what counts as an answer; `tty` reads keys.

mod line;
mod tty;

pub(super) use tty::restore;

use crate::remote::{Answer, Prompter, Question};
use crate::text;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::Mutex;

/// How often somebody may answer neither yes nor no.
const TRIES: usize = 5;
/// What is shown of a prompt that a server sent.
const PROMPT_LINES: usize = 12;
const PROMPT_CHARS: usize = 400;

/// Asks on the terminal, one question at a time. Without a terminal every question is declined.
#[derive(Default)]
pub(super) struct OnTerminal {
    turn: Arc<Mutex<()>>,
}

#[async_trait::async_trait]
impl Prompter for OnTerminal {
    async fn ask(&self, question: Question) -> Option<Answer> {
        let turn = self.turn.clone().lock_owned().await;
        let given_up = GivenUp::default();
        let flag = given_up.0.clone();
        let asked = tokio::task::spawn_blocking(move || {
            // Held until the terminal is free again, also when whoever asked has gone.
            let _turn = turn;
            let mut terminal = tty::Tty::open(flag)?;
            put(&mut terminal, &question)
        });
        asked.await.ok().flatten()
    }
}

/// Tells the reading thread that nobody waits for the answer any more.
#[derive(Default)]
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Someone who reads text and types lines.
trait Person {
    fn tell(&mut self, text: &str);
    /// A line after this prompt; `None` when nothing more will come.
    fn line(&mut self, prompt: &str, echo: bool) -> Option<SecretString>;
}

fn put(person: &mut impl Person, question: &Question) -> Option<Answer> {
    match question {
        Question::UnknownHostKey {
            host,
            address,
            algorithm,
            fingerprint,
            known_hosts,
        } => {
            let remembers = !known_hosts.is_empty();
            let kept = if remembers {
                format!("\"yes\" adds it to {known_hosts}, \"once\" trusts it for this run.")
            } else {
                "\"once\" trusts it for this run.".to_owned()
            };
            person.tell(&lines(&[
                &format!("{host}: {address} shows a host key that no known_hosts file has:"),
                &format!("  {algorithm} {fingerprint}"),
                "Compare it with what the server's console or its provider shows. Somebody in \
                 between would show another one.",
                &kept,
            ]));
            trust(person, remembers, fingerprint)
        }
        Question::Secret { host, prompt, echo } => {
            let name = text::clean(host.as_str());
            let mut prompts: Vec<_> = prompt
                .lines()
                .filter(|line| !line.trim().is_empty())
                .take(PROMPT_LINES)
                .map(|line| {
                    let short: String = line.chars().take(PROMPT_CHARS).collect();
                    // The host's name says who asks: a server could pretend to be another one.
                    format!("{name}: {}", text::clean(short.trim_end()))
                })
                .collect();
            let last = prompts.pop().unwrap_or_else(|| format!("{name}:"));
            for line in prompts {
                person.tell(&format!("{line}\n"));
            }
            let colon = if last.ends_with([':', '?']) { "" } else { ":" };
            person
                .line(&format!("{last}{colon} "), *echo)
                .map(Answer::Secret)
        }
    }
}

/// A word, never Enter alone; the fingerprint itself is a yes, as with ssh.
fn trust(person: &mut impl Person, remembers: bool, fingerprint: &str) -> Option<Answer> {
    let words = if remembers {
        "yes, once or no"
    } else {
        "once or no"
    };
    let mut prompt = format!("Is it the host's own? Type {words}: ");
    for _ in 0..TRIES {
        let typed = person.line(&prompt, true)?;
        match typed.expose_secret().trim() {
            "no" | "n" => return None,
            "once" => return Some(Answer::Once),
            "yes" if remembers => return Some(Answer::Yes),
            same if same == fingerprint => {
                return Some(if remembers { Answer::Yes } else { Answer::Once });
            }
            _ => prompt = format!("Please type {words}: "),
        }
    }
    None
}

fn lines(all: &[&str]) -> String {
    all.iter()
        .map(|line| format!("{}\n", text::clean(line)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::HostId;

    /// Types these lines and keeps what it was shown; hidden lines are marked.
    struct Script {
        types: Vec<&'static str>,
        seen: String,
    }

    impl Person for Script {
        fn tell(&mut self, text: &str) {
            self.seen.push_str(text);
        }

        fn line(&mut self, prompt: &str, echo: bool) -> Option<SecretString> {
            self.seen.push_str(prompt);
            let typed = (!self.types.is_empty()).then(|| self.types.remove(0));
            self.seen
                .push_str(if echo { typed.unwrap_or("^D") } else { "***" });
            self.seen.push('\n');
            typed.map(SecretString::from)
        }
    }

    fn answered(question: &Question, types: &[&'static str]) -> (String, String) {
        let mut script = Script {
            types: types.to_vec(),
            seen: String::new(),
        };
        let answer = match put(&mut script, question) {
            None => "declined".to_owned(),
            Some(Answer::Yes) => "yes".to_owned(),
            Some(Answer::Once) => "once".to_owned(),
            Some(Answer::Secret(secret)) => format!("secret {}", secret.expose_secret()),
        };
        (answer, script.seen)
    }

    fn unknown(known_hosts: &str) -> Question {
        Question::UnknownHostKey {
            host: HostId::new("web-1"),
            address: "[192.0.2.1]:2222".to_owned(),
            algorithm: "ssh-ed25519".to_owned(),
            fingerprint: "SHA256:abc".to_owned(),
            known_hosts: known_hosts.to_owned(),
        }
    }

    #[test]
    fn a_host_key_takes_a_word() {
        for (types, answer) in [
            (&["yes"] as &[_], "yes"),
            (&["once"], "once"),
            (&["no"], "declined"),
            (&["SHA256:abc"], "yes"),
            (&["SHA256:abd", "no"], "declined"),
            // Enter alone, or one letter that a hurried hand hits, is no consent.
            (&["", "y", "once"], "once"),
            (&["", "", "", "", "", "yes"], "declined"),
            (&[], "declined"),
        ] {
            assert_eq!(
                answered(&unknown("/home/me/.ssh/known_hosts"), types).0,
                answer,
                "{types:?}"
            );
        }
        insta::assert_snapshot!(answered(&unknown("/home/me/.ssh/known_hosts"), &["", "yes"]).1, @r#"
        web-1: [192.0.2.1]:2222 shows a host key that no known_hosts file has:
          ssh-ed25519 SHA256:abc
        Compare it with what the server's console or its provider shows. Somebody in between would show another one.
        "yes" adds it to /home/me/.ssh/known_hosts, "once" trusts it for this run.
        Is it the host's own? Type yes, once or no: 
        Please type yes, once or no: yes
        "#);
    }

    #[test]
    fn where_nothing_is_remembered_nothing_promises_it() {
        assert_eq!(answered(&unknown(""), &["yes", "once"]).0, "once");
        assert_eq!(answered(&unknown(""), &["SHA256:abc"]).0, "once");
        assert!(!answered(&unknown(""), &["no"]).1.contains("yes"));
    }

    #[test]
    fn secrets_are_hidden_and_prompts_of_servers_harmless() {
        let secret = |prompt: &str, echo| Question::Secret {
            host: HostId::new("web-1"),
            prompt: prompt.to_owned(),
            echo,
        };
        let (answer, seen) = answered(&secret("Passphrase of id_ed25519", false), &["s3cret"]);
        assert_eq!(answer, "secret s3cret");
        assert_eq!(seen, "web-1: Passphrase of id_ed25519: ***\n");
        let (answer, seen) = answered(&secret("Token: ", true), &["123"]);
        assert_eq!(
            (answer.as_str(), seen.as_str()),
            ("secret 123", "web-1: Token: 123\n")
        );
        // Whatever a server sends, each line says which host it is from.
        let hostile = format!("hi\x1b[2J\r\n\n\nweb-2: Password:{}\n", " x".repeat(9000));
        let (_, seen) = answered(&secret(&hostile, false), &["x"]);
        assert!(!seen.contains('\x1b') && seen.len() < 600, "{seen:?}");
        assert!(
            seen.lines().all(|line| line.starts_with("web-1: ")),
            "{seen:?}"
        );
        assert_eq!(answered(&secret("", false), &["x"]).1, "web-1: ***\n");
        assert_eq!(answered(&secret("Password", false), &[]).0, "declined");
    }
}
