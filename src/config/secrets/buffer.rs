//! Text that is wiped when dropped, filled without leaving copies behind.

use crate::config::{
    diagnostic::{Diagnostic, Position, Severity},
    json::MAX_BYTES,
};
use std::{io::Read, path::Path};
use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

/// Bytes that never move: what grows is copied by hand and the old place wiped.
type Bytes = Zeroizing<Vec<u8>>;

/// Reads a whole file.
pub(super) fn read_file(path: &Path) -> Result<Zeroizing<String>, Box<Diagnostic>> {
    let unreadable = |e: std::io::Error| {
        Diagnostic::new(
            Severity::Error,
            path,
            "unreadable-file",
            format!("cannot be read: {e}"),
        )
        .hint("check the owner and mode of the file")
        .boxed()
    };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Bytes::new(Vec::new());
    let mut chunk = Zeroizing::new([0u8; 4096]);
    loop {
        let count = file.read(chunk.as_mut_slice()).map_err(unreadable)?;
        if count == 0 {
            return text(path, bytes);
        }
        if !append(&mut bytes, chunk.get(..count).unwrap_or_default()) {
            return Err(too_large(path));
        }
    }
}

/// Reads a stream to its end; `path` is where it comes from, for messages.
pub(super) async fn read_stream(
    path: &Path,
    mut from: impl AsyncRead + Unpin,
) -> Result<Zeroizing<String>, Box<Diagnostic>> {
    let mut bytes = Bytes::new(Vec::new());
    let mut chunk = Zeroizing::new([0u8; 4096]);
    loop {
        match from.read(chunk.as_mut_slice()).await {
            Ok(0) | Err(_) => return text(path, bytes),
            Ok(count) => {
                if !append(&mut bytes, chunk.get(..count).unwrap_or_default()) {
                    return Err(too_large(path));
                }
            }
        }
    }
}

fn too_large(path: &Path) -> Box<Diagnostic> {
    Diagnostic::new(
        Severity::Error,
        path,
        "file-too-large",
        format!("is larger than {} KiB", MAX_BYTES / 1024),
    )
    .hint("this cannot be the right file")
    .boxed()
}

/// False when there would be too much.
fn append(bytes: &mut Bytes, chunk: &[u8]) -> bool {
    let needed = bytes.len() + chunk.len();
    if needed as u64 > MAX_BYTES {
        return false;
    }
    if needed > bytes.capacity() {
        let mut larger = Bytes::new(Vec::with_capacity(
            needed.next_power_of_two().max(16 * 1024),
        ));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
    bytes.extend_from_slice(chunk);
    true
}

fn text(path: &Path, mut bytes: Bytes) -> Result<Zeroizing<String>, Box<Diagnostic>> {
    if let Err(e) = std::str::from_utf8(&bytes) {
        let valid = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let before = Zeroizing::new(String::from_utf8_lossy(valid).into_owned());
        return Err(
            Diagnostic::new(Severity::Error, path, "not-utf8", "not UTF-8 from here on")
                .at(Position::of(&before, before.len()))
                .hint("save the file as UTF-8")
                .boxed(),
        );
    }
    // Checked above, and the buffer moves without a copy.
    let text = String::from_utf8(std::mem::take(&mut *bytes)).unwrap_or_default();
    Ok(Zeroizing::new(text))
}
