# shellcheck shell=bash
# faults-replication.sh - PostgreSQL that starts for ever, links between two members, replay that is paused, standbys that are mute. Sourced by
# faults.sh, and described there.

# ---- PostgreSQL that is down for long --------------------------------------------------------------------------------

# The one that stops what replays WAL as soon as there is one: `startup`, or all of a server in single-user mode.
readonly HOLDER=lab-hold-recovery

readonly RECOVERY='^postgres: [^ ]+: startup|^/[^ ]*/postgres --single'

recovery_held() {
  local found
  found=$(inside "$1" pgrep -f "$RECOVERY" | xargs) || true
  # shellcheck disable=SC2086
  [ -n "$found" ] && all_in_state "$1" T $found
}

hold_recovery() {
  docker exec -d "$(container "$1")" bash -c "exec -a $HOLDER bash -c 'while :; do pkill -STOP -f \"\$0\"; sleep 0.01; done' '$RECOVERY'"
}

release_recovery() {
  inside "$1" pkill -f "$HOLDER" || true
  inside "$1" pkill -CONT -f "$RECOVERY" || true
}

#: stop-postgres MEMBER | kills the leader's postmaster with WAL to replay, and holds its recovery up (SIGSTOP of whatever replays): PostgreSQL is starting and does not come up, Patroni lives and holds the key | SIGCONT
fault_stop_postgres() {
  local member=$1 pid
  need_leader "$member"
  sql "$member" "SET client_min_messages = warning; DROP TABLE IF EXISTS lab_slow; CHECKPOINT"
  # Some 60 MB in small records: recovery takes longer than it takes to be stopped.
  sql "$member" "CREATE TABLE lab_slow AS SELECT i, i AS n FROM generate_series(1, 10) i; INSERT INTO lab_slow SELECT i, i FROM generate_series(1, 900000) i"
  pid=$(pids "$member" postmaster)
  hold_recovery "$member"
  inside "$member" kill -KILL "$pid"
  wait_for 5 process_gone "$member" "$pid" || die "$member's postmaster ($pid) is still there"
  wait_for 30 recovery_held "$member" || die "$member's recovery was not held up"
  wait_for 5 sql_silent "$member" || die "$member's PostgreSQL answers"
  say "stop-postgres: $member's postmaster ($pid) is killed, its recovery held up (state T); Patroni says: $(api_field "$member" state)"
}

heal_stop_postgres() {
  local member=$1
  release_recovery "$member"
  wait_healthy "$member" 120
  wait_for 60 dropped lab_slow || die "there is no leader that drops a table"
  say "stop-postgres healed: $member recovered and is healthy; $(leader) leads"
}

# ---- a link between two ----------------------------------------------------------------------------------------------

lab_chain() {
  script "$1" <<'SH'
iptables -w -N LAB 2>/dev/null || true
iptables -w -C INPUT -j LAB 2>/dev/null || { iptables -w -I INPUT -j LAB; iptables -w -I OUTPUT -j LAB; }
SH
}

# end_streams FROM MEMBER: a stream that is there would be believed in for wal_sender_timeout.
end_streams() { sql "$1" "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_replication WHERE application_name = '$2'" >/dev/null; }

kill_receiver() { inside "$1" pkill -f '^postgres: .*walreceiver' || true; }

#: cut-link MEMBER OTHER [both|one-way] | cuts the link between these two alone (iptables, in the network of the first): packets both ways, or only those of the first to the other. What streams over it is ended, or both sides would believe in it for a minute | drops nothing
fault_cut_link() {
  local member=$1 other ways=${3:-both} address
  need_running "$member"
  [ -n "${2:-}" ] || die "cut-link needs two members" 2
  other=$(resolve "$2")
  [ "$other" != "$member" ] || die "a link has two ends, not $member twice" 2
  inside "$member" iptables -w -L -n >/dev/null 2>&1 || die "iptables does not work in $member on this kernel" 3
  address=$(fixed_ip "$other")
  lab_chain "$member"
  inside "$member" iptables -w -A LAB -d "$address" -j DROP
  case $ways in
    both) inside "$member" iptables -w -A LAB -s "$address" -j DROP ;;
    one-way) ;;
    *) die "'both' ways or 'one-way', not '$ways'" 2 ;;
  esac
  if [[ $member$other == patroni*patroni* ]]; then
    cannot_reach "$member" "$address" 5432 || die "$member still reaches $other"
    end_link "$member" "$other"
    end_link "$other" "$member"
  fi
  say "cut-link: packets $([ "$ways" = both ] && say "between $member and $other" || say "from $member to $other") are dropped ($(inside "$member" iptables -w -S LAB | grep -c -- '-j DROP') rules)"
}

# end_link LEADER REPLICA: what streams from the one to the other, if they are that.
end_link() {
  [ "$(leader 2>/dev/null)" = "$1" ] || return 0
  kill_receiver "$2"
  wait_for 10 end_streams "$1" "$2" || true
  wait_for 10 streams_not "$2" || die "$2 streams from $1 all the same"
}

heal_cut_link() { heal_partition "$1"; }

# ---- replay that is paused -------------------------------------------------------------------------------------------

readonly PAUSER=lab-pauser

paused_replay() { [ "$(sql "$1" 'SELECT pg_get_wal_replay_pause_state()')" = paused ]; }
replays() { [ "$(sql "$1" 'SELECT pg_get_wal_replay_pause_state()')" = 'not paused' ]; }
no_pauser() { [ "$(sql "$1" "SELECT count(*) FROM pg_stat_activity WHERE application_name = '$PAUSER'")" = 0 ]; }

#: replay-paused MEMBER [again|once] | pg_wal_replay_pause() on the replica, twenty times a second (`again`, as a script would that somebody left running): Patroni resumes it in every loop. `once` sticks only while the cluster is paused or that Patroni stands still | pg_wal_replay_resume()
fault_replay_paused() {
  local member=$1 how=${2:-again}
  need_replica "$member"
  case $how in
    again)
      docker exec -d -u postgres -e PGAPPNAME=$PAUSER "$(container "$member")" \
        bash -c "printf 'SELECT pg_wal_replay_pause() \\\\watch 0.05\n' | psql -X -q -d postgres >/dev/null"
      ;;
    once) sql "$member" 'SELECT pg_wal_replay_pause()' >/dev/null ;;
    *) die "paused 'again' and again or 'once', not '$how'" 2 ;;
  esac
  # It takes effect at the next record.
  write_wal 1
  wait_for 10 paused_replay "$member" || die "$member replays all the same"
  say "replay-paused: replay of $member is paused ($how)"
}

heal_replay_paused() {
  local member=$1
  sql "$member" "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '$PAUSER'" >/dev/null
  wait_for 10 no_pauser "$member" || die "something on $member still pauses replay"
  sql "$member" 'SELECT pg_wal_replay_resume()' >/dev/null
  wait_for 10 replays "$member" || die "replay of $member is still paused"
  wait_for 60 behind_less "$member" 1048576 || die "$member is still $(megabytes "$(behind "$member")") MB behind"
  say "replay-paused healed: $member replays, $(megabytes "$(behind "$member")") MB behind"
}

# ---- synchronous replication -----------------------------------------------------------------------------------------

sync_standby() { sql "$(leader)" "SELECT application_name FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') ORDER BY 1 LIMIT 1"; }
has_sync() { [ -n "$(sync_standby)" ]; }
has_no_sync() { [ -z "$(sync_standby)" ]; }

#: sync-mode | PATCH /config {"synchronous_mode": true}: the leader's commits wait for one replica | off again
fault_sync_mode() {
  patch_config '{"synchronous_mode": true}'
  wait_for 40 has_sync || die "no replica becomes synchronous"
  say "sync-mode: commits on $(leader) wait for $(sync_standby)"
}
heal_sync_mode() {
  patch_config '{"synchronous_mode": null}'
  wait_for 40 has_no_sync || die "$(sync_standby) is still synchronous"
  say "sync-mode healed: commits wait for nobody"
}

waits_for_standby() { [ "$(sql "$1" "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")" -ge 1 ]; }

#: mute-sync MEMBER | stops the WAL receiver of a synchronous standby (SIGSTOP): it stays connected and confirms nothing, commits wait (needs sync-mode or LAB_SYNC; `sync` names the standby) | SIGCONT
fault_mute_sync() {
  local member=$1 stopped leader
  need_replica "$member"
  leader=$(leader)
  [ "$(sync_standby)" = "$member" ] || die "$member is not synchronous: lab/fault sync-mode, and the member is $(sync_standby)" 2
  stopped=$(stop_processes "$member" walreceiver)
  docker exec -d -u postgres -e PGAPPNAME=lab-waiting "$(container "$leader")" timeout 20 psql -X -q -d postgres -c "SELECT pg_logical_emit_message(true, 'lab', 'x')"
  wait_for 5 waits_for_standby "$leader" || die "commits on $leader do not wait for $member"
  streams "$member" || die "$member is no longer connected"
  say "mute-sync: $member's WAL receiver ($stopped) is stopped (state T), $leader still lists it streaming, commits wait"
}

waits_for_nobody() { ! waits_for_standby "$1"; }

heal_mute_sync() {
  local member=$1
  continue_processes "$member" walreceiver >/dev/null
  wait_healthy "$member" 90
  wait_for 20 waits_for_nobody "$(leader)" || die "commits on $(leader) still wait"
  say "mute-sync healed: $member's WAL receiver runs, commits wait for nobody"
}
