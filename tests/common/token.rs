//! An agent that holds a security key (FIDO, `sk-ssh-ed25519`): what such a key would sign is
//! signed here in software, so that a server cannot tell the difference.

use base64::{Engine, engine::general_purpose::STANDARD};
use russh::keys::{
    PrivateKey,
    signature::Signer,
    ssh_key::{Signature, private::Ed25519Keypair},
};
use sha2::{Digest, Sha256};
use std::{
    io::{self, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tempfile::TempDir;

const KIND: &[u8] = b"sk-ssh-ed25519@openssh.com";
const APPLICATION: &[u8] = b"ssh:";
/// Somebody has touched it.
const TOUCHED: u8 = 1;

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// The agent; each signature counts, as it does in the real thing.
pub struct TokenAgent {
    dir: TempDir,
    key: Arc<PrivateKey>,
    signed: Arc<AtomicU32>,
}

impl TokenAgent {
    pub fn start() -> TokenAgent {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("agent")).unwrap();
        let key = Arc::new(PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32])));
        let signed = Arc::new(AtomicU32::new(0));
        let (with, count) = (key.clone(), signed.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (with, count) = (with.clone(), count.clone());
                // A client that hangs up ends its conversation.
                std::thread::spawn(move || serve(client, &with, &count));
            }
        });
        TokenAgent { dir, key, signed }
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("agent")
    }

    /// A line of authorized_keys.
    pub fn public(&self) -> String {
        let kind = String::from_utf8_lossy(KIND);
        format!("{kind} {} token\n", STANDARD.encode(blob(&self.key)))
    }

    /// How often it has signed.
    pub fn signed(&self) -> u32 {
        self.signed.load(Ordering::SeqCst)
    }
}

fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
    out.extend(text);
}

fn blob(key: &PrivateKey) -> Vec<u8> {
    let mut out = Vec::new();
    string(&mut out, KIND);
    let point = key.public_key().key_data().ed25519().unwrap();
    string(&mut out, &point.0);
    string(&mut out, APPLICATION);
    out
}

fn serve(mut client: UnixStream, key: &PrivateKey, count: &AtomicU32) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        client.read_exact(&mut length)?;
        let mut request = vec![0; u32::from_be_bytes(length) as usize];
        client.read_exact(&mut request)?;
        let mut answer = Vec::new();
        match request.first() {
            Some(&REQUEST_IDENTITIES) => {
                answer.push(IDENTITIES_ANSWER);
                answer.extend(1_u32.to_be_bytes());
                string(&mut answer, &blob(key));
                string(&mut answer, b"token");
            }
            Some(&SIGN_REQUEST) => {
                let (_, rest) = taken(&request[1..]);
                let (data, _) = taken(rest);
                answer.push(SIGN_RESPONSE);
                string(&mut answer, &sign(key, data, count));
            }
            _ => answer.push(FAILURE),
        }
        let mut packet = Vec::new();
        string(&mut packet, &answer);
        client.write_all(&packet)?;
    }
}

fn taken(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = bytes.split_at(4);
    rest.split_at(u32::from_be_bytes(length.try_into().unwrap()) as usize)
}

/// What the token signs is not the data itself: see PROTOCOL.u2f of OpenSSH.
fn sign(key: &PrivateKey, data: &[u8], count: &AtomicU32) -> Vec<u8> {
    let counter = count.fetch_add(1, Ordering::SeqCst) + 1;
    let mut message = Sha256::digest(APPLICATION).to_vec();
    message.push(TOUCHED);
    message.extend(counter.to_be_bytes());
    message.extend(Sha256::digest(data));
    let signature: Signature = key.try_sign(&message).unwrap();
    let mut out = Vec::new();
    string(&mut out, KIND);
    string(&mut out, signature.as_bytes());
    out.push(TOUCHED);
    out.extend(counter.to_be_bytes());
    out
}
