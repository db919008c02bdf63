//! The examples at the end of each command's `--help`. Each is a whole line to copy.

pub(super) const QD: &str = "\
Examples:
  qd                               the console on the default environment
  qd -e staging --read-only        the same, to look only
  qd demo                          the console on an embedded environment
  qd units --failed                what is broken, on all hosts
  qd logs -f nginx.service         one unit's journal, live, from all hosts
  qd doctor                        what is missing, and how to mend it

Exit codes:
  0 done, or nothing wrong              3 could not reach or log in
  1 negative answer, or failed          4 refused: read-only, consent, host key
  2 wrong usage or configuration        5 end state unknown    130 interrupted

Configuration is read from the nearest config.json upwards; personal settings from
$XDG_CONFIG_HOME/quarterdeck/settings.toml. NO_COLOR is respected.";

pub(super) const UNITS: &str = "\
Examples:
  qd units --failed                    what is broken, on all hosts
  qd units 'podman-*' --host web-1     containers of one host
  qd units --type timer                timers
  qd units --json | jq '.items[] | select(.restarts > 3) | .name'";

pub(super) const UNIT: &str = "\
Examples:
  qd unit show nginx.service                       state, properties, relations
  qd unit restart nginx.service --host web-1       asks before it does
  qd unit restart nginx.service --host web-1 --yes --json";

pub(super) const LOGS: &str = "\
Examples:
  qd logs -f                               everything, live, from all hosts
  qd logs nginx postgresql --since -1h     two units, the last hour, in the order of time
  qd logs -p err -b                        errors since the last boot
  qd logs -g 'timeout|refused' -i -n 50    the last 50 that match
  qd logs nginx -o json | jq -r .MESSAGE
  qd logs --filter 'unit:nginx prio:<=4 !healthz' --since 'yesterday 9am'
  qd logs --since -3h --histogram          when, by priority
  qd logs --since -1d --patterns --new-since 14:05    which kinds are new since the deployment
  qd logs --file app.log.gz -p err         a file instead of hosts: text, export, journal
  docker logs app 2>&1 | qd logs --file - -g timeout";

pub(super) const SSH: &str = "\
Examples:
  qd ssh web-1                     a shell, by the same settings and host key policy as the console
  qd ssh web-1 -- uptime           a command, with its exit code
  qd ssh web-1 -- cat /etc/os-release > os-release";

pub(super) const TUNNEL: &str = "\
Examples:
  qd tunnel --host db localhost:5432                a free local port to the database
  qd tunnel --host db 15432:localhost:5432          a chosen one
  qd tunnel --host web-1 8080:unix:/run/app.sock    to a Unix socket
  qd tunnel --host web-1 8200:vault                 to the host's Vault";

pub(super) const REBUILD: &str = "\
Examples:
  qd rebuild --host web-1                  shows the plan, asks, follows the run to its result
  qd rebuild --host web-1 --confirm web-1  without asking, for scripts";

pub(super) const ENV: &str = "\
Examples:
  qd env list                      which there are, and which is the default
  qd env show staging              its hosts and settings";

pub(super) const CONFIG: &str = "\
Examples:
  qd config check                  every mistake, with file, line and column
  qd config check -c infra/        of another directory";

pub(super) const HISTORY: &str = "\
Examples:
  qd history                       what was done, when, and how it ended
  qd history --json | jq '.items[] | select(.state != \"succeeded\")'";

pub(super) const DEMO: &str = "\
Examples:
  qd demo                          three hosts, and something is wrong
  qd demo --headless               serves only, for other clients: prints how to reach it";

pub(super) const COMPLETIONS: &str = "\
Examples:
  qd completions bash > ~/.local/share/bash-completion/completions/qd
  qd completions zsh > ~/.local/share/zsh/site-functions/_qd
  qd completions fish > ~/.config/fish/completions/qd.fish";

pub(super) const MAN: &str = "\
Examples:
  qd man | man -l -                reads it now
  qd man > ~/.local/share/man/man1/qd.1";
