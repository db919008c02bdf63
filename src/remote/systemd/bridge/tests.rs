use super::*;
use crate::problem::Problem;
use std::io;
use tokio::io::{AsyncRead, ReadBuf, empty, sink};

/// A process that says this and then this, and ends so.
fn process(stdout: Vec<u8>, stderr: &'static str, exit: ExitStatus) -> Process {
    Process {
        stdin: Box::new(sink()),
        stdout: Box::new(io::Cursor::new(stdout)),
        stderr: Box::new(stderr.as_bytes()),
        exit: Box::pin(async move { exit }),
    }
}

async fn failure(process: Process) -> Result<String, Problem> {
    match Bridge::over(HostId::new("web-1"), process).await {
        Ok(_) => panic!("no bridge was expected"),
        Err(Opening::Missing(said)) => Ok(said),
        Err(Opening::Lost(error) | Opening::Failed(error)) => Err(error.into()),
    }
}

#[tokio::test]
async fn each_reason_has_its_own_words() {
    let missing = "sh: 1: systemd-stdio-bridge: not found";
    let said = failure(process(vec![], missing, ExitStatus::Code(127))).await;
    assert_eq!(said.unwrap(), missing);
    let sudo = "sudo: systemd-stdio-bridge: command not found";
    let said = failure(process(vec![], sudo, ExitStatus::Code(1))).await;
    assert_eq!(said.unwrap(), sudo);
    for (stderr, exit, code) in [
        (
            "Failed to connect to bus: No such file or directory",
            ExitStatus::Code(1),
            "no-systemd",
        ),
        (
            "sudo: a password is required",
            ExitStatus::Code(1),
            "not-authorised",
        ),
        ("", ExitStatus::Lost, "systemd-link"),
    ] {
        let problem = failure(process(vec![], stderr, exit)).await.unwrap_err();
        assert_eq!(problem.code, code, "{problem}");
        assert_eq!(problem.host.as_deref(), Some("web-1"));
        assert!(
            problem
                .message
                .contains(stderr.trim_start_matches("sudo: ")),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn noise_instead_of_d_bus_is_an_error() {
    for noise in [
        b"Welcome to the server!\r\nLast login: yesterday\r\n".to_vec(),
        vec![0; 4096],
        vec![b'x'; 1 << 20],
    ] {
        let problem = failure(process(noise, "", ExitStatus::Code(0)))
            .await
            .unwrap_err();
        assert_eq!(problem.exit, Exit::Negative, "{problem}");
    }
}

/// Says hello, then announces a message of 100 MiB.
#[tokio::test]
async fn an_enormous_message_is_refused() {
    struct Announces(Vec<u8>, usize);
    impl AsyncRead for Announces {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            let this = self.get_mut();
            let rest = this.0.get(this.1..).unwrap_or_default();
            let count = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..count]);
            this.1 += count;
            if count == 0 {
                // Endless.
                let filler = vec![0; buffer.remaining()];
                buffer.put_slice(&filler);
            }
            std::task::Poll::Ready(Ok(()))
        }
    }
    let mut said = b"OK 0123456789abcdef0123456789abcdef\r\n".to_vec();
    said.extend([b'l', 2, 0, 1]);
    said.extend((100u32 << 20).to_le_bytes());
    said.extend(1u32.to_le_bytes());
    said.extend(0u32.to_le_bytes());
    let mut process = process(vec![], "", ExitStatus::Code(0));
    process.stdout = Box::new(Announces(said, 0));
    process.stderr = Box::new(empty());
    let problem = failure(process).await.unwrap_err();
    assert!(problem.message.contains("longer than 32 MiB"), "{problem}");
}
