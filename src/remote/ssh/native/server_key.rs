//! Is it the host we mean? What known_hosts says decides; the user is asked about first contact
//! only, and never about a key that changed.

use super::known_hosts::{self, Known, Verdict};
use crate::problem::Exit;
use crate::remote::{
    Answer, HostId, Prompter, Question,
    ssh::{SshError, glob::glob, problem, resolve::Resolved},
};
use russh::keys::{Certificate, HashAlg, PublicKey, ssh_key::certificate::CertType};
use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

/// Keys accepted for this run of the program only: (name, fingerprint).
#[derive(Clone, Default)]
pub(in crate::remote::ssh) struct Accepted(Arc<Mutex<HashSet<(String, String)>>>);

impl Accepted {
    pub(in crate::remote::ssh) fn has(&self, entry: &(String, String)) -> bool {
        self.0.lock().is_ok_and(|set| set.contains(entry))
    }

    pub(in crate::remote::ssh) fn add(&self, entry: (String, String)) {
        if let Ok(mut set) = self.0.lock() {
            set.insert(entry);
        }
    }
}

/// Judges the key that a server shows.
pub(super) struct Judge {
    id: HostId,
    name: String,
    /// Without the port: certificates name hosts only.
    principal: String,
    user_files: Vec<PathBuf>,
    pub(super) known: Known,
    hash: bool,
    strict: Strict,
    prompter: Arc<dyn Prompter>,
    accepted: Accepted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strict {
    Yes,
    AcceptNew,
    /// `no` too: a console has somebody to ask, and a question once is not much to ask.
    Ask,
}

impl Judge {
    pub(super) fn new(
        id: &HostId,
        resolved: &Resolved,
        prompter: Arc<dyn Prompter>,
        accepted: &Accepted,
    ) -> Judge {
        let user_files = resolved.listed("userknownhostsfile");
        let name = resolved.known_as();
        let mut files = user_files.clone();
        files.extend(resolved.listed("globalknownhostsfile"));
        Judge {
            id: id.clone(),
            principal: resolved
                .get("hostkeyalias")
                .unwrap_or(&resolved.host)
                .to_ascii_lowercase(),
            known: Known::read(&files, &name),
            name,
            user_files,
            hash: resolved.yes("hashknownhosts"),
            strict: match resolved.get("stricthostkeychecking") {
                Some("true" | "yes") => Strict::Yes,
                Some("accept-new") => Strict::AcceptNew,
                _ if resolved.yes("batchmode") => Strict::Yes,
                _ => Strict::Ask,
            },
            prompter,
            accepted: accepted.clone(),
        }
    }

    /// A certificate is good when an authority that known_hosts names signed it for this host,
    /// for now.
    pub(super) fn certificate(&self, certificate: &Certificate) -> Result<(), SshError> {
        let authorities = self.known.authorities();
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        let authority = PublicKey::new(certificate.signature_key().clone(), "");
        let own = PublicKey::new(certificate.public_key().clone(), "");
        for key in [&authority, &own] {
            if let Verdict::Revoked(place) = self.known.judge(key) {
                return Err(self.revoked(key, &place));
            }
        }
        let wrong = if certificate.cert_type() != CertType::Host {
            "is not one for hosts"
        } else if !certificate.critical_options().is_empty() {
            "has options that are not understood"
        } else if !certificate
            .valid_principals()
            .iter()
            .any(|p| glob(p.to_ascii_lowercase().as_bytes(), self.principal.as_bytes()))
        {
            "does not name this host"
        } else if certificate.validate_at(now, &authorities).is_err() {
            "was not signed by an authority that known_hosts names, or not for this time"
        } else {
            return Ok(());
        };
        Err(SshError::Refused(
            problem(
                &self.id,
                "host-certificate",
                Exit::Refused,
                format!(
                    "the host certificate {:?} of {} {wrong}",
                    certificate.key_id(),
                    self.name
                ),
            )
            .hint("ask whoever runs the certificate authority; compare with `ssh-keygen -L`"),
        ))
    }

    /// A plain key: known, or the user says so.
    pub(super) async fn key(&self, key: &PublicKey) -> Result<(), SshError> {
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        match self.known.judge(key) {
            Verdict::Known => Ok(()),
            Verdict::Revoked(place) => Err(self.revoked(key, &place)),
            Verdict::Changed(old, place) => Err(self.changed(key, &old, &place)),
            Verdict::Unknown => self.unknown(key, fingerprint).await,
        }
    }

    async fn unknown(&self, key: &PublicKey, fingerprint: String) -> Result<(), SshError> {
        let entry = (self.name.clone(), fingerprint.clone());
        if self.accepted.has(&entry) {
            return Ok(());
        }
        let file = self.user_files.first().cloned();
        let shown = |f: &PathBuf| f.display().to_string();
        let answer = match self.strict {
            Strict::Yes => None,
            Strict::AcceptNew => Some(Answer::Yes),
            Strict::Ask => {
                let question = Question::UnknownHostKey {
                    host: self.id.clone(),
                    address: self.name.clone(),
                    algorithm: key.algorithm().to_string(),
                    fingerprint: fingerprint.clone(),
                    known_hosts: file.as_ref().map(shown).unwrap_or_default(),
                };
                self.prompter.ask(question).await
            }
        };
        match (answer, file) {
            (Some(Answer::Yes), Some(file)) => {
                known_hosts::append(&file, &self.name, key, self.hash).map_err(|error| {
                    SshError::Refused(
                        problem(
                            &self.id,
                            "known-hosts",
                            Exit::Refused,
                            format!("cannot add the host key to {}: {error}", file.display()),
                        )
                        .hint("mend the file, or accept the key for this run only"),
                    )
                })?;
                // What was read before does not have it.
                self.accepted.add(entry);
                Ok(())
            }
            (Some(Answer::Yes | Answer::Once), _) => {
                self.accepted.add(entry);
                Ok(())
            }
            _ => Err(SshError::Refused(
                problem(
                    &self.id,
                    "host-key-unknown",
                    Exit::Refused,
                    format!(
                        "the host key of {} is not known: {} {fingerprint}",
                        self.name,
                        key.algorithm()
                    ),
                )
                .hint(
                    "compare the fingerprint with the host's own (`ssh-keygen -lf` there), then \
                     connect again and accept it: in the console, or by a command on a terminal",
                ),
            )),
        }
    }

    fn revoked(&self, key: &PublicKey, place: &str) -> SshError {
        SshError::Refused(
            problem(
                &self.id,
                "host-key-revoked",
                Exit::Refused,
                format!(
                    "the key that {} shows is revoked at {place}: {} {}",
                    self.name,
                    key.algorithm(),
                    key.fingerprint(HashAlg::Sha256)
                ),
            )
            .hint("do not connect; ask whoever runs the host"),
        )
    }

    fn changed(&self, key: &PublicKey, old: &PublicKey, place: &str) -> SshError {
        SshError::Refused(
            problem(
                &self.id,
                "host-key-changed",
                Exit::Refused,
                format!(
                    "the host key of {} has changed: known at {place} is {} {}, the server \
                     shows {} {}",
                    self.name,
                    old.algorithm(),
                    old.fingerprint(HashAlg::Sha256),
                    key.algorithm(),
                    key.fingerprint(HashAlg::Sha256)
                ),
            )
            .hint(
                "somebody may be between you and the host; only when its owner confirms the new \
                 key, remove the old one with `ssh-keygen -R`",
            ),
        )
    }
}
