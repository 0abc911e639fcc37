import type { Policy } from '../model/policy.js';
import type { Breach, Rule } from './rule.js';
import { durationText, sizeText } from './units.js';

const LEAST_INTERVAL_MS = 200;
const ONE_PAGE_BYTES = 8192;

/** Each pair must rise from left to right. */
function rising(
  pairs: readonly (readonly [string, number, string, number])[],
  shown: (amount: number) => string = sizeText,
): Breach[] {
  return pairs
    .filter(([, lower, , upper]) => lower >= upper)
    .map(([lowerKey, lower, upperKey, upper]) => ({
      key: `lag.${lowerKey}`,
      found: `lag.${lowerKey} ${shown(lower)} and lag.${upperKey} ${shown(upper)}`,
      expected: `lag.${lowerKey} below lag.${upperKey}`,
      remedy: `lower lag.${lowerKey} or raise lag.${upperKey}`,
    }));
}

/** How far is behind, and how often we look. */
export const PACE_RULES: readonly Rule<Policy>[] = [
  {
    id: 'lag-order',
    severity: 'error',
    keys: ['lag.warning', 'lag.critical', 'lag.emergency'],
    check: ({ lag }) =>
      rising([
        ['warning', lag.warningBytes, 'critical', lag.criticalBytes],
        ['critical', lag.criticalBytes, 'emergency', lag.emergencyBytes],
      ]),
  },
  {
    id: 'lag-age-order',
    severity: 'error',
    keys: ['lag.warningAge', 'lag.criticalAge', 'lag.emergencyAge'],
    check: ({ lag }) =>
      rising(
        [
          ['warningAge', lag.warningAgeMs, 'criticalAge', lag.criticalAgeMs],
          ['criticalAge', lag.criticalAgeMs, 'emergencyAge', lag.emergencyAgeMs],
        ],
        durationText,
      ),
  },
  {
    // Otherwise a drained replica is given back while it still counts as lagging, and drained again.
    id: 'lag-recovered',
    severity: 'error',
    keys: ['lag.recovered', 'lag.warning'],
    check: ({ lag }) =>
      lag.recoveredBytes <= lag.warningBytes
        ? []
        : [
            {
              key: 'lag.recovered',
              found: sizeText(lag.recoveredBytes),
              expected: `at most lag.warning, ${sizeText(lag.warningBytes)}`,
              remedy: 'lower lag.recovered or raise lag.warning',
            },
          ],
  },
  {
    // Lag is compared with "at least": a threshold of nothing is always reached.
    id: 'lag-above-zero',
    severity: 'error',
    keys: ['lag.recovered', 'lag.warning'],
    check: ({ lag }) =>
      (
        [
          [
            'recovered',
            lag.recoveredBytes,
            'a replica that we drained would never count as level, and never come back',
          ],
          ['warning', lag.warningBytes, 'every replica would count as lagging, always'],
        ] as const
      )
        .filter(([, bytes]) => bytes === 0)
        .map(([name, bytes, what]) => ({
          key: `lag.${name}`,
          found: `${sizeText(bytes)}: ${what}`,
          expected: 'more than 0B',
          remedy: 'write 1MB, the default, or a size that an idle and a busy replica stay below',
        })),
  },
  {
    id: 'lag-recovered-reachable',
    severity: 'warning',
    keys: ['lag.recovered'],
    check: ({ lag }) =>
      lag.recoveredBytes === 0 || lag.recoveredBytes >= ONE_PAGE_BYTES
        ? []
        : [
            {
              key: 'lag.recovered',
              found: `${sizeText(lag.recoveredBytes)}, less than one page of WAL`,
              expected: `at least ${sizeText(ONE_PAGE_BYTES)}`,
              remedy: 'raise it: while there are writes a drained replica may never be so level, and stay out',
            },
          ],
  },
  {
    id: 'poll-suspect',
    severity: 'error',
    keys: ['poll.suspectInterval', 'poll.interval'],
    check: ({ poll }) =>
      poll.suspectIntervalMs <= poll.intervalMs
        ? []
        : [
            {
              key: 'poll.suspectInterval',
              found: durationText(poll.suspectIntervalMs),
              expected: `at most poll.interval, ${durationText(poll.intervalMs)}`,
              remedy: 'lower poll.suspectInterval or raise poll.interval',
            },
          ],
  },
  {
    id: 'poll-floor',
    severity: 'error',
    keys: ['poll.interval', 'poll.suspectInterval'],
    check: ({ poll }) =>
      (
        [
          ['interval', poll.intervalMs],
          ['suspectInterval', poll.suspectIntervalMs],
        ] as const
      )
        .filter(([, ms]) => ms < LEAST_INTERVAL_MS)
        .map(([name, ms]) => ({
          key: `poll.${name}`,
          found: durationText(ms),
          expected: `at least ${durationText(LEAST_INTERVAL_MS)}`,
          remedy: 'raise it: more often only burdens the members',
        })),
  },
  {
    id: 'lag-for-sampled',
    severity: 'warning',
    keys: ['lag.for', 'poll.interval'],
    check: ({ lag, poll }) =>
      lag.forMs >= poll.intervalMs
        ? []
        : [
            {
              key: 'lag.for',
              found: durationText(lag.forMs),
              expected: `at least poll.interval, ${durationText(poll.intervalMs)}`,
              remedy: 'raise it: now a single pass can make a replica count as lagging',
            },
          ],
  },
];
