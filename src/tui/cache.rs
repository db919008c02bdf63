//! What was last known of an environment, kept in `$XDG_CACHE_HOME/quarterdeck/`: shown
//! as stale, with its time, until the hosts answer. It never feeds an operation.

use super::model::{EnvId, World};
use crate::remote::systemd::Unit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A larger file is not read.
const LARGEST: u64 = 16 << 20;
/// Changes whenever what is kept does; another one is not read.
const VERSION: u32 = 1;

/// What is kept of an environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    hosts: BTreeMap<String, Host>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Host {
    at: Timestamp,
    units: Vec<Unit>,
}

impl Snapshot {
    /// What is known now; nothing when nothing is.
    pub fn of(world: &World) -> Option<Snapshot> {
        let hosts: BTreeMap<String, Host> = world
            .hosts
            .iter()
            .filter_map(|(id, host)| {
                let units = host.units.as_ref()?;
                let kept = Host {
                    at: host.units_at,
                    units: units.values().map(|unit| (**unit).clone()).collect(),
                };
                Some((id.to_string(), kept))
            })
            .collect();
        (!hosts.is_empty()).then_some(Snapshot {
            version: VERSION,
            hosts,
        })
    }

    /// Gives hosts of which nothing is known yet what was known of them, as stale.
    pub fn fill(self, world: &mut World) {
        for (id, host) in &mut world.hosts {
            if let Some(kept) = self.hosts.get(id.as_str())
                && host.units.is_none()
            {
                host.units = Some(
                    kept.units
                        .iter()
                        .map(|unit| (unit.name.clone(), Arc::new(unit.clone())))
                        .collect(),
                );
                host.units_at = kept.at;
                host.stale = true;
            }
        }
    }
}

/// Where it is kept.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    directory: Option<PathBuf>,
    /// Tells environments of the same name in different configurations apart.
    tag: String,
}

impl Cache {
    /// The user's cache, for environments of this configuration file.
    pub fn new(config: &Path) -> Cache {
        use etcetera::BaseStrategy;
        let base = etcetera::choose_base_strategy().ok();
        let config = fs::canonicalize(config).unwrap_or_else(|_| config.to_owned());
        let mut tag = String::new();
        for byte in Sha256::digest(config.as_os_str().as_encoded_bytes())
            .iter()
            .take(6)
        {
            let _ = write!(tag, "{byte:02x}");
        }
        Cache {
            directory: base.map(|base| base.cache_dir().join("quarterdeck")),
            tag,
        }
    }

    /// Keeps nothing.
    pub fn none() -> Cache {
        Cache::default()
    }

    fn path(&self, env: &EnvId) -> Option<PathBuf> {
        // A name that is not a plain file name is not kept.
        let name = env.as_str();
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
            return None;
        }
        Some(
            self.directory
                .as_ref()?
                .join(format!("{name}-{}.json", self.tag)),
        )
    }

    /// Reads what was kept; nothing when there is none that can be used.
    pub fn load(&self, env: &EnvId) -> Option<Snapshot> {
        let file = fs::File::open(self.path(env)?).ok()?;
        let mut text = Vec::new();
        file.take(LARGEST).read_to_end(&mut text).ok()?;
        let snapshot: Snapshot = serde_json::from_slice(&text).ok()?;
        (snapshot.version == VERSION).then_some(snapshot)
    }

    /// Keeps it, readable by the user alone.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn save(&self, env: &EnvId, snapshot: &Snapshot) -> io::Result<()> {
        let Some(path) = self.path(env) else {
            return Ok(());
        };
        if let Some(directory) = path.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)?;
        }
        // Whole or not at all, also when two consoles end at once.
        let new = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        let text = serde_json::to_vec(snapshot)?;
        let written = file.write_all(&text).and_then(|()| fs::rename(&new, &path));
        if written.is_err() {
            // What is left of it is of no use to anybody.
            let _ = fs::remove_file(&new);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::tests::{live, model};

    #[test]
    fn what_was_known_comes_back_stale() {
        let known = live();
        let env = EnvId::new("production");
        let snapshot = Snapshot::of(&known.worlds[&env]).unwrap();
        let text = serde_json::to_vec(&snapshot).unwrap();
        let read: Snapshot = serde_json::from_slice(&text).unwrap();
        assert_eq!(read, snapshot);
        let mut fresh = model();
        let world = fresh.worlds.get_mut(&env).unwrap();
        read.fill(world);
        assert_eq!(world.units().count(), known.worlds[&env].units().count());
        assert!(world.hosts.values().all(|host| host.stale));
        assert!(Snapshot::of(&fresh.worlds[&EnvId::new("void")]).is_none());
    }

    #[test]
    fn what_is_live_stays() {
        let known = live();
        let env = EnvId::new("production");
        let snapshot = Snapshot::of(&known.worlds[&env]).unwrap();
        let mut known = known;
        let world = known.worlds.get_mut(&env).unwrap();
        snapshot.fill(world);
        assert!(world.hosts.values().all(|host| !host.stale));
    }

    #[test]
    fn it_is_kept_for_the_user_alone_and_by_configuration() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let at = |tag: &str| Cache {
            directory: Some(directory.path().join("new")),
            tag: tag.into(),
        };
        let env = EnvId::new("production");
        let snapshot = Snapshot::of(&live().worlds[&env]).unwrap();
        at("a").save(&env, &snapshot).unwrap();
        assert_eq!(at("a").load(&env), Some(snapshot));
        assert_eq!(at("b").load(&env), None);
        assert_eq!(Cache::none().load(&env), None);
        let path = at("a").path(&env).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::write(&path, "{\"version\":1,\"hosts\":[").unwrap();
        assert_eq!(at("a").load(&env), None);
    }

    #[test]
    fn names_stay_inside_the_directory() {
        for name in ["../x", "a/b", "", ".hidden"] {
            let cache = Cache::new(Path::new("/nowhere/config.json"));
            assert_eq!(cache.path(&EnvId::new(name)), None, "{name}");
        }
    }
}
