//! A command for a remote shell: built as a list, quoted once, never by string pasting.

use std::fmt;

/// A program and its arguments. [`fmt::Display`] gives the POSIX shell line that sshd will run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Argv(Vec<String>);

impl Argv {
    /// A command without arguments.
    pub fn new(program: impl Into<String>) -> Self {
        Argv(vec![program.into()])
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.0.push(arg.into());
        self
    }

    /// Adds several.
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.0.extend(args.into_iter().map(Into::into));
        self
    }

    /// The same command through `sudo -n`.
    pub fn sudo(self) -> Self {
        Argv::new("sudo").arg("-n").arg("--").args(self.0)
    }

    /// The words.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Argv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, word) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            let plain = !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_./:@%+,=".contains(&b));
            if plain {
                f.write_str(word)?;
            } else {
                // NUL cannot be in an argument; a shell would cut the word there.
                write!(f, "'{}'", word.replace('\0', "").replace('\'', r"'\''"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_once() {
        let line = Argv::new("journalctl")
            .args(["-g", "it's $HOME", "-u", "podman-web.service", ""])
            .to_string();
        assert_eq!(
            line,
            r"journalctl -g 'it'\''s $HOME' -u podman-web.service ''"
        );
    }
}
