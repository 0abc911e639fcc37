import { fixed, type ProblemRow } from './problem-row.js';

/** Where members are and what Patroni was told of them. */
export const PLACES_ROWS: readonly ProblemRow[] = [
  {
    code: 'site-lost',
    level: 'critical',
    rank: 88.5,
    seenBy:
      'members, etcd endpoints and the proxy that the configuration puts on one site, all silent, while another site answers',
    grace: fixed(10_000, 3, 5_000),
    ladder: [],
    page: 'at-once',
    meaning: 'Nothing of one site answers, and what is elsewhere does: the cause is the site or the way to it.',
    advice: 'Look at the power and the network of that site before any single member.',
  },
  {
    code: 'watchdog-failed',
    level: 'warning',
    rank: 21.1,
    seenBy: 'member API: watchdog_failed',
    grace: fixed(30_000, 3, 10_000),
    ladder: [],
    page: 'at-once',
    meaning: 'Patroni on a member cannot use its watchdog, which it is told to: the member may not lead.',
    advice: 'Look at the watchdog device on that host (watchdog.device in its patroni.yml, its module and its rights).',
  },
  {
    code: 'failsafe-incomplete',
    level: 'warning',
    rank: 21.2,
    seenBy: 'failsafe and member keys in etcd',
    grace: (_policy, waits) => ({ forMs: 3 * waits.loopWaitMs, samples: 3, clearForMs: 0 }),
    ladder: [],
    page: 'at-once',
    meaning:
      'A member is not in the failsafe set: while etcd is lost it may not lead, and the leader does not count on it.',
    advice:
      "Look at the leader's log: it writes the set in each loop from the member keys. Restart Patroni on that member if it stays.",
  },
  {
    code: 'restart-scheduled',
    level: 'info',
    rank: 9.1,
    seenBy: 'member API: scheduled_restart',
    grace: fixed(0, 1, 0),
    ladder: [],
    page: 'never',
    meaning:
      'Somebody has scheduled a restart of a member with Patroni. From one loop before its time on nothing is sent to that member.',
    advice: 'Send DELETE /restart on that member to take it back.',
  },
  {
    code: 'member-doubled',
    level: 'critical',
    rank: 98.5,
    seenBy: "etcd's member key, whose address changes back and forth",
    grace: fixed(0, 1, 60_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'Two Patronis of one name write the same member key in turn: what is said of that member is now of the one, now of the other.',
    advice: 'Find the two by their addresses, stop one of them, and give it a name of its own.',
  },
];
