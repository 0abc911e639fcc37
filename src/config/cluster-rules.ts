import type { DynamicConfig } from '../model/patroni.js';
import type { ActionName } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import type { ProblemCode } from '../model/problem.js';
import type { ConfigError, Locator } from './config-error.js';
import { judge, nowhere, type Breach, type Rule } from './rule.js';
import { durationText } from './units.js';

/** A policy, and the waits of the very cluster that it is for. */
interface Pace {
  readonly policy: Policy;
  readonly dynamic: DynamicConfig;
}

type Wait = (dynamic: DynamicConfig) => number;

const ttlAndLoop: Wait = ({ ttlMs, loopWaitMs }) => ttlMs + loopWaitMs;

/** What Patroni may end by itself, and the time in which it does: acting earlier is fighting it. [patroni.md sections 6, 9] */
const HEALED_BY_PATRONI: readonly (readonly [code: ProblemCode, leastMs: Wait])[] = [
  ['leaderless', ttlAndLoop],
  ['member-down', ttlAndLoop],
  ['patroni-down', ttlAndLoop],
  ['replica-start-failed', ttlAndLoop],
  ['replica-not-streaming', ttlAndLoop],
  ['wal-missing', ttlAndLoop],
  ['timeline-diverged', ttlAndLoop],
  // Patroni itself rewinds a former leader, or is about to: a rebuild now would throw away what it repairs.
  ['rewind-failed', ttlAndLoop],
  // A leader that has lost its key demotes itself within one loop; until then two members say primary.
  ['split-brain-confirmed', ({ loopWaitMs }) => loopWaitMs],
];

/** What is answered before Patroni answers it, and how long there is for that. */
const AHEAD_OF_PATRONI: readonly (readonly [code: ProblemCode, action: ActionName, mostMs: Wait, why: string])[] = [
  [
    'leader-frozen',
    'fence-member',
    // Its last renewal may be loop_wait old when it freezes; a quarter of the rest is for noticing it and for stopping it.
    ({ ttlMs, loopWaitMs }) => 0.75 * (ttlMs - loopWaitMs),
    'its key expires first, and then there are two primaries',
  ],
  [
    'leader-unreachable',
    'fence-leader',
    // As that of a frozen one: after the key has expired Patroni has replaced it.
    ({ ttlMs, loopWaitMs }) => 0.75 * (ttlMs - loopWaitMs),
    'its key expires first, and Patroni has replaced it',
  ],
  [
    'leader-down',
    'expedite-failover',
    ({ ttlMs }) => 0.75 * ttlMs,
    'its key expires first, and Patroni has replaced it',
  ],
];

const waitsText = ({ ttlMs, loopWaitMs }: DynamicConfig): string =>
  `this cluster has ttl ${durationText(ttlMs)} and loop_wait ${durationText(loopWaitMs)}`;

function tooEarly({ policy, dynamic }: Pace): readonly Breach[] {
  return HEALED_BY_PATRONI.flatMap(([code, least]) => {
    const leastMs = least(dynamic);
    const forMs = policy.grace[code]?.forMs;
    if (forMs === undefined || forMs >= leastMs) return [];
    return [
      {
        key: `grace.${code}.for`,
        found: durationText(forMs),
        expected: `at least ${durationText(leastMs)}: ${waitsText(dynamic)}`,
        remedy: `raise it to ${durationText(leastMs)}, or remove it; before that Patroni may heal it by itself`,
      },
    ];
  });
}

function tooLate({ policy, dynamic }: Pace): readonly Breach[] {
  return AHEAD_OF_PATRONI.flatMap(([code, action, most, why]) => {
    const { mode } = policy.actions[action];
    if (mode !== 'auto' && mode !== 'approve') return [];
    const mostMs = Math.floor(most(dynamic));
    const { forMs = 0, samples = 1 } = policy.grace[code] ?? {};
    const samplesMs = (samples - 1) * policy.poll.suspectIntervalMs;
    const rows = [
      { key: `grace.${code}.for`, found: durationText(forMs), ms: forMs },
      { key: `grace.${code}.samples`, found: `${samples}, ${durationText(samplesMs)} of passes`, ms: samplesMs },
    ];
    return rows
      .filter(({ ms }) => ms > mostMs)
      .map(({ key, found }) => ({
        key,
        found: `${found}, with ${action} on ${mode}`,
        expected: `at most ${durationText(mostMs)}: ${waitsText(dynamic)}, and ${why}`,
        remedy: `lower it, remove it, or set ${action} to off`,
      }));
  });
}

/** A problem that comes back needs its grace again; if the chain is over by then, every try looks like the first, for ever. */
function chainTooShort({ policy, dynamic }: Pace): readonly Breach[] {
  const graces = HEALED_BY_PATRONI.map(([code]) => policy.grace[code]?.forMs ?? 2 * ttlAndLoop(dynamic));
  const longestMs = Math.max(...graces);
  if (policy.chainMs > longestMs) return [];
  return [
    {
      key: 'chain',
      found: durationText(policy.chainMs),
      expected: `more than the longest grace of what is repaired, ${durationText(longestMs)}: ${waitsText(dynamic)}`,
      remedy: 'raise chain; a problem that comes back would never have used up its attempts',
    },
  ];
}

const CLUSTER_TABLE: readonly Rule<Pace>[] = [
  {
    id: 'grace-leaves-patroni-time',
    severity: 'error',
    keys: HEALED_BY_PATRONI.map(([code]) => `grace.${code}.for`),
    check: tooEarly,
  },
  {
    id: 'grace-before-key-expires',
    severity: 'error',
    keys: AHEAD_OF_PATRONI.flatMap(([code, action]) => [
      `grace.${code}.for`,
      `grace.${code}.samples`,
      `actions.${action}.mode`,
    ]),
    check: tooLate,
  },
  { id: 'chain-outlasts-grace', severity: 'error', keys: ['chain', 'grace.PROBLEM.for'], check: chainTooShort },
  {
    id: 'poll-sees-a-lease-end',
    severity: 'error',
    keys: ['poll.interval'],
    check: ({ policy, dynamic }) =>
      policy.poll.intervalMs <= dynamic.ttlMs / 3
        ? []
        : [
            {
              key: 'poll.interval',
              found: durationText(policy.poll.intervalMs),
              expected: `at most a third of this cluster's ttl ${durationText(dynamic.ttlMs)}: ${durationText(Math.floor(dynamic.ttlMs / 3))}`,
              remedy: `lower it to ${durationText(Math.floor(dynamic.ttlMs / 3))} or less; a failover would be over before it was seen`,
            },
          ],
  },
];

/**
 * Rows on a policy that does not fit the pace of the cluster itself, from its own `/config`. Pass the policy's locator to have file, line
 * and column.
 */
export function checkAgainstCluster(
  policy: Policy,
  dynamic: DynamicConfig,
  locator: Locator = nowhere('policy'),
): ConfigError[] {
  return judge(CLUSTER_TABLE, { policy, dynamic }, locator);
}

export const CLUSTER_RULES: readonly Pick<Rule<never>, 'id' | 'severity' | 'keys'>[] = CLUSTER_TABLE;
