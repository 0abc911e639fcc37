# shellcheck shell=bash
# faults-storage.sh - disks that fill: a member's data, etcd's quota. Sourced by faults.sh, and described there.

readonly VOLUME=/var/lib/patroni
readonly FILL=$VOLUME/lab.fill

# ---- a member's data -------------------------------------------------------------------------------------------------

free_bytes() { inside "$1" df --output=avail -B1 "$VOLUME" | tail -n 1 | tr -d ' '; }
is_full() { [ "$(free_bytes "$1")" -lt 16384 ]; }

need_size() {
  [ -n "$(label "$1" data)" ] || die "the lab '$LAB_PREFIX' has no disk that could be filled: make it with LAB_DATA_SIZE=512" 3
}

stopped() { ! runs "$1"; }

# no_room MEMBER: does PostgreSQL say that it cannot make a table larger?
no_room() {
  local said
  said=$(sql "$1" 'SET client_min_messages = warning; CREATE TABLE IF NOT EXISTS lab_full (t text);
    INSERT INTO lab_full SELECT repeat(md5(i::text), 60) FROM generate_series(1, 4000) i' 2>&1) || true
  [[ $said == *'No space left on device'* ]]
}

# fill MEMBER: the rest of its volume, whatever grows or shrinks meanwhile.
fill() {
  docker exec -i -u postgres "$(container "$1")" bash -s -- "$FILL" <<'SH'
for size in 1M 64k 4k; do dd if=/dev/zero bs=$size status=none >>"$1" 2>/dev/null || true; done
SH
  is_full "$1"
}

# push MEMBER HOW MB LAST...: writes on the leader, and keeps the member's volume full, until the last command holds.
push() {
  local member=$1 how=$2 most=$3 written=0
  shift 3
  until "$@"; do
    [ "$written" -lt "$most" ] || die "$member goes on after $written MB on a full disk"
    wait_for 5 fill "$member" || true
    if [ "$how" = rows ]; then no_room "$(leader)" || true; else write_wal 8 2>/dev/null || true; fi
    written=$((written + 8))
    sleep 0.5
  done
}

#: fill-disk MEMBER [rows|wal] | fills the volume of the member's data and WAL (needs LAB_DATA_SIZE) and writes. `rows`: no table can grow; a leader refuses such statements and goes on, a replica stops when it has to replay one. `wal`: no new WAL file; a leader stops, a replica goes on and receives nothing | empties the volume; Patroni starts PostgreSQL again
fault_fill_disk() {
  local member=$1 how=${2:-rows} role=replica came
  need_member "$member"
  need_running "$member"
  need_size "$member"
  [ "$(leader)" != "$member" ] || role=leader
  # What is to fail is the table, not the next WAL file: there is a whole one.
  if [ "$how" = rows ]; then
    sql "$(leader)" 'CHECKPOINT; SELECT pg_switch_wal()' >/dev/null
    write_wal 1
    sleep 1
  fi
  wait_for 20 fill "$member" || die "$member has $(free_bytes "$member") bytes left all the same"
  case $role-$how in
    leader-rows) wait_for 20 no_room "$member" || die "$member, which leads, makes tables larger all the same" ;;
    replica-rows) push "$member" rows 96 stopped "$member" ;;
    leader-wal) push "$member" wal 320 stopped "$member" ;;
    replica-wal) push "$member" wal 160 streams_not "$member" ;;
    *) die "'rows' or 'wal', not '$how'" 2 ;;
  esac
  case $role-$how in
    leader-rows) came='INSERT: No space left on device' ;;
    *-rows | leader-wal) came="its PostgreSQL has stopped" ;;
    *) came='it receives nothing' ;;
  esac
  say "fill-disk: $member, a $role, has $(free_bytes "$member") bytes of $(label "$member" data) MB left; $came; Patroni says: $(api_field "$member" state)"
}

heal_fill_disk() {
  local member=$1
  need_member "$member"
  inside "$member" rm -f "$FILL"
  if inside "$member" test -e "$FILL"; then die "$member still has $FILL"; fi
  wait_for 60 move_on || die "there is no leader that takes writes"
  wait_healthy "$member" 120
  wait_for 60 dropped lab_full || die "there is no leader that drops a table"
  say "fill-disk healed: $member has $(($(free_bytes "$member") / 1048576)) of $(label "$member" data) MB left and is healthy"
}

# ---- etcd's quota ----------------------------------------------------------------------------------------------------

# etcdctl ETCD ARGUMENTS...
etcdctl() {
  local name=$1
  shift
  docker exec -i -e ETCDCTL_API=3 "$(container "$name")" etcdctl --command-timeout 5s "$@"
}

has_alarm() { etcdctl "$1" alarm list | grep -q NOSPACE; }
has_no_alarm() { ! has_alarm "$1"; }
refuses_writes() {
  local said
  said=$(etcdctl "$1" put /lab/probe x 2>&1) || true
  [[ $said == *'database space exceeded'* ]]
}
takes_writes() { etcdctl "$1" put /lab/probe x && etcdctl "$1" del /lab/probe; }

#: etcd-nospace ETCD [keys|history] | writes many keys, or a few again and again, through this member until the quota of all is used up (needs LAB_ETCD_QUOTA): alarm NOSPACE, whatever needs room is refused by every member | deletes, compacts, defragments each member, disarms
fault_etcd_nospace() {
  local etcd=$1 what=${2:-keys} count=0
  need_etcd "$etcd"
  need_running "$etcd"
  case $what in keys | history) ;; *) die "etcd-nospace: keys or history, not $what" 2 ;; esac
  [ -n "$(label "$etcd" quota)" ] || die "etcd of the lab '$LAB_PREFIX' has its usual quota of 2 GB: make the lab with LAB_ETCD_QUOTA=64" 3
  until refuses_writes "$etcd"; do
    [ "$count" -lt $((2 * $(label "$etcd" quota))) ] || die "$count MB are in etcd and it takes more"
    script "$etcd" "$([ "$what" = keys ] && printf %s "$count" || printf same)" <<'SH'
export ETCDCTL_API=3
head -c 1000000 /dev/zero | tr '\0' x >/tmp/lab.fill
for i in 1 2 3 4; do etcdctl put "/lab/fill/$1-$i" </tmp/lab.fill >/dev/null 2>&1 || break; done
SH
    count=$((count + 4))
  done
  wait_for 5 has_alarm "$etcd" || die "$etcd refuses writes without an alarm"
  say "etcd-nospace: $(etcdctl "$etcd" alarm list | sort -u | wc -l) member(s) raise NOSPACE at a quota of $(label "$etcd" quota) MB; writes are refused: database space exceeded"
}

heal_etcd_nospace() {
  local etcd=$1 name revision
  need_etcd "$etcd"
  etcdctl "$etcd" del --prefix /lab/ >/dev/null
  revision=$(etcdctl "$etcd" endpoint status -w json | docker exec -i "$(container "$etcd")" jq -r '.[0].Status.header.revision')
  etcdctl "$etcd" compact "$revision" >/dev/null
  for name in "${ETCDS[@]}"; do
    [ "$(container_state "$name")" != running ] || etcdctl "$name" defrag >/dev/null || die "$name cannot be defragmented"
  done
  etcdctl "$etcd" alarm disarm >/dev/null
  wait_for 10 has_no_alarm "$etcd" || die "the alarm NOSPACE is still there"
  wait_for 10 takes_writes "$etcd" || die "$etcd still takes no writes"
  say "etcd-nospace healed: compacted at revision $revision, defragmented, disarmed; $etcd takes writes"
}
