import { POOLER_DEFAULTS } from '../model/policy.js';
import { fixed, rung, type ProblemRow } from './problem-row.js';

/** Connection poolers in front of the cluster. */
export const POOLER_ROWS: readonly ProblemRow[] = [
  {
    code: 'pooler-held',
    level: 'info',
    // Clients wait, and what they wait for is there: before anything else.
    rank: 100.5,
    seenBy: 'pooler, against our own pauses; leader key, SQL and proxy tell when there is no more to wait for',
    grace: fixed(0, 1, 0),
    ladder: [rung('resume-pooler', 1, ['pooler'])],
    page: 'when-exhausted',
    meaning:
      'We hold clients in a pooler, and the time for it is over: a new leader serves, or the pause has lasted long enough.',
    advice: 'Do nothing. If it stays: RESUME at the console of the pooler.',
  },
  {
    code: 'pooler-paused',
    level: 'warning',
    rank: 30.5,
    seenBy: 'pooler: databases that are paused, and by none of our pauses',
    grace: ({ pooler = POOLER_DEFAULTS }) => ({ forMs: pooler.pausedWarningMs, samples: 3, clearForMs: 0 }),
    ladder: [],
    page: 'at-once',
    meaning:
      'Somebody has paused a pooler, and clients have waited in it since. It is not our pause, so we do not end it; until it ends no switchover is begun that would need one.',
    advice: 'Ask who paused it; RESUME at its console when the work is done.',
  },
  {
    code: 'pooler-waits',
    level: 'warning',
    rank: 30.4,
    seenBy: 'pooler: maxwait of a database that is not paused',
    grace: fixed(5_000, 3, 5_000),
    ladder: [],
    page: 'at-once',
    meaning: 'Clients wait in a pooler for a connection to the server, for longer than pooler.waitWarning.',
    advice:
      'Look at SHOW POOLS: with all servers active the pool is too small or transactions are too long; with none the pooler does not reach the proxy.',
  },
];
