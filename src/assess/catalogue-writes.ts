import { fixed, type ProblemRow } from './problem-row.js';

/** What only a write shows. */
export const WRITES_ROWS: readonly ProblemRow[] = [
  {
    code: 'leader-cannot-write',
    level: 'critical',
    rank: 88.7,
    seenBy: "the heartbeat: one row a second at the leader's own address (postgres.heartbeat of ekimi.yaml)",
    grace: fixed(5_000, 3, 5_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'The leader holds its key and answers queries, and does not take a write. Neither Patroni nor HAProxy sees that: clients are still sent to it.',
    advice:
      'Read the SQLSTATE. 25006: SHOW default_transaction_read_only. 53100: free room on the disk. 58xxx, XXxxx: look at the disk and the log. In doubt switch over.',
  },
];
