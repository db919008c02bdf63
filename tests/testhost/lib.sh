# Shared by the test host scripts; sourced, never run.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${QD_TESTHOST_DIR:-$HOME/.cache/quarterdeck-testhost}
suite=${QD_TESTHOST_SUITE:-trixie}
base=$cache/base-$suite
export PATH=$PATH:/usr/sbin:/sbin

say() { printf '%s\n' "testhost: $*" >&2; }
die() { say "$*"; exit 1; }
# The system's own directories: root is needed for namespaces, cgroups and overlayfs.
need_root() { [ "$(id -u)" = 0 ] || die "must run as root"; }

# Installs Debian packages that are missing. Usage: need_packages PACKAGE...
need_packages() {
  local missing=() p
  for p in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null)" = 'ii ' ] || missing+=("$p")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  local opts=(-y -qq --no-install-recommends -o DPkg::Lock::Timeout=300)
  # A stale or empty package list makes the first try fail; refresh once, then insist.
  apt-get install "${opts[@]}" "${missing[@]}" >/dev/null 2>&1 || {
    apt-get update -qq >&2
    apt-get install "${opts[@]}" "${missing[@]}" >/dev/null
  }
}

# Sets the variables that name one host's parts. Usage: host_vars NAME
host_vars() {
  name=$1
  [[ $name =~ ^[a-z][a-z0-9-]{0,30}$ ]] || die "bad host name '$name' (want [a-z][a-z0-9-]*, 31 at most)"
  dir=$cache/hosts/$name
  netns=qd-$name
  cgroot=$(findmnt -n -r -o TARGET -t cgroup2 | head -n 1)
  [ -n "$cgroot" ] || die "no cgroup2 hierarchy is mounted"
  cg=$cgroot/qd-$name
}

# PID (outside) of the host's init: nspawn's only child. Fails when the host is down.
leader() {
  local supervisor
  supervisor=$(cat "$cg"/host/supervisor/cgroup.procs 2>/dev/null | head -n 1)
  [ -n "$supervisor" ] || return 1
  local kids
  read -r kids _ <"/proc/$supervisor/task/$supervisor/children" || [ -n "${kids:-}" ] || return 1
  printf '%s\n' "$kids"
}

# Runs a command as root inside the host, whatever state its network or sshd is in.
inside() {
  local pid
  pid=$(leader) || die "host '$name' is not up"
  nsenter --target "$pid" --all --wd -- /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
    HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" "$@"
}

ssh_opts() {
  printf '%s\n' -i "$cache/id_ed25519" -o IdentitiesOnly=yes -o UserKnownHostsFile="$dir/known_hosts" \
    -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=/dev/null -o BatchMode=yes -o ConnectTimeout=5
}

# The loopback door to a host's sshd. Usage: start_proxy PORT ADDRESS
start_proxy() {
  # shellcheck disable=SC2016
  setsid --fork bash -c '
    echo $$ >"$1/proxy/cgroup.procs"
    exec systemd-socket-activate --listen="127.0.0.1:$2" /lib/systemd/systemd-socket-proxyd --connections-max=1024 "$3:22"
  ' proxy "$cg" "$1" "$2" </dev/null >>"$dir/proxy.log" 2>&1 8>&- 9>&-
  for ((i = 0; i < 100; i++)); do ss -Htln "sport = :$1" | grep -q . && return 0; sleep 0.02; done
  die "port $1 did not open"
}
