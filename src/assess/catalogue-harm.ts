import { patroniFirst, type ProblemRow } from './problem-row.js';

/** What looks like a broken member and is none: told, and never repaired. */
export const HARM_ROWS: readonly ProblemRow[] = [
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
