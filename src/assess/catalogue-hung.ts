import { rung, type ProblemRow, type Waits } from './problem-row.js';

/** A machine that stands still for five seconds (a snapshot, a moved virtual machine) goes on by itself. */
const STOOD_STILL_MS = 5_000;

const partOfLease = (part: number, { ttlMs, loopWaitMs }: Waits): number =>
  Math.max(STOOD_STILL_MS, part * (ttlMs - loopWaitMs));

/** Leaders that hold their key and do nothing with it, and that something could stop. */
export const HUNG_ROWS: readonly ProblemRow[] = [
  {
    code: 'leader-unreachable',
    level: 'critical',
    rank: 90.5,
    seenBy: 'member API and SQL silent, no replica hears it, host says running or paused, key held',
    grace: (_policy, waits) => ({ forMs: partOfLease(0.25, waits), samples: 3, clearForMs: 0 }),
    // Whether its Patroni still renews the lease only the end of a loop tells, unless the driver says that all of it stands still.
    milder: {
      when: (facts) => facts['isProven'] !== true,
      level: 'warning',
      grace: (_policy, waits) => ({ forMs: 2 * waits.ttlMs, samples: 3, clearForMs: 0 }),
      isUnproven: true,
    },
    ladder: [rung('fence-leader', 4, ['host'])],
    page: 'when-exhausted',
    meaning:
      'The holder of the leader key is silent to all while its container or host runs or stands still: a machine that hangs, or that is cut off. Patroni replaces it when the key expires (ttl).',
    advice:
      'Wait for ttl, or stop its container or host: then it is dead by proof. Do not let it go on after another was elected before it was stopped.',
  },
  {
    code: 'leader-hung',
    level: 'critical',
    rank: 91.5,
    seenBy: "member API, SQL without an answer, replicas that hear nothing; the heartbeat's row that is not written",
    grace: (_policy, waits) => ({ forMs: partOfLease(0.4, waits), samples: 3, clearForMs: 1_000 }),
    milder: {
      when: (facts) => facts['isWished'] === true,
      level: 'warning',
      grace: (_policy, waits) => ({ forMs: 2 * waits.ttlMs, samples: 3, clearForMs: 0 }),
      isUnproven: true,
    },
    ladder: [rung('fence-leader', 3, ['api', 'sql'])],
    page: 'when-exhausted',
    meaning:
      'PostgreSQL on the leader hangs (a volume that stalls, a stopped postmaster) and its Patroni goes on renewing the key: nobody else may lead for as long as that lasts.',
    advice:
      'Stop the container or host of the leader, so that another is elected. A switchover or restart through Patroni first waits for a PostgreSQL that does not stop, for ever where primary_stop_timeout is 0.',
  },
];
