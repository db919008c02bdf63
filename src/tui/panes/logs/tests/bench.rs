//! The pane without a host: actions, lines and news go in, the screen comes out.

use super::*;

pub(super) const START: i64 = 1_795_000_000;

pub(super) struct Bench {
    pub(super) world: World,
    pub(super) preferences: Preferences,
    pub(super) messages: VecDeque<crate::tui::model::Message>,
    pub(super) incident: Option<crate::tui::incident::Incident>,
    pub(super) ids: Ids,
    pub(super) size: (u16, u16),
    pub(super) now: Timestamp,
    pub(super) state: Option<State>,
    pub(super) stream: StreamId,
    pub(super) next: Vec<Next>,
    pub(super) count: i64,
}

pub(super) fn environment(hosts: &[&str]) -> Environment {
    Environment {
        name: "production".into(),
        hosts: hosts
            .iter()
            .map(|name| Destination {
                name: (*name).into(),
                user: None,
                host: (*name).into(),
                port: None,
            })
            .collect(),
        ssh_user: "operator".into(),
        ssh_config: None,
        ssh_transport: Default::default(),
        colour: None,
        read_only: false,
        domain_name: None,
        domain_alternative_names: Vec::new(),
    }
}

impl Bench {
    pub(super) fn new(hosts: &[&str], size: (u16, u16)) -> Bench {
        let mut bench = Bench {
            world: World::new(&environment(hosts), false),
            preferences: Preferences::default(),
            messages: VecDeque::new(),
            incident: None,
            ids: Ids::default(),
            size,
            now: Timestamp::from_second(START).unwrap(),
            state: None,
            stream: StreamId(0),
            next: Vec::new(),
            count: 0,
        };
        let args = Args::Logs {
            hosts: Vec::new(),
            query: Query::default(),
            filter: String::new(),
        };
        let (state, next) = open(&args, &bench.ctx());
        bench.state = Some(state);
        bench.note(next);
        bench
    }

    pub(super) fn ctx(&self) -> Ctx<'_> {
        Ctx {
            now: self.now,
            world: &self.world,
            preferences: &self.preferences,
            jobs: &[],
            messages: &self.messages,
            incident: self.incident.as_ref(),
            area: Rect::new(0, 0, self.size.0, self.size.1),
            visible: true,
            ids: &self.ids,
            screen: ScreenId(1),
        }
    }

    pub(super) fn state(&self) -> &State {
        self.state.as_ref().unwrap()
    }

    pub(super) fn filters(&self) -> Vec<String> {
        let clauses = self.state().held.clauses();
        clauses.iter().map(clauses::label).collect()
    }

    /// The messages of the shown rows, gaps left out.
    pub(super) fn shown(&self) -> Vec<String> {
        let held = &self.state().held;
        (0..held.len())
            .filter_map(|at| held.row(at)?.into_entry())
            .map(|entry| String::from_utf8_lossy(&entry.message).into_owned())
            .collect()
    }

    /// The question that a host was asked last, as far as this step asked one.
    pub(super) fn fetched(&self) -> Option<(StreamId, Query)> {
        self.next.iter().find_map(|next| match next {
            Next::Do(Effect::Fetch(_, stream, _, query)) => Some((*stream, query.clone())),
            _ => None,
        })
    }

    /// What is followed from this step on.
    pub(super) fn followed(&self) -> Option<Query> {
        self.next.iter().find_map(|next| match next {
            Next::Do(Effect::Follow(_, _, _, query)) => Some(query.clone()),
            _ => None,
        })
    }

    pub(super) fn selected(&self) -> String {
        let entry = self.state().entry().unwrap();
        String::from_utf8_lossy(&entry.message).into_owned()
    }

    pub(super) fn said(&self) -> Vec<String> {
        let said = self.next.iter().filter_map(|next| match next {
            Next::Say(_, text) => Some(text.clone()),
            _ => None,
        });
        said.collect()
    }

    pub(super) fn note(&mut self, next: Vec<Next>) {
        for next in &next {
            if let Next::Do(Effect::Follow(_, stream, ..)) = next {
                self.stream = *stream;
            }
        }
        self.next = next;
    }

    pub(super) fn tell(&mut self, msg: PaneMsg) {
        let mut state = self.state.take().unwrap();
        let next = update(&mut state, msg, &self.ctx());
        self.state = Some(state);
        self.note(next);
    }

    pub(super) fn act(&mut self, id: &'static str) {
        assert!(crate::tui::actions::by_id(id).is_some(), "{id}");
        self.tell(PaneMsg::Action(id));
    }

    pub(super) fn line(&mut self, kind: &'static str, text: &str) {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            let text = Some(text.get(..end).unwrap().to_owned());
            self.tell(PaneMsg::Line {
                kind,
                text,
                done: false,
            });
        }
        let text = Some(text.to_owned());
        self.tell(PaneMsg::Line {
            kind,
            text,
            done: true,
        });
        // What it led to is kept; evaluating is not news.
        let next = std::mem::take(&mut self.next);
        self.settle();
        self.next = next;
    }

    /// Until every row is evaluated.
    pub(super) fn settle(&mut self) {
        while self.state().held.busy() {
            self.tell(PaneMsg::Clock);
        }
    }

    pub(super) fn event(&mut self, event: LogEvent) {
        self.tell(PaneMsg::Stream(self.stream, StreamMsg::Event(event)));
    }

    pub(super) fn entry(&mut self, host: &str, message: &str) -> Entry {
        self.count += 1;
        let units = ["nginx.service", "postgresql.service", "podman-api.service"];
        let unit = units[usize::try_from(self.count).unwrap() % units.len()];
        Entry {
            host: HostId::new(host),
            cursor: Arc::from(format!("{host}-{}", self.count)),
            realtime: START * 1_000_000 + self.count * 1_000,
            monotonic: 0,
            boot: 7,
            priority: match self.count % 7 {
                0 => 3,
                3 => 4,
                _ => 6,
            },
            unit: Some(Arc::from(unit)),
            identifier: unit.split('.').next().map(Arc::from),
            pid: Some(100),
            message: Arc::from(message.as_bytes()),
            cut_from: None,
            told: None,
        }
    }

    pub(super) fn flow(&mut self, count: usize) {
        for n in 0..count {
            let host = if n % 2 == 0 { "web-1" } else { "data-1" };
            let what = [
                "GET /api/orders 200 in 13 ms",
                "checkpoint complete: wrote 42 buffers",
                "timeout while talking to upstream 世界 after 30 s, which is a rather long line that does not fit everywhere",
            ];
            let message = format!("{} ({n})", what[n % 3]);
            let entry = self.entry(host, &message);
            self.event(LogEvent::Entries(vec![entry]));
        }
    }

    pub(super) fn screen(&self) -> String {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut buffer = Buffer::empty(area);
        let mut hits = Vec::new();
        let mut painter = Painter::new(&mut buffer, &mut hits, &self.preferences.theme);
        view(
            self.state(),
            &mut Cache::default(),
            &self.ctx(),
            area,
            &mut painter,
        );
        (0..area.height)
            .map(|y| {
                let mut line = String::new();
                let mut x = 0;
                while x < area.width {
                    let symbol = buffer[(x, y)].symbol();
                    line.push_str(symbol);
                    x += u16::try_from(columns(symbol)).unwrap().max(1);
                }
                format!("{}\n", line.trim_end())
            })
            .collect()
    }
}

pub(super) fn columns(text: &str) -> usize {
    crate::tui::view::columns(text)
}

pub(super) const BOTH: [&str; 2] = ["data-1", "web-1"];
