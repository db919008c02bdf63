//! A login shell on this process's own terminal, which is put into raw mode meanwhile and back
//! whatever happens.

use super::{Native, channel};
use crate::remote::ssh::{ExitStatus, Process, SshError};
use crossterm::terminal;
use std::io::Write;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Until it ends. Standard input is read on a thread of its own that outlives the shell: for
/// programs that end with it.
pub(in crate::remote::ssh) async fn run(native: &Native) -> Result<ExitStatus, SshError> {
    let refused = |error| native.channel("cannot open a shell", error);
    let opened = native.handle.channel_open_session().await;
    let session = opened.map_err(refused)?;
    let (columns, rows) = size();
    let term = std::env::var("TERM").unwrap_or_else(|_| "xterm".to_owned());
    let asked = session.request_pty(false, &term, columns, rows, 0, 0, &[]);
    asked.await.map_err(refused)?;
    session.request_shell(true).await.map_err(refused)?;
    let (resize, sizes) = watch::channel((columns, rows));
    let Process {
        mut stdin,
        mut stdout,
        exit,
        ..
    } = channel::process(session, Some(sizes), None);
    let _raw = Raw::set();
    let input = tokio::spawn(async move {
        let _ = copy(&mut tokio::io::stdin(), &mut stdin).await;
        let _ = stdin.shutdown().await;
    });
    let resizing = tokio::spawn(async move {
        let Ok(mut changes) = signal(SignalKind::window_change()) else {
            return;
        };
        while changes.recv().await.is_some() && resize.send(size()).is_ok() {}
    });
    let mut screen = tokio::io::stdout();
    let mut buffer = vec![0; 32 * 1024];
    while let Ok(count @ 1..) = stdout.read(&mut buffer).await {
        let written = screen
            .write_all(buffer.get(..count).unwrap_or_default())
            .await;
        if written.is_err() || screen.flush().await.is_err() {
            break;
        }
    }
    let status = exit.await;
    input.abort();
    resizing.abort();
    Ok(status)
}

/// Columns and rows.
fn size() -> (u32, u32) {
    let (columns, rows) = terminal::size().unwrap_or((80, 24));
    (columns.into(), rows.into())
}

/// Raw mode, undone when dropped.
struct Raw;

impl Raw {
    fn set() -> Raw {
        let _ = terminal::enable_raw_mode();
        Raw
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
        // A shell that was cut off may leave the cursor hidden.
        let _ = std::io::stdout().write_all(b"\x1b[?25h");
        let _ = std::io::stdout().flush();
    }
}
