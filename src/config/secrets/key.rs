//! The names of secrets.

use std::fmt;

/// A key of secrets.json; the text is the environment's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKey<'a> {
    /// User name for Terraform's state at GitLab.
    TerraformGitlabBackendUsername,
    /// Password or token for it.
    TerraformGitlabBackendPassword,
    /// The GitLab project that holds it.
    TerraformGitlabBackendProject,
    /// Who pulls images.
    GitlabDeployTokenUsername,
    /// The token for it.
    GitlabDeployTokenPassword,
    /// For Route 53.
    AwsAccessKeyId,
    /// For Route 53.
    AwsSecretAccessKey,
    /// Password of the log store.
    ElasticsearchPassword(&'a str),
    /// Token of the environment's Hetzner project.
    HcloudToken(&'a str),
    /// Address of the Hetzner API, where it is another than usual.
    HcloudEndpoint(&'a str),
    /// Password of Vault's database.
    VaultDbPassword(&'a str),
}

impl fmt::Display for SecretKey<'_> {
    /// As in secrets.json.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SecretKey::*;
        match self {
            TerraformGitlabBackendUsername => f.write_str("terraform_gitlab_backend_username"),
            TerraformGitlabBackendPassword => f.write_str("terraform_gitlab_backend_password"),
            TerraformGitlabBackendProject => f.write_str("terraform_gitlab_backend_project"),
            GitlabDeployTokenUsername => f.write_str("gitlab_deploy_token_username"),
            GitlabDeployTokenPassword => f.write_str("gitlab_deploy_token_password"),
            AwsAccessKeyId => f.write_str("aws_access_key_id"),
            AwsSecretAccessKey => f.write_str("aws_secret_access_key"),
            ElasticsearchPassword(env) => write!(f, "elasticsearch_password_{env}"),
            HcloudToken(env) => write!(f, "hcloud_token_{env}"),
            HcloudEndpoint(env) => write!(f, "hcloud_endpoint_{env}"),
            VaultDbPassword(env) => write!(f, "vault_db_password_{env}"),
        }
    }
}

impl SecretKey<'_> {
    /// The environment variable that may hold it.
    pub fn variable(&self) -> String {
        let name = self.to_string();
        let upper = name.chars().map(|c| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_uppercase(),
            false => '_',
        });
        "QD_SECRET_".chars().chain(upper).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;

    #[test]
    fn the_table_has_them_all() {
        use SecretKey::*;
        let all = [
            TerraformGitlabBackendUsername,
            TerraformGitlabBackendPassword,
            TerraformGitlabBackendProject,
            GitlabDeployTokenUsername,
            GitlabDeployTokenPassword,
            AwsAccessKeyId,
            AwsSecretAccessKey,
            ElasticsearchPassword(""),
            HcloudToken(""),
            HcloudEndpoint(""),
            VaultDbPassword(""),
        ];
        assert_eq!(all.map(|k| k.to_string()), keys::SECRETS);
    }

    #[test]
    fn variables() {
        assert_eq!(
            SecretKey::HcloudToken("eu-1").variable(),
            "QD_SECRET_HCLOUD_TOKEN_EU_1"
        );
        assert_eq!(
            SecretKey::AwsAccessKeyId.variable(),
            "QD_SECRET_AWS_ACCESS_KEY_ID"
        );
    }
}
