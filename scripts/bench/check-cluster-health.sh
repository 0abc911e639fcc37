#!/usr/bin/env bash
# The operations manual's check-cluster-health.sh, with what does not work on a real cluster put right, and with its two SQL questions asked:
#   - `GET /patroni` instead of `GET /`, which answers 503 on a replica, so that `curl -f` prints nothing
#   - each etcd endpoint's own /health instead of `docker exec ... etcdctl endpoint health --cluster`, which needs a shell on a member
#   - lag from the leader's pg_stat_replication, since no metric has it
#
# Usage: check-cluster-health.sh ADDRESS     (PGPASSWORD in the environment)
set -u

address=$1
leader_port=

check_member() {
  local name=$1 api=$2 sql=$3 document role state lag
  if curl -sf -m 3 "http://$address:$api/health" >/dev/null; then
    echo "ok   $name Patroni API healthy"
  else
    echo "FAIL $name Patroni API UNHEALTHY"
    return
  fi
  document=$(curl -sf -m 3 "http://$address:$api/patroni")
  role=$(jq -r .role <<<"$document")
  state=$(jq -r .state <<<"$document")
  echo "  Role: $role, State: $state"
  if [ "$role" = replica ]; then
    echo "  Replayed LSN: $(jq -r .xlog.replayed_location <<<"$document")"
    lag=$(psql -X -q -A -t -h "$address" -p "$sql" -U postgres -d postgres -c "SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
      THEN 0 ELSE EXTRACT(EPOCH FROM now() - pg_last_xact_replay_timestamp()) END")
    echo "  Lag, seconds: $lag"
  else
    leader_port=$sql
  fi
}

echo "=== Cluster Health Check ==="
check_member patroni1 8008 5432
check_member patroni2 8009 5433
check_member patroni3 8010 5434

echo "=== Replication ==="
psql -X -q -A -t -h "$address" -p "${leader_port:-5432}" -U postgres -d postgres -c "SELECT application_name, state,
  pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) FROM pg_stat_replication"

echo "=== etcd Health ==="
for port in 2379 2381 2383; do curl -sf -m 3 "http://$address:$port/health" || echo "FAIL etcd $port"; done
echo

echo "=== HAProxy Status ==="
curl -sf -m 3 "http://$address:7000/stats;csv" | grep -E '^postgres' | cut -d, -f1,2,18
