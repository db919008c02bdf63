//! Looking for the token, from what is meant for this environment to what is meant for any.

use super::{Access, Endpoint, Token, cli_config};
use crate::config::secrets::{Origin, SecretKey, Secrets};
use crate::problem::{Exit, Problem};
use crate::remote::hetzner::error::problem;
use secrecy::SecretString;
use std::{process::Stdio, time::Duration};
use tokio::{io::AsyncReadExt, process::Command};
use zeroize::Zeroizing;

/// How long a command that prints the token may take: somebody may have to touch a key.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than any token has.
const MAX_BYTES: u64 = 4096;

/// Where tokens may come from.
pub struct Sources<'a> {
    /// The environment's secrets; `None` where there is no config.json.
    pub secrets: Option<&'a Secrets>,
    /// `hetzner_token_command` of the settings: a program and its arguments.
    pub command: &'a [String],
    /// This process's variables.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
}

/// Finds endpoint and token of an environment: its secrets.json first, then `HCLOUD_TOKEN`, then
/// the command, then the hcloud program's active context. `HCLOUD_ENDPOINT` goes with all of them
/// that say nothing of an endpoint themselves.
///
/// # Errors
/// `no-token` when there is none; else what is wrong with the one that was found.
pub async fn find(environment: &str, sources: &Sources<'_>) -> Result<Access, Problem> {
    let variable = |name: &str| (sources.variable)(name).filter(|value| !value.is_empty());
    let named = variable("HCLOUD_ENDPOINT");
    let access = |token: SecretString, origin: String, endpoint: Option<String>| {
        let endpoint = match endpoint.or_else(|| named.clone()) {
            Some(text) => Endpoint::parse(&text)?,
            None => Endpoint::hetzner()?,
        };
        Ok(Access {
            endpoint,
            token: Token::new(token),
            origin,
        })
    };
    if let Some(secrets) = sources.secrets
        && let Some(secret) = secrets.get(SecretKey::HcloudToken(environment)).await?
    {
        let endpoint = secrets.get(SecretKey::HcloudEndpoint(environment)).await?;
        let endpoint = endpoint.map(|endpoint| endpoint.expose().to_owned());
        return access(
            SecretString::from(secret.expose()),
            origin(secret.origin()),
            endpoint,
        );
    }
    if let Some(token) = variable("HCLOUD_TOKEN") {
        return access(SecretString::from(token), "HCLOUD_TOKEN".to_owned(), None);
    }
    if let [program, arguments @ ..] = sources.command {
        let token = run(program, arguments, environment).await?;
        return access(token, format!("the command {program}"), None);
    }
    if let Some(path) = cli_config::path(sources.variable)
        && let Some(found) = cli_config::read(&path, variable("HCLOUD_CONTEXT").as_deref())?
    {
        let origin = format!("context {} of {}", found.name, path.display());
        return access(found.token, origin, found.endpoint);
    }
    Err(problem(
        "no-token",
        Exit::Usage,
        format!("there is no token for the Hetzner project of {environment}"),
    )
    .hint(format!(
        "make one in Hetzner's console (Security, API tokens) and set HCLOUD_TOKEN, or \
         hcloud_token_{environment} in secrets.json"
    )))
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Variable(name) => name.clone(),
        Origin::File(path) => path.display().to_string(),
    }
}

/// What the command prints. The environment is told by `QD_ENV`.
async fn run(
    program: &str,
    arguments: &[String],
    environment: &str,
) -> Result<SecretString, Problem> {
    let failed = |why: String| {
        problem(
            "token-command",
            Exit::Usage,
            format!("the command {program} gives no token: {why}"),
        )
        .hint("see whether it works in a shell; it is hetzner_token_command of settings.toml")
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("QD_ENV", environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = crate::job_control::start(|| command.spawn())
        .map_err(|error| failed(format!("it cannot be started: {error}")))?;
    let reading = async {
        let mut text = Zeroizing::new(String::with_capacity(2 * MAX_BYTES as usize));
        if let Some(out) = child.stdout.take() {
            out.take(MAX_BYTES)
                .read_to_string(&mut text)
                .await
                .map_err(|error| error.to_string())?;
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        match status.success() {
            true => Ok(text),
            false => Err(format!("it ends with {status}")),
        }
    };
    let text = match tokio::time::timeout(PATIENCE, reading).await {
        Ok(text) => text.map_err(failed)?,
        Err(_) => return Err(failed(format!("nothing in {} s", PATIENCE.as_secs()))),
    };
    match text.trim() {
        "" => Err(failed("it prints nothing".to_owned())),
        token if token.contains(char::is_whitespace) => {
            Err(failed("it prints more than one word".to_owned()))
        }
        token => Ok(SecretString::from(token)),
    }
}
