# shellcheck shell=bash
# faults.sh - the lab's faults, each beside its inverse. Sourced by lab/fault and lab/heal.
#
# fault_NAME does it and verifies by reading back that it took; heal_NAME undoes it and verifies that too. Each prints one line of what it
# really did and exits 1 if it did not take. Each is described by a line `#: name arguments | what it does | its inverse`, from which
# `lab/fault --list` is made. More of them: faults-storage.sh, faults-replication.sh.

readonly TABLE=lab_report
readonly BLOCKER=nightly-report

# ---- helpers ---------------------------------------------------------------------------------------------------------

need_running() { [ "$(container_state "$1")" = running ] || die "$1 does not run ($(container_state "$1"))"; }

need_member() {
  [[ $1 == patroni* ]] || die "$1 is not a member of the cluster (patroni1..3)" 2
}

need_replica() {
  need_member "$1"
  need_running "$1"
  [ "$(sql "$1" 'SELECT pg_is_in_recovery()')" = t ] || die "$1 is not a replica" 2
}

megabytes() { awk -v b="$1" 'BEGIN {printf "%.1f", b / 1048576}'; }

# behind NAME: how many bytes of the leader's WAL the member has not replayed.
behind() {
  local head
  head=$(sql "$(leader)" 'SELECT pg_current_wal_lsn()')
  sql "$1" "SELECT pg_wal_lsn_diff('$head', pg_last_wal_replay_lsn())::bigint"
}

# received NAME: how many bytes of the leader's WAL the member has not received.
not_received() {
  local head
  head=$(sql "$(leader)" 'SELECT pg_current_wal_lsn()')
  sql "$1" "SELECT greatest(pg_wal_lsn_diff('$head', greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())), 0)::bigint"
}

# write_wal MB: on the leader. Messages are WAL and nothing else: no table grows.
write_wal() {
  sql "$(leader)" "SELECT count(pg_logical_emit_message(false, 'lab', repeat('x', 1048576))) FROM generate_series(1, $1)" >/dev/null
}

# move_on: into the next segment. After a failover a replica may ask for one that the new leader has not begun, and waits until it has.
move_on() { sql "$(leader)" "SELECT pg_switch_wal(); SELECT pg_logical_emit_message(true, 'lab', 'x'); SELECT pg_switch_wal(); SELECT pg_logical_emit_message(true, 'lab', 'x')" >/dev/null; }

has_leader() { (leader); }

# behind_by NAME BYTES: is it at least that far behind? less_than the other way round.
behind_by() { [ "$(behind "$1")" -ge "$2" ]; }
behind_less() { [ "$(behind "$1")" -lt "$2" ]; }

streams() {
  [ "$(sql "$(leader)" "SELECT count(*) FROM pg_stat_replication WHERE application_name = '$1' AND state = 'streaming'")" = 1 ]
}

api_field() { rest "$1" GET /patroni | docker exec -i "$(container "$1")" jq -r ".$2 // \"\""; }

# Processes of a member, by what they are: patroni (those that do the work, not PID 1, which only forwards signals; from Python 3.14 on its child
# only forks the one that works), postmaster,
# postgres (the postmaster and all of its children), startup (the one that replays WAL), walsender (those that send WAL to replicas), walreceiver.
pids() {
  script "$1" "$2" "$PGDATA" <<'SH'
postmaster() { head -n 1 "$1/postmaster.pid" 2>/dev/null || true; }
case $1 in
  patroni) pgrep -f '/usr/bin/patroni' | grep -vx 1 ;;
  postmaster) postmaster "$2" ;;
  postgres) p=$(postmaster "$2"); [ -n "$p" ] && { echo "$p"; pgrep -P "$p" || true; } ;;
  startup) pgrep -P "$(postmaster "$2")" -f ': startup ' ;;
  walsender) pgrep -P "$(postmaster "$2")" -f ': walsender ' ;;
  walreceiver) pgrep -P "$(postmaster "$2")" -f ': walreceiver ' ;;
esac | xargs
SH
}

# all_in_state NAME LETTERS PIDS...: is the state of each of the processes one of the letters? One that is gone does not count.
all_in_state() {
  script "$@" <<'SH'
letters=$1
shift
for pid; do
  state=$(awk '/^State:/ {print $2}' "/proc/$pid/status" 2>/dev/null) || continue
  case $letters in *"$state"*) ;; *) exit 1 ;; esac
done
SH
}

# stop_processes NAME KIND: SIGSTOP, until all of them are in state T; prints their ids.
stop_processes() {
  local found
  found=$(pids "$1" "$2") || true
  [ -n "$found" ] || die "$1 has no such process: $2"
  # shellcheck disable=SC2086
  inside "$1" kill -STOP $found
  # shellcheck disable=SC2086
  wait_for 5 all_in_state "$1" T $found || die "$1: SIGSTOP of $2 ($found) did not take"
  printf '%s' "$found"
}

# continue_processes NAME KIND
continue_processes() {
  local found
  found=$(pids "$1" "$2") || true
  [ -n "$found" ] || die "$1 has no such process: $2"
  # shellcheck disable=SC2086
  inside "$1" kill -CONT $found
  # shellcheck disable=SC2086
  wait_for 5 all_in_state "$1" RSDI $found || die "$1: SIGCONT of $2 ($found) did not take"
  printf '%s' "$found"
}

# healthy NAME: serves as what it is: the leader, or a replica that streams from it; an etcd member with a leader; HAProxy.
healthy() {
  case $1 in
    patroni*) [ "$(sql "$1" 'SELECT 1')" = 1 ] && { [ "$(leader)" = "$1" ] || streams "$1"; } ;;
    etcd*) inside "$1" curl -sf -m 2 http://127.0.0.1:2379/health | grep -q '"health":"true"' ;;
    haproxy*) inside "$1" curl -sf -m 2 -o /dev/null http://127.0.0.1:7000/stats ;;
  esac
}

wait_healthy() {
  wait_for "$2" healthy "$1" || die "$1 is not healthy again within $2 s"
}

# ---- WAL -------------------------------------------------------------------------------------------------------------

#: lag MEMBER [MB=120] | stops the replica's recovery process (SIGSTOP), then writes WAL on the leader until the replica is MB behind; it goes on receiving | SIGCONT
fault_lag() {
  local member=$1 mb=${2:-120} pid written=0
  need_replica "$member"
  pid=$(stop_processes "$member" startup)
  until behind_by "$member" $((mb * 1048576)); do
    [ "$written" -lt $((mb * 3)) ] || die "$member does not fall behind: $written MB written"
    write_wal 20
    written=$((written + 20))
  done
  all_in_state "$member" T "$pid" || die "$member: its recovery process ($pid) runs again"
  say "lag: $member's recovery process ($pid) is stopped (state T), $written MB written on $(leader): $(megabytes "$(behind "$member")") MB behind"
}

heal_lag() {
  local member=$1 pid
  pid=$(continue_processes "$member" startup)
  wait_for 60 behind_less "$member" 1048576 || die "$member is still $(megabytes "$(behind "$member")") MB behind"
  say "lag healed: $member's recovery process ($pid) runs, $(megabytes "$(behind "$member")") MB behind"
}

conflicts() { sql "$1" "SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup'" | grep -qx RecoveryConflictSnapshot; }

blockers() { sql "$1" "SELECT count(*) FROM pg_stat_activity WHERE application_name = '$BLOCKER' AND backend_xmin IS NOT NULL"; }
blocks() { [ "$(blockers "$1")" -ge 1 ]; }
blocks_no_more() { [ "$(sql "$1" "SELECT count(*) FROM pg_stat_activity WHERE application_name = '$BLOCKER'")" = 0 ]; }
has_table() { sql "$1" "SELECT 1 FROM $TABLE LIMIT 1" | grep -qx 1; }

#: blocked-replay MEMBER [query|idle] [MB=40] | a long report on the replica (application_name nightly-report) reads rows that the leader then updates and vacuums away: replay waits for it, for ever. `query` is an active query, `idle` an open transaction that does nothing (only terminating it helps) | ends the report
fault_blocked_replay() {
  local member=$1 kind=${2:-query} mb=${3:-40} leader statements
  need_replica "$member"
  leader=$(leader)
  sql "$leader" "SET client_min_messages = warning; CREATE TABLE IF NOT EXISTS $TABLE (id int PRIMARY KEY, n int) WITH (autovacuum_enabled = off);
    INSERT INTO $TABLE SELECT i, 0 FROM generate_series(1, 1000) i ON CONFLICT DO NOTHING"
  wait_for 30 has_table "$member" || die "$member does not replay: is it blocked already?"
  statements="BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT sum(n) FROM $TABLE;"
  case $kind in
    query)
      docker exec -d -u postgres -e PGAPPNAME=$BLOCKER "$(container "$member")" \
        psql -X -q -d postgres -c "$statements SELECT count(*), pg_sleep(86400) FROM $TABLE;"
      ;;
    idle)
      docker exec -d -u postgres -e PGAPPNAME=$BLOCKER "$(container "$member")" \
        bash -c "(echo '$statements'; exec sleep 86399) | psql -X -q -d postgres"
      ;;
    *) die "the report is 'query' or 'idle', not '$kind'" 2 ;;
  esac
  wait_for 10 blocks "$member" || die "the report did not start on $member"
  # Two rounds: the first makes dead rows that the report may still see, pruning them is what it conflicts with.
  sql "$leader" "UPDATE $TABLE SET n = n + 1"
  sql "$leader" "VACUUM (TRUNCATE false) $TABLE"
  write_wal "$mb"
  wait_for 20 conflicts "$member" || die "$member's replay is not blocked: is max_standby_streaming_delay still -1?"
  behind_by "$member" $((mb * 1048576 * 9 / 10)) || die "$member is not behind"
  say "blocked-replay: $BLOCKER ($kind) on $member holds replay up (RecoveryConflictSnapshot), $(megabytes "$(behind "$member")") MB behind"
}

heal_blocked_replay() {
  local member=$1 ended
  ended=$(sql "$member" "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '$BLOCKER'")
  inside "$member" pkill -f 'sleep 86399' || true
  wait_for 10 blocks_no_more "$member" || die "the report on $member did not end"
  wait_for 60 behind_less "$member" 1048576 || die "$member is still $(megabytes "$(behind "$member")") MB behind"
  say "blocked-replay healed: $ended report(s) ended on $member, $(megabytes "$(behind "$member")") MB behind"
}

need_leader() {
  need_member "$1"
  need_running "$1"
  [ "$(leader)" = "$1" ] || die "$1 is not the leader" 2
}

#: hold-wal MEMBER | stops the leader's WAL senders (SIGSTOP): it goes on, its replicas receive nothing. Killed now, it holds what nobody else has | SIGCONT
fault_hold_wal() {
  local member=$1 stopped
  need_leader "$member"
  stopped=$(stop_processes "$member" walsender)
  say "hold-wal: $(wc -w <<<"$stopped") WAL senders of $member are stopped (state T): what it writes from now on nobody receives"
}

heal_hold_wal() {
  local member=$1 continued
  continued=$(continue_processes "$member" walsender)
  wait_healthy "$member" 30
  say "hold-wal healed: $(wc -w <<<"$continued") WAL senders of $member run"
}

segment_of() { sql "$1" 'SELECT pg_walfile_name(pg_current_wal_lsn())'; }

# near_segment_end MEMBER: writes WAL until some 256 kB are left of the segment.
near_segment_end() {
  sql "$1" "SELECT pg_switch_wal()" >/dev/null
  sql "$1" "SELECT pg_logical_emit_message(true, 'lab', repeat('x', (16777216 - 262144 - (pg_current_wal_lsn() - '0/0') % 16777216)::int))" >/dev/null
}

#: no-rewind MEMBER [empty] | hold-wal, and the leader's WAL from before its replicas fell behind is removed: killed and replaced, it comes back diverged, and pg_rewind fails for want of the last common checkpoint; empty: nothing commits meanwhile | POST /reinitialize, once another leads
fault_no_rewind() {
  local member=$1 how=${2:-} head name segment
  need_leader "$member"
  sql "$member" CHECKPOINT
  # The replicas part from it at the end of a segment, so that the next one is a few hundred kB away: within maximum_lag_on_failover.
  near_segment_end "$member"
  # All have the new segment, and what it has alone is a checkpoint: no transaction. The setting goes with its copy.
  if [ "$how" = empty ]; then
    sql "$member" "ALTER SYSTEM SET default_transaction_read_only = on"
    sql "$member" "SELECT pg_reload_conf()" >/dev/null
    sleep 1
    sql "$member" "SELECT pg_switch_wal()" >/dev/null
    sleep 1
  fi
  head=$(sql "$member" 'SELECT pg_current_wal_lsn()')
  for name in $(replicas); do wait_for 20 replayed "$name" "$head" || die "$name does not replay"; done
  stop_processes "$member" walsender >/dev/null
  segment=$(segment_of "$member")
  until [ "$how" = empty ] || [[ $(segment_of "$member") > $segment ]]; do
    sql "$member" "SELECT pg_logical_emit_message(true, 'lab', repeat('x', 65536))" >/dev/null
  done
  # A checkpoint of its own that it can recover from.
  sql "$member" CHECKPOINT
  segment=$(sql "$member" 'SELECT pg_walfile_name(redo_lsn) FROM pg_control_checkpoint()')
  script "$member" "$PGDATA/pg_wal" "$segment" <<'SH'
cd "$1"
for file in $(ls | grep -xE '[0-9A-F]{24}'); do [[ ! $file < $2 ]] || rm "$file"; done
SH
  say "no-rewind: nobody receives what $member writes, and its WAL before $segment is gone: once replaced it cannot be rewound"
}

heal_no_rewind() { reinitialize "$1" no-rewind; }

has_segment() { [ "$(sql "$1" "SELECT count(*) FROM pg_ls_waldir() WHERE name = '$2'")" = 1 ]; }

in_log() { docker logs --since "$2" "$(container "$1")" 2>&1 | grep -q "$3"; }

# make_slot LEADER MEMBER: where there is none. Patroni 3.0 does not see that a slot was dropped behind its back, and never makes it again.
make_slot() {
  sql "$1" "SELECT pg_create_physical_replication_slot('$2', true)
    WHERE NOT EXISTS (SELECT 1 FROM pg_replication_slots WHERE slot_name = '$2')" >/dev/null 2>&1 || has_slot "$1" "$2"
}

has_slot() { [ "$(sql "$1" "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '$2'")" = 1 ]; }

# drop_slot LEADER MEMBER: also while its replica streams, which comes back at once.
drop_slot() {
  sql "$1" "SELECT count(pg_terminate_backend(active_pid)) FROM pg_replication_slots WHERE slot_name = '$2' AND active;
    SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots WHERE slot_name = '$2'"
}

streams_not() { ! streams "$1"; }

#: drop-slot MEMBER | drops the replica's slot on the leader: it cannot stream. Patroni 4 makes the slot again within loop_wait; 3.0 never does, and copying the replica again does not help | makes the slot again
fault_drop_slot() {
  local member=$1 leader
  need_replica "$member"
  leader=$(leader)
  wait_for 10 drop_slot "$leader" "$member" || die "$leader does not let go of the slot $member"
  wait_for 5 streams_not "$member" || die "$member streams all the same"
  say "drop-slot: $leader has no slot $member, $member does not stream"
}

heal_drop_slot() {
  make_slot "$(leader)" "$1"
  wait_healthy "$1" 60
  say "drop-slot healed: $(leader) has the slot $1, $1 streams"
}

#: wal-gap MEMBER | makes a replica need WAL that no longer exists: stops it, drops its slot, writes and recycles WAL on the leader, starts it. It runs, and never streams | POST /reinitialize
fault_wal_gap() {
  local member=$1 leader segment since round
  need_replica "$member"
  leader=$(leader)
  docker stop "$(container "$member")" >/dev/null
  # The segment that it will ask for: the one that holds the end of what it has, which the leader cannot have moved past for more than this.
  segment=$(sql "$leader" 'SELECT pg_walfile_name(pg_current_wal_lsn())')
  for round in $(seq 20); do
    # Patroni keeps making the slot again while it remembers the member; a new slot holds only what is there by then.
    sql "$leader" "SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots WHERE slot_name = '$member' AND NOT active" >/dev/null
    write_wal 48
    sql "$leader" 'SELECT pg_switch_wal()' >/dev/null
    sql "$leader" CHECKPOINT
    has_segment "$leader" "$segment" || break
  done
  if has_segment "$leader" "$segment"; then
    docker start "$(container "$member")" >/dev/null
    die "$leader still has $segment after $round rounds; $member started again"
  fi
  make_slot "$leader" "$member"
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  docker start "$(container "$member")" >/dev/null
  wait_for 60 in_log "$member" "$since" 'requested WAL segment .* has already been removed' ||
    die "$member does not ask for WAL that is gone"
  if streams "$member"; then die "$member streams all the same"; fi
  say "wal-gap: $leader no longer has $segment, which $member needs; $member runs, and does not stream ($(megabytes "$(behind "$member")") MB behind)"
}

heal_wal_gap() { reinitialize "$1" wal-gap; }

# A leader whose data is gone holds its key for a while yet.
other_leads() {
  local name
  name=$(leader) && [ "$name" != "$1" ]
}

# reinitialize MEMBER FAULT: a new copy from the leader, through Patroni.
reinitialize() {
  local member=$1 answer started
  need_member "$member"
  wait_for 90 other_leads "$member" || die "no other member leads: $member has nobody to be copied from"
  [ "$(container_state "$member")" = running ] || docker start "$(container "$member")" >/dev/null
  wait_for 30 rest "$member" GET /patroni || die "$member's API does not answer"
  started=$(now_ms)
  answer=$(rest "$member" POST /reinitialize '{"force": true}')
  [ "$answer" = 'reinitialize started' ] || die "$member refuses: $answer"
  sleep 2
  wait_healthy "$member" 120
  say "$2 healed: $member was copied from the leader again and streams, after $((($(now_ms) - started) / 1000)) s"
}

# ---- a member --------------------------------------------------------------------------------------------------------

runs() { [ "$(api_field "$1" state)" = running ]; }
not_running_state() { [ "$(api_field "$1" state)" != running ]; }

#: break-data MEMBER | destroys the data directory (removes global/pg_control) and kills PostgreSQL: Patroni tries to start it for ever | POST /reinitialize
fault_break_data() {
  local member=$1 pid state
  need_member "$member"
  need_running "$member"
  pid=$(pids "$member" postmaster)
  [ -n "$pid" ] || die "$member has no postmaster"
  inside "$member" rm "$PGDATA/global/pg_control"
  inside "$member" kill -KILL "$pid"
  wait_for 30 not_running_state "$member" || die "$member's PostgreSQL still runs"
  if inside "$member" test -e "$PGDATA/global/pg_control"; then die "$member has its pg_control again"; fi
  state=$(api_field "$member" state)
  say "break-data: $member has no global/pg_control, its postmaster ($pid) is killed; Patroni says: ${state:-unknown}"
}

heal_break_data() { reinitialize "$1" break-data; }

#: kill-postgres MEMBER | kills the postmaster (SIGKILL) and leaves the data alone | none: Patroni starts it again
fault_kill_postgres() {
  local member=$1 pid
  need_member "$member"
  pid=$(pids "$member" postmaster)
  [ -n "$pid" ] || die "$member has no postmaster"
  inside "$member" kill -KILL "$pid"
  wait_for 5 process_gone "$member" "$pid" || die "$member's postmaster ($pid) is still there"
  say "kill-postgres: $member's postmaster ($pid) is killed"
}

process_gone() { ! inside "$1" test -d "/proc/$2" || inside "$1" grep -q '^State:.Z' "/proc/$2/status"; }

heal_kill_postgres() {
  need_member "$1"
  wait_for 60 runs "$1" || die "$1's PostgreSQL does not come back"
  wait_healthy "$1" 60
  say "kill-postgres healed: $1 is healthy (Patroni started it again)"
}

silent() { ! api "$1" /liveness -s -m 2 -o /dev/null; }
answers() { api "$1" /liveness -s -m 2 -o /dev/null; }

#: freeze MEMBER | stops Patroni (SIGSTOP of its working process), not PostgreSQL: the API is silent, SQL goes on; on the leader, two primaries after ttl | SIGCONT
fault_freeze() {
  local member=$1 pid
  need_member "$member"
  need_running "$member"
  pid=$(stop_processes "$member" patroni)
  wait_for 5 silent "$member" || die "$member's API still answers"
  [ -n "$(sql "$member" 'SELECT 1')" ] || die "$member's PostgreSQL does not answer either"
  say "freeze: $member's Patroni ($pid) is stopped (state T): its API is silent, its PostgreSQL answers"
}

heal_freeze() {
  local member=$1 pid
  pid=$(continue_processes "$member" patroni)
  wait_for 20 answers "$member" || die "$member's API does not answer"
  wait_healthy "$member" 90
  say "freeze healed: $member's Patroni ($pid) runs and $member is healthy"
}

sql_silent() { ! docker exec -u postgres "$(container "$1")" timeout 2 psql -X -q -A -t -d postgres -c 'SELECT 1'; }

#: freeze-postgres MEMBER | stops PostgreSQL (SIGSTOP of the postmaster and all of its children), not Patroni | SIGCONT
fault_freeze_postgres() {
  local member=$1 stopped
  need_member "$member"
  need_running "$member"
  # The postmaster first, so that it has no new children while the others are stopped.
  stop_processes "$member" postmaster >/dev/null
  stopped=$(stop_processes "$member" postgres)
  wait_for 5 sql_silent "$member" || die "$member's PostgreSQL still answers"
  say "freeze-postgres: $(wc -w <<<"$stopped") processes of $member's PostgreSQL are stopped (state T), SQL is silent"
}

heal_freeze_postgres() {
  local member=$1 continued
  continued=$(continue_processes "$member" postgres)
  wait_healthy "$member" 90
  say "freeze-postgres healed: $(wc -w <<<"$continued") processes of $member's PostgreSQL run and $member is healthy"
}

#: kill NAME | kills the container (SIGKILL): a host that lost its power | docker start
fault_kill() {
  need_running "$1"
  docker kill -s KILL "$(container "$1")" >/dev/null
  wait_for 10 in_container_state "$1" exited || die "$1 still runs"
  say "kill: container $(container "$1") is killed (exit code $(docker inspect --format '{{.State.ExitCode}}' "$(container "$1")"))"
}

#: hang NAME | docker pause: every process of the container stands still, as a virtual machine that is moved does | docker unpause
fault_hang() {
  need_running "$1"
  docker pause "$(container "$1")" >/dev/null
  in_container_state "$1" paused || die "$1 is not paused"
  say "hang: every process of $(container "$1") stands still"
}

heal_hang() {
  docker unpause "$(container "$1")" >/dev/null
  wait_healthy "$1" 90
  say "hang healed: $1 goes on, and is healthy"
}

in_container_state() { [ "$(container_state "$1")" = "$2" ]; }

heal_kill() { start_container "$1" kill; }

#: stop NAME | stops the container (SIGTERM): Patroni shuts PostgreSQL down and gives the leader key up | docker start
fault_stop() {
  local started
  need_running "$1"
  started=$(now_ms)
  docker stop "$(container "$1")" >/dev/null
  in_container_state "$1" exited || die "$1 still runs"
  say "stop: container $(container "$1") stopped in $(($(now_ms) - started)) ms (exit code $(docker inspect --format '{{.State.ExitCode}}' "$(container "$1")"))"
}

heal_stop() { start_container "$1" stop; }

# start_container NAME FAULT
start_container() {
  local started
  started=$(now_ms)
  docker start "$(container "$1")" >/dev/null
  wait_healthy "$1" 90
  say "$2 healed: $1 is healthy again, $((($(now_ms) - started) / 1000)) s after its start"
}

# ---- the network -----------------------------------------------------------------------------------------------------

# The one interface that is not loopback: eth0, or another number once the container was taken off its network and put back.
interface() { inside "$1" sh -c "ip -o link show type veth | sed 's/^[0-9]*: //; s/[@:].*//' | head -n 1"; }

# unshape NAME INTERFACE
unshape() {
  script "$1" "$2" <<'SH'
tc qdisc del dev "$1" root 2>/dev/null || true
tc qdisc del dev "$1" ingress 2>/dev/null || true
ip link del ifb0 2>/dev/null || true
SH
}

#: slow-net MEMBER [RATE=2mbit] | shapes what the member receives and sends to RATE (tc tbf; what is received through an ifb device) | removes the shaping
fault_slow_net() {
  local member=$1 rate=${2:-2mbit} interface started=0
  need_running "$member"
  interface=$(interface "$member")
  [ -n "$interface" ] || die "$member is on no network"
  if ! script "$member" "$interface" "$rate" <<'SH'; then
tc qdisc replace dev "$1" root tbf rate "$2" burst 64kb latency 400ms
ip link show ifb0 >/dev/null 2>&1 || ip link add ifb0 type ifb
ip link set ifb0 up
tc qdisc show dev "$1" | grep -q ingress || tc qdisc add dev "$1" handle ffff: ingress
tc filter replace dev "$1" parent ffff: protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev ifb0
tc qdisc replace dev ifb0 root tbf rate "$2" burst 64kb latency 400ms
SH
    unshape "$member" "$interface"
    die "THIS KERNEL CANNOT SHAPE TRAFFIC (tc tbf, ingress, u32, mirred, ifb): slow-net is not to be had here" 3
  fi
  inside "$member" tc qdisc show dev ifb0 | grep -q 'qdisc tbf' || die "$member: the shaping did not take"
  # Seen from outside, where it can be: a replica that now receives slower than the leader writes.
  if [[ $member == patroni* ]] && [ "$(sql "$member" 'SELECT pg_is_in_recovery()')" = t ]; then
    write_wal 16
    started=$(not_received "$member")
    [ "$started" -ge $((4 * 1048576)) ] || die "$member received 16 MB at once: $rate is no bound here"
    say "slow-net: $member's $interface is shaped to $rate both ways; 16 MB written, $(megabytes "$started") MB not received yet"
  else
    say "slow-net: $member's $interface is shaped to $rate both ways"
  fi
}

heal_slow_net() {
  local member=$1 interface
  interface=$(interface "$member")
  unshape "$member" "$interface"
  if inside "$member" tc qdisc show dev "$interface" | grep -qE 'tbf|ingress'; then die "$member: the shaping is still there"; fi
  wait_healthy "$member" 90
  say "slow-net healed: $member's $interface is not shaped, $member is healthy"
}

# The fixed address of a container, as compose.yaml gives it; `host` is this host's end of the lab's bridge.
fixed_ip() {
  local subnet
  subnet=$(label patroni1 subnet)
  case $1 in
    etcd?) say "$subnet.1${1#etcd}" ;;
    patroni?) say "$subnet.2${1#patroni}" ;;
    haproxy) say "$subnet.31" ;;
    haproxy2) say "$subnet.32" ;;
    address) say "$subnet.30" ;;
    host) say "$subnet.1" ;;
  esac
}

on_network() { docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}' "$(container "$1")" | grep -qw "$(network)"; }

# cannot_reach NAME ADDRESS PORT
cannot_reach() { ! inside "$1" timeout 1 bash -c "exec 3<>/dev/tcp/$2/$3"; }

#: partition NAME [all|dcs|peers|proxy|host] | takes the container off the network: from everything (its published ports die too), or drops packets (iptables, in its own network) to and from etcd, the other members, HAProxy, or this host only | puts it back
fault_partition() {
  local member=$1 from=${2:-all} other port
  local -a others=()
  need_running "$member"
  [ "$from" != from ] || from=${3:-all}
  case $from in
    all)
      docker network disconnect "$(network)" "$(container "$member")"
      if on_network "$member"; then die "$member is still on the network"; fi
      say "partition: $member is off the network $(network)"
      return
      ;;
    dcs) others=("${ETCDS[@]}") port=2379 ;;
    peers) if [[ $member == etcd* ]]; then others=("${ETCDS[@]}") port=2380; else others=("${MEMBERS[@]}") port=5432; fi ;;
    proxy) read -r -a others <<<"$(proxies)"; port=7000 ;;
    host) others=(host) port= ;;
    *) die "partition from what? all, dcs, peers, proxy or host, not '$from'" 2 ;;
  esac
  inside "$member" iptables -w -L -n >/dev/null 2>&1 || die "iptables does not work in $member on this kernel: only 'partition $member all' does" 3
  lab_chain "$member"
  for other in "${others[@]}"; do
    [ "$other" != "$member" ] || continue
    local address
    address=$(fixed_ip "$other")
    script "$member" "$address" <<'SH'
iptables -w -A LAB -s "$1" -j DROP
iptables -w -A LAB -d "$1" -j DROP
SH
    if [ -n "$port" ]; then
      cannot_reach "$member" "$address" "$port" || die "$member still reaches $other"
    fi
  done
  if [ "$from" = host ] && [[ $member == patroni* ]]; then
    ! curl -s -m 2 -o /dev/null "http://$(address):$((8007 + ${member#patroni}))/liveness" || die "this host still reaches $member"
  fi
  say "partition: $member drops all packets to and from $from ($(inside "$member" iptables -w -S LAB | grep -c -- '-j DROP') rules)"
}

heal_partition() {
  local member=$1
  if ! on_network "$member"; then
    docker network connect --alias "$member" --ip "$(fixed_ip "$member")" "$(network)" "$(container "$member")"
  fi
  if [ "$(container_state "$member")" = running ]; then
    script "$member" <<'SH'
if iptables -w -S LAB >/dev/null 2>&1; then iptables -w -F LAB; fi
SH
  fi
  wait_healthy "$member" 90
  say "partition healed: $member is on the network at $(fixed_ip "$member"), drops nothing, and is healthy"
}

# ---- the address of two proxies --------------------------------------------------------------------------------------

need_proxies() { two_proxies || die "this lab has one HAProxy: LAB_PROXIES=2 makes two" 2; }

has_address() { [ "$(container_state "$1")" = running ] && inside "$1" ip -o address show dev eth0 | grep -q " $(fixed_ip address)/"; }

# answers_at_address NAME: whoever has the address is this one by its own runtime API, as a member that runs sees it.
answers_at_address() {
  local id member
  for member in "${MEMBERS[@]}"; do if [ "$(container_state "$member")" = running ]; then break; fi; done
  id=$(docker inspect --format '{{.Config.Hostname}}' "$(container "$1")")
  inside "$member" bash -c "exec 3<>/dev/tcp/$(fixed_ip address)/9999; echo 'show info' >&3; timeout 2 cat <&3" | grep -qx "node: $id"
}

# give_address NAME: taken from the other first, as a good takeover does it; the announcement (gratuitous ARP) makes everybody's table right.
give_address() {
  local name address
  address=$(fixed_ip address)
  for name in $(proxies); do
    if [ "$name" != "$1" ] && has_address "$name"; then inside "$name" ip address del "$address/24" dev eth0; fi
  done
  has_address "$1" || inside "$1" ip address add "$address/24" dev eth0
  inside "$1" arping -q -U -c 2 -I eth0 "$address" || true
  wait_for 10 answers_at_address "$1" || die "$1 does not answer at $address"
}

#: move-address PROXY | LAB_PROXIES=2: the address that the two share goes from this HAProxy to the other, as a takeover does it; sessions through it break | goes back
fault_move_address() {
  local other=haproxy2
  need_proxies
  [ "$1" = haproxy ] || other=haproxy
  ! has_address "$other" || die "$other has the address, not $1" 2
  need_running "$other"
  give_address "$other"
  say "move-address: $(fixed_ip address) is $other's, no longer $1's"
}

heal_move_address() {
  need_proxies
  need_running "$1"
  give_address "$1"
  say "move-address healed: $(fixed_ip address) is $1's"
}

# ---- etcd ------------------------------------------------------------------------------------------------------------

need_etcd() { [[ $1 == etcd* ]] || die "$1 is not an etcd member (etcd1..3)" 2; }

#: stop-etcd ETCD | stops one etcd member's container; a second one costs the quorum | docker start
fault_stop_etcd() {
  need_etcd "$1"
  fault_stop "$1"
}
heal_stop_etcd() {
  need_etcd "$1"
  docker start "$(container "$1")" >/dev/null
  wait_for 10 in_container_state "$1" running || die "$1 did not start"
  etcd_settled "$1" stop-etcd
}

# An etcd member without a quorum cannot be healthy, and that is not its fault.
etcd_settled() {
  if wait_for 15 healthy "$1"; then
    say "$2 healed: $1 is healthy"
  else
    say "$2 healed: $1 runs, but is not healthy: is there a quorum?"
  fi
}

frozen_container() { all_in_state "$1" T 1; }
thawed_container() { all_in_state "$1" RSDI 1; }

#: freeze-etcd ETCD | SIGSTOP of the etcd process: its container runs, its port accepts, nothing answers | SIGCONT
fault_freeze_etcd() {
  need_etcd "$1"
  need_running "$1"
  docker kill -s STOP "$(container "$1")" >/dev/null
  wait_for 5 frozen_container "$1" || die "$1 does not freeze"
  say "freeze-etcd: $1's process is stopped (state T), its container still $(container_state "$1")"
}
heal_freeze_etcd() {
  need_etcd "$1"
  docker kill -s CONT "$(container "$1")" >/dev/null
  wait_for 5 thawed_container "$1" || die "$1 does not thaw"
  etcd_settled "$1" freeze-etcd
}

# ---- the whole cluster -----------------------------------------------------------------------------------------------

# patch_config JSON: through any member that takes it.
patch_config() {
  local name
  for name in "${MEMBERS[@]}"; do
    [ "$(container_state "$name")" = running ] || continue
    if rest "$name" PATCH /config "$1" >/dev/null 2>&1; then return 0; fi
  done
  die "no member takes PATCH /config"
}

# seen_pause VALUE: do all members that run say so?
seen_pause() {
  local name
  for name in "${MEMBERS[@]}"; do
    [ "$(container_state "$name")" = running ] || continue
    [ "$(api_field "$name" pause)" = "$1" ] || return 1
  done
}

#: pause | PATCH /config {"pause": true}: Patroni watches and does nothing | lab/heal pause (or lab/fault resume)
fault_pause() {
  patch_config '{"pause": true}'
  wait_for 30 seen_pause true || die "not every member says that it is paused"
  say "pause: every running member says pause"
}
heal_pause() {
  patch_config '{"pause": null}'
  wait_for 30 seen_pause '' || die "some member still says that it is paused"
  say "pause healed: no running member says pause"
}

#: resume | the inverse of pause, under the name that operators know | lab/fault pause
fault_resume() { heal_pause; }
heal_resume() { fault_pause; }

promoted() { [ "$(sql "$1" 'SELECT pg_is_in_recovery()')" = f ]; }
demoted() { [ "$(sql "$1" 'SELECT pg_is_in_recovery()')" = t ]; }

# promote MEMBER SQL [HOW=fault_pause]: run SQL on the leader (it prints the position that the member must have replayed), do what HOW does
# (pause the cluster, as a rule), then promote the replica behind Patroni's back.
promote() {
  local member=$1 how=${3:-fault_pause} head since
  head=$(sql "$(leader)" "$2")
  wait_for 10 replayed "$member" "${head##*$'\n'}" || die "$member does not replay"
  sql "$member" CHECKPOINT
  $how "$member" >/dev/null
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  docker exec -u postgres "$(container "$member")" pg_ctl promote -D "$PGDATA" >/dev/null || die "$member cannot be promoted"
  # A Patroni that runs may have demoted it between two looks: then its log has it.
  wait_for 20 was_promoted "$member" "$since" || die "$member is still in recovery"
}

was_promoted() { promoted "$1" || in_log "$1" "$2" 'selected new timeline ID'; }

replayed() { [ "$(sql "$1" "SELECT pg_last_wal_replay_lsn() >= '$2'")" = t ]; }

#: rogue-promote MEMBER [paused|unpaused] | pauses the cluster (or does not), then promotes the replica behind Patroni's back (pg_ctl promote): two primaries | resume: Patroni stops and rewinds it; unpaused it does so at once
fault_rogue_promote() {
  local member=$1 paused=${2:-paused}
  need_replica "$member"
  case $paused in
    paused) ;;
    unpaused)
      promote "$member" 'CHECKPOINT; SELECT pg_current_wal_lsn()' true
      say "rogue-promote: $member was promoted beside the leader $(leader), the cluster is not paused"
      return
      ;;
    *) die "the cluster is 'paused' or 'unpaused', not '$paused'" 2 ;;
  esac
  # A checkpoint that both have, so that pg_rewind finds one when Patroni is to bring the rogue back.
  promote "$member" 'CHECKPOINT; SELECT pg_current_wal_lsn()'
  say "rogue-promote: the cluster is paused, $member accepts writes on timeline $(sql "$member" 'SELECT timeline_id FROM pg_control_checkpoint()'), beside the leader $(leader)"
}

heal_rogue_promote() {
  local member=$1 started
  started=$(now_ms)
  heal_pause >/dev/null
  wait_for 90 demoted "$member" || die "$member is still a primary"
  wait_healthy "$member" 90
  say "rogue-promote healed: the cluster is resumed, $member streams from $(leader) after $((($(now_ms) - started) / 1000)) s"
}

#: rogue-frozen MEMBER | stops Patroni on the replica (SIGSTOP), then promotes it: two primaries, and nobody on the member who would demote it | SIGCONT: Patroni stops and rewinds it
fault_rogue_frozen() {
  local member=$1
  need_replica "$member"
  promote "$member" 'CHECKPOINT; SELECT pg_current_wal_lsn()' fault_freeze
  say "rogue-frozen: $member's Patroni is stopped and its PostgreSQL accepts writes beside the leader $(leader)"
}

heal_rogue_frozen() {
  local member=$1
  if in_container_state "$member" running; then continue_processes "$member" patroni >/dev/null; else docker start "$(container "$member")" >/dev/null; fi
  wait_for 90 demoted "$member" || die "$member is still a primary"
  wait_healthy "$member" 90
  say "rogue-frozen healed: $member streams from $(leader)"
}

all_pending() {
  local name
  for name in "${MEMBERS[@]}"; do [ "$(api_field "$name" pending_restart)" = "$1" ] || return 1; done
}

#: pending-restart | PATCH /config with max_connections 210: every member waits for a restart | PATCH /config with 200
fault_pending_restart() {
  patch_config '{"postgresql": {"parameters": {"max_connections": 210}}}'
  wait_for 30 all_pending true || die "not every member says pending_restart"
  say "pending-restart: max_connections is 210 in the configuration, every member says pending_restart"
}
heal_pending_restart() {
  patch_config '{"postgresql": {"parameters": {"max_connections": 200}}}'
  wait_for 30 all_pending '' || die "a member still says pending_restart: restarted in the meantime? POST /restart on it, the leader first"
  say "pending-restart healed: max_connections is 200, no member says pending_restart"
}

retained() { sql "$(leader)" "SELECT coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), -1)::bigint FROM pg_replication_slots WHERE slot_name = 'forgotten'"; }
has_forgotten() { [ "$(retained)" -ge 0 ]; }
has_forgotten_not() { [ -z "$(retained)" ]; }

#: forgotten-slot [MB=120] | a permanent slot that nobody reads (PATCH /config), then WAL: the leader may not remove it | takes the slot away
fault_forgotten_slot() {
  local mb=${1:-120}
  patch_config '{"slots": {"forgotten": {"type": "physical"}}}'
  wait_for 30 has_forgotten || die "the leader does not make the slot"
  write_wal "$mb"
  [ "$(retained)" -ge $((mb * 1048576)) ] || die "the slot retains $(megabytes "$(retained)") MB only"
  say "forgotten-slot: $(leader) keeps $(megabytes "$(retained)") MB of WAL for the slot 'forgotten', which nobody reads"
}
# The whole of `slots`: a null below a key that is not there is stored as it is, and Patroni makes a slot of that name.
heal_forgotten_slot() {
  patch_config '{"slots": null}'
  wait_for 30 has_forgotten_not || die "the slot is still there"
  say "forgotten-slot healed: $(leader) has no slot 'forgotten'"
}

# ---- more of a member ------------------------------------------------------------------------------------------------

hoarded() { sql "$1" "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lab-hoard'"; }
hoards() { [ "$(hoarded "$1")" -ge "$2" ]; }
hoards_not() { [ "$(hoarded "$1")" = 0 ]; }

#: connections MEMBER [FREE=10] | opens idle connections (application_name lab-hoard) until FREE of max_connections are left | ends them
fault_connections() {
  local member=$1 free=${2:-10} count
  need_member "$member"
  count=$(sql "$member" "SELECT current_setting('max_connections')::int - $free - count(*) FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender')")
  [ "$count" -gt 0 ] || die "$member has no more than $free connections left as it is"
  docker exec -d -u postgres "$(container "$member")" python3 -c "
import psycopg2, time
kept = [psycopg2.connect(host='/var/run/postgresql', dbname='postgres', application_name='lab-hoard') for _ in range($count)]
time.sleep(86398)"
  wait_for 20 hoards "$member" "$count" || die "$member has $(hoarded "$member") of $count connections"
  say "connections: $count idle connections opened on $member, $free of $(sql "$member" 'SHOW max_connections') are left"
}
heal_connections() {
  inside "$1" pkill -f 'sleep.86398' || true
  wait_for 10 hoards_not "$1" || die "$1 still has $(hoarded "$1") of them"
  say "connections healed: none of them is left on $1"
}

#: bad-config MEMBER | a setting in the member's own patroni.yml that PostgreSQL cannot start with (shared_preload_libraries), then a restart: `start failed` for ever with sound data; copying it again does not help | takes the setting out
fault_bad_config() {
  local member=$1
  need_replica "$member"
  inside "$member" sed -i '/^  parameters:$/a\    shared_preload_libraries: no_such_library' /etc/patroni.yml
  inside "$member" chown postgres:postgres /etc/patroni.yml
  rest "$member" POST /reload >/dev/null
  wait_for 30 inside "$member" grep -q no_such_library "$PGDATA/postgresql.conf" || die "$member did not reload its configuration"
  rest "$member" POST /restart '{}' >/dev/null 2>&1 || true
  wait_for 30 not_running_state "$member" || die "$member's PostgreSQL runs all the same"
  say "bad-config: $member's PostgreSQL cannot start (no_such_library); Patroni says: $(api_field "$member" state)"
}
heal_bad_config() {
  inside "$1" sed -i '/no_such_library/d' /etc/patroni.yml
  inside "$1" chown postgres:postgres /etc/patroni.yml
  rest "$1" POST /reload >/dev/null
  wait_healthy "$1" 90
  say "bad-config healed: the setting is out of $1's patroni.yml, $1 is healthy"
}

has_corrupt_table() { sql "$1" 'SELECT 1 FROM lab_corrupt LIMIT 1' | grep -qx 1; }
checksum_failures() { sql "$1" "SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database"; }
has_checksum_failures() { [ "$(checksum_failures "$1")" -gt 0 ]; }

#: corrupt-unread MEMBER | the same, and nobody reads it: no counter and no log says so, a check of the data alone finds it | as corrupt
fault_corrupt_unread() {
  local member=$1 path
  path=$(spoilt "$member") || exit
  say "corrupt-unread: block 0 of $path on $member is broken, and nobody has read it"
}
heal_corrupt_unread() { heal_corrupt "$1"; }

# spoilt MEMBER: overwrites a page of a table on this member, whose cache is empty, and prints the file.
spoilt() {
  local member=$1 path
  need_member "$member"
  sql "$(leader)" 'SET client_min_messages = warning; CREATE TABLE IF NOT EXISTS lab_corrupt AS SELECT i FROM generate_series(1, 10000) i; CHECKPOINT' >&2
  wait_for 30 has_corrupt_table "$member" || die "$member does not have the table"
  path=$(sql "$member" "CHECKPOINT; SELECT pg_relation_filepath('lab_corrupt')")
  rest "$member" POST /restart '{}' >/dev/null
  wait_for 60 runs "$member" || die "$member does not come back from its restart"
  docker exec -u postgres "$(container "$member")" bash -c "head -c 64 /dev/urandom | dd of=$PGDATA/$path bs=1 seek=4096 conv=notrunc status=none"
  printf '%s' "$path"
}

#: corrupt MEMBER | overwrites bytes of a table's file on this member and reads it: the page's checksum fails (its PostgreSQL is restarted for that, to empty its cache) | drops the table; a replica is copied again
fault_corrupt() {
  local member=$1 path
  path=$(spoilt "$member") || exit
  if has_corrupt_table "$member" 2>/dev/null; then die "$member reads the page all the same"; fi
  wait_for 10 has_checksum_failures "$member" || die "$member counts no checksum failure"
  say "corrupt: block 0 of $path on $member is broken, $(checksum_failures "$member") checksum failure(s) counted"
}
heal_corrupt() {
  wait_for 60 dropped lab_corrupt || die "there is no leader that drops a table"
  if [ "$(leader)" = "$1" ]; then
    sql "$1" 'SELECT pg_stat_reset()' >/dev/null
    wait_healthy "$1" 30
    say "corrupt healed: the table is dropped, the counters of $1 are reset"
  else
    reinitialize "$1" corrupt
  fi
  forget_log "$1"
}
# What a member wrote about pages that are gone is told by it for three minutes more, to whoever is started meanwhile.
forget_log() { truncate -s 0 "$(docker inspect --format '{{.LogPath}}' "$(container "$1")")"; }

#: rewind-failed MEMBER | rogue-promote, then the WAL that pg_rewind would need is removed, then resume: Patroni cannot rewind the member, which runs and never streams | POST /reinitialize
fault_rewind_failed() {
  local member=$1 since timeline
  need_replica "$member"
  timeline=$(sql "$member" "SELECT lpad(upper(to_hex(timeline_id)), 8, '0') FROM pg_control_checkpoint()")
  # The last checkpoint that both have is in a segment before the one that the new timeline begins in.
  promote "$member" "CHECKPOINT; SELECT pg_switch_wal(); SELECT pg_logical_emit_message(true, 'lab', 'x'); SELECT pg_current_wal_lsn()"
  sql "$member" "CREATE TABLE lab_rogue (i int)"
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  inside "$member" bash -c "rm -f $PGDATA/pg_wal/$timeline????????????????"
  heal_pause >/dev/null
  wait_for 60 in_log "$member" "$since" 'Failed to rewind' || die "$member did not fail to rewind"
  if wait_for 10 streams "$member"; then die "$member streams all the same"; fi
  say "rewind-failed: Patroni failed to rewind $member, which does not stream; it says: $(api_field "$member" state)"
}
heal_rewind_failed() { reinitialize "$1" rewind-failed; }

# shellcheck source=faults-storage.sh
. "$LAB_DIR/faults-storage.sh"
# shellcheck source=faults-replication.sh
. "$LAB_DIR/faults-replication.sh"
