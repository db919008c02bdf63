//! What systemd and the kernel say about units and boots: starts, stops, failures, kills. Told by
//! the `MESSAGE_ID`s of systemd's catalogue (`systemd.catalog`, sd-messages.h); where an entry has
//! none, by texts that are the same in every version we know.

use super::{Entry, entry::boot_id};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
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
    /// Its life as before: nothing to be seen from afar.
    Routine,
}

/// A process of a unit ended, as it should or not: the priority tells.
const PROCESS_EXITED: u128 = 0x98e32220_3f7a_4ed2_90d0_9fe03c09fe15;

/// From this priority on an exit is no success (systemd tells of those at debug).
const NOTICE: u8 = 5;

impl Lifecycle {
    /// What a line says, if it is about such a thing.
    pub fn of(entry: &Entry) -> Option<Lifecycle> {
        let told = match (entry.told, entry.identifier.as_deref()?) {
            (Some(told), _) => Some(told),
            (None, "systemd") => systemd(&entry.message),
            (None, "kernel") => kernel(&entry.message),
            _ => None,
        };
        told.filter(|told| *told != Lifecycle::Routine)
    }

    /// What a `MESSAGE_ID` stands for. Programs of systemd are believed, nobody else.
    pub(super) fn of_id(id: &[u8], identifier: &[u8], priority: u8) -> Option<Lifecycle> {
        if !identifier.starts_with(b"systemd") {
            return None;
        }
        Some(match boot_id(id)? {
            // SD_MESSAGE_UNIT_STARTED, _UNIT_RELOADED, _STARTUP_FINISHED,
            // _USER_STARTUP_FINISHED
            0x39f53479_d3a0_45ac_8e11_786248231fbf
            | 0x7b05ebc6_6838_4222_baa8_881179cfda54
            | 0xb07a249c_d024_414a_82dd_00cd181378ff
            | 0xeed00a68_ffd8_4e31_8821_05fd973abdd1 => Lifecycle::Started,
            // _UNIT_STOPPED, _UNIT_SUCCESS, _SHUTDOWN
            0x9d1aaa27_d601_40bd_9636_5438aad20286
            | 0x7ad2d189_f7e9_4e70_a38c_781354912448
            | 0x98268866_d1d5_4a49_9c4e_98921d93bc40 => Lifecycle::Stopped,
            // _UNIT_RESTART_SCHEDULED
            0x5eb03494_b658_4870_a536_b337290809b3 => Lifecycle::Restarted,
            // _UNIT_FAILED (a start job), _UNIT_FAILURE_RESULT, _SPAWN_FAILED, _COREDUMP
            0xbe02cf68_55d2_428b_a40d_f7e9d022f03d
            | 0xd9b373ed_55a6_4feb_8242_e02dbe79a49c
            | 0x64125765_1c1b_4ec9_a862_4d7a40a9e1e7
            | 0xfc2e22bc_6ee6_47b6_b907_29ab34a250b1 => Lifecycle::Failed,
            PROCESS_EXITED if priority <= NOTICE => Lifecycle::Failed,
            // _UNIT_OUT_OF_MEMORY
            0xfe6faa94_e777_4663_a0da_52717891d8ef => Lifecycle::OutOfMemory,
            // _UNIT_STARTING, _UNIT_STOPPING, _UNIT_RELOADING, _UNIT_RESOURCES, _UNIT_SKIPPED
            PROCESS_EXITED
            | 0x7d4958e8_42da_4a75_8f6c_1cdc7b36dcc5
            | 0xde5b426a_63be_47a7_b6ac_3eaac82e2f6f
            | 0xd34d037f_ff18_47e6_ae66_9a370e694725
            | 0xae8f7b86_6b03_47b9_af31_fe1c80b127c0
            | 0x0e4284a0_caca_4bfc_81c0_bb6786972673 => Lifecycle::Routine,
            _ => return None,
        })
    }
}

/// Whether lines of this unit and identifier may tell of a deployment ([`deployed`]).
pub fn may_deploy(unit: Option<&str>, identifier: Option<&str>) -> bool {
    identifier == Some("nixos") || unit.is_some_and(|unit| unit.starts_with("nixos-rebuild"))
}

/// Whether a line says that a host begins to run another configuration: what
/// switch-to-configuration of NixOS logs and prints.
pub fn deployed(entry: &Entry) -> bool {
    let begins = |start: &str| entry.message.starts_with(start.as_bytes());
    may_deploy(entry.unit.as_deref(), entry.identifier.as_deref())
        && (begins("switching to system configuration") || begins("activating the configuration"))
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
    use crate::{
        logs::{
            entry::{Interner, decode},
            export::{Limits, Parser},
        },
        remote::HostId,
    };
    use std::sync::Arc;

    fn entry() -> Entry {
        Entry {
            host: HostId::new("h"),
            cursor: Arc::from("c"),
            realtime: 0,
            monotonic: 0,
            boot: 1,
            priority: 6,
            unit: None,
            identifier: None,
            pid: None,
            message: Arc::from(&b""[..]),
            cut_from: None,
            told: None,
        }
    }

    fn said(identifier: &str, message: &str) -> Option<Lifecycle> {
        Lifecycle::of(&Entry {
            identifier: Some(Arc::from(identifier)),
            message: Arc::from(message.as_bytes()),
            ..entry()
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
    fn deployments_are_told_by_who_makes_them() {
        let by = |unit: Option<&str>, identifier: &str, message: &str| {
            deployed(&Entry {
                unit: unit.map(Arc::from),
                identifier: Some(Arc::from(identifier)),
                message: Arc::from(message.as_bytes()),
                ..entry()
            })
        };
        let switching = "switching to system configuration /nix/store/x";
        let activating = "activating the configuration...";
        assert!(by(None, "nixos", switching));
        assert!(by(
            Some("nixos-rebuild.service"),
            "nixos-rebuild",
            activating
        ));
        assert!(!by(
            Some("nixos-rebuild.service"),
            "nixos-rebuild",
            "building the system"
        ));
        assert!(!by(Some("web.service"), "web", activating));
    }

    #[test]
    fn nobody_else_is_believed() {
        assert_eq!(said("nginx", "Started nginx.service - Web server."), None);
        let killed = "Out of memory: Killed process 4711 (java) total-vm:1kB";
        assert_eq!(said("kernel", killed), Some(Lifecycle::OutOfMemory));
        assert_eq!(said("sshd", killed), None);
    }

    #[test]
    fn ids_tell_whatever_the_words_are() {
        use Lifecycle::*;
        let started = "39f53479d3a045ac8e11786248231fbf";
        let exited = "98e322203f7a4ed290d09fe03c09fe15";
        for (id, identifier, priority, expected) in [
            (started, "systemd", 6, Some(Started)),
            (
                "be02cf6855d2428ba40df7e9d022f03d",
                "systemd",
                3,
                Some(Failed),
            ),
            (
                "d9b373ed55a64feb8242e02dbe79a49c",
                "systemd",
                4,
                Some(Failed),
            ),
            (exited, "systemd", 5, Some(Failed)),
            (exited, "systemd", 7, Some(Routine)),
            (
                "fe6faa94e7774663a0da52717891d8ef",
                "systemd",
                5,
                Some(OutOfMemory),
            ),
            (
                "9d1aaa27d60140bd96365438aad20286",
                "systemd",
                6,
                Some(Stopped),
            ),
            (
                "5eb03494b6584870a536b337290809b3",
                "systemd",
                6,
                Some(Restarted),
            ),
            (
                "fc2e22bc6ee647b6b90729ab34a250b1",
                "systemd-coredump",
                2,
                Some(Failed),
            ),
            (started, "nginx", 6, None),
            ("39f53479", "systemd", 6, None),
            (
                "8d45620c1a4348dbb17410da57c60c66",
                "systemd-logind",
                6,
                None,
            ),
        ] {
            let told = Lifecycle::of_id(id.as_bytes(), identifier.as_bytes(), priority);
            assert_eq!(told, expected, "{id} of {identifier}");
        }
    }

    #[test]
    fn an_entry_with_an_id_is_told_by_it_alone() {
        let head = "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\n\
            _BOOT_ID=65fb330c45544b1aa2eb3c18f3295e98\nSYSLOG_IDENTIFIER=systemd\n";
        let told = |rest: &str| {
            let mut parser = Parser::new(Limits::LIST);
            parser.feed(format!("{head}{rest}\n").as_bytes());
            let raw = parser.next().unwrap().unwrap();
            let entry = decode(&raw, &HostId::new("h"), &mut Interner::default()).unwrap();
            Lifecycle::of(&entry)
        };
        let skipped = "MESSAGE_ID=0e4284a0caca4bfc81c0bb6786972673\n";
        let stopped = "MESSAGE_ID=9d1aaa27d60140bd96365438aad20286\n";
        assert_eq!(told("MESSAGE=Started web.\n"), Some(Lifecycle::Started));
        assert_eq!(told(&format!("MESSAGE=Started web.\n{skipped}")), None);
        let german = format!("{stopped}MESSAGE=web angehalten.\n");
        assert_eq!(told(&german), Some(Lifecycle::Stopped));
        assert_eq!(told(&format!("{german}SYSLOG_IDENTIFIER=web\n")), None);
    }
}
