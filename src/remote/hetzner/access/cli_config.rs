//! The hcloud program's own configuration: its active context has a token.

use crate::problem::{Exit, Problem};
use crate::remote::hetzner::error::problem;
use secrecy::SecretString;
use serde::Deserialize;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};
use zeroize::{Zeroize, Zeroizing};

/// More than any such file has.
const MAX_BYTES: u64 = 1024 * 1024;

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    active_context: String,
    #[serde(default)]
    contexts: Vec<Context>,
}

#[derive(Deserialize)]
struct Context {
    #[serde(default)]
    name: String,
    #[serde(default)]
    token: String,
    preferences: Option<Preferences>,
}

impl Drop for Context {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

#[derive(Default, Deserialize)]
struct Preferences {
    endpoint: Option<String>,
}

/// What a context says.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) token: SecretString,
    pub(super) endpoint: Option<String>,
}

/// Where the file is: `HCLOUD_CONFIG`, or as the program has it.
pub(super) fn path(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    if let Some(path) = variable("HCLOUD_CONFIG").filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(path));
    }
    if let Some(base) = variable("XDG_CONFIG_HOME").filter(|base| !base.is_empty()) {
        return Some(Path::new(&base).join("hcloud/cli.toml"));
    }
    let home = variable("HOME").filter(|home| !home.is_empty())?;
    Some(Path::new(&home).join(".config/hcloud/cli.toml"))
}

/// The active context, or the one of this name. `None` without a file or an active context.
pub(super) fn read(path: &Path, wanted: Option<&str>) -> Result<Option<Found>, Problem> {
    let bad = |why: String| {
        problem(
            "hcloud-config",
            Exit::Usage,
            format!("{}: {why}", path.display()),
        )
        .hint("`hcloud context list` tells whether that program can read it")
    };
    let mut file = match File::open(path) {
        Ok(file) => file.take(MAX_BYTES),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(bad(format!("cannot be read: {error}"))),
    };
    // Large enough from the start: growing would leave a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(64 * 1024));
    file.read_to_string(&mut text)
        .map_err(|error| bad(format!("cannot be read: {error}")))?;
    // The parser's own message quotes the line, which may be the token's.
    let written: Written =
        toml::from_str(&text).map_err(|_| bad("is not the TOML of the hcloud program".into()))?;
    let name = wanted.unwrap_or(&written.active_context);
    if name.is_empty() {
        return Ok(None);
    }
    let context = written
        .contexts
        .iter()
        .find(|context| context.name == name)
        .ok_or_else(|| bad(format!("has no context {name:?}")))?;
    if context.token.is_empty() {
        return Ok(None);
    }
    let preferences = context.preferences.as_ref();
    Ok(Some(Found {
        name: name.to_owned(),
        token: SecretString::from(context.token.as_str()),
        endpoint: preferences.and_then(|p| p.endpoint.clone()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn the_active_context_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cli.toml");
        assert!(read(&path, None).unwrap().is_none());
        std::fs::write(
            &path,
            "active_context = \"two\"\n[[contexts]]\nname = \"one\"\ntoken = \"1\"\n\
             [[contexts]]\nname = \"two\"\ntoken = \"2\"\n[contexts.preferences]\n\
             endpoint = \"https://example.org/v1\"\nnew = [1]\n",
        )
        .unwrap();
        let found = read(&path, None).unwrap().unwrap();
        assert_eq!(
            (found.name.as_str(), found.token.expose_secret()),
            ("two", "2")
        );
        assert_eq!(found.endpoint.as_deref(), Some("https://example.org/v1"));
        let found = read(&path, Some("one")).unwrap().unwrap();
        assert_eq!((found.token.expose_secret(), found.endpoint), ("1", None));
        let problem = read(&path, Some("three")).err().unwrap();
        assert!(problem.message.contains("three"), "{problem}");
        std::fs::write(&path, "token = s3cret").unwrap();
        let problem = read(&path, None).err().unwrap();
        assert!(!problem.to_string().contains("s3cret"), "{problem}");
    }
}
