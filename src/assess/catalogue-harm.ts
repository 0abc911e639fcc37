import { fixed, patroniFirst, type ProblemRow } from './problem-row.js';

/** What looks like a broken member and is none: told, and never repaired. */
export const HARM_ROWS: readonly ProblemRow[] = [
  {
    code: 'proxy-names',
    level: 'warning',
    rank: 23,
    seenBy:
      'proxy: no server of a pool is a member by map, name or address, or its servers are called like members, lead to where none is, and writes go there to one that does not lead',
    grace: fixed(20_000, 3, 5_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'Which server of the proxy is which member cannot be told, or it is the proxy of another cluster that has the same names: its routing is not judged, and nothing is sent to it.',
    advice:
      'Add to proxies.NAME.servers which server is which member, or call them alike; or correct proxies.NAME.pools, or the address of the proxy.',
  },
  {
    code: 'disk-full',
    level: 'critical',
    rank: 63,
    seenBy: "volumes by the host driver; the member's own log (No space left on device, SQLSTATE 53100)",
    grace: fixed(5_000, 2, 30_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'A volume of a member is full. On the leader writes fail. A replica keeps its copy and is not rebuilt: a copy would not fit, and its tries fill the disk of the leader.',
    advice:
      'Make room: enlarge the volume or remove what is not PostgreSQL. Never remove files from pg_wal. Look at replication slots that hold WAL.',
  },
  {
    code: 'copy-fails',
    level: 'critical',
    rank: 53,
    seenBy: "member API (creating replica, again and again), the member's own log",
    grace: fixed(5_000, 2, 30_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'A copy of the leader failed, and Patroni begins it anew in each loop, for ever. Each try makes the leader checkpoint, and its slot holds WAL there.',
    advice:
      "Read the member's log, stop its Patroni (docker stop, systemctl stop patroni), remove the cause, start it again. Watch the free room of the leader meanwhile.",
  },
  {
    code: 'disk-filling',
    level: 'warning',
    rank: 22,
    seenBy: 'volumes by the host driver, now and over the last half hour',
    grace: fixed(60_000, 3, 60_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'Less than a tenth of a volume of a member is free, or all of it is gone within disks.warnWithin at the rate of the last half hour.',
    advice:
      'Enlarge the volume, or find what grows: pg_wal held by a slot or a failing archiver, temporary files, logs.',
  },
  {
    code: 'replica-cut-off',
    level: 'warning',
    rank: 42,
    seenBy: "no stream by API, WAL receiver or leader; the member's own log, wal senders of the leader",
    grace: patroniFirst(3),
    ladder: [],
    page: 'at-once',
    meaning:
      'A replica runs and cannot get to the leader: no connection, not let in, or no free WAL sender. Its copy is good and is kept; neither a restart nor a rebuild would help.',
    advice:
      "Try psql 'host=LEADER user=REPLICATOR replication=1' from the replica. Look for a firewall, pg_hba.conf and password, max_wal_senders.",
  },
  {
    code: 'member-unreachable',
    level: 'warning',
    rank: 43,
    seenBy: 'API silent to us; its key in etcd renewed, or listed as streaming by another member',
    // The key of a member that has just died stays for ttl.
    grace: patroniFirst(3),
    ladder: [],
    page: 'at-once',
    meaning:
      'Ekimi does not hear the member, and others do: it is alive, and the way from Ekimi to it is not. Nothing is restarted or rebuilt for it.',
    advice:
      'Try its REST API and PostgreSQL from the host of Ekimi (curl, psql). Look for a firewall, a route, or a wrong address in ekimi.yaml.',
  },
];
