import { describe, expect, it } from 'vitest';
import { fresh, type Reading } from '../../src/model/reading.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { newestRun, startStaged } from '../support/staged.js';

const actions = {
  'stop-member': { mode: 'approve', timeoutMs: 30_000 },
  'close-servers': { mode: 'approve' },
  'open-servers': { mode: 'approve' },
  'move-aside': { mode: 'approve', timeoutMs: 30_000 },
  'begin-copy': { mode: 'approve', timeoutMs: 20_000 },
} as const;
const AUTO = { 'rebuild-member': { mode: 'auto', window: 'any' } } as const;

/** A driver that has these lines and knows no time of them. */
function logged(logs: Readonly<Record<string, string[]>>, policy = testPolicy({}, actions)): Rig {
  return rig({
    policy,
    wrap: ({ host, clock, ...ports }) => ({
      ...ports,
      clock,
      host: host && {
        ...host,
        logs: ({ name }): Promise<Reading<readonly string[]>> =>
          Promise.resolve(fresh([...(logs[name] ?? [])], clock.now(), 'log')),
      },
    }),
  });
}
const lineAt = ({ cluster }: Rig): string =>
  `${new Date(cluster.time.nowMs).toISOString()} [42] ERROR:  invalid page in block 3 of relation base/5/16384`;
const corrupt = ({ session }: Rig): readonly string[] =>
  session.states.problems.filter(({ code }) => code === 'data-corruption').map(({ subject }) => subject);

describe('a page that cannot be read, in the log of a replica that streams', () => {
  it('is told within 60 s with its place, sends nothing, and is over once the member was rebuilt', async () => {
    const lines: string[] = [];
    const ekimi = logged({ patroni3: lines });
    await ekimi.run(15);
    lines.push(lineAt(ekimi));
    await ekimi.run(70);
    expect(corrupt(ekimi)).toEqual(['patroni3']);
    const [page] = ekimi.notifier.pages.filter(({ code }) => code === 'data-corruption');
    expect(JSON.stringify(page)).toContain('block 3 of base/5/16384');
    expect(ekimi.requests()).toEqual([]);
    await startStaged(ekimi, { name: 'rebuild-member', member: 'patroni3' });
    await ekimi.run(200);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded' });
    expect(corrupt(ekimi)).toEqual([]);
  });

  it('asks a person where the policy would begin by itself: a line is written by whoever may run a statement', async () => {
    const lines: string[] = [];
    const ekimi = logged({ patroni3: lines }, testPolicy({ procedures: AUTO }, actions));
    await ekimi.run(15);
    lines.push(lineAt(ekimi));
    await ekimi.run(90);
    expect(newestRun(ekimi)).toMatchObject({ name: 'rebuild-member', phase: 'held', proposed: { word: 'asked' } });
    expect(ekimi.requests()).toEqual([]);
  });

  it('begins by itself where the counter of PostgreSQL says so as well', async () => {
    const lines: string[] = [];
    const ekimi = logged({ patroni3: lines }, testPolicy({ procedures: AUTO }, actions));
    await ekimi.run(15);
    lines.push(lineAt(ekimi));
    ekimi.cluster.corrupt('patroni3');
    await ekimi.run(60);
    expect(newestRun(ekimi)).toMatchObject({ name: 'rebuild-member', proposed: { word: 'accepted' } });
  });
});
