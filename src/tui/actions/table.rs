//! The rows of the table, nothing else.

use super::{Action, Context};

/// Every action.
#[rustfmt::skip]
pub const ACTIONS: &[Action] = &[
    // Everywhere. The order is the footer's order of importance.
    Action::new("help", "help", "All keys of this screen, searchable", Context::Global, &["?", "f1"]),
    Action::new("command", "command", "Type a command", Context::Global, &[":"]).emacs(&[":", "alt-x"]),
    Action::new("palette", "palette", "Find any action by its name", Context::Global, &["ctrl-p"]).emacs(&["ctrl-c p", "ctrl-x p"]),
    Action::new("open", "open", "Go into the selected thing", Context::Global, &["enter"]),
    Action::new("back", "back", "Back to exactly where you were", Context::Global, &["esc", "[", "backspace"]).emacs(&["esc", "[", "ctrl-g"]),
    Action::new("forward", "forward", "Forward again", Context::Global, &["]"]),
    Action::new("pane.deck", "deck", "The Deck: is anything wrong?", Context::Global, &["1"]),
    Action::new("pane.units", "units", "The units of all hosts", Context::Global, &["2"]).cli("qd units"),
    Action::new("pane.logs", "logs", "The journal of all hosts", Context::Global, &["3"]).cli("qd logs -f"),
    Action::new("pane.jobs", "jobs", "Running and past operations", Context::Global, &["4"]).cli("qd history"),
    Action::new("pane.messages", "messages", "Everything that was said in this session", Context::Global, &["5"]),
    Action::new("pane.next", "next", "The next tab", Context::Global, &["tab"]).vim(&["tab", "g t"]),
    Action::new("pane.previous", "previous", "The previous tab", Context::Global, &["shift-tab"]).vim(&["shift-tab", "g T"]),
    Action::new("environment", "environment", "Switch to another environment", Context::Global, &["e"]).cli("qd env list"),
    Action::new("environment.next", "next environment", "Switch to the next environment", Context::Global, &["ctrl-e"]).emacs(&["ctrl-x e"]),
    Action::new("refresh", "refresh", "Ask again now; connect without waiting", Context::Global, &["r"]),
    Action::new("shell", "shell", "A shell on the host, the console is back after it", Context::Global, &["s"]).cli("qd ssh HOST"),
    Action::new("rebuild", "rebuild", "Rebuild the host (nixos-rebuild.service)", Context::Global, &["R"]).changes().cli("qd rebuild --host HOST"),
    Action::new("copy", "copy", "Copy the selection", Context::Global, &["c"]),
    Action::new("raw", "raw", "The selected thing as it is, as JSON", Context::Global, &["y"]),
    Action::new("cli", "CLI line", "The command line that shows this screen, copied", Context::Global, &["Y"]),
    Action::new("mouse", "mouse", "Take the mouse, or leave it to the terminal to select text", Context::Global, &["M"]),
    Action::new("redraw", "redraw", "Draw the whole screen anew", Context::Global, &["ctrl-l"]),
    Action::new("suspend", "suspend", "Stop the console as a job of the shell", Context::Global, &["ctrl-z"]),
    Action::new("quit", "quit", "Leave the console", Context::Global, &["q", "ctrl-c"]).emacs(&["q", "ctrl-x ctrl-c"]),

    // Lists.
    Action::new("list.down", "down", "One row down", Context::List, &["down", "j"]).emacs(&["down", "ctrl-n"]),
    Action::new("list.up", "up", "One row up", Context::List, &["up", "k"]).emacs(&["up", "ctrl-p"]),
    Action::new("list.page-down", "page down", "One page down", Context::List, &["pagedown", "ctrl-f"]).emacs(&["pagedown", "ctrl-v"]),
    Action::new("list.page-up", "page up", "One page up", Context::List, &["pageup", "ctrl-b"]).emacs(&["pageup", "alt-v"]),
    Action::new("list.half-down", "half down", "Half a page down", Context::List, &["ctrl-d"]),
    Action::new("list.half-up", "half up", "Half a page up", Context::List, &["ctrl-u"]),
    Action::new("list.top", "top", "The first row", Context::List, &["home", "g g"]).emacs(&["home", "alt-<"]),
    Action::new("list.bottom", "bottom", "The last row", Context::List, &["end", "G"]).emacs(&["end", "alt->"]),
    Action::new("list.left", "left", "Scroll to the left", Context::List, &["left", "h"]).emacs(&["left", "ctrl-b"]),
    Action::new("list.right", "right", "Scroll to the right", Context::List, &["right"]).emacs(&["right", "ctrl-f"]),
    Action::new("list.filter", "filter", "Show only rows that match", Context::List, &["/"]).emacs(&["/", "ctrl-s"]),
    Action::new("list.sort", "sort", "Sort by the next column", Context::List, &["o"]),
    Action::new("list.sort-reverse", "reverse", "Turn the order round", Context::List, &["O"]),
    Action::new("list.mark", "mark", "Mark the row and go down", Context::List, &["space"]),
    Action::new("list.mark-all", "mark all", "Mark every row shown, or none", Context::List, &["*"]),

    // Texts.
    Action::new("text.down", "down", "One line down", Context::Text, &["down", "j"]).emacs(&["down", "ctrl-n"]),
    Action::new("text.up", "up", "One line up", Context::Text, &["up", "k"]).emacs(&["up", "ctrl-p"]),
    Action::new("text.page-down", "page down", "One page down", Context::Text, &["pagedown", "ctrl-f", "space"]).emacs(&["pagedown", "ctrl-v", "space"]),
    Action::new("text.page-up", "page up", "One page up", Context::Text, &["pageup", "ctrl-b"]).emacs(&["pageup", "alt-v"]),
    Action::new("text.half-down", "half down", "Half a page down", Context::Text, &["ctrl-d"]),
    Action::new("text.half-up", "half up", "Half a page up", Context::Text, &["ctrl-u"]),
    Action::new("text.top", "top", "The first line", Context::Text, &["home", "g g"]).emacs(&["home", "alt-<"]),
    Action::new("text.bottom", "bottom", "The last line", Context::Text, &["end", "G"]).emacs(&["end", "alt->"]),
    Action::new("text.left", "left", "Scroll to the left", Context::Text, &["left", "h"]).emacs(&["left", "ctrl-b"]),
    Action::new("text.right", "right", "Scroll to the right", Context::Text, &["right"]).emacs(&["right", "ctrl-f"]),
    Action::new("text.search", "search", "Search in this text", Context::Text, &["/"]).emacs(&["/", "ctrl-s"]),
    Action::new("text.next", "next hit", "The next hit", Context::Text, &["n"]),
    Action::new("text.previous", "previous hit", "The previous hit", Context::Text, &["N"]),

    // Deck.
    Action::new("deck.logs", "logs", "The journal of this host or unit", Context::Deck, &["l"]).cli("qd logs UNIT -f"),
    Action::new("deck.restart", "restart", "Restart the failed unit", Context::Deck, &["T"]).changes().cli("qd unit restart UNIT"),
    Action::new("deck.reset-failed", "forget", "Forget that the unit failed", Context::Deck, &["F"]).changes().cli("qd unit reset-failed UNIT"),

    // Units.
    Action::new("units.logs", "logs", "The journal of this unit", Context::Units, &["l"]).cli("qd logs UNIT -f"),
    Action::new("units.restart", "restart", "Restart the unit, or the marked ones", Context::Units, &["T"]).changes().cli("qd unit restart UNIT"),
    Action::new("units.start", "start", "Start the unit, or the marked ones", Context::Units, &["S"]).changes().cli("qd unit start UNIT"),
    Action::new("units.stop", "stop", "Stop the unit, or the marked ones", Context::Units, &["X"]).changes().cli("qd unit stop UNIT"),
    Action::new("units.reload", "reload", "Make the unit read its configuration again", Context::Units, &["L"]).changes().cli("qd unit reload UNIT"),
    Action::new("units.reset-failed", "forget", "Forget that the unit failed", Context::Units, &["F"]).changes().cli("qd unit reset-failed UNIT"),
    Action::new("units.enable", "enable", "Start the unit at boot", Context::Units, &["E"]).changes().cli("qd unit enable UNIT"),
    Action::new("units.disable", "disable", "Do not start the unit at boot", Context::Units, &["B"]).changes().cli("qd unit disable UNIT"),
    Action::new("units.failed", "failed", "Only failed units, or all again", Context::Units, &["f"]).cli("qd units --failed"),
    Action::new("units.type", "type", "Only services, timers, sockets, … one after the other", Context::Units, &["t"]).cli("qd units --type TYPE"),

    // One unit.
    Action::new("unit.next-tab", "next tab", "Properties, file, log, dependencies", Context::Unit, &["tab"]),
    Action::new("unit.previous-tab", "previous tab", "The same, backwards", Context::Unit, &["shift-tab"]),
    Action::new("unit.logs", "logs", "The whole journal of this unit", Context::Unit, &["l"]).cli("qd logs UNIT -f"),
    Action::new("unit.restart", "restart", "Restart the unit", Context::Unit, &["T"]).changes().cli("qd unit restart UNIT"),
    Action::new("unit.start", "start", "Start the unit", Context::Unit, &["S"]).changes().cli("qd unit start UNIT"),
    Action::new("unit.stop", "stop", "Stop the unit", Context::Unit, &["X"]).changes().cli("qd unit stop UNIT"),
    Action::new("unit.reload", "reload", "Make the unit read its configuration again", Context::Unit, &["L"]).changes().cli("qd unit reload UNIT"),
    Action::new("unit.reset-failed", "forget", "Forget that the unit failed", Context::Unit, &["F"]).changes().cli("qd unit reset-failed UNIT"),
    Action::new("unit.enable", "enable", "Start the unit at boot", Context::Unit, &["E"]).changes().cli("qd unit enable UNIT"),
    Action::new("unit.disable", "disable", "Do not start the unit at boot", Context::Unit, &["B"]).changes().cli("qd unit disable UNIT"),

    // Logs.
    Action::new("logs.search", "search", "Search; n and N go from hit to hit", Context::Logs, &["/"]).emacs(&["/", "ctrl-s"]),
    Action::new("logs.next", "next hit", "The next hit", Context::Logs, &["n"]),
    Action::new("logs.previous", "previous hit", "The previous hit", Context::Logs, &["N"]),
    Action::new("logs.filter-in", "only", "One more filter: show only entries that match", Context::Logs, &["&"]).cli("qd logs --filter FILTER"),
    Action::new("logs.filter-out", "without", "One more filter: leave out entries that match", Context::Logs, &["!"]),
    Action::new("logs.filters", "filters", "List the filters: switch, change, drop each", Context::Logs, &["F"]),
    Action::new("logs.filters-off", "filters off", "Switch all filters off, or on again", Context::Logs, &["\\"]),
    Action::new("logs.clear", "all again", "Drop every filter", Context::Logs, &["="]),
    Action::new("logs.at", "at", "Go to a time: 14:05, -2h, yesterday 9am", Context::Logs, &["a"]),
    Action::new("logs.histogram", "histogram", "Show when entries came, by priority, above the log", Context::Logs, &["i"]).cli("qd logs --histogram"),
    Action::new("logs.zoom", "zoom", "Choose a range in the histogram", Context::Logs, &["I"]),
    Action::new("logs.next-error", "next error", "The next error or worse", Context::Logs, &[")"]),
    Action::new("logs.previous-error", "previous error", "The error or worse before this", Context::Logs, &["("]),
    Action::new("logs.next-hour", "next hour", "The next full hour", Context::Logs, &["}"]),
    Action::new("logs.previous-hour", "previous hour", "The last full hour, and the one before", Context::Logs, &["{"]),
    Action::new("logs.next-boot", "next boot", "Where the next boot begins", Context::Logs, &[">"]),
    Action::new("logs.previous-boot", "previous boot", "Where this boot began, and the one before", Context::Logs, &["<"]),
    Action::new("logs.priority", "priority", "Only this priority and worse, asked of the hosts", Context::Logs, &["p"]).cli("qd logs -p PRIORITY"),
    Action::new("logs.unit", "unit", "Only one unit, asked of the hosts", Context::Logs, &["u"]).cli("qd logs UNIT"),
    Action::new("logs.this-unit", "this unit", "Only the unit of the selected entry", Context::Logs, &["l"]).cli("qd logs UNIT"),
    Action::new("logs.host", "host", "Only one host, or all", Context::Logs, &["H"]).cli("qd logs --host HOST"),
    Action::new("logs.boot", "boot", "Another boot, or all", Context::Logs, &["b"]).cli("qd logs -b BOOT"),
    Action::new("logs.since", "since", "From a time on: 14:05, -2h, yesterday 9am", Context::Logs, &["@"]).cli("qd logs --since TIME"),
    Action::new("logs.follow", "follow", "Follow the end, or stay here", Context::Logs, &["f"]).cli("qd logs -f"),
    Action::new("logs.freeze", "freeze", "Hold the view still while entries come in, or go on", Context::Logs, &["space"]),
    Action::new("logs.context", "context", "More rows around those that pass the filter", Context::Logs, &["C"]),
    Action::new("logs.wrap", "wrap", "Wrap long lines, or scroll sideways", Context::Logs, &["w"]),
    Action::new("logs.time", "time", "Write times in another way", Context::Logs, &["t"]),
    Action::new("logs.save", "save", "Write what is shown to a file", Context::Logs, &["S"]),

    // One journal entry.
    Action::new("entry.filter-in", "only", "Show only entries with this value", Context::Entry, &["enter", "&"]),
    Action::new("entry.filter-out", "without", "Leave out entries with this value", Context::Entry, &["x", "!"]),

    // The list below the logs.
    Action::new("panel.switch", "on/off", "Switch off or on", Context::Panel, &["space"]),
    Action::new("panel.out", "in/out", "Leave out what it matches instead, or the other way round", Context::Panel, &["!"]),
    Action::new("panel.remove", "drop", "Take it off the list", Context::Panel, &["x", "delete"]),

    // The histogram above the logs.
    Action::new("histogram.left", "earlier", "The bar before, and the log with it", Context::Histogram, &["left", "h"]),
    Action::new("histogram.right", "later", "The next bar, and the log with it", Context::Histogram, &["right", "l"]),
    Action::new("histogram.first", "first", "The first bar", Context::Histogram, &["home", "0"]),
    Action::new("histogram.last", "last", "The last bar", Context::Histogram, &["end", "$"]),
    Action::new("histogram.select", "choose", "Begin to choose a range here; Enter goes into it", Context::Histogram, &["space", "v"]),

    // Jobs.
    Action::new("jobs.output", "output", "The output of this job", Context::Jobs, &["l"]),

    // While typing.
    Action::new("prompt.accept", "accept", "Do it", Context::Prompt, &["enter"]),
    Action::new("prompt.cancel", "cancel", "Close without doing it", Context::Prompt, &["esc", "ctrl-c"]).emacs(&["esc", "ctrl-g", "ctrl-c"]),
    Action::new("prompt.complete", "complete", "Complete the word, or take the next offer", Context::Prompt, &["tab"]),
    Action::new("prompt.complete-back", "previous offer", "Take the previous offer", Context::Prompt, &["shift-tab"]),
    Action::new("prompt.older", "older", "The previous line of the history, or row of the list", Context::Prompt, &["up", "ctrl-p"]),
    Action::new("prompt.newer", "newer", "The next line of the history, or row of the list", Context::Prompt, &["down", "ctrl-n"]),
];
