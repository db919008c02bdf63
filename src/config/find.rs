//! Which config.json counts: the one asked for, or the nearest one upwards that is ours.

use super::{diagnostic, file, json, keys};
use crate::problem::{Exit, Problem};
use diagnostic::{Diagnostic, Position, Severity};
use std::{
    io::Read,
    path::{Path, PathBuf},
};

const NAME: &str = "config.json";

/// Finds the file; reads nothing that was asked for by name.
pub(crate) fn locate(flag: Option<&Path>, cwd: &Path) -> Result<PathBuf, Problem> {
    if let Some(asked) = flag {
        // Without the dots of `--config .`, which would be in every message.
        let path: PathBuf = cwd.join(asked).components().collect();
        return Ok(if path.is_dir() { path.join(NAME) } else { path });
    }
    let mut foreign = None;
    for directory in cwd.ancestors() {
        let path = directory.join(NAME);
        if !path.is_file() {
            continue;
        }
        // Many programs have a file of this name; theirs must not shadow ours further up.
        match read_text(&path) {
            Ok(text) if !is_ours(&text) => {
                foreign.get_or_insert(path);
            }
            _ => return Ok(path),
        }
    }
    let message = match foreign {
        Some(path) => format!(
            "no config.json with an environment found from {} upwards ({} is another program's)",
            cwd.display(),
            path.display()
        ),
        None => format!("no config.json found from {} upwards", cwd.display()),
    };
    Err(
        Problem::new("config", "no-config", Exit::Usage, message).hint(
            "go to the environment's repository, name the file with --config, or look around with `qd demo`",
        ),
    )
}

/// Reads a file that must be UTF-8 and of a sane size.
pub(crate) fn read_text(path: &Path) -> Result<String, Box<Diagnostic>> {
    let error = |code, message: String| Diagnostic::new(Severity::Error, path, code, message);
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(json::MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|e| {
            let diagnostic = error("unreadable-file", format!("cannot be read: {e}"));
            let diagnostic = match e.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    diagnostic.hint("check the owner and mode of the file")
                }
                std::io::ErrorKind::NotFound => diagnostic.hint("check the path"),
                _ => diagnostic.hint("there must be a file of this name, on a disk that works"),
            };
            diagnostic.boxed()
        })?;
    if bytes.len() as u64 > json::MAX_BYTES {
        return Err(error(
            "file-too-large",
            format!("is larger than {} KiB", json::MAX_BYTES / 1024),
        )
        .hint("this cannot be the right file")
        .boxed());
    }
    String::from_utf8(bytes).map_err(|e| {
        let valid = e.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(e.as_bytes());
        error("not-utf8", "not UTF-8 from here on".into())
            .at(Position::of(&text, valid))
            .hint("save the file as UTF-8")
            .boxed()
    })
}

/// Whether the text looks like ours: by its keys, or because one of them stands in a text that
/// does not parse (then its mistakes are worth reporting).
fn is_ours(text: &str) -> bool {
    match json::object(Path::new(NAME), text) {
        Ok(object) => object
            .properties
            .iter()
            .any(|p| keys::find(keys::CONFIG, p.name.as_str()).is_some()),
        Err(_) => keys::CONFIG
            .iter()
            .any(|key| text.contains(&format!("\"{key}"))),
    }
}

/// Reads and checks the file.
pub(crate) fn read(path: &Path) -> file::File {
    match read_text(path) {
        Ok(text) => file::read(path, &text),
        Err(diagnostic) => file::File {
            diagnostics: vec![*diagnostic],
            unreadable: true,
            ..file::File::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn upwards_past_a_foreign_file() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(root.path().join(NAME), r#"{"hosts_x": ["web"]}"#).unwrap();
        fs::write(root.path().join("a").join(NAME), r#"{"auths": {}}"#).unwrap();
        assert_eq!(locate(None, &deep).unwrap(), root.path().join(NAME));
        // One of ours that is broken is not skipped.
        fs::write(deep.join(NAME), "{\"hosts_x\": [").unwrap();
        assert_eq!(locate(None, &deep).unwrap(), deep.join(NAME));
    }

    #[test]
    fn asked_for_by_name() {
        let root = tempfile::tempdir().unwrap();
        let at = |flag: &str| locate(Some(Path::new(flag)), root.path()).unwrap();
        assert_eq!(at("."), root.path().join(NAME));
        assert_eq!(at("other.json"), root.path().join("other.json"));
    }

    #[test]
    fn unreadable() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(NAME);
        let code = |path: &Path| read_text(path).unwrap_err().code;
        assert_eq!(code(&path), "unreadable-file");
        fs::write(&path, b"{\n  \"a\": \"\xff\"}").unwrap();
        let diagnostic = read_text(&path).unwrap_err();
        assert_eq!(diagnostic.at, Some(Position { line: 2, column: 9 }));
        fs::write(&path, vec![b' '; json::MAX_BYTES as usize + 1]).unwrap();
        assert_eq!(code(&path), "file-too-large");
    }
}
