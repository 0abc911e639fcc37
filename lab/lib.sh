# shellcheck shell=bash disable=SC2034
# lib.sh - what the lab's commands share. Sourced, never run.
#
# A lab is named by LAB_PREFIX. Everything else about a running lab (its address, its Patroni version, whether its API wants a
# password) is read back from the labels of its containers, so LAB_PREFIX alone is enough for every command but `lab/up`.

LAB_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
LAB_PREFIX=${LAB_PREFIX:-email}
LAB_STATE=${LAB_STATE:-${XDG_STATE_HOME:-$HOME/.local/state}/ekimi-lab}

readonly MEMBERS=(patroni1 patroni2 patroni3)
readonly ETCDS=(etcd1 etcd2 etcd3)
readonly PGDATA=/var/lib/patroni/data

# What runs: a line of Debian's own packages. The first word names it (LAB_LINE), so does its Patroni (PATRONI); then PostgreSQL, etcd and HAProxy
# as that release has them, and the suites that it is made from, the first that can be installed. Testing has what unstable has, some days later,
# and can be installed also while something in unstable cannot.
readonly LINES='12 3.0 15 3.4 2.6 bookworm
13 4.0 17 3.5 3.0 trixie
unstable 4.1 18 3.5 3.2 sid forky'

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { warn "$1"; exit "${2:-1}"; }

# Print the header comment of the calling script (from its second line to the first line that is not a comment).
usage() {
  sed -n '2,/^[^#]/{/^#/{s/^# \{0,1\}//;p}}' "$0"
  exit "${1:-0}"
}

now_ms() { date +%s%3N; }

# wait_for SECONDS COMMAND...: run COMMAND until it succeeds; 1 when SECONDS have passed.
wait_for() {
  local deadline=$(($(now_ms) + $1 * 1000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(now_ms)" -lt "$deadline" ] || return 1
    sleep 0.3
  done
}

# ---- the engine ------------------------------------------------------------------------------------------------------

engine_runs() { docker info >/dev/null 2>&1; }

need_engine() { engine_runs || die "no Docker engine answers: run lab/engine (or lab/up) first" 3; }

# Compose v2 where it is installed, else v1.
compose() {
  local -a command
  if docker compose version >/dev/null 2>&1; then
    command=(docker compose)
  elif command -v docker-compose >/dev/null 2>&1; then
    command=(docker-compose)
  else
    die "neither 'docker compose' nor docker-compose is installed" 3
  fi
  local -a files=(--file "$LAB_DIR/compose.yaml")
  [ -z "${LAB_DATA_SIZE:-}" ] || files+=(--file "$LAB_DIR/compose.sized.yaml")
  [ "${LAB_PROXIES:-1}" != 2 ] || files+=(--file "$LAB_DIR/compose.proxies.yaml")
  [ "${LAB_TLS:-0}" != 1 ] || files+=(--file "$LAB_DIR/compose.tls.yaml")
  [ "${LAB_RIGHTS:-0}" != 1 ] || files+=(--file "$LAB_DIR/compose.rights.yaml")
  [ "${LAB_POOLER:-0}" != 1 ] || files+=(--file "$LAB_DIR/compose.pooler.yaml")
  "${command[@]}" --project-name "$(project)" "${files[@]}" "$@"
}

project() { printf 'ekimi-lab-%s' "$LAB_PREFIX"; }
network() { printf '%s_default' "$(project)"; }

# ---- the line ---------------------------------------------------------------------------------------------------------

# choose_line: LAB_LINE and PATRONI, whichever of them is given; by default the newest. Two that do not belong together are a mistake.
choose_line() {
  local row
  row=$(awk -v line="${LAB_LINE:-}" -v patroni="${PATRONI:-}" '(line == "" || $1 == line) && (patroni == "" || $2 == patroni)' <<<"$LINES" | tail -n 1)
  [ -n "$row" ] || die "there is no such line: LAB_LINE=${LAB_LINE:-} PATRONI=${PATRONI:-}. There are: $(awk '{printf "%s%s (Patroni %s)", sep, $1, $2; sep = ", "}' <<<"$LINES")" 2
  read -r LAB_LINE PATRONI _ <<<"$row"
  export LAB_LINE PATRONI
}

# line_part FIELD: 3 PostgreSQL, 4 etcd, 5 HAProxy, 6- the suites of the line that was chosen.
line_part() { awk -v line="$LAB_LINE" '$1 == line' <<<"$LINES" | cut -d ' ' -f "$1"; }

# ---- names -----------------------------------------------------------------------------------------------------------

container() { printf '%s-%s' "$LAB_PREFIX" "$1"; }

# running, exited, paused, ..., or absent.
container_state() {
  local state
  state=$(docker inspect --format '{{.State.Status}}' "$(container "$1")" 2>/dev/null) || state=absent
  printf '%s' "$state"
}

label() { docker inspect --format "{{index .Config.Labels \"ekimi.lab.$2\"}}" "$(container "$1")" | grep -vx '<no value>' || true; }

address() { label haproxy address; }

# The proxies of this lab, and what they call things: with two of them servers are not called like members.
two_proxies() { [ "$(label haproxy proxies)" = 2 ]; }
proxies() { if two_proxies; then say haproxy haproxy2; else say haproxy; fi; }
pool_of() { if two_proxies; then case $1 in primary) say rw ;; replicas) say ro ;; esac else say "postgres_$1"; fi; }
server_of() { if two_proxies; then tr 123 abc <<<"pg-${1#patroni}"; else say "$1"; fi; }

lab_exists() { docker inspect "$(container haproxy)" >/dev/null 2>&1 || docker inspect "$(container patroni1)" >/dev/null 2>&1; }

need_lab() {
  need_engine
  lab_exists || die "there is no lab named '$LAB_PREFIX' (LAB_PREFIX); lab/up makes one" 3
}

# resolve NAME: patroniN and etcdN stand for themselves (with or without the prefix), `leader`, `replica` and `replica2` for
# whoever has that role now; `sync` for the synchronous standby.
resolve() {
  local name=${1#"$LAB_PREFIX"-}
  case $name in
    patroni[123] | etcd[123] | haproxy | haproxy2 | pgbouncer) printf '%s' "$name" ;;
    [123]) printf 'etcd%s' "$name" ;;
    leader) leader ;;
    replica | replica1) replicas | sed -n 1p | grep . || die "no replica is running" ;;
    replica2) replicas | sed -n 2p | grep . || die "no second replica is running" ;;
    sync) sync_standby | grep . || die "no replica is synchronous" ;;
    *) die "unknown member '$1': patroni1..3, etcd1..3, leader, replica, replica2, sync" 2 ;;
  esac
}

# ---- inside a container ----------------------------------------------------------------------------------------------

# inside NAME COMMAND...: run as root in that container.
inside() {
  local name=$1
  shift
  docker exec "$(container "$name")" "$@"
}

# script NAME [ARGS...] <<'SH': run a shell script, read from standard input, as root in that container.
script() {
  local name=$1
  shift
  docker exec -i "$(container "$name")" bash -euo pipefail -s -- "$@"
}

# sql NAME SQL: unaligned tuples only, as the superuser, over the local socket.
sql() { docker exec -u postgres "$(container "$1")" timeout 60 psql -X -q -A -t -v ON_ERROR_STOP=1 -d postgres -c "$2"; }

# dropped TABLE: the leader has dropped it. While its PostgreSQL starts /primary says 200 all the same: to be waited for (wait_for).
dropped() { sql "$(leader)" "SET client_min_messages = warning; DROP TABLE IF EXISTS $1; CHECKPOINT"; }

# rest NAME METHOD PATH [JSON]: call the member's own REST API from inside its container, print the body.
rest() {
  local -a auth=() body=()
  if [ "$(label "$1" auth)" = 1 ]; then auth=(-u admin:secret); fi
  if [ -n "${4:-}" ]; then body=(-H 'Content-Type: application/json' -d "$4"); fi
  api "$1" "$3" -sS -m 15 "${auth[@]}" -X "$2" "${body[@]}"
}

# api NAME PATH CURL_ARGUMENTS...: from inside the member's container. Read once: a running lab has TLS or has it not.
tls=
api() {
  local name=$1 path=$2
  shift 2
  [ -n "$tls" ] || tls=$(label "$name" tls)
  if [ "$tls" = 1 ]; then
    inside "$name" curl "$@" --cacert /etc/lab-tls/ca.crt --cert /etc/lab-tls/client.pem "https://127.0.0.1:8008$path"
  else
    inside "$name" curl "$@" "http://127.0.0.1:8008$path"
  fi
}

# ---- who is what -----------------------------------------------------------------------------------------------------

# The leader by its own word: /primary answers 200 only on the holder of the leader key.
leader() {
  local name
  for name in "${MEMBERS[@]}"; do
    if [ "$(container_state "$name")" = running ] &&
      api "$name" /primary -sf -m 2 -o /dev/null 2>/dev/null; then
      printf '%s\n' "$name"
      return 0
    fi
  done
  die "no member says that it is the leader"
}

replicas() {
  local name
  for name in "${MEMBERS[@]}"; do
    if [ "$(container_state "$name")" = running ] &&
      [ "$(sql "$name" 'SELECT pg_is_in_recovery()' 2>/dev/null)" = t ]; then
      printf '%s\n' "$name"
    fi
  done
}
