//! Links that break: what a test or a person can have a simulated host do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
    time::Instant,
};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// All connections are cut after this many more bytes to clients.
    CutAfter(u64),
    /// Nothing passes for this long; connections stay open. Another one replaces it, so that
    /// zero ends it.
    Stall(Duration),
    /// All connections are cut and new ones refused for this long. Another one replaces it.
    Refuse(Duration),
    /// sshd restarts: all connections are cut.
    Restart,
    /// The host reboots: connections are cut, refused for two seconds, and a new boot begins.
    Reboot,
    /// Every running `journalctl` is killed.
    KillJournalctl,
    /// The journal begins a new file.
    Rotate,
    /// The journal begins a new file and drops all before.
    Vacuum,
}

impl Fault {
    /// From the words of `demo-fault`.
    pub(crate) fn parse(words: &[&str]) -> Option<Fault> {
        let seconds = |word: &str| {
            let seconds = word.parse::<f64>().ok()?;
            (0.0..=3600.0)
                .contains(&seconds)
                .then(|| Duration::from_secs_f64(seconds))
        };
        match words {
            ["cut", bytes] => bytes.parse().ok().map(Fault::CutAfter),
            ["stall", time] => seconds(time).map(Fault::Stall),
            ["refuse", time] => seconds(time).map(Fault::Refuse),
            ["restart"] => Some(Fault::Restart),
            ["reboot"] => Some(Fault::Reboot),
            ["kill-journalctl"] => Some(Fault::KillJournalctl),
            ["rotate"] => Some(Fault::Rotate),
            ["vacuum"] => Some(Fault::Vacuum),
            _ => None,
        }
    }
}

/// What is wrong at the moment.
#[derive(Debug, Clone, Copy, Default)]
struct Trouble {
    /// Connections of an older generation are cut.
    generation: u64,
    stalled: Option<Instant>,
    refused: Option<Instant>,
}

/// A host's faults, shared with its connections.
#[derive(Debug)]
pub(crate) struct Faults {
    trouble: watch::Sender<Trouble>,
    /// Bytes that still pass to clients.
    budget: AtomicU64,
}

impl Default for Faults {
    fn default() -> Faults {
        Faults {
            trouble: watch::Sender::new(Trouble::default()),
            budget: AtomicU64::new(u64::MAX),
        }
    }
}

impl Faults {
    /// Breaks the link, as far as the fault is one of the link.
    pub(crate) fn set(&self, fault: Fault) {
        self.trouble.send_modify(|trouble| match fault {
            Fault::CutAfter(bytes) => self.budget.store(bytes, Ordering::SeqCst),
            Fault::Stall(time) => trouble.stalled = Some(Instant::now() + time),
            Fault::Refuse(time) => {
                trouble.refused = Some(Instant::now() + time);
                trouble.generation += 1;
            }
            Fault::Restart => trouble.generation += 1,
            Fault::Reboot => {
                let up = Instant::now() + Duration::from_secs(2);
                trouble.refused = Some(trouble.refused.map_or(up, |until| until.max(up)));
                trouble.generation += 1;
            }
            Fault::KillJournalctl | Fault::Rotate | Fault::Vacuum => {}
        });
    }

    /// Whether new connections are refused.
    pub(super) fn refuses(&self) -> bool {
        self.trouble
            .borrow()
            .refused
            .is_some_and(|until| Instant::now() < until)
    }

    /// Carries bytes between a client and the server until either ends or a fault cuts it.
    pub(super) async fn carry<C, S>(self: Arc<Self>, client: C, server: S)
    where
        C: AsyncRead + AsyncWrite,
        S: AsyncRead + AsyncWrite,
    {
        let mut news = self.trouble.subscribe();
        let born = news.borrow_and_update().generation;
        let (client_in, client_out) = tokio::io::split(client);
        let (server_in, server_out) = tokio::io::split(server);
        tokio::select! {
            _ = news.wait_for(|trouble| trouble.generation != born) => {}
            () = self.pump(client_in, server_out, false) => {}
            () = self.pump(server_in, client_out, true) => {}
        }
    }

    async fn pump<R, W>(&self, mut from: R, mut to: W, counted: bool)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut buffer = vec![0; 32 * 1024];
        loop {
            let count = match from.read(&mut buffer).await {
                Ok(0) | Err(_) => 0,
                Ok(count) => count,
            };
            // Not even an end gets through a silent link.
            self.unstalled().await;
            if count == 0 {
                return;
            }
            let mut pass = count;
            if counted {
                pass = self.spend(count);
            }
            let Some(bytes) = buffer.get(..pass) else {
                return;
            };
            if to.write_all(bytes).await.is_err() || to.flush().await.is_err() {
                return;
            }
            if pass < count {
                // The cut is done: the next connection passes again.
                self.budget.store(u64::MAX, Ordering::SeqCst);
                self.trouble.send_modify(|trouble| trouble.generation += 1);
                return;
            }
        }
    }

    /// Returns once bytes pass.
    async fn unstalled(&self) {
        let mut news = self.trouble.subscribe();
        loop {
            let stalled = news.borrow_and_update().stalled;
            let Some(until) = stalled.filter(|until| Instant::now() < *until) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                // The sender lives as long as this.
                _ = news.changed() => {}
            }
        }
    }

    /// How many of these bytes still pass.
    fn spend(&self, count: usize) -> usize {
        let wanted = u64::try_from(count).unwrap_or(u64::MAX);
        let mut passed = count;
        let _ = self
            .budget
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                if left == u64::MAX {
                    passed = count;
                    return None;
                }
                let pass = left.min(wanted);
                passed = usize::try_from(pass).unwrap_or(count);
                Some(left - pass)
            });
        passed
    }
}
