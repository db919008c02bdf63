//! Logging in: the agent's keys and certificates first, then key files, then what the user types.
//! A passphrase is asked for only when the server wants the key.

use super::{
    link::Client,
    patience::{Asking, Patience, Signing},
};
use crate::problem::{Exit, Problem};
use crate::remote::{
    Answer, HostId, Prompter, Question,
    ssh::{SshError, problem, resolve::Resolved},
};
use russh::{
    Error, MethodKind, MethodSet, Signer,
    client::{AuthResult, Handle, KeyboardInteractiveAuthResponse},
    keys::{
        Algorithm, Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey,
        agent::{AgentIdentity, client::AgentClient},
        load_openssh_certificate, load_public_key, load_secret_key,
    },
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::UnixStream, sync::watch, time::timeout};

/// How long the reason for the end of a connection may come after it.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How often a passphrase or password may be wrong.
const TRIES: usize = 3;
/// What an agent may take to list its keys.
const LISTING: Duration = Duration::from_secs(5);
/// Rounds of keyboard-interactive questions.
const ROUNDS: usize = 16;
/// Questions in one round.
const PROMPTS: usize = 16;

/// Logs in, or says what was tried.
pub(super) async fn log_in(
    id: &HostId,
    to: &Resolved,
    handle: &mut Handle<Client>,
    asking: &Asking,
    over: &watch::Receiver<Option<SshError>>,
) -> Result<(), SshError> {
    let mut login = Login {
        id,
        to,
        handle,
        prompter: asking,
        patience: asking.patience.clone(),
        over: over.clone(),
        left: MethodSet::empty(),
        tried: Vec::new(),
    };
    match login.run().await {
        Ok(true) => Ok(()),
        Ok(false) => Err(login.refused()),
        Err(error) => Err(login.broken(&error).await),
    }
}

struct Login<'a> {
    id: &'a HostId,
    to: &'a Resolved,
    handle: &'a mut Handle<Client>,
    prompter: &'a Asking,
    patience: Arc<Patience>,
    /// Why the connection ended, once it has.
    over: watch::Receiver<Option<SshError>>,
    /// What the server would still take.
    left: MethodSet,
    /// What was tried, for the user.
    tried: Vec<String>,
}

impl Login<'_> {
    async fn run(&mut self) -> Result<bool, Error> {
        let asked = self.handle.authenticate_none(&self.to.user);
        let first = in_time(&self.patience, asked).await??;
        if self.done(first)? {
            return Ok(true);
        }
        if self.may(MethodKind::PublicKey) {
            let files = self.to.repeated("identityfile");
            if self.agent(&files).await? || self.files(&files).await? {
                return Ok(true);
            }
        }
        if self.to.yes("batchmode") {
            return Ok(false);
        }
        if self.may(MethodKind::KeyboardInteractive) && self.interactive().await? {
            return Ok(true);
        }
        if self.may(MethodKind::Password) && self.password().await? {
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether the server would take it and ssh_config lets it be tried.
    fn may(&self, method: MethodKind) -> bool {
        let keyword = match method {
            MethodKind::PublicKey => "pubkeyauthentication",
            MethodKind::KeyboardInteractive => "kbdinteractiveauthentication",
            _ => "passwordauthentication",
        };
        let forbidden = matches!(self.to.get(keyword), Some("no" | "false"));
        let preferred = self.to.get("preferredauthentications").is_none_or(|list| {
            list.split(',')
                .any(|name| name.trim() == <&str>::from(&method))
        });
        self.left.contains(&method) && !forbidden && preferred
    }

    /// Whether that was it; otherwise what the server would take next.
    fn done(&mut self, result: AuthResult) -> Result<bool, Error> {
        match result {
            AuthResult::Success => Ok(true),
            AuthResult::Failure {
                remaining_methods, ..
            } => {
                self.left = remaining_methods;
                if self.handle.is_closed() {
                    return Err(Error::Disconnect);
                }
                Ok(false)
            }
        }
    }

    async fn agent(&mut self, files: &[PathBuf]) -> Result<bool, Error> {
        let Some(mut agent) = self.connect_agent().await else {
            return Ok(false);
        };
        if let Some(binding) = self.handle.agent_session_binding() {
            // Older agents do not know it; only constrained keys need it.
            let _ = timeout(LISTING, agent.bind_session(binding, false)).await;
        }
        let listed = timeout(LISTING, agent.request_identities()).await;
        let Ok(Ok(mut identities)) = listed else {
            self.tried.push("an agent that does not answer".to_owned());
            return Ok(false);
        };
        let configured: Vec<_> = files.iter().filter_map(|file| public_half(file)).collect();
        let named = |identity: &AgentIdentity| {
            let key = identity.public_key();
            configured.iter().any(|c| c.key_data() == key.key_data())
        };
        if self.to.yes("identitiesonly") {
            identities.retain(named);
        }
        // Those that the configuration names come first: servers count attempts.
        identities.sort_by_key(|identity| !named(identity));
        for identity in identities {
            let key = identity.public_key().into_owned();
            let hash = self.hash(&key).await?;
            let user = self.to.user.clone();
            self.note("agent", &key, identity.comment());
            let mut signing = Signing {
                signer: &mut agent,
                patience: self.patience.clone(),
            };
            let handle = &mut *self.handle;
            let answer = in_time(&self.patience, async {
                match identity {
                    AgentIdentity::PublicKey { key, .. } => {
                        let signer = &mut signing;
                        handle
                            .authenticate_publickey_with(user, key, hash, signer)
                            .await
                    }
                    AgentIdentity::Certificate { certificate, .. } => {
                        let signer = &mut signing;
                        handle
                            .authenticate_certificate_with(user, certificate, hash, signer)
                            .await
                    }
                }
            })
            .await?;
            // An agent that declines one key (a touch that did not come) may have another.
            if let Ok(result) = answer
                && self.done(result)?
            {
                return Ok(true);
            }
            if !self.left.contains(&MethodKind::PublicKey) {
                break;
            }
        }
        Ok(false)
    }

    async fn connect_agent(&self) -> Option<AgentClient<UnixStream>> {
        let named = self.to.get("identityagent").unwrap_or("SSH_AUTH_SOCK");
        let path = match named {
            "SSH_AUTH_SOCK" => PathBuf::from(std::env::var_os("SSH_AUTH_SOCK")?),
            other => match other.strip_prefix('$') {
                Some(variable) => PathBuf::from(std::env::var_os(variable)?),
                None => self.to.path(other),
            },
        };
        let stream = timeout(LISTING, UnixStream::connect(path))
            .await
            .ok()?
            .ok()?;
        Some(AgentClient::connect(stream))
    }

    async fn files(&mut self, files: &[PathBuf]) -> Result<bool, Error> {
        let certificates = self.to.repeated("certificatefile");
        for file in files {
            let beside = with_suffix(file, "-cert.pub");
            for certificate in certificates.iter().chain([&beside]) {
                if let Ok(certificate) = load_openssh_certificate(certificate)
                    && public_half(file)
                        .is_none_or(|key| key.key_data() == certificate.public_key())
                    && self.certificate(file, certificate).await?
                {
                    return Ok(true);
                }
            }
            if self.left.contains(&MethodKind::PublicKey) && self.file(file).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn file(&mut self, file: &Path) -> Result<bool, Error> {
        if let Some(public) = public_half(file) {
            if self.tried_already(&public) {
                return Ok(false);
            }
            self.note("file", &public, &file.display().to_string());
            let hash = self.hash(&public).await?;
            let (user, mut probe) = (self.to.user.clone(), Wanted);
            let asked = self
                .handle
                .authenticate_publickey_with(user, public, hash, &mut probe);
            match in_time(&self.patience, asked).await? {
                // The server takes this key: now it is worth a passphrase.
                Err(Probed::Wanted) => {}
                Err(Probed::Broken) => return Err(Error::SendError),
                Ok(result) => return self.done(result),
            }
        }
        let Some(key) = self.load(file).await else {
            return Ok(false);
        };
        let hash = self.hash(key.public_key()).await?;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        let user = self.to.user.clone();
        let asked = self.handle.authenticate_publickey(user, key);
        let result = in_time(&self.patience, asked).await??;
        self.done(result)
    }

    async fn certificate(&mut self, file: &Path, certificate: Certificate) -> Result<bool, Error> {
        let key = PublicKey::new(certificate.public_key().clone(), "");
        self.note("certificate", &key, certificate.key_id());
        let Some(key) = self.load(file).await else {
            return Ok(false);
        };
        let user = self.to.user.clone();
        let asked = self
            .handle
            .authenticate_openssh_cert(user, Arc::new(key), certificate);
        let result = in_time(&self.patience, asked).await??;
        self.done(result)
    }

    /// A private key; asks for its passphrase where it has one.
    async fn load(&mut self, file: &Path) -> Option<PrivateKey> {
        use russh::keys::Error as KeyError;
        match load_secret_key(file, None) {
            Ok(key) => return Some(key),
            Err(KeyError::IO(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return None;
            }
            Err(KeyError::KeyIsEncrypted) if self.to.yes("batchmode") => {
                self.tried
                    .push(format!("{}: it has a passphrase", file.display()));
                return None;
            }
            Err(KeyError::KeyIsEncrypted) => {}
            Err(error) => {
                self.tried.push(format!("{}: {error}", file.display()));
                return None;
            }
        }
        for attempt in 0..TRIES {
            let prompt = format!("{}Passphrase of {}", again(attempt), file.display());
            let passphrase = self.secret(prompt, false).await?;
            if let Ok(key) = load_secret_key(file, Some(passphrase.expose_secret())) {
                return Some(key);
            }
        }
        self.tried
            .push(format!("{}: the passphrase is wrong", file.display()));
        None
    }

    async fn interactive(&mut self) -> Result<bool, Error> {
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

    async fn password(&mut self) -> Result<bool, Error> {
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

    async fn secret(&self, prompt: String, echo: bool) -> Option<SecretString> {
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

    /// RSA keys sign with SHA-2 (RFC 8332); others have one way only.
    async fn hash(&self, key: &PublicKey) -> Result<Option<HashAlg>, Error> {
        if !matches!(key.algorithm(), Algorithm::Rsa { .. }) {
            return Ok(None);
        }
        let asked = self.handle.best_supported_rsa_hash();
        let supported = in_time(&self.patience, asked).await??;
        Ok(supported.flatten().or(Some(HashAlg::Sha512)))
    }

    fn note(&mut self, from: &str, key: &PublicKey, what: &str) {
        self.tried.push(format!(
            "{from} {what} {}",
            key.fingerprint(HashAlg::Sha256)
        ));
    }

    fn tried_already(&self, key: &PublicKey) -> bool {
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        self.tried
            .iter()
            .any(|tried| !tried.starts_with("certificate") && tried.ends_with(&fingerprint))
    }

    fn refused(&self) -> SshError {
        let tried = if self.tried.is_empty() {
            "no key was found".to_owned()
        } else {
            format!("tried {}", self.tried.join(", "))
        };
        let takes: Vec<_> = self.left.iter().map(<&str>::from).collect();
        SshError::Refused(
            problem(
                self.id,
                "auth-failed",
                Exit::Unreachable,
                format!(
                    "{} does not let {} in: {tried}; it takes {}",
                    self.to.alias,
                    self.to.user,
                    if takes.is_empty() {
                        "nothing else".to_owned()
                    } else {
                        takes.join(", ")
                    }
                ),
            )
            .hint("check the user, load the key with `ssh-add`, or name it in ssh_config"),
        )
    }

    async fn broken(&mut self, error: &Error) -> SshError {
        if matches!(error, Error::ConnectionTimeout) {
            return SshError::Link(
                problem(
                    self.id,
                    "auth-timeout",
                    Exit::Unreachable,
                    format!(
                        "{} did not answer within {} s while {} logged in",
                        self.to.alias,
                        self.patience.limit().as_secs(),
                        self.to.user
                    ),
                )
                .hint("the server may be overloaded; ConnectTimeout in ssh_config, or --timeout, lets it take longer"),
            );
        }
        // The server's own words, if it had any, come along with the end of the connection.
        let ended = timeout(LAST_WORDS, self.over.wait_for(Option::is_some)).await;
        let said = ended
            .ok()
            .and_then(Result::ok)
            .and_then(|said| said.clone());
        let why = match said {
            Some(said) => Problem::from(said).message,
            None => super::link::Trouble::text(error),
        };
        let told = problem(
            self.id,
            "auth-broken",
            Exit::Unreachable,
            format!(
                "{} ended the connection while {} logged in ({} tried): {why}",
                self.to.alias,
                self.to.user,
                self.tried.len(),
            ),
        );
        // A server that has had enough attempts hangs up; the same ones again do not help.
        if why.contains("Too many authentication failures") || self.tried.len() >= TRIES {
            SshError::Refused(
                told.hint(
                    "the server may count attempts: name the right key and set IdentitiesOnly",
                ),
            )
        } else {
            SshError::Link(told)
        }
    }
}

/// An answer of the server, which may not come.
async fn in_time<T>(patience: &Patience, asked: impl Future<Output = T>) -> Result<T, Error> {
    patience.wait(asked).await.ok_or(Error::ConnectionTimeout)
}

/// Before a question that is asked once more.
fn again(attempt: usize) -> &'static str {
    if attempt == 0 {
        ""
    } else {
        "That was not right, try again. "
    }
}

/// Signs nothing: only learns that the server would take the key.
struct Wanted;

enum Probed {
    Wanted,
    Broken,
}

impl From<russh::SendError> for Probed {
    fn from(_: russh::SendError) -> Self {
        Probed::Broken
    }
}

impl Signer for Wanted {
    type Error = Probed;

    async fn auth_sign(
        &mut self,
        _key: &AgentIdentity,
        _hash: Option<HashAlg>,
        _data: Vec<u8>,
    ) -> Result<Vec<u8>, Probed> {
        Err(Probed::Wanted)
    }
}

/// The public key of a file: from the file beside it, or from the private one, which shows it
/// without the passphrase.
fn public_half(file: &Path) -> Option<PublicKey> {
    load_public_key(with_suffix(file, ".pub"))
        .or_else(|_| load_public_key(file))
        .ok()
        .or_else(|| {
            let key = PrivateKey::read_openssh_file(file).ok()?;
            Some(key.public_key().clone())
        })
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
