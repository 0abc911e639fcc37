import { patroniFirst, type ProblemRow } from './problem-row.js';

/** One cause that shows at many members at once. */
export const CAUSE_ROWS: readonly ProblemRow[] = [
  {
    code: 'all-replicas-affected',
    level: 'critical',
    rank: 62,
    seenBy: 'what every replica shows in the same pass, while the leader serves',
    grace: patroniFirst(3),
    ladder: [],
    page: 'at-once',
    meaning:
      'All replicas have the same trouble at once: one cause, and no repair of a single replica is planned for it.',
    advice:
      'Look for what they share: the way to the leader, pg_hba.conf and the replication login, max_wal_senders, a setting, a disk, a site.',
  },
];
