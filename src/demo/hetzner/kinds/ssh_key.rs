//! SSH keys.

use super::super::{
    body::Body,
    error::ApiError,
    item::Item,
    kind::{Answer, Kind, Reply},
    world::World,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

/// SSH keys.
pub(in super::super) struct SshKeys;

impl Kind for SshKeys {
    fn one(&self) -> &'static str {
        "ssh_key"
    }

    fn many(&self) -> &'static str {
        "ssh_keys"
    }

    fn filters(&self) -> &'static [&'static str] {
        &["fingerprint"]
    }

    fn acts(&self) -> bool {
        false
    }

    fn create(&self, world: &mut World, mut body: Body) -> Reply {
        let (name, labels) = (body.name(), body.labels());
        let key = body.text("public_key");
        let key = body.need("public_key", key);
        let fingerprint = fingerprint(&key);
        if fingerprint.is_none() {
            body.reject("public_key", "is not a valid SSH public key");
        }
        body.check()?;
        world.unique(self.many(), &name, 0)?;
        let fingerprint = fingerprint.unwrap_or_default();
        let mut others = world.all(self.many());
        if others.any(|other| other.text("fingerprint") == fingerprint) {
            let message = "SSH key with the same fingerprint already exists";
            return Err(ApiError::taken("public_key", message));
        }
        let item = Item::new(json!({
            "name": name, "fingerprint": fingerprint, "public_key": key,
            "labels": labels.unwrap_or_else(|| json!({})),
        }));
        drop(others);
        let id = world.insert(self.many(), item)?;
        Answer::created(json!({"ssh_key": self.view(world, id)}))
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        world.remove(self.many(), id);
        Answer::none()
    }
}

/// The key's fingerprint as the API shows it, which is the old one of OpenSSH.
fn fingerprint(key: &str) -> Option<String> {
    let mut words = key.split_whitespace();
    let (kind, data) = (words.next()?, STANDARD.decode(words.next()?).ok()?);
    // The data begins with the kind's length and name.
    let length = u32::try_from(kind.len()).ok()?.to_be_bytes();
    let inner = data.strip_prefix(&length)?.strip_prefix(kind.as_bytes())?;
    if inner.is_empty() {
        return None;
    }
    let digest = md5::compute(&data);
    let pairs: Vec<String> = digest.0.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(pairs.join(":"))
}
