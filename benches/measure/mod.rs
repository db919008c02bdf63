//! Stop-watches, processor clocks and counters for the benchmarks.

use std::{
    fmt,
    io::{BufRead, BufReader, Read},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// How long this takes.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Times of the same thing.
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn new() -> Samples {
        Samples(Vec::new())
    }

    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The sample that this share (0 to 1) of all does not exceed.
    fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        let last = sorted.len() - 1;
        // Rounded up: a p99 of few samples is the worst of them.
        sorted[((last as f64) * share).ceil() as usize]
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |share| self.quantile(share).as_secs_f64() * 1000.0;
        write!(
            f,
            "median {:.1} ms, p99 {:.1} ms, worst {:.1} ms (n {})",
            ms(0.5),
            ms(0.99),
            ms(1.0),
            self.0.len()
        )
    }
}

/// One line of the report; with a peer, the ratio of the medians.
pub(crate) fn report(
    what: &str,
    ours: &Samples,
    peer: Option<(&str, &Samples)>,
    goal: Option<&str>,
) {
    let goal = goal
        .map(|goal| format!(" [goal {goal}]"))
        .unwrap_or_default();
    match peer {
        None => println!("{what}: {ours}{goal}"),
        Some((name, theirs)) => {
            let ratio = ours.quantile(0.5).as_secs_f64() / theirs.quantile(0.5).as_secs_f64();
            println!("{what}: {ours}\n  {name}: {theirs}\n  ratio {ratio:.2}{goal}");
        }
    }
}

/// What the kernel knows about a process.
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn of(pid: u32) -> Process {
        Process(pid)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.0)).unwrap()
    }

    /// Processor time of all its threads so far, in steps of 10 ms.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = self.read("stat");
        // The second field may hold spaces; it ends with the last parenthesis.
        let rest = &stat[stat.rfind(')').unwrap() + 2..];
        let ticks: u64 = rest
            .split(' ')
            .skip(11)
            .take(2)
            .map(|field| field.parse::<u64>().unwrap())
            .sum();
        Duration::from_millis(ticks * 10)
    }

    /// Resident memory, MiB.
    pub(crate) fn resident_mib(&self) -> f64 {
        self.mib("VmRSS:")
    }

    /// The most that was ever resident, MiB.
    pub(crate) fn peak_mib(&self) -> f64 {
        self.mib("VmHWM:")
    }

    fn mib(&self, field: &str) -> f64 {
        let status = self.read("status");
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib / 1024.0
    }
}

/// Collects the numbers of lines like `load 17` as they come.
pub(crate) struct Lines(Arc<Mutex<Vec<u32>>>);

impl Lines {
    pub(crate) fn of(from: impl Read + Send + 'static, prefix: &'static str) -> Lines {
        let numbers = Arc::new(Mutex::new(Vec::new()));
        let to = numbers.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines() {
                let Ok(line) = line else { break };
                if let Some(number) = line.strip_prefix(prefix).and_then(|n| n.parse().ok()) {
                    to.lock().unwrap().push(number);
                }
            }
        });
        Lines(numbers)
    }

    /// Waits until the last one came, for 30 s at most; all of them.
    pub(crate) fn up_to(&self, last: u32) -> Vec<u32> {
        let start = Instant::now();
        loop {
            let numbers = self.0.lock().unwrap().clone();
            if numbers.last() == Some(&last) || start.elapsed() > Duration::from_secs(30) {
                return numbers;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
