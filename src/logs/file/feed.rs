//! Bytes of files, pipes and decompressing programs, also as they grow.

use super::{PEEK, Place};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

/// Bytes read at once.
const CHUNK: usize = 256 << 10;
/// How long nothing has to come before what is under way counts as whole; and how often a file is
/// looked at for new bytes.
const IDLE: Duration = Duration::from_millis(150);

/// Standard input, with what was read of it already.
#[derive(Debug)]
pub(super) struct Input {
    peeked: Vec<u8>,
    rest: File,
}

impl Input {
    pub(super) fn stdin() -> io::Result<Input> {
        // Past the buffer of std's own: this is the only reader.
        let mut rest = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let mut peeked = vec![0; PEEK];
        let count = retry(|| rest.read(&mut peeked))?;
        peeked.truncate(count);
        Ok(Input { peeked, rest })
    }

    pub(super) fn peeked(&self) -> &[u8] {
        &self.peeked
    }
}

/// The first bytes of a file.
pub(super) fn peek(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(PEEK as u64)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The first bytes of what is packed in a file.
pub(super) fn peek_packed(path: &Path, program: &[&str]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    unpack(path, program)?
        .take(PEEK as u64)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn retry(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// A decompressing program; ended when dropped.
#[derive(Debug)]
struct Unpacked {
    child: Child,
    done: bool,
}

fn unpack(path: &Path, program: &[&str]) -> io::Result<Unpacked> {
    let mut words = program.iter();
    let mut command = Command::new(words.next().unwrap_or(&"cat"));
    command
        .args(words)
        .stdin(File::open(path)?)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = crate::job_control::start(|| command.spawn())?;
    Ok(Unpacked { child, done: false })
}

impl Read for Unpacked {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.child.stdout {
            Some(stdout) => stdout.read(buf)?,
            None => 0,
        };
        if count == 0 && !self.done {
            self.done = true;
            let mut said = String::new();
            if let Some(stderr) = self.child.stderr.take() {
                let _ = stderr.take(4 << 10).read_to_string(&mut said);
            }
            if !self.child.wait()?.success() {
                return Err(io::Error::other(said.trim().to_owned()));
            }
        }
        Ok(count)
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        if !self.done {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Event {
    Bytes(Vec<u8>),
    /// Nothing for a while.
    Idle,
    /// The file was replaced or made shorter: what comes is its beginning.
    Anew,
    End,
}

/// A source of bytes, from its beginning or some place in it.
pub(super) enum Feed {
    /// Read here; ends at its end.
    Once(Box<dyn Read + Send>, Option<Vec<u8>>),
    /// Read by another thread, so that a pause is noticed.
    Pipe(mpsc::Receiver<io::Result<Vec<u8>>>),
    /// A file that grows.
    Growing(Growing),
}

pub(super) struct Growing {
    path: PathBuf,
    file: File,
    at: u64,
    /// Bytes came since the last pause.
    fresh: bool,
}

impl Feed {
    /// Everything up to the end there is now.
    pub(super) fn once(place: &Place) -> io::Result<Feed> {
        Ok(match place {
            Place::Path(path, None) => Feed::Once(Box::new(File::open(path)?), None),
            Place::Path(path, Some(program)) => Feed::Once(Box::new(unpack(path, program)?), None),
            Place::Input(input) => {
                let Input { peeked, rest } = take(input)?;
                Feed::Once(Box::new(rest), Some(peeked))
            }
        })
    }

    /// The same of a file from this byte on; of a packed one, from this byte of what is packed.
    pub(super) fn once_from(place: &Place, from: u64) -> io::Result<Feed> {
        match place {
            Place::Path(path, None) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(from))?;
                Ok(Feed::Once(Box::new(file), None))
            }
            Place::Path(path, Some(program)) => {
                let mut unpacked = unpack(path, program)?;
                io::copy(&mut (&mut unpacked).take(from), &mut io::sink())?;
                Ok(Feed::Once(Box::new(unpacked), None))
            }
            Place::Input(_) => Feed::once(place),
        }
    }

    /// The same, and what comes after it; a file from this byte on.
    pub(super) fn growing(place: &Place, from: u64) -> io::Result<Feed> {
        Ok(match place {
            Place::Path(path, None) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(from))?;
                Feed::Growing(Growing {
                    path: path.clone(),
                    file,
                    at: from,
                    fresh: false,
                })
            }
            // What is packed does not grow.
            Place::Path(path, Some(program)) => Feed::Once(Box::new(unpack(path, program)?), None),
            Place::Input(input) => {
                let Input { peeked, mut rest } = take(input)?;
                let (sender, receiver) = mpsc::sync_channel(4);
                std::thread::spawn(move || {
                    if !peeked.is_empty() && sender.send(Ok(peeked)).is_err() {
                        return;
                    }
                    loop {
                        let read = chunk(&mut rest);
                        let last = !matches!(&read, Ok(bytes) if !bytes.is_empty());
                        if sender.send(read).is_err() || last {
                            return;
                        }
                    }
                });
                Feed::Pipe(receiver)
            }
        })
    }

    pub(super) fn next(&mut self) -> io::Result<Event> {
        match self {
            Feed::Once(reader, peeked) => {
                if let Some(peeked) = peeked.take() {
                    return Ok(Event::Bytes(peeked));
                }
                let bytes = chunk(reader)?;
                Ok(if bytes.is_empty() {
                    Event::End
                } else {
                    Event::Bytes(bytes)
                })
            }
            Feed::Pipe(receiver) => match receiver.recv_timeout(IDLE) {
                Ok(Ok(bytes)) if bytes.is_empty() => Ok(Event::End),
                Ok(Ok(bytes)) => Ok(Event::Bytes(bytes)),
                Ok(Err(error)) => Err(error),
                Err(mpsc::RecvTimeoutError::Timeout) => Ok(Event::Idle),
                Err(mpsc::RecvTimeoutError::Disconnected) => Ok(Event::End),
            },
            Feed::Growing(growing) => growing.next(),
        }
    }
}

impl Growing {
    fn next(&mut self) -> io::Result<Event> {
        let bytes = chunk(&mut self.file)?;
        if !bytes.is_empty() {
            self.at += bytes.len() as u64;
            self.fresh = true;
            return Ok(Event::Bytes(bytes));
        }
        if std::mem::take(&mut self.fresh) {
            std::thread::sleep(IDLE);
            return Ok(Event::Idle);
        }
        let here = self.file.metadata()?;
        if here.len() < self.at {
            self.file.seek(SeekFrom::Start(0))?;
            self.at = 0;
            return Ok(Event::Anew);
        }
        // Rotated: the name belongs to another file. Between the two there may be none.
        if let Ok(named) = std::fs::metadata(&self.path)
            && (named.ino(), named.dev()) != (here.ino(), here.dev())
            && let Ok(file) = File::open(&self.path)
        {
            self.file = file;
            self.at = 0;
            return Ok(Event::Anew);
        }
        std::thread::sleep(IDLE);
        Ok(Event::Idle)
    }
}

fn chunk(reader: &mut (impl Read + ?Sized)) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; CHUNK];
    let count = retry(|| reader.read(&mut bytes))?;
    bytes.truncate(count);
    Ok(bytes)
}

fn take(input: &std::sync::Mutex<Option<Input>>) -> io::Result<Input> {
    let mut input = input
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    input
        .take()
        .ok_or_else(|| io::Error::other("standard input can be read only once"))
}

/// Where to begin in a file for about so many lines from its end: at the start of a line.
pub(super) fn tail(path: &Path, lines: usize) -> io::Result<u64> {
    const MOST: u64 = 64 << 20;
    let mut file = File::open(path)?;
    let end = file.seek(SeekFrom::End(0))?;
    let (mut at, mut found) = (end, 0);
    let mut bytes = vec![0; CHUNK];
    while at > 0 && end - at < MOST {
        let step = at.min(CHUNK as u64);
        at -= step;
        file.seek(SeekFrom::Start(at))?;
        let Some(bytes) = bytes.get_mut(..usize::try_from(step).unwrap_or(CHUNK)) else {
            return Ok(0);
        };
        file.read_exact(bytes)?;
        for newline in memchr::memrchr_iter(b'\n', bytes) {
            found += 1;
            if found > lines {
                return Ok(at + newline as u64 + 1);
            }
        }
    }
    Ok(at)
}
