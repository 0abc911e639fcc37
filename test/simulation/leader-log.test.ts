import { describe, expect, it } from 'vitest';
import { fresh, type Reading } from '../../src/model/reading.js';
import { rig, type Rig } from '../support/simulated.js';

const NO_ROOM =
  '2026-11-26 01:00:00.123 UTC [1475] ERROR:  could not extend file "base/5/24585": No space left on device';

/** Drivers that show logs and no volumes, as containers' do. */
function logged(logs: Readonly<Record<string, readonly string[]>>): Rig {
  return rig({
    wrap: ({ host, clock, ...ports }) => ({
      ...ports,
      clock,
      host: host && {
        ...host,
        disk: undefined as never,
        logs: ({ name }, count): Promise<Reading<readonly string[]>> =>
          Promise.resolve(fresh([...(logs[name] ?? [])].slice(-count), clock.now(), 'log')),
      },
    }),
  });
}

const pagesOf = ({ notifier }: Rig): readonly string[] =>
  notifier.pages.filter(({ code }) => code === 'disk-full').map(({ subject }) => subject);

describe('a leader that runs, leads and refuses what makes a table larger', () => {
  it('[W1] is told within 30 s by its own log alone, once, and nothing is sent', async () => {
    const lines: string[] = [];
    const ekimi = logged({ patroni1: lines });
    await ekimi.run(60);
    expect(pagesOf(ekimi)).toEqual([]);
    lines.push(NO_ROOM);
    await ekimi.run(30);
    expect(pagesOf(ekimi)).toEqual(['patroni1']);
    await ekimi.run(120);
    expect(pagesOf(ekimi)).toEqual(['patroni1']);
    expect(ekimi.requests()).toEqual([]);
  });

  it('[W1] is no reason to read what a replica wrote that streams', async () => {
    const ekimi = logged({ patroni3: [NO_ROOM] });
    await ekimi.run(120);
    expect(pagesOf(ekimi)).toEqual([]);
  });

  it('[W1] is not concluded from a statement that quotes the words', async () => {
    const ekimi = logged({
      patroni1: [`2026-11-26 01:00:00.123 UTC [9] STATEMENT:  SELECT 'No space left on device'`],
    });
    await ekimi.run(120);
    expect(pagesOf(ekimi)).toEqual([]);
  });

  it('[W1] is found behind the tracebacks that Patroni writes at every question while PostgreSQL does not answer', async () => {
    const traceback = Array.from(
      { length: 3_000 },
      (_, line) => `    File "/usr/lib/python3/api.py", line ${line}, in query`,
    );
    const ekimi = logged({ patroni1: [NO_ROOM, ...traceback] });
    await ekimi.run(30);
    expect(pagesOf(ekimi)).toEqual(['patroni1']);
  });
});
