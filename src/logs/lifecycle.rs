//! What systemd and the kernel say about units and boots: starts, stops, failures, kills. Told by
//! their own texts, which are the same in every language and version we know.

use super::Entry;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// A unit was started, or the system came up.
    Started,
    /// It was stopped, or ended by itself as it should.
    Stopped,
    /// It is to be started again after it ended.
    Restarted,
    /// It failed.
    Failed,
    /// The kernel killed it for want of memory.
    OutOfMemory,
}

impl Lifecycle {
    /// What a line says, if it is about such a thing.
    pub fn of(entry: &Entry) -> Option<Lifecycle> {
        match entry.identifier.as_deref()? {
            "systemd" => systemd(&entry.message),
            "kernel" => kernel(&entry.message),
            _ => None,
        }
    }
}

fn systemd(message: &[u8]) -> Option<Lifecycle> {
    let has = |needle: &str| memchr::memmem::find(message, needle.as_bytes()).is_some();
    let begins = |start: &str| message.starts_with(start.as_bytes());
    if has("'oom-kill'") || has("killed by the OOM killer") {
        Some(Lifecycle::OutOfMemory)
    } else if has(": Failed with result")
        || begins("Failed to start ")
        || has("status=") && has(", code=") && !has("status=0/")
    {
        Some(Lifecycle::Failed)
    } else if has(": Scheduled restart job") {
        Some(Lifecycle::Restarted)
    } else if begins("Started ")
        || begins("Finished ")
        || begins("Reloaded ")
        || begins("Startup finished")
        || begins("Listening on ")
    {
        Some(Lifecycle::Started)
    } else if begins("Stopped ") || begins("Closed ") || has(": Deactivated successfully") {
        Some(Lifecycle::Stopped)
    } else {
        None
    }
}

fn kernel(message: &[u8]) -> Option<Lifecycle> {
    let has = |needle: &str| memchr::memmem::find(message, needle.as_bytes()).is_some();
    if has("Out of memory: Killed process")
        || has("oom-kill:")
        || has("Memory cgroup out of memory")
    {
        Some(Lifecycle::OutOfMemory)
    } else if message.starts_with(b"Linux version ") {
        Some(Lifecycle::Started)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::HostId;
    use std::sync::Arc;

    fn said(identifier: &str, message: &str) -> Option<Lifecycle> {
        Lifecycle::of(&Entry {
            host: HostId::new("h"),
            cursor: Arc::from("c"),
            realtime: 0,
            monotonic: 0,
            boot: 1,
            priority: 6,
            unit: None,
            identifier: Some(Arc::from(identifier)),
            pid: None,
            message: Arc::from(message.as_bytes()),
            cut_from: None,
        })
    }

    #[test]
    fn systemds_own_lines_are_told_apart() {
        use Lifecycle::*;
        for (message, expected) in [
            ("Started nginx.service - Web server.", Some(Started)),
            ("Finished backup.service - Backup.", Some(Started)),
            ("Starting nginx.service - Web server...", None),
            ("Stopped nginx.service - Web server.", Some(Stopped)),
            ("run-1.scope: Deactivated successfully.", Some(Stopped)),
            (
                "a.service: Main process exited, code=exited, status=1/FAILURE",
                Some(Failed),
            ),
            (
                "a.service: Main process exited, code=exited, status=0/SUCCESS",
                None,
            ),
            ("a.service: Failed with result 'exit-code'.", Some(Failed)),
            (
                "a.service: Failed with result 'oom-kill'.",
                Some(OutOfMemory),
            ),
            (
                "a.service: A process of this unit has been killed by the OOM killer.",
                Some(OutOfMemory),
            ),
            ("Failed to start a.service - A.", Some(Failed)),
            (
                "a.service: Scheduled restart job, restart counter is at 5.",
                Some(Restarted),
            ),
            ("a.service: Consumed 1.2s CPU time.", None),
        ] {
            assert_eq!(said("systemd", message), expected, "{message}");
        }
    }

    #[test]
    fn nobody_else_is_believed() {
        assert_eq!(said("nginx", "Started nginx.service - Web server."), None);
        let killed = "Out of memory: Killed process 4711 (java) total-vm:1kB";
        assert_eq!(said("kernel", killed), Some(Lifecycle::OutOfMemory));
        assert_eq!(said("sshd", killed), None);
    }
}
