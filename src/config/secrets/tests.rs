use super::*;
use std::{fs, os::unix::fs::PermissionsExt, process::Command};

fn beside(directory: &Path) -> Secrets {
    let mut secrets = Secrets::beside(
        &directory.join("config.json"),
        &Settings::default(),
        Asking::Never,
    );
    secrets.variable = Box::new(|_| None);
    secrets
}

async fn value(secrets: &Secrets, key: SecretKey<'_>) -> Option<(String, Origin)> {
    let secret = secrets.get(key).await.unwrap()?;
    Some((secret.expose().to_string(), secret.origin().clone()))
}

async fn findings(secrets: &Secrets, directory: &Path) -> Vec<String> {
    let found = secrets.check(&["production".to_string()]).await;
    let prefix = format!("{}/", directory.display());
    found
        .iter()
        .map(|d| d.to_string().replace(&prefix, ""))
        .collect()
}

/// Whether a test must be left because a program is not installed. Said aloud and counted like
/// in tests/common; where `CI=true` nothing may be missing.
fn missing(programs: &[&str]) -> bool {
    use std::io::Write;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<_> = std::env::split_paths(&path).collect();
    let Some(program) = programs
        .iter()
        .find(|program| !directories.iter().any(|d| d.join(program).is_file()))
    else {
        return false;
    };
    let in_ci = std::env::var_os("CI").is_some_and(|v| v == "true");
    assert!(!in_ci, "{program} must be installed where CI=true");
    let test = std::thread::current().name().unwrap_or("test").to_owned();
    let line = format!("{test}: {program} is not installed");
    let _ = writeln!(std::io::stderr(), "skipped: {line}");
    if let Some(path) = std::env::var_os("QD_TEST_SKIPPED") {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }
    true
}

/// Runs a program that must succeed; its standard output.
fn run(directory: &Path, program: &str, args: &[&str], variables: &[(String, String)]) -> String {
    let output = Command::new(program)
        .args(args)
        .current_dir(directory)
        .envs(variables.iter().map(|(k, v)| (k, v)))
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(
        output.status.success(),
        "{program} {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn plain_file_and_variables() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("secrets.json");
    let text = r#"{"hcloud_token_production": "from-file", "aws_access_key_id": "a\"b",
        "terraform_gitlab_backend_project": 4711, "vault_db_password_production": ""}"#;
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut secrets = beside(root.path());
    let file = Origin::File(path);
    let hcloud = SecretKey::HcloudToken("production");
    assert_eq!(
        value(&secrets, hcloud).await,
        Some(("from-file".into(), file.clone()))
    );
    assert_eq!(
        value(&secrets, SecretKey::AwsAccessKeyId).await.unwrap().0,
        "a\"b"
    );
    assert_eq!(
        value(&secrets, SecretKey::TerraformGitlabBackendProject)
            .await
            .unwrap()
            .0,
        "4711"
    );
    assert_eq!(
        value(&secrets, SecretKey::VaultDbPassword("production")).await,
        None
    );
    assert_eq!(value(&secrets, SecretKey::AwsSecretAccessKey).await, None);
    assert_eq!(findings(&secrets, root.path()).await, Vec::<String>::new());

    secrets.variable = Box::new(|name| Some(name.to_string()));
    let (found, origin) = value(&secrets, hcloud).await.unwrap();
    assert_eq!(found, "QD_SECRET_HCLOUD_TOKEN_PRODUCTION");
    assert_eq!(origin, Origin::Variable(found));
}

#[tokio::test]
async fn findings_have_places_and_no_values() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("secrets.json");
    let text = "{\n  \"hcloud_token_prodution\": \"hunter2\",\n  \"aws_acces_key_id\": \"hunter2\",\n  \
                \"aws_secret_access_key\": [\"hunter2\"],\n  \"hcloud_token_\": \"hunter2\",\n  \
                \"hcloud_token_production\": \"hunter2\",\n  \"hcloud_token_production\": \"hunter2\"\n}";
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let secrets = beside(root.path());
    let found = findings(&secrets, root.path()).await;
    assert!(!found.concat().contains("hunter2"), "{found:?}");
    let shown = found
        .join("\n")
        .replace(&root.path().display().to_string(), "DIR");
    insta::assert_snapshot!(shown);
}

#[tokio::test]
async fn a_broken_file_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    fs::write(
        root.path().join("secrets.json"),
        "{\"aws_access_key_id\": hunter2}",
    )
    .unwrap();
    let secrets = beside(root.path());
    let error = secrets.get(SecretKey::AwsAccessKeyId).await.err().unwrap();
    assert_eq!(error.code, "invalid-json");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert_eq!(
        findings(&secrets, root.path()).await,
        ["secrets.json:1:23: error: unexpected token"]
    );
}

/// A repository with git-secret and a key of its own, protected by the passphrase if any.
struct GitSecret {
    root: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl GitSecret {
    fn new(passphrase: &str, text: &str) -> GitSecret {
        // gpg-agent's socket must have a short path.
        let root = tempfile::Builder::new()
            .prefix("qd")
            .tempdir_in("/tmp")
            .unwrap();
        let home = root.path().join("g");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        let variables = vec![("GNUPGHOME".to_string(), home.display().to_string())];
        let repository = root.path().join("r");
        fs::create_dir(&repository).unwrap();
        let this = GitSecret { root, variables };
        this.run(
            "gpg",
            &[
                "--batch",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                passphrase,
                "--quick-gen-key",
                "ops <ops@example.test>",
                "default",
                "default",
                "never",
            ],
        );
        this.run("git", &["init", "-q", "."]);
        this.run("git", &["config", "user.email", "ops@example.test"]);
        this.run("git", &["config", "user.name", "ops"]);
        this.run("git", &["secret", "init"]);
        this.run("git", &["secret", "tell", "ops@example.test"]);
        fs::write(this.repository().join("secrets.json"), text).unwrap();
        fs::write(this.repository().join(".gitignore"), "secrets.json\n").unwrap();
        this.run("git", &["secret", "add", "secrets.json"]);
        this.run("git", &["secret", "hide"]);
        fs::remove_file(this.repository().join("secrets.json")).unwrap();
        this.run("gpgconf", &["--kill", "gpg-agent"]);
        this
    }

    fn repository(&self) -> PathBuf {
        self.root.path().join("r")
    }

    fn run(&self, program: &str, args: &[&str]) {
        run(&self.repository(), program, args, &self.variables);
    }

    fn secrets(&self) -> Secrets {
        let mut secrets = beside(&self.repository());
        secrets.program_variables = self.variables.clone();
        secrets
    }
}

impl Drop for GitSecret {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .args(["--kill", "gpg-agent"])
            .envs(self.variables.iter().map(|(k, v)| (k, v)))
            .status();
    }
}

#[tokio::test]
async fn git_secret() {
    if missing(&["git-secret", "gpg"]) {
        return;
    }
    let text = r#"{"hcloud_token_production": "hidden", "aws_acces_key_id": "x"}"#;
    let repository = GitSecret::new("", text);
    let secrets = repository.secrets();
    let directory = repository.repository();
    let key = SecretKey::HcloudToken("production");
    let before: Vec<_> = names(&directory);
    let (found, origin) = value(&secrets, key).await.unwrap();
    assert_eq!(found, "hidden");
    assert_eq!(origin, Origin::File(directory.join("secrets.json.secret")));
    assert_eq!(
        findings(&secrets, &directory).await,
        [
            "secrets.json.secret:1:39: warning: unknown key 'aws_acces_key_id' (did you mean 'aws_access_key_id'?)"
        ]
    );
    assert_eq!(
        names(&directory),
        before,
        "nothing decrypted is left on the disk"
    );

    // A pattern with empty values beside it does not hide the real ones, a filled one does.
    fs::write(
        directory.join("secrets.json"),
        r#"{"hcloud_token_production": ""}"#,
    )
    .unwrap();
    let secrets = repository.secrets();
    let (found, _) = value(&secrets, key).await.unwrap();
    assert_eq!(found, "hidden");
}

fn names(directory: &Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn git_secret_with_a_passphrase_nobody_can_type() {
    if missing(&["git-secret", "gpg"]) {
        return;
    }
    let repository = GitSecret::new("secret words", r#"{"aws_access_key_id": "x"}"#);
    let secrets = repository.secrets();
    let problem = secrets.get(SecretKey::AwsAccessKeyId).await.err().unwrap();
    assert_eq!(problem.code, decrypt::CODE);
    assert!(
        problem
            .message
            .contains("cannot be decrypted: git secret says: gpg: "),
        "{problem}"
    );
    assert!(
        problem.hint.as_deref().unwrap().contains("git secret cat"),
        "{problem}"
    );
    let found = findings(&secrets, &repository.repository()).await;
    assert!(
        found[0].starts_with("secrets.json.secret: warning: cannot be decrypted"),
        "{found:?}"
    );

    // What gpg-agent knows needs no question.
    repository.run(
        "git",
        &["secret", "cat", "-p", "secret words", "secrets.json"],
    );
    assert_eq!(
        value(&secrets, SecretKey::AwsAccessKeyId).await.unwrap().0,
        "x"
    );
}

#[tokio::test]
async fn age() {
    if missing(&["age", "age-keygen"]) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let directory = root.path();
    run(directory, "age-keygen", &["-o", "key.txt"], &[]);
    let recipient = run(directory, "age-keygen", &["-y", "key.txt"], &[]);
    let plain = directory.join("plain");
    fs::write(&plain, r#"{"vault_db_password_production": "hidden"}"#).unwrap();
    run(
        directory,
        "age",
        &["-r", recipient.trim(), "-o", "secrets.json.age", "plain"],
        &[],
    );
    fs::remove_file(plain).unwrap();

    let key = SecretKey::VaultDbPassword("production");
    let mut secrets = beside(directory);
    let identity = directory.join("key.txt").display().to_string();
    secrets.variable =
        Box::new(move |name| (name == "SOPS_AGE_KEY_FILE").then(|| identity.clone()));
    assert_eq!(value(&secrets, key).await.unwrap().0, "hidden");

    let mut secrets = beside(directory);
    secrets.age_identity = Some(directory.join("nowhere.txt"));
    let problem = secrets.get(key).await.err().unwrap();
    assert!(problem.message.contains("nowhere.txt"), "{problem}");
    // Variables do not touch the file.
    secrets.variable = Box::new(|_| Some("v".into()));
    assert_eq!(value(&secrets, key).await.unwrap().0, "v");
}
