import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from '../support/fake-cli.js';
import { playDemo } from '../support/demo-story.js';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const tooLong = (text: string): readonly string[] => text.split('\n').filter((line) => line.length > 80);
/** What differs between two runs: seconds and sizes. */
const shape = (text: string): string => text.replace(/^ *[\d.]+ s /gm, 'N s ').replace(/\d+(\.\d+)? ?(MiB|s)\b/g, 'N');

describe('ekimi demo', () => {
  it('tells the tour in 80 columns, nothing twice, and ends with what was saved; the README shows it', async () => {
    const { text, lines } = await playDemo();
    expect(tooLong(text)).toEqual([]);
    const told = lines.filter(({ word }) => word !== 'STEP').map(({ word, text: of }) => `${word} ${of}`);
    expect(told.length).toBe(new Set(told).size + (told.filter((one) => one.includes('too few replicas')).length - 1));
    expect(text).toMatch(/ACT +expedite-failover patroni1: patroni1 holds the leader key and is\n +dead/);
    const [, mine, alone] =
      /without writes +([\d.]+) s; the same faults under Patroni alone: ([\d.]+) s/.exec(text) ?? [];
    expect(Number(mine)).toBeLessThan(5);
    expect(Number(alone)).toBeGreaterThan(15);
    const shown = /```text\n(ekimi demo: [^`]*)```/.exec(README)?.[1] ?? 'nothing';
    for (const part of shown.split('[...]\n')) expect(shape(text)).toContain(shape(part).trim());
  });

  it('in dry-run sends nothing and says what it would do, step by step', async () => {
    const { text } = await playDemo({ mode: 'dry-run', scenario: 'leader-killed' });
    expect(tooLong(text)).toEqual([]);
    expect(text).toMatch(/WOULD expedite-failover patroni1[^]*would send {2}etcd: delete the leader key/);
    expect(text).toContain('requests sent      0 (dry-run sends nothing)');
    expect(text).not.toContain(' ACT ');
  });

  it('with --approve asks, and the command works as printed', async () => {
    const asked: Promise<{ readonly exit: number; readonly out: string }>[] = [];
    const { text } = await playDemo({ approve: true, scenario: 'leader-killed' }, ({ approval }, url) => {
      if (approval === undefined) return;
      asked.push(cli(`approve ${approval} --reason "I have looked" --url ${url}`, { env: { EKIMI_TOKEN: 'demo' } }));
    });
    expect(text).toMatch(/EKIMI_TOKEN=demo ekimi approve \w{8} \\\n +--reason "I have looked" --url http:/);
    const [first] = await Promise.all(asked);
    expect(first).toMatchObject({ exit: 0 });
    expect(tooLong(text)).toEqual([]);
  });

  it.each([
    ['lag', /OK +drain-replica patroni3[^]*OK +undrain-replica patroni3/],
    ['etcd-lost', /ACT +start-store etcd2[^]*without writes +0\.0 s; the same faults under Patroni alone: \d\d/],
    ['disk-full', /PAGE[^]*disk-full patroni2/],
    ['rolling-restart', /rolling-restart succeeded/],
  ])('has the scenario %s', async (scenario, what) => {
    const { text } = await playDemo({ scenario });
    expect(tooLong(text)).toEqual([]);
    expect(text).toMatch(what);
  });
});
