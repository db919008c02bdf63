//! Settings and themes that are edited while the console runs hold at once.

use notify::{RecursiveMode, Watcher};
use std::{path::PathBuf, time::Duration};
use tokio::sync::mpsc;

/// Editors write in several steps; what comes within this time is one change.
const SETTLE: Duration = Duration::from_millis(150);

/// Calls `changed` after each change in one of these directories, as long as the returned
/// watcher lives. Directories that are not there are not watched.
///
/// # Errors
/// The system has no way of watching, or no more watches to give.
pub fn watch(
    directories: &[PathBuf],
    changed: impl Fn() + Send + 'static,
) -> notify::Result<notify::RecommendedWatcher> {
    let (tx, mut rx) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let reading = matches!(&event, Ok(event) if event.kind.is_access());
        if !reading {
            // One that waits already will see this change as well.
            let _ = tx.try_send(());
        }
    })?;
    for directory in directories.iter().filter(|directory| directory.is_dir()) {
        watcher.watch(directory, RecursiveMode::NonRecursive)?;
    }
    tokio::spawn(async move {
        while rx.recv().await.is_some() {
            tokio::time::sleep(SETTLE).await;
            while rx.try_recv().is_ok() {}
            changed();
        }
    });
    Ok(watcher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::{fs, sync::Arc};

    #[tokio::test]
    async fn a_change_is_told_and_reading_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("settings.toml");
        fs::write(&file, "").unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let missing = directory.path().join("themes");
        let _watcher = watch(&[directory.path().to_owned(), missing], move || {
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
        fs::read(&file).unwrap();
        tokio::time::sleep(SETTLE * 3).await;
        assert_eq!(count.load(Ordering::SeqCst), 0);
        fs::write(&file, "theme = \"light\"\n").unwrap();
        for _ in 0..100 {
            tokio::time::sleep(SETTLE / 3).await;
            if count.load(Ordering::SeqCst) > 0 {
                return;
            }
        }
        panic!("the change was not told");
    }
}
