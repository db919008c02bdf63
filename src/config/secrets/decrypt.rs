//! Runs the program that decrypts; its output stays in memory that is wiped.

use super::{Asking, Source, buffer};
use crate::config::{Diagnostic, Severity};
use std::{process::Stdio, time::Duration};
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
};
use zeroize::Zeroizing;

/// The code of everything that goes wrong here.
pub(super) const CODE: &str = "decryption-failed";

/// The decrypted text.
pub(super) async fn run(
    source: &Source,
    mut command: Command,
    asking: Asking,
) -> Result<Zeroizing<String>, Box<Diagnostic>> {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let limit = match asking {
        // Someone types, or looks for the hardware key.
        Asking::Terminal => {
            command.stdin(Stdio::inherit());
            Duration::from_secs(120)
        }
        Asking::Never => {
            // git-secret hands this to gpg: only what gpg-agent already knows. A process group
            // of its own cannot read from the terminal.
            command
                .stdin(Stdio::null())
                .env("SECRETS_PINENTRY", "cancel")
                .env_remove("GPG_TTY")
                .process_group(0);
            Duration::from_secs(30)
        }
    };
    let child =
        crate::job_control::start(|| command.spawn()).map_err(|e| cannot_start(source, &e))?;
    match tokio::time::timeout(limit, finish(source, child)).await {
        Ok(result) => result,
        Err(_) => Err(failed(
            source,
            format!(
                "{} gave no answer in {} s",
                source.program(),
                limit.as_secs()
            ),
        )),
    }
}

async fn finish(source: &Source, mut child: Child) -> Result<Zeroizing<String>, Box<Diagnostic>> {
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let text = async {
        match stdout {
            Some(stdout) => buffer::read_stream(source.path(), stdout).await,
            None => Ok(Zeroizing::new(String::new())),
        }
    };
    let complaint = async {
        let mut bytes = Vec::new();
        if let Some(mut stderr) = stderr {
            let mut first = (&mut stderr).take(4096);
            let _ = first.read_to_end(&mut bytes).await;
            // The rest is read so that the program does not wait for us.
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (text, complaint) = tokio::join!(text, complaint);
    let status = child
        .wait()
        .await
        .map_err(|e| failed(source, e.to_string()))?;
    let text = text?;
    if status.success() {
        return Ok(text);
    }
    let lines: Vec<_> = complaint
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(3)
        .collect();
    Err(failed(
        source,
        format!("{} says: {}", source.program(), lines.join("; ")),
    ))
}

fn cannot_start(source: &Source, error: &std::io::Error) -> Box<Diagnostic> {
    let program = source.program();
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => format!("install {program}"),
        _ => format!("see whether {program} works in a shell"),
    };
    failed(source, format!("cannot start {program}: {error}"))
        .hint(hint)
        .boxed()
}

fn failed(source: &Source, what: String) -> Box<Diagnostic> {
    let hint = match source {
        Source::GitSecret(_) => {
            "run `git secret cat secrets.json` beside it once, so that gpg-agent knows the passphrase; \
             `git secret whoknows` lists who can open it"
        }
        Source::Sops(_) => "see whether `sops --decrypt` works in a shell",
        Source::Age(_) => {
            "see whether `age --decrypt` works in a shell; age_identity in settings.toml names the key"
        }
    };
    // A warning: who cannot decrypt can still do everything that needs no secret.
    Diagnostic::new(
        Severity::Warning,
        source.path(),
        CODE,
        format!("cannot be decrypted: {what}"),
    )
    .hint(hint)
    .boxed()
}
