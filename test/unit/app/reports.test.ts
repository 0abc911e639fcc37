import { expect, it } from 'vitest';
import { tellReports } from '../../../src/app/reports.js';
import type { ReportClaim } from '../../../src/kernel/report-claims.js';
import type { JournalEntry } from '../../../src/model/entry.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import type { ReportMessage } from '../../../src/notify/report-notice.js';
import { incident } from '../../support/scenarios.js';

/** A Monday. */
const START_MS = Date.UTC(2026, 0, 12, 6, 58, 30);
const WEEKLY = { cron: '0 7 * * MON', timezone: 'UTC', coversMs: 7 * 86_400_000, to: ['chat'], clusters: ['*'] };
const ENDED = {
  seq: 1,
  prev: '',
  hash: '',
  scope: 'a',
  atMs: START_MS - 3_600_000,
  body: {
    kind: 'incident',
    change: 'ended',
    of: { ...incident(START_MS - 7_200_000), endedAtMs: START_MS - 3_600_000 },
  },
} as JournalEntry;

const NAME = '0 7 * * MON UTC 10080m chat *';

/** Sleeps take no time; each `jumps` is how much later than asked for one ends. Stops at `untilMs`. */
async function told(
  untilMs: number,
  options: {
    readonly schedule?: Partial<typeof WEEKLY>;
    readonly tenure?: string;
    readonly jumps?: readonly number[];
    readonly entries?: (scope: string) => AsyncIterable<JournalEntry>;
    /** By the minute, from the start on. */
    readonly tenureAt?: (minute: number) => string;
    /** What the ledger has of this schedule when this process starts; absent: nothing. */
    readonly lastMs?: number;
    readonly claims?: (claim: ReportClaim, scope: string) => Promise<boolean>;
    /** The signal to end, for a story of its own. */
    readonly stop?: AbortController;
  } = {},
): Promise<readonly ReportMessage[]> {
  const stop = options.stop ?? new AbortController();
  const jumps = [...(options.jumps ?? [])];
  const found: ReportMessage[] = [];
  let nowMs = START_MS;
  const { lastMs: known } = options;
  let last =
    known === undefined
      ? []
      : ['a', 'b'].map((scope) => ({
          scope,
          schedule: NAME.replace(WEEKLY.cron, options.schedule?.cron ?? WEEKLY.cron),
          dueMs: known,
        }));
  await tellReports(
    {
      schedules: [{ ...WEEKLY, ...options.schedule }],
      controller: {
        scopes: () => ['a', 'b'],
        snapshot: (scope) =>
          ({
            tenure: {
              state: options.tenureAt?.(Math.floor((nowMs - START_MS) / 60_000)) ?? options.tenure ?? 'held',
            },
            ledger: { reports: last.filter((row) => row.scope === scope) },
          }) as unknown as ClusterSnapshot,
        entries:
          options.entries ??
          async function* (scope) {
            if (scope === 'a') yield ENDED;
          },
      },
      clock: {
        now: () => nowMs,
        monotonic: () => nowMs,
        sleep: async (ms) => {
          nowMs += ms + (jumps.shift() ?? 0);
          if (nowMs >= untilMs) stop.abort();
        },
      },
      claim:
        options.claims === undefined
          ? (scope, { schedule, dueMs, sinceMs }) => {
              const before = last.find((row) => row.scope === scope);
              last = [...last.filter((row) => row.scope !== scope), { scope, schedule, dueMs }];
              return Promise.resolve(before === undefined ? dueMs > sinceMs : dueMs > before.dueMs);
            }
          : (scope, claim) => options.claims?.(claim, scope) ?? Promise.resolve(false),
      tell: (message) => found.push(message),
      log: { error: () => undefined },
    },
    stop.signal,
  );
  return found;
}

const HOUR_MS = 3_600_000;

it('a report of each cluster is told once, at its minute, of the time before', async () => {
  const found = await told(START_MS + HOUR_MS);
  expect(found.map(({ scope, atMs }) => [scope, new Date(atMs).toISOString()])).toEqual([
    ['a', '2026-01-12T07:00:00.000Z'],
    ['b', '2026-01-12T07:00:00.000Z'],
  ]);
  expect(found[0]?.text).toContain('1 incident');
  expect(found[0]?.document?.title).toContain('2026-01-05 07:00');
  expect(found[1]?.text).toContain('0 incidents');
});

it('a machine that slept over the minute tells it once, when it wakes', async () => {
  expect(await told(START_MS + 30 * HOUR_MS, { schedule: { cron: '0 * * * *' }, jumps: [26 * HOUR_MS] })).toHaveLength(
    2 * (1 + 4),
  );
});

it('who does not hold tenure tells none, and a cluster that is not meant is left out', async () => {
  expect(await told(START_MS + HOUR_MS, { tenure: 'other' })).toEqual([]);
  expect((await told(START_MS + HOUR_MS, { schedule: { clusters: ['b*'] } })).map(({ scope }) => scope)).toEqual(['b']);
});

it('a journal that cannot be read is told in its place', async () => {
  const entries = (): AsyncIterable<JournalEntry> => {
    throw new Error('EIO');
  };
  const [first] = await told(START_MS + HOUR_MS, { entries });
  expect(first?.document).toBeUndefined();
  expect(first?.text).toBe('the report could not be made: EIO; look at the journal of a');
});

const DUE_MS = Date.UTC(2026, 0, 12, 7);
const WEEK_MS = 7 * 24 * HOUR_MS;

it('what nobody could tell at its minute is told once by the next one that holds tenure, of the same days', async () => {
  const found = await told(START_MS + 3 * HOUR_MS, { tenureAt: (minute) => (minute < 40 ? 'unknown' : 'held') });
  expect(found.map(({ scope, atMs }) => [scope, atMs])).toEqual([
    ['a', DUE_MS],
    ['b', DUE_MS],
  ]);
});

it('what was due while no instance ran is told by the next one that starts, where the ledger has the one before', async () => {
  const schedule = { cron: '0 6 * * MON' };
  const found = await told(START_MS + HOUR_MS, { schedule, lastMs: DUE_MS - HOUR_MS - WEEK_MS });
  expect(found.map(({ scope, atMs }) => [scope, atMs])).toEqual([
    ['a', DUE_MS - HOUR_MS],
    ['b', DUE_MS - HOUR_MS],
  ]);
  expect(await told(START_MS + HOUR_MS, { schedule })).toEqual([]);
});

it('what the ledger has as told is not told again, and what is older than a day is given up', async () => {
  expect(await told(START_MS + HOUR_MS, { lastMs: DUE_MS })).toEqual([]);
  const found = await told(START_MS + 48 * HOUR_MS, { tenureAt: (minute) => (minute < 25 * 60 ? 'other' : 'held') });
  expect(found).toEqual([]);
});

it('what cannot be noted is claimed again in each minute until it can, and told then', async () => {
  let asked = 0;
  const found = await told(START_MS + HOUR_MS / 4, {
    schedule: { clusters: ['a'] },
    claims: () => Promise.resolve((asked += 1) > 3),
  });
  expect(found.length).toBeGreaterThan(0);
  expect(asked).toBeGreaterThan(3);
});

it('of several clusters none stands as told before its report is made: who ends in the middle leaves the others to the next one', async () => {
  const stop = new AbortController();
  const claimed: string[] = [];
  const found = await told(START_MS + HOUR_MS, {
    stop,
    entries: async function* (scope) {
      if (scope === 'b') stop.abort();
      if (scope === 'a') yield ENDED;
    },
    claims: (_, scope) => {
      claimed.push(scope);
      return Promise.resolve(true);
    },
  });
  expect(claimed).toEqual(['a']);
  expect(found.map(({ scope }) => scope)).toEqual(['a']);
});

it('a report that waits to be claimed is made once, and keeps that of no other cluster waiting', async () => {
  const read: string[] = [];
  let asked = 0;
  const found = await told(START_MS + 5 * 60_000, {
    entries: async function* (scope) {
      read.push(scope);
      if (scope === 'a') yield ENDED;
    },
    claims: (_, scope) => Promise.resolve(scope === 'b' && (asked += 1) === 3),
  });
  expect(found.map(({ scope }) => scope)).toEqual(['b']);
  expect(read).toEqual(['a', 'b']);
});
