import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import type { Overview } from '../../../src/api/overview.js';
import { startServer, type Server } from '../../../src/api/server.js';
import type { Plots } from '../../../src/history/plots.js';
import type { JournalEntry } from '../../../src/model/entry.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import { FakeController } from '../../support/fake-controller.js';
import { recorded } from '../../support/recorded.js';
import { SCENARIOS } from '../../support/scenarios.js';

let server: Server | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function served(entries: readonly JournalEntry[]): Promise<string> {
  const controller = new FakeController(SCENARIOS.healthy());
  for (const { atMs, body } of entries) controller.write(atMs, body);
  const nothing = (): void => undefined;
  server = await startServer({
    config: { host: '127.0.0.1', port: 0, tokens: [] },
    controller,
    log: { info: nothing, warn: nothing, error: nothing },
    metrics: createMetrics(controller),
    redact: String,
    clock: { now: () => (entries.at(-1)?.atMs ?? 0) + 1 },
  });
  return `${server.url}/v1/clusters/email-cluster`;
}

interface Past {
  readonly seq: number;
  readonly atMs: number;
  readonly previousMs: number | null;
  readonly nextMs: number | null;
  readonly overview: Overview;
  readonly snapshot: ClusterSnapshot;
  readonly message?: string;
}
const get = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;

describe('a past moment of a killed leader on the lab', () => {
  it('is the page of then, with the recorded passes on both sides', async () => {
    const entries = await recorded('leader-killed-4.1');
    const passes = entries.filter(({ body }) => body.kind === 'pass');
    const url = await served(entries);
    const [before, at, after] = [passes[4], passes[5], passes[6]];
    const past = await get<Past>(`${url}/at?time=${(after?.atMs ?? 0) - 1}`);
    expect([past.seq, past.atMs, past.previousMs, past.nextMs]).toEqual([at?.seq, at?.atMs, before?.atMs, after?.atMs]);
    expect(past.overview.state).toBe(at?.body.kind === 'pass' ? at.body.cluster : null);
    expect(past.snapshot).toMatchObject({ passMs: null, startedAtMs: entries[0]?.atMs, policy: { mode: 'enforce' } });
    expect(past.snapshot.decisions).toEqual(at?.body.kind === 'pass' ? at.body.decisions : null);
  });

  it('has the policy of then, and that of now where no time is asked for', async () => {
    const entries = await recorded('leader-killed-4.1');
    const url = await served(entries);
    const modeOf = async (query: string): Promise<string> =>
      (await get<{ mode: string }>(`${url}/policy${query}`)).mode;
    expect([await modeOf(''), await modeOf(`?time=${entries.at(-1)?.atMs ?? 0}`)]).toEqual(['dry-run', 'enforce']);
    const before = await fetch(`${url}/policy?time=${(entries[0]?.atMs ?? 0) - 1}`);
    expect(before.status).toBe(404);
  });

  it('is refused before the first pass, with the reason', async () => {
    const entries = await recorded('leader-killed-4.1');
    const url = await served(entries);
    const answer = await fetch(`${url}/at?time=${(entries[0]?.atMs ?? 0) - 1}`);
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'no-such-moment' }]);
  });

  it('is not shown by a policy of another time', async () => {
    const entries = (await recorded('leader-killed-4.1')).filter(({ body }) => body.kind !== 'start');
    const past = await get<Past>(`${await served(entries)}/at?time=2026-12-31T00:00:00Z`);
    expect(past.message).toMatch(/policy that is not in the journal/);
  });

  it('names what keeps an entry from being shown', async () => {
    const entries = (await recorded('leader-killed-4.1')).map((entry): JournalEntry =>
      entry.body.kind === 'pass'
        ? { ...entry, body: { ...entry.body, view: null, states: null, lost: 'entry 3 was cut off' } }
        : entry,
    );
    const past = await get<Past>(`${await served(entries)}/at?time=2026-12-31T00:00:00Z`);
    expect(past.message).toMatch(/entry 3 was cut off/);
  });
});

describe('the plots of a killed leader on the lab', () => {
  it('show the time without writes between times with them, and its requests', async () => {
    const entries = await recorded('leader-killed-4.1');
    const [first, last] = [entries[0]?.atMs ?? 0, entries.at(-1)?.atMs ?? 0];
    const url = await served(entries);
    const found = await get<Plots>(`${url}/history?from=${first}&to=${last}&points=180`);
    const known = found.writable.filter((part) => part !== null);
    expect([known[0], Math.min(...known), known.at(-1)]).toEqual([1, 0, 1]);
    expect(found.marks.filter(({ kind }) => kind === 'request')).toHaveLength(4);
    expect(Object.keys(found.members)).toEqual(['patroni1', 'patroni2', 'patroni3']);
  });

  it.each([
    ['from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z', /59 days; expected at most 35/],
    ['from=5&to=4', /is not before/],
    ['from=yesterday', /from is .+yesterday.+; expected milliseconds/],
    ['points=0', /points/],
    ['points=2001', /points/],
  ])('refuse %s', async (query, why) => {
    const answer = await fetch(`${await served([])}/history?${query}`);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(why)]);
  });

  it('are empty for an empty journal', async () => {
    const found = await get<Plots>(`${await served([])}/history?from=1&to=1000&points=3`);
    expect(found).toMatchObject({ members: {}, writable: [null, null, null], marks: [] });
  });
});
