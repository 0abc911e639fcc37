import { fixed, rung, type ProblemRow } from './problem-row.js';

/** What is left of our own work where the reason for it has gone another way than expected. */
export const LEFTOVER_ROWS: readonly ProblemRow[] = [
  {
    code: 'drain-left-over',
    level: 'warning',
    rank: 40.5,
    seenBy: 'etcd leader key and member API, against our own drains',
    grace: fixed(10_000, 3, 0),
    ladder: [rung('undrain-replica', 1, ['api', 'sql'])],
    page: 'when-exhausted',
    meaning:
      'A member that we drained as a replica leads by now: the drain is left over, and would keep its reads away once it follows again.',
    advice: 'Wait: the drain is ended by itself. By hand: ekimi run-procedure undrain-replica MEMBER.',
  },
];
