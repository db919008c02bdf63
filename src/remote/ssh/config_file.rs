//! A subset of ssh_config(5), for machines without the `ssh` program: Host blocks, Include and the
//! keywords that the built-in transport knows. What it passes over it says.

use super::glob::glob;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Files within files: nobody has more, a loop would.
const DEPTH: usize = 16;
/// No ssh_config that people keep is larger, in bytes.
const MOST: u64 = 1024 * 1024;
/// Keywords whose values add up; of all others the first holds.
const REPEATED: &[&str] = &["identityfile", "certificatefile"];
/// Keywords that the built-in transport acts on.
const KNOWN: &[&str] = &[
    "batchmode",
    "certificatefile",
    "connecttimeout",
    "globalknownhostsfile",
    "hashknownhosts",
    "hostkeyalias",
    "hostname",
    "identitiesonly",
    "identityagent",
    "identityfile",
    "kbdinteractiveauthentication",
    "passwordauthentication",
    "port",
    "preferredauthentications",
    "proxycommand",
    "proxyjump",
    "pubkeyauthentication",
    "serveralivecountmax",
    "serveraliveinterval",
    "stricthostkeychecking",
    "user",
    "userknownhostsfile",
];
/// What ssh takes where nothing is configured.
const DEFAULTS: &[(&str, &[&str])] = &[
    ("globalknownhostsfile", &["/etc/ssh/ssh_known_hosts"]),
    (
        "identityfile",
        &["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"],
    ),
    ("userknownhostsfile", &["~/.ssh/known_hosts"]),
];

/// What the files say about one host.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Values by keyword (lower case), as `ssh -G` would give them.
    pub(super) values: BTreeMap<String, Vec<String>>,
    /// `file:line: keyword` of everything that was passed over.
    pub(super) ignored: Vec<String>,
}

/// Reads the files in order, for a host as the user names it.
pub(super) fn read(files: &[PathBuf], home: &Path, host: &str) -> Found {
    let mut found = Found::default();
    for file in files {
        Reader {
            home,
            host,
            found: &mut found,
        }
        .file(file, true, 0);
    }
    for (keyword, values) in DEFAULTS {
        found
            .values
            .entry((*keyword).to_owned())
            .or_insert_with(|| values.iter().map(|v| (*v).to_owned()).collect());
    }
    found
}

struct Reader<'a> {
    home: &'a Path,
    host: &'a str,
    found: &'a mut Found,
}

impl Reader<'_> {
    fn file(&mut self, file: &Path, outer: bool, depth: usize) {
        let fits = std::fs::metadata(file).is_ok_and(|m| m.is_file() && m.len() <= MOST);
        if depth > DEPTH || !fits {
            return;
        }
        let Ok(bytes) = std::fs::read(file) else {
            return;
        };
        let mut applies = outer;
        for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let Some((keyword, value)) = split(line) else {
                continue;
            };
            match keyword.as_str() {
                "host" => applies = outer && self.named(&value),
                "match" => {
                    applies = outer && value.eq_ignore_ascii_case("all");
                    if !applies {
                        self.ignore(file, number, &format!("Match {value}"));
                    }
                }
                _ if !applies => {}
                "include" => {
                    for path in words(&value) {
                        for included in self.included(&path) {
                            self.file(&included, true, depth + 1);
                        }
                    }
                }
                known if KNOWN.contains(&known) => self.set(keyword, value),
                _ => self.ignore(file, number, &keyword),
            }
        }
    }

    fn set(&mut self, keyword: String, value: String) {
        let repeated = REPEATED.contains(&keyword.as_str());
        let values = self.found.values.entry(keyword).or_default();
        if repeated || values.is_empty() {
            values.push(value);
        }
    }

    fn ignore(&mut self, file: &Path, number: usize, what: &str) {
        let place = format!("{}:{}: {what}", file.display(), number + 1);
        if !self.found.ignored.contains(&place) {
            self.found.ignored.push(place);
        }
    }

    fn named(&self, patterns: &str) -> bool {
        let mut named = false;
        for pattern in words(patterns) {
            match pattern.strip_prefix('!') {
                Some(not) if glob(not.as_bytes(), self.host.as_bytes()) => return false,
                None if glob(pattern.as_bytes(), self.host.as_bytes()) => named = true,
                _ => {}
            }
        }
        named
    }

    /// Relative to `~/.ssh`; patterns in the last part only.
    fn included(&self, path: &str) -> Vec<PathBuf> {
        let path = match path.strip_prefix("~/") {
            Some(rest) => self.home.join(rest),
            None => self.home.join(".ssh").join(path),
        };
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Vec::new();
        };
        let pattern = name.to_string_lossy().into_owned();
        if !pattern.contains(['*', '?']) {
            return vec![path];
        }
        let Ok(entries) = std::fs::read_dir(directory) else {
            return Vec::new();
        };
        let mut files: Vec<_> = entries
            .flatten()
            .filter(|e| {
                glob(
                    pattern.as_bytes(),
                    e.file_name().to_string_lossy().as_bytes(),
                )
            })
            .map(|e| e.path())
            .collect();
        files.sort();
        files
    }
}

/// `Keyword value`, `Keyword=value` or `Keyword = value`; None for comments and empty lines.
fn split(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (keyword, rest) = line.split_once([' ', '\t', '='])?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim();
    let value = match rest.strip_prefix('"').and_then(|r| r.strip_suffix('"')) {
        Some(quoted) if !quoted.contains('"') => quoted,
        _ => rest,
    };
    Some((keyword.to_ascii_lowercase(), value.to_owned()))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| word.trim_matches('"').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# a comment
Port 2222
Host web-? !web-9
    HostName = \"10.0.0.7\"
    User deploy
    IdentityFile ~/.ssh/one
    ForwardX11 yes
Match exec \"true\"
    User nobody
Host *
    User operator
    IdentityFile ~/.ssh/two
    Include more-*
";

    fn lookup(host: &str) -> Found {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".ssh")).unwrap();
        std::fs::write(home.path().join(".ssh/config"), FILE).unwrap();
        std::fs::write(
            home.path().join(".ssh/more-jump"),
            "ProxyJump bastion\nHost other\nPort 1\n",
        )
        .unwrap();
        read(&[home.path().join(".ssh/config")], home.path(), host)
    }

    #[test]
    fn the_first_value_holds_and_identities_add_up() {
        let found = lookup("web-1");
        let values = |key: &str| found.values[key].join(" ");
        assert_eq!(values("hostname"), "10.0.0.7");
        assert_eq!(values("port"), "2222");
        assert_eq!(values("user"), "deploy");
        assert_eq!(values("identityfile"), "~/.ssh/one ~/.ssh/two");
        assert_eq!(values("proxyjump"), "bastion");
        assert_eq!(values("userknownhostsfile"), "~/.ssh/known_hosts");
    }

    #[test]
    fn negation_keeps_a_host_out() {
        assert_eq!(lookup("web-9").values["user"], ["operator"]);
    }

    #[test]
    fn what_is_passed_over_is_told_with_its_place() {
        let ignored = lookup("web-1").ignored.join("\n");
        assert!(ignored.contains("config:7: forwardx11"), "{ignored}");
        assert!(ignored.contains("config:8: Match exec"), "{ignored}");
    }

    /// Where ssh is at hand it is the judge.
    #[test]
    fn ssh_agrees() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config");
        std::fs::write(&file, FILE.replace("    Include more-*\n", "")).unwrap();
        for host in ["web-1", "web-9", "db", "web-10"] {
            let asked = std::process::Command::new("ssh")
                .arg("-F")
                .arg(&file)
                .args(["-G", host])
                .output();
            let Ok(asked) = asked else { return };
            let text = String::from_utf8_lossy(&asked.stdout).into_owned();
            let found = read(std::slice::from_ref(&file), home.path(), host);
            // `Match exec "true"` is ssh's alone, and it comes after the block's own user.
            for key in ["hostname", "port", "identityfile"] {
                let theirs: Vec<_> = text
                    .lines()
                    .filter_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
                    .collect();
                let ours = found
                    .values
                    .get(key)
                    .cloned()
                    .unwrap_or(vec![host.to_owned()]);
                assert_eq!(theirs, ours, "{key} of {host}");
            }
        }
    }
}
