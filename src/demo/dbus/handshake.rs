//! The greeting of a D-Bus connection, as the bridge gives it: everyone is let in.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// A line of the greeting is no longer.
const LONGEST: usize = 1024;

/// Greets the client until it begins to send messages.
pub(super) async fn greet(stream: &mut DuplexStream, guid: &str) -> io::Result<()> {
    // The first byte is a NUL that once carried credentials.
    stream.read_u8().await?;
    loop {
        let line = line(stream).await?;
        let mut words = line.split_ascii_whitespace();
        let answer = match (words.next(), words.next(), words.next()) {
            (Some("BEGIN"), _, _) => return Ok(()),
            (Some("AUTH"), Some("ANONYMOUS" | "EXTERNAL"), None) => "DATA\r\n".to_owned(),
            (Some("AUTH"), Some("ANONYMOUS" | "EXTERNAL"), Some(_)) | (Some("DATA"), _, _) => {
                format!("OK {guid}\r\n")
            }
            (Some("AUTH"), _, _) => "REJECTED ANONYMOUS EXTERNAL\r\n".to_owned(),
            // File descriptors do not go through a bridge.
            _ => "ERROR\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

async fn line(stream: &mut DuplexStream) -> io::Result<String> {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await? {
            b'\n' => return Ok(String::from_utf8_lossy(&line).into_owned()),
            byte if line.len() < LONGEST => line.push(byte),
            _ => return Err(io::Error::other("a line of the greeting is too long")),
        }
    }
}
