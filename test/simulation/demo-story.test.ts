import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { openDaemon } from '../../src/app/daemon.js';
import { loadFiles } from '../../src/app/files.js';
import { redactorOf } from '../../src/config/redactor.js';
import { memoryJournal } from '../../src/simulator/memory-journal.js';
import { createCluster } from '../../src/simulator/world.js';
import { cli } from '../support/fake-cli.js';
import { playDemo } from '../support/demo-story.js';
import { scratch } from '../support/scratch.js';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const tooLong = (text: string): readonly string[] => text.split('\n').filter((line) => line.length > 80);
/** What differs between two runs: seconds and sizes. */
const shape = (text: string): string => text.replace(/^ *[\d.]+ s /gm, 'N s ').replace(/\d+(\.\d+)? ?(MiB|s)\b/g, 'N');
const unwrapped = (text: string): string => text.replace(/\s+/g, ' ');

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
    expect(unwrapped(text)).toMatch(
      / ACT start-member patroni1.* The old leader was started again before anybody came/,
    );
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

  it.each([
    ['in dry-run', { mode: 'dry-run' }],
    ['in dry-run with --approve', { mode: 'dry-run', approve: true }],
    ['with --approve, while nobody agrees', { approve: true }],
  ] as const)('%s the tour tells nothing as done that nobody did', async (_, how) => {
    const { text, lines } = await playDemo(how);
    expect(unwrapped(text)).toContain('Nobody has started the old leader yet: a person does it now');
    expect(unwrapped(text)).not.toMatch(/started again|Ekimi has started|ends the wait/);
    const asked = lines.filter(({ word }) => word === 'ASKS').map((line) => line.text);
    const after = 'mode' in how ? 'dry-run: nothing is sent, even if you agree' : 'Nothing is sent before you agree';
    expect(asked.filter((one) => !one.endsWith(after))).toEqual([]);
    expect(asked.length > 0).toBe('approve' in how);
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

  it('reads and writes nothing in the folder of the journal: its first pass waits for no disk', async () => {
    const directory = scratch('demo');
    writeFileSync(join(directory, 'recovery-demo.json'), 'cut');
    const files = loadFiles(join(import.meta.dirname, '../../config/demo.ekimi.yaml'), {});
    if (!files.ok) throw new Error(files.errors.join('\n'));
    const ports = createCluster().ports();
    const { sessions } = await openDaemon({
      files: { ...files, config: { ...files.config, journal: { ...files.config.journal, directory } } },
      journals: memoryJournal,
      log: pino({ level: 'silent' }),
      redact: redactorOf(files.config),
      version: 'test',
      newId: () => 'id',
      clock: ports.clock,
      ports: () => ports,
      demo: true,
    });
    await sessions[0]?.recovery.open(0);
    expect(sessions[0]?.recovery).toMatchObject({ fault: null, run: null });
    expect(readdirSync(directory)).toEqual(['recovery-demo.json']);
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
