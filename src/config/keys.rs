//! The keys of config.json and secrets.json, and what a key's text means.
//!
//! Terraform and Packer read the same files, so names and meaning are fixed. A name that ends
//! in `_` is a prefix: the rest of the key names the environment.

use super::diagnostic::closest;

/// Keys of config.json.
pub const CONFIG: &[&str] = &[
    "terraform_packer_environment",
    "nixos_snapshot_id",
    "domain_name_",
    "domain_alternative_names_",
    "hosts_",
    "ssh_user_",
    "ssh_config_",
    "ssh_transport_",
    "colour_",
    "read_only_",
    "vault_addr_",
    "vault_direct_",
];

/// Keys of secrets.json.
pub const SECRETS: &[&str] = &[
    "terraform_gitlab_backend_username",
    "terraform_gitlab_backend_password",
    "terraform_gitlab_backend_project",
    "gitlab_deploy_token_username",
    "gitlab_deploy_token_password",
    "aws_access_key_id",
    "aws_secret_access_key",
    "elasticsearch_password_",
    "hcloud_token_",
    "hcloud_endpoint_",
    "vault_db_password_",
];

/// A key's text, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known<'a> {
    /// As in the table, so a prefix keeps its `_`.
    pub(crate) name: &'static str,
    /// What follows the prefix; `None` for keys without an environment.
    pub(crate) environment: Option<&'a str>,
}

/// Finds the key in a table. Environment names may hold `_`, so the longest prefix wins.
pub(crate) fn find<'a>(table: &'static [&'static str], text: &'a str) -> Option<Known<'a>> {
    table
        .iter()
        .filter_map(|name| {
            let rest = text.strip_prefix(name)?;
            let environment = match (name.ends_with('_'), rest) {
                (true, rest) => Some(rest),
                (false, "") => None,
                (false, _) => return None,
            };
            Some(Known { name, environment })
        })
        .max_by_key(|known| known.name.len())
}

/// The key that an unknown one was meant to be.
pub(crate) fn suggest(
    table: &'static [&'static str],
    text: &str,
    environments: &[String],
) -> Option<String> {
    let candidates: Vec<String> = table
        .iter()
        .flat_map(|name| {
            if name.ends_with('_') {
                environments.iter().map(|e| format!("{name}{e}")).collect()
            } else {
                vec![name.to_string()]
            }
        })
        .collect();
    if let Some(found) = closest(text, candidates.iter().map(String::as_str)) {
        return Some(found.to_string());
    }
    // The environment may be a new one: compare the part before each `_` with the prefixes.
    text.char_indices()
        .rev()
        .filter(|(_, c)| matches!(c, '_' | '-'))
        .filter_map(|(at, _)| text.split_at_checked(at))
        .find_map(|(prefix, rest)| {
            let prefixes = table.iter().filter_map(|name| name.strip_suffix('_'));
            let environment = rest.get(1..).filter(|e| environment_error(e).is_none())?;
            Some(format!("{}_{environment}", closest(prefix, prefixes)?))
        })
}

/// Why a text cannot name an environment: it is the value of a Hetzner label.
pub(crate) fn environment_error(name: &str) -> Option<&'static str> {
    let alphanumeric = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if name.is_empty() {
        Some("the key ends where the environment's name should be")
    } else if name.len() > 63 {
        Some("an environment's name has at most 63 characters")
    } else if !alphanumeric(name.chars().next()) || !alphanumeric(name.chars().last()) {
        Some("an environment's name starts and ends with a letter or digit")
    } else if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    {
        Some("an environment's name has only letters, digits, '-', '_' and '.'")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_may_hold_underscores() {
        let found = find(CONFIG, "hosts_eu_west_1").unwrap();
        assert_eq!(
            (found.name, found.environment),
            ("hosts_", Some("eu_west_1"))
        );
        let found = find(SECRETS, "vault_db_password_a").unwrap();
        assert_eq!(found.environment, Some("a"));
        assert_eq!(find(CONFIG, "nixos_snapshot_id_production"), None);
        assert_eq!(find(CONFIG, "hosts"), None);
        assert_eq!(find(CONFIG, "hosts_").unwrap().environment, Some(""));
    }

    #[test]
    fn no_prefix_hides_another() {
        for table in [CONFIG, SECRETS] {
            for a in table {
                for b in table.iter().filter(|b| *b != a && a.ends_with('_')) {
                    assert!(!b.starts_with(a), "{b} reads as {a}");
                }
            }
        }
    }

    #[test]
    fn suggestions() {
        let environments = ["production".to_string()];
        let suggest = |text| suggest(CONFIG, text, &environments);
        assert_eq!(
            suggest("color_production").as_deref(),
            Some("colour_production")
        );
        assert_eq!(
            suggest("host_production").as_deref(),
            Some("hosts_production")
        );
        assert_eq!(
            suggest("hosts-production").as_deref(),
            Some("hosts_production")
        );
        assert_eq!(
            suggest("nixos_snapshotid").as_deref(),
            Some("nixos_snapshot_id")
        );
        assert_eq!(
            suggest("domain_nam_staging").as_deref(),
            Some("domain_name_staging")
        );
        assert_eq!(suggest("registry_url"), None);
        assert_eq!(suggest("é_é"), None);
    }

    #[test]
    fn environment_names() {
        assert_eq!(environment_error("eu_west-1.a"), None);
        for bad in ["", "-a", "a_", "ä", "a b", &"a".repeat(64)] {
            assert!(environment_error(bad).is_some(), "{bad}");
        }
    }
}
