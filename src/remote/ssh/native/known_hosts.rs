//! known_hosts: user and global files, hashed names, patterns, negation, ports, `@revoked` and
//! `@cert-authority` (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").

use crate::remote::ssh::glob::glob;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use russh::keys::{Algorithm, HashAlg, PublicKey, ssh_key::Fingerprint};
use sha1::Sha1;
use std::{
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// No known_hosts file that people keep is larger.
const MOST: u64 = 16 * 1024 * 1024;

/// A line about the host.
#[derive(Debug, Clone)]
struct Line {
    mark: Mark,
    key: PublicKey,
    place: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Trusted,
    Revoked,
    Authority,
}

/// What the files say about one host.
#[derive(Debug, Default)]
pub(super) struct Known(Vec<Line>);

/// What they say about one of its keys.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the host's.
    Known,
    /// Nothing is known about the host.
    Unknown,
    /// The host is known by this other key: its fingerprint, and `file:line`.
    Changed(PublicKey, String),
    /// It was revoked at `file:line`.
    Revoked(String),
}

impl Known {
    /// Reads the files; one that cannot be read says nothing, as with ssh.
    pub(super) fn read(files: &[PathBuf], name: &str) -> Known {
        let mut known = Known::default();
        for file in files {
            let fits = std::fs::metadata(file).is_ok_and(|m| m.len() <= MOST);
            if let (true, Ok(bytes)) = (fits, std::fs::read(file)) {
                known.add(&String::from_utf8_lossy(&bytes), file, name);
            }
        }
        known
    }

    fn add(&mut self, text: &str, file: &Path, name: &str) {
        for (number, line) in text.lines().enumerate() {
            let mut words = line.split_whitespace().peekable();
            let marker = words.next_if(|word| word.starts_with('@'));
            let (Some(hosts), Some(kind), Some(blob)) = (words.next(), words.next(), words.next())
            else {
                continue;
            };
            let mark = match marker {
                None => Mark::Trusted,
                Some("@revoked") => Mark::Revoked,
                Some("@cert-authority") => Mark::Authority,
                Some(_) => continue,
            };
            if hosts.starts_with('#') || !matches(hosts, name) {
                continue;
            }
            if let Ok(key) = PublicKey::from_openssh(&format!("{kind} {blob}")) {
                self.0.push(Line {
                    mark,
                    key,
                    place: format!("{}:{}", file.display(), number + 1),
                });
            }
        }
    }

    /// Judges a key.
    pub(super) fn judge(&self, key: &PublicKey) -> Verdict {
        let same = |line: &&Line| line.key.key_data() == key.key_data();
        if let Some(line) = self.marked(Mark::Revoked).find(same) {
            return Verdict::Revoked(line.place.clone());
        }
        let mut trusted = self.marked(Mark::Trusted);
        if trusted.clone().any(|line| same(&line)) {
            return Verdict::Known;
        }
        let kind = key.algorithm();
        let first = trusted.clone().find(|line| line.key.algorithm() == kind);
        match first.or_else(|| trusted.next()) {
            Some(line) => Verdict::Changed(line.key.clone(), line.place.clone()),
            None => Verdict::Unknown,
        }
    }

    /// Whether a key of this type is known, so that the host is asked for that one.
    pub(super) fn has(&self, algorithm: &Algorithm) -> bool {
        self.marked(Mark::Trusted)
            .any(|line| match (line.key.algorithm(), algorithm) {
                (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
                (known, asked) => known == *asked,
            })
    }

    /// Fingerprints of those who may sign for the host.
    pub(super) fn authorities(&self) -> Vec<Fingerprint> {
        self.marked(Mark::Authority)
            .map(|line| line.key.fingerprint(HashAlg::Sha256))
            .collect()
    }

    fn marked(&self, mark: Mark) -> impl Iterator<Item = &Line> + Clone {
        self.0.iter().filter(move |line| line.mark == mark)
    }
}

/// Whether a comma list of patterns, or a hashed name, is about this host.
fn matches(hosts: &str, name: &str) -> bool {
    if let Some(hashed) = hosts.strip_prefix("|1|") {
        let Some((salt, hash)) = hashed.split_once('|') else {
            return false;
        };
        let (Ok(salt), Ok(hash)) = (STANDARD.decode(salt), STANDARD.decode(hash)) else {
            return false;
        };
        return hash_of(&salt, name).is_some_and(|own| own == hash);
    }
    let mut found = false;
    for pattern in hosts.split(',') {
        let pattern = pattern.to_ascii_lowercase();
        match pattern.strip_prefix('!') {
            Some(pattern) if glob(pattern.as_bytes(), name.as_bytes()) => return false,
            None if glob(pattern.as_bytes(), name.as_bytes()) => found = true,
            _ => {}
        }
    }
    found
}

fn hash_of(salt: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
    mac.update(name.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

/// Appends a host's key, its name hashed where ssh_config says so.
pub(super) fn append(
    file: &Path,
    name: &str,
    key: &PublicKey,
    hashed: bool,
) -> std::io::Result<()> {
    if let Some(directory) = file.parent().filter(|d| !d.as_os_str().is_empty()) {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
    }
    let salt: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
        .take(20)
        .collect();
    let name = match hash_of(&salt, name).filter(|_| hashed) {
        Some(hash) => format!("|1|{}|{}", STANDARD.encode(&salt), STANDARD.encode(hash)),
        None => name.to_owned(),
    };
    let mut key = key.clone();
    key.set_comment("");
    let key = key.to_openssh().map_err(std::io::Error::other)?;
    let torn = std::fs::read(file).is_ok_and(|b| b.last().is_some_and(|last| *last != b'\n'));
    let line = format!("{}{name} {}\n", if torn { "\n" } else { "" }, key.trim());
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(file)?
        .write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const TWO: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";

    fn judge(text: &str, name: &str, key: &str) -> Verdict {
        let mut known = Known::default();
        known.add(text, Path::new("f"), name);
        known.judge(&PublicKey::from_openssh(key).unwrap())
    }

    #[test]
    fn lines_are_about_hosts_by_name_pattern_port_and_negation() {
        for (hosts, name, about) in [
            ("web", "web", true),
            ("WEB,db", "web", true),
            ("web", "[web]:2222", false),
            ("[web]:2222", "[web]:2222", true),
            ("*.example.org", "a.example.org", true),
            ("*.example.org,!b.example.org", "b.example.org", false),
            ("!b.example.org,*", "a.example.org", true),
            ("10.0.0.?", "10.0.0.7", true),
            ("10.0.0.?", "10.0.0.77", false),
            ("|1|c2FsdA==|nonsense", "web", false),
        ] {
            assert_eq!(matches(hosts, name), about, "{hosts} {name}");
        }
    }

    #[test]
    fn keys_are_known_changed_revoked_or_unknown() {
        let two = PublicKey::from_openssh(TWO).unwrap();
        assert_eq!(judge(&format!("web {ONE} c\n"), "web", ONE), Verdict::Known);
        assert_eq!(judge(&format!("db {ONE}\n"), "web", ONE), Verdict::Unknown);
        assert_eq!(
            judge(&format!("# c\nweb {TWO}\n"), "web", ONE),
            Verdict::Changed(two, "f:2".to_owned())
        );
        assert_eq!(
            judge(&format!("web {ONE}\n@revoked * {ONE}\n"), "web", ONE),
            Verdict::Revoked("f:2".to_owned())
        );
    }

    #[test]
    fn what_is_appended_is_found_by_us_and_by_ssh_keygen() {
        let directory = tempfile::tempdir().unwrap();
        let key = PublicKey::from_openssh(ONE).unwrap();
        for hashed in [false, true] {
            let file = directory.path().join(format!("new/known-{hashed}"));
            append(&file, "[web.example]:2222", &key, hashed).unwrap();
            let known = Known::read(std::slice::from_ref(&file), "[web.example]:2222");
            assert_eq!(known.judge(&key), Verdict::Known);
            let found = std::process::Command::new("ssh-keygen")
                .args(["-F", "[web.example]:2222", "-f"])
                .arg(&file)
                .output()
                .unwrap();
            assert!(found.status.success());
        }
    }
}
