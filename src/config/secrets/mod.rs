//! Secrets: where they come from, and a type that keeps them out of sight.
//!
//! Nothing is read before it is needed, nothing decrypted is written to disk, and no secret is
//! ever an argument of a process.

mod buffer;
mod decrypt;
mod key;
mod read;
mod source;

pub use key::SecretKey;
pub use source::Source;

use super::{Diagnostic, Severity, settings::Settings};
use crate::problem::Problem;
use read::Contents;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use tokio::sync::OnceCell;

/// A secret value. It cannot be printed, cloned or serialised, and is wiped when dropped.
///
/// ```compile_fail
/// fn show(secret: quarterdeck::config::secrets::Secret) {
///     println!("{secret:?}");
/// }
/// ```
/// ```compile_fail
/// fn copy(secret: &quarterdeck::config::secrets::Secret) {
///     let other: quarterdeck::config::secrets::Secret = secret.clone();
/// }
/// ```
pub struct Secret {
    value: SecretString,
    origin: Origin,
}

impl Secret {
    /// The value, for the request that needs it and nothing else.
    pub fn expose(&self) -> &str {
        self.value.expose_secret()
    }

    /// Where it came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// Where a secret came from; fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// This environment variable.
    Variable(String),
    /// This file.
    File(PathBuf),
}

/// Whether decrypting may ask the user for a passphrase on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// The terminal is free: gpg and age may use it.
    Terminal,
    /// The console draws on the terminal, or there is none: what needs a passphrase fails.
    Never,
}

type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The secrets that belong to a config.json. Files are read once, when first needed; what could
/// not be read is tried again when next needed.
pub struct Secrets {
    directory: PathBuf,
    age_identity: Option<PathBuf>,
    asking: Asking,
    variable: Lookup,
    /// Set for the programs that decrypt, beside this process's own variables.
    program_variables: Vec<(String, String)>,
    plain: OnceCell<Contents>,
    encrypted: OnceCell<Contents>,
}

impl Secrets {
    /// Those beside this config.json.
    pub fn beside(config: &Path, settings: &Settings, asking: Asking) -> Secrets {
        Secrets {
            directory: config.parent().unwrap_or(Path::new("")).to_path_buf(),
            age_identity: settings.age_identity.clone(),
            asking,
            variable: Box::new(|name| std::env::var(name).ok()),
            program_variables: Vec::new(),
            plain: OnceCell::new(),
            encrypted: OnceCell::new(),
        }
    }

    /// One secret, or `None` when no source has it. An empty value counts as none, so that
    /// secrets.json may stand beside an encrypted file as its pattern. The variable
    /// `QD_SECRET_<KEY>` comes first, then secrets.json, then the encrypted file; a source is only
    /// touched when those before it do not have the key.
    pub async fn get(&self, key: SecretKey<'_>) -> Result<Option<Secret>, Problem> {
        let name = key.variable();
        if let Some(value) = (self.variable)(&name).filter(|v| !v.is_empty()) {
            return Ok(Some(Secret {
                value: SecretString::from(value),
                origin: Origin::Variable(name),
            }));
        }
        let name = key.to_string();
        for encrypted in [false, true] {
            let contents = match encrypted {
                false => self.plain().await,
                true => self.encrypted().await,
            };
            match contents {
                Ok(contents) => {
                    if let Some(value) = contents.get(&name) {
                        return Ok(Some(value));
                    }
                }
                Err(diagnostic) => return Err(Problem::from(&*diagnostic)),
            }
        }
        Ok(None)
    }

    /// The encrypted file that is used, if there is one.
    pub fn encrypted_source(&self) -> Option<Source> {
        source::encrypted(&self.directory).into_iter().next()
    }

    /// Everything wrong with the secrets; `environments` are those of config.json. Decrypts.
    pub async fn check(&self, environments: &[String]) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for contents in [self.plain().await, self.encrypted().await] {
            match contents {
                Ok(contents) => found.extend(contents.check(environments)),
                Err(diagnostic) => found.push(*diagnostic),
            }
        }
        let encrypted = source::encrypted(&self.directory);
        if let [used, ignored @ ..] = encrypted.as_slice() {
            for source in ignored {
                let message = format!("is not read: {} comes first", used.path().display());
                found.push(
                    Diagnostic::new(Severity::Warning, source.path(), "ignored-file", message)
                        .hint("keep one encrypted file"),
                );
            }
        }
        found
    }

    async fn plain(&self) -> Result<&Contents, Box<Diagnostic>> {
        let path = self.directory.join(source::PLAIN);
        self.plain
            .get_or_try_init(|| async move {
                if !path.exists() {
                    return Ok(Contents::default());
                }
                let text = buffer::read_file(&path)?;
                read::parse(&path, &text, read::mode(&path))
            })
            .await
    }

    async fn encrypted(&self) -> Result<&Contents, Box<Diagnostic>> {
        self.encrypted
            .get_or_try_init(|| async {
                let Some(source) = self.encrypted_source() else {
                    return Ok(Contents::default());
                };
                let mut command = source.command(self.age_identity.as_deref(), &self.variable)?;
                command.envs(self.program_variables.iter().map(|(k, v)| (k, v)));
                let text = decrypt::run(&source, command, self.asking).await?;
                read::parse(source.path(), &text, None)
            })
            .await
    }
}

#[cfg(test)]
mod tests;
