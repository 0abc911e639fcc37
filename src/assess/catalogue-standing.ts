import { fixed, patroniFirst, rung, type ProblemRow } from './problem-row.js';

/** How replicas, slots and the archive stand: what goes wrong slowly and without a crash. Told to a person, with what to do. */
export const STANDING_ROWS: readonly ProblemRow[] = [
  {
    code: 'standby-cluster-stale',
    level: 'critical',
    rank: 83.5,
    seenBy: "SQL and member API of the standby cluster's leader",
    grace: patroniFirst(3),
    ladder: [],
    page: 'at-once',
    meaning:
      'The leader of this standby cluster receives nothing from the primary that it follows: the whole site grows stale.',
    advice:
      'Look at the network to the primary site, at standby_cluster.host, port and primary_slot_name, and at the log of the standby leader.',
  },
  {
    code: 'archiving-failed',
    level: 'warning',
    rank: 24.1,
    seenBy: 'SQL: pg_stat_archiver',
    grace: fixed(60_000, 3, 30_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'PostgreSQL cannot archive its WAL: it keeps every file until it can, and no restore reaches beyond the last one.',
    advice:
      "Read the archiver's error in the member's log, run archive_command by hand, and make room where the archive lies.",
  },
  {
    code: 'replay-paused',
    level: 'warning',
    rank: 24.2,
    seenBy: 'SQL: pg_is_wal_replay_paused(), member API',
    // Patroni resumes it in its next loop on PostgreSQL 14 and newer, unless the cluster is paused.
    grace: (_policy, waits) => ({ forMs: 2 * waits.loopWaitMs, samples: 3, clearForMs: 0 }),
    ladder: [rung('resume-replay', 1, ['sql'])],
    page: 'at-once',
    meaning: 'Replay on a replica is paused: it receives WAL and shows nothing new.',
    advice:
      'Ask whoever paused it; then SELECT pg_wal_replay_resume() on that member. Where a setting or a recovery target has paused it, correct that first: to resume would shut it down, or promote it.',
  },
  {
    code: 'wrong-upstream',
    level: 'warning',
    rank: 24.3,
    seenBy: 'SQL: its WAL receiver and the lists of those who send',
    grace: patroniFirst(3),
    ladder: [],
    page: 'at-once',
    meaning: 'A replica streams from another member than the leader or the one that its tag replicatefrom names.',
    advice:
      'Look at primary_conninfo on that member (a setting of its own may override Patroni), then POST /restart on it.',
  },
  {
    code: 'timeline-foreign',
    level: 'critical',
    rank: 53.5,
    seenBy: "member's timeline against the leader's and /history",
    grace: patroniFirst(3),
    ladder: [],
    page: 'at-once',
    meaning:
      'A member is on a timeline that the leader never had: it was promoted or restored apart from this cluster.',
    advice:
      'Look at what that member holds before anything else. Only then rebuild it: ekimi run-procedure reinitialize-replica MEMBER.',
  },
  {
    code: 'member-rewinding',
    level: 'info',
    rank: 24.4,
    seenBy: 'SQL on the leader: a session that reads files as pg_rewind does',
    grace: fixed(0, 1, 0),
    ladder: [],
    page: 'never',
    meaning:
      'A member is being rewound from the leader: one that led before, or was ahead of it. Nothing is sent to it meanwhile.',
    advice: 'Wait for it; it takes as long as a copy of what has changed.',
  },
  {
    code: 'rewind-interrupted',
    level: 'critical',
    rank: 24.5,
    seenBy: 'SQL on the leader while it was rewound, host, member API',
    grace: fixed(5_000, 3, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'A member was stopped in the middle of a rewind: its directory is half of one history and half of another.',
    advice:
      'Do not start it as it is: rebuild it (ekimi run-procedure reinitialize-replica MEMBER), or start it and let pg_rewind run again.',
  },
  {
    code: 'slot-lost',
    level: 'warning',
    rank: 24.6,
    seenBy: 'SQL: pg_replication_slots.wal_status',
    grace: fixed(5_000, 3, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'A replication slot has lost WAL that its consumer still needs: the consumer cannot go on from where it was.',
    advice: 'Set the consumer up anew (a logical one from a fresh snapshot), then drop the slot.',
  },
  {
    code: 'slot-at-risk',
    level: 'warning',
    rank: 24.7,
    seenBy: 'SQL: pg_replication_slots.wal_status, safe_wal_size',
    grace: fixed(5_000, 3, 5_000),
    ladder: [],
    page: 'at-once',
    meaning: 'A replication slot is about to lose the WAL that its consumer needs (max_slot_wal_keep_size).',
    advice: 'Let its consumer catch up now, or raise max_slot_wal_keep_size while there is room.',
  },
  {
    code: 'data-unchecked',
    level: 'warning',
    rank: 24.8,
    seenBy: 'our own checks of the data (postgres.check)',
    grace: fixed(5_000, 3, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'The data is to be checked by a schedule, and is not: a page that nobody reads may be wrong and nobody knows.',
    advice:
      'Correct what it names (ekimi doctor asks for the program and our rights), then ekimi check-data MEMBER: the first check that leaves nothing out ends it.',
  },
  {
    code: 'as-intended',
    level: 'info',
    rank: 9.5,
    seenBy: 'tags, settings and the configuration',
    grace: fixed(0, 1, 0),
    ladder: [],
    page: 'never',
    meaning: 'A member does not stream, replays late or is missing on purpose.',
    advice: 'Do nothing.',
  },
];
