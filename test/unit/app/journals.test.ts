import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beginningWith, openJournals } from '../../../src/app/journals.js';
import { controllerOf } from '../../../src/fleet/controller.js';
import { readJournal } from '../../../src/journal/read.js';
import type { JournalEntry } from '../../../src/model/entry.js';
import { memoryJournal } from '../../../src/simulator/memory-journal.js';
import { scratch } from '../../support/scratch.js';
import { rig } from '../../support/simulated.js';
import { collected, page, textOf } from '../journal/journals.js';

const START = { kind: 'start', version: '1', instance: 'i', configHash: '', policyHash: 'h', policy: {} } as const;

const openedIn = (directory: string, scopes: readonly string[]) => {
  const told: unknown[] = [];
  const log = { warn: (fields: unknown) => told.push(fields), error: (fields: unknown) => told.push(fields) };
  const config = {
    clusters: scopes.map((scope) => ({ scope })),
    journal: { directory, maxFileBytes: 1_000_000, keepFiles: 0 },
  };
  return { told, journals: openJournals(config as never, log as never, (body) => body) };
};

describe('the journals of two clusters', () => {
  it('of which one cannot be written: the other one is, and it is told', async () => {
    const directory = scratch('journals');
    writeFileSync(join(directory, 'broken'), 'a file where a folder belongs');
    const { told, journals } = openedIn(directory, ['broken', 'fine']);
    const opened = await journals;
    const { of } = opened;
    expect(told).toEqual([expect.objectContaining({ code: 'JOURNAL', scope: 'broken' })]);
    await expect(of('broken').append(page('lost', 1, 'broken'))).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' });
    await of('fine').append(page('kept', 1, 'fine'));
    rmSync(join(directory, 'broken'));
    await of('broken').append(page('kept too', 2, 'broken'));
    await opened.close();
    expect((await collected(readJournal(directory))).map(textOf)).toEqual(['kept', 'kept too']);
  });

  it('of which none can be written: the start is refused', async () => {
    const directory = scratch('journals');
    for (const name of ['one', 'two']) writeFileSync(join(directory, name), '');
    await expect(openedIn(directory, ['one', 'two']).journals).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' });
  });

  it('are one page by time where no cluster is named', async () => {
    const [one, two] = [rig(), rig()];
    for (const [at, { session }] of [one, two].entries())
      for (const atMs of [1, 3, 5]) await session.parts.journal.append(page(`${at}: ${atMs}`, atMs + at, `c${at}`));
    const controller = controllerOf([one.session, two.session]);
    const { entries, more } = await controller.journal({ limit: 4 });
    expect([entries.map(textOf), more]).toEqual([['0: 3', '1: 3', '0: 5', '1: 5'], true]);
    expect((await controller.journal({ limit: 9 })).more).toBe(false);
    expect(await controller.journal({ limit: 9, scope: 'nobody' })).toEqual({ entries: [], more: false });
  });
});

describe('a start that could not be written', () => {
  it('is written before whatever can be, so that what follows has its policy', async () => {
    const memory = memoryJournal();
    const journal = beginningWith(memory, START);
    memory.failNext(new Error('full'));
    await expect(journal.append({ atMs: 1, scope: 's', body: START })).rejects.toThrow('full');
    memory.failNext(new Error('full'));
    await expect(journal.append(page('lost'))).rejects.toThrow('full');
    await journal.append(page('kept'));
    await journal.append(page('and this'));
    expect(memory.entries.map(textOf)).toEqual(['start', 'kept', 'and this']);
  });
});

describe('a reload that could not be written', () => {
  const reloaded = (hash: string) => ({ kind: 'policy', change: 'reloaded', hash, detail: hash, policy: {} }) as const;
  const told = ({ body }: JournalEntry): string => (body.kind === 'policy' ? body.hash : body.kind);

  it('is written before whatever can be, each in its order and once', async () => {
    const memory = memoryJournal();
    const journal = beginningWith(memory, START);
    await journal.append({ atMs: 1, scope: 's', body: START });
    for (const hash of ['one', 'two']) {
      memory.failNext(new Error('full'));
      await expect(journal.append({ atMs: 2, scope: 's', body: reloaded(hash) })).rejects.toThrow('full');
    }
    expect(textOf(await journal.append(page('kept')))).toBe('kept');
    await journal.append(page('and this'));
    expect(memory.entries.map(told)).toEqual(['start', 'one', 'two', 'page', 'page']);
  });

  it('is the entry that is given back where it can be written at once', async () => {
    const journal = beginningWith(memoryJournal(), START);
    expect(told(await journal.append({ atMs: 2, scope: 's', body: reloaded('one') }))).toBe('one');
  });
});
