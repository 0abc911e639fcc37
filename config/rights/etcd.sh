#!/bin/sh
# The least that Ekimi needs in etcd, as a role and a user; run it once, as etcd's root user.
#
#   ETCDCTL_ENDPOINTS=https://etcd1:2379 ETCDCTL_USER=root ETCDCTL_PASSWORD=... EKIMI_PASSWORD=... SCOPE=main sh etcd.sh
#
# What it gives, and nothing else:
#   read       below NAMESPACE/SCOPE/       what Patroni keeps of the cluster
#   write      NAMESPACE/SCOPE/leader       so that a dead leader's key can be deleted. etcd knows no "delete only", and no "leader key only if
#                                           it is a dead one's": Ekimi's own transaction holds that. Leave it out (LEADER_KEY=no) where
#                                           expedite-failover is off
#   write      NAMESPACE/SCOPE/config       so that a person can change Patroni's configuration, pause and resume it through Ekimi. Leave it out
#                                           (CONFIG_KEY=no) where patch-config, pause-cluster and resume-cluster are off
#   readwrite  below /ekimi/SCOPE/          tenure, ledger, kill switches. Where the namespace is not /service/: below /ekimi/NAMESPACE/SCOPE/
# The password is typed on stdin and is in no process list. Authentication itself is yours to enable (`etcdctl auth enable`), when Patroni
# has a user of its own: readwrite below NAMESPACE/SCOPE/.
set -eu
export ETCDCTL_API=3

: "${SCOPE:?the scope of patroni.yml}"
: "${EKIMI_PASSWORD:?the password that Ekimi is to have (dcs.auth)}"
NAMESPACE=${NAMESPACE:-/service/}
EKIMI_NAMESPACE=${EKIMI_NAMESPACE:-/ekimi/}
EKIMI_USER=${EKIMI_USER:-ekimi}
ROLE=${ROLE:-$EKIMI_USER-$SCOPE}

# path PART...: slashes joined, doubled ones removed, as Patroni and Ekimi do.
path() { printf '/%s/' "$@" | sed 's://*:/:g'; }

theirs=$(path "$NAMESPACE" "$SCOPE")
case $(path "$NAMESPACE") in
  /service/) ours=$(path "$EKIMI_NAMESPACE" "$SCOPE") ;;
  /) ours=$(path "$EKIMI_NAMESPACE" _root "$SCOPE") ;;
  *) ours=$(path "$EKIMI_NAMESPACE" "$NAMESPACE" "$SCOPE") ;;
esac

etcdctl role add "$ROLE"
etcdctl role grant-permission "$ROLE" read "$theirs" --prefix
[ "${LEADER_KEY:-yes}" = no ] || etcdctl role grant-permission "$ROLE" write "${theirs}leader"
[ "${CONFIG_KEY:-yes}" = no ] || etcdctl role grant-permission "$ROLE" write "${theirs}config"
etcdctl role grant-permission "$ROLE" readwrite "$ours" --prefix
# What version 0.1.0 may have left, where clusters of every namespace met.
[ "$(path "$NAMESPACE")" = /service/ ] || etcdctl role grant-permission "$ROLE" read "$(path "$EKIMI_NAMESPACE" "$SCOPE")" --prefix

etcdctl user get "$EKIMI_USER" >/dev/null 2>&1 || printf '%s\n' "$EKIMI_PASSWORD" | etcdctl user add "$EKIMI_USER" --interactive=false
etcdctl user grant-role "$EKIMI_USER" "$ROLE"
