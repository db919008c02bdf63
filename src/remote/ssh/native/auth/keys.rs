//! Keys and certificates: the agent's, then those in files. A passphrase is asked for only when
//! the server wants the key.

use super::{super::patience::Signing, Login, TRIES, again, in_time};
use russh::{
    Error, MethodKind, Signer,
    keys::{
        Algorithm, Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey,
        agent::{AgentIdentity, client::AgentClient},
        load_openssh_certificate, load_public_key, load_secret_key,
    },
};
use secrecy::ExposeSecret;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::UnixStream, time::timeout};

/// What an agent may take to list its keys.
const LISTING: Duration = Duration::from_secs(5);

impl Login<'_> {
    pub(super) async fn agent(&mut self, files: &[PathBuf]) -> Result<bool, Error> {
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

    pub(super) async fn files(&mut self, files: &[PathBuf]) -> Result<bool, Error> {
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

    /// RSA keys sign with SHA-2 (RFC 8332); others have one way only.
    async fn hash(&self, key: &PublicKey) -> Result<Option<HashAlg>, Error> {
        if !matches!(key.algorithm(), Algorithm::Rsa { .. }) {
            return Ok(None);
        }
        let asked = self.handle.best_supported_rsa_hash();
        let supported = in_time(&self.patience, asked).await??;
        Ok(supported.flatten().or(Some(HashAlg::Sha512)))
    }

    pub(super) fn note(&mut self, from: &str, key: &PublicKey, what: &str) {
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
