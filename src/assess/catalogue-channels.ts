import { fixed, patroniFirst, type ProblemRow } from './problem-row.js';

/** Trouble with our own means: what we cannot see, and what cannot be true. */
export const CHANNEL_ROWS: readonly ProblemRow[] = [
  {
    code: 'channels-contradict',
    level: 'warning',
    rank: 23.6,
    seenBy: "API, SQL and host driver of one member; its key in etcd and the senders' lists",
    grace: fixed(15_000, 5, 10_000),
    // The key is as old as a loop, and outlives its Patroni by a lease.
    milder: { when: (facts) => facts['isSlow'] === true, level: 'warning', grace: patroniFirst(5), isUnproven: true },
    ladder: [],
    page: 'at-once',
    meaning:
      'Two channels of one member cannot both be right: the host driver sees it stopped and it answers, or API and SQL disagree on its role: nothing is sent to it meanwhile. Or, for longer than a lease, its key in etcd or those who send it WAL say otherwise than it does itself.',
    advice:
      'Compare the addresses and names of that member in ekimi.yaml (patroni, postgres, hosts) with where it runs.',
  },
  {
    code: 'channel-silent',
    level: 'warning',
    rank: 23.5,
    seenBy: 'SQL, host driver, file of tags, proxy; whether Patroni takes our password',
    grace: fixed(180_000, 5, 30_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'A configured channel gives no answer or refuses us for minutes while the rest of the same member is fine: Ekimi sees less and may do less.',
    advice:
      'Look at the reason: renew the password or certificate in ekimi.yaml, or open the way to it; ekimi doctor asks each channel anew.',
  },
];
