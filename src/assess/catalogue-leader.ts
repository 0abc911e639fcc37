import { fixed, type ProblemRow } from './problem-row.js';

/** What goes wrong with whoever leads while it holds its key, or while nobody holds it. */
export const LEADER_ROWS: readonly ProblemRow[] = [
  {
    code: 'leader-not-serving',
    level: 'critical',
    rank: 91,
    seenBy: 'leader key, member API of its holder, SQL',
    // A crash, a restart or a promotion of some seconds wakes nobody.
    grace: (_policy, waits) => ({ forMs: waits.loopWaitMs, samples: 3, clearForMs: 0 }),
    milder: {
      when: (facts) => facts['isWished'] === true,
      level: 'warning',
      grace: (_policy, waits) => ({ forMs: 2 * waits.ttlMs, samples: 3, clearForMs: 0 }),
    },
    ladder: [],
    page: 'at-once',
    meaning:
      'The holder of the leader key takes no writes: its PostgreSQL is down, starting, in recovery, or hangs. While it holds the key nobody else may lead. A restart that somebody asked for is told later.',
    advice:
      "Look at PostgreSQL's log on it. Patroni waits for primary_start_timeout before it lets another lead: patronictl failover to a candidate ends that; what hangs must be stopped with its container or host.",
  },
  {
    code: 'leader-api-silent',
    level: 'critical',
    rank: 83,
    seenBy: 'member API silent, leader key with a lease renewed since, SQL or a stream',
    grace: fixed(3_000, 3, 3_000),
    milder: {
      when: (facts) => facts['isReached'] === true,
      level: 'warning',
      grace: fixed(30_000, 3, 3_000),
      page: 'never',
    },
    ladder: [],
    page: 'at-once',
    meaning:
      'The REST API of the leader does not answer, its Patroni lives and its PostgreSQL takes writes. HAProxy asks that API: it will have no writer. Where its checks pass, only we cannot reach it.',
    advice:
      'Look at port 8008 of that member (firewall, file descriptors, certificate); restarting Patroni alone keeps PostgreSQL running if the cluster is paused first. Do not stop its host.',
  },
  {
    code: 'leader-flapping',
    level: 'critical',
    rank: 82,
    seenBy: 'leader key, member API, SQL over ten minutes',
    grace: fixed(0, 1, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'The same leader stopped taking writes three times within ten minutes and came back each time (a crash loop, memory, a link): too briefly for Patroni to replace it.',
    advice:
      "Look at its PostgreSQL's log and its kernel's (out of memory); switch over to another member before you look further.",
  },
  {
    code: 'member-not-configured',
    level: 'critical',
    rank: 81,
    seenBy: "etcd's member keys and leader key",
    grace: (_policy, waits) => ({ forMs: waits.loopWaitMs, samples: 3, clearForMs: 0 }),
    milder: {
      when: (facts) => facts['leads'] !== true,
      level: 'warning',
      grace: (_policy, waits) => ({ forMs: waits.ttlMs + waits.loopWaitMs, samples: 3, clearForMs: 0 }),
      page: 'never',
    },
    ladder: [],
    page: 'at-once',
    meaning:
      'Patroni has a member that the configuration lacks. Nothing is seen of it, and Patroni may elect it. Critical while it leads.',
    advice: 'Add it to patroni.members and postgres.members in ekimi.yaml, or remove it from the cluster.',
  },
];
