import { fixed, rung, type ProblemRow } from './problem-row.js';

/** What is left of our own work: where the reason for it has gone another way than expected, or for longer than it was to be kept. */
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
  {
    code: 'aside-overdue',
    level: 'warning',
    rank: 23.4,
    seenBy: 'the host driver lists what lies aside; aside.keepFor, aside.maxShareOfDisk',
    grace: fixed(0, 1, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'An old data directory, moved aside when its member was rebuilt, lies there for longer or takes more of its volume than the policy allows.',
    advice:
      'Read or copy what you need of it, then: ekimi run-procedure remove-aside MEMBER --set directory=NAME. Of an etcd member: delete member.ekimi-TIME in its data directory by hand. Ekimi deletes nothing by itself.',
  },
];
