import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/decide/decide.js';
import { readJournal } from '../../../src/journal/read.js';
import { verifyJournal } from '../../../src/journal/verify.js';
import type { JournalEntry } from '../../../src/model/entry.js';
import { toJson } from '../../../src/model/json.js';
import type { Policy } from '../../../src/model/policy.js';
import { situationFrom } from '../../../src/model/situation.js';
import { replayer } from '../../../src/replay/replay.js';

const FOLDER = join(import.meta.dirname, '../../incidents');
const NAMES = readdirSync(FOLDER, { withFileTypes: true }).flatMap((row) => (row.isDirectory() ? [row.name] : []));

async function entriesOf(name: string): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const entry of readJournal(join(FOLDER, name))) entries.push(entry);
  return entries;
}

/** What each pass decides now, by its number in the journal. */
function decisionsIn(entries: readonly JournalEntry[]): readonly object[] {
  let policy: Policy | null = null;
  return entries.flatMap(({ seq, body }) => {
    if (body.kind === 'start') policy = body.policy as Policy;
    if (body.kind !== 'pass' || body.isLast === true || policy === null) return [];
    const { view, states, circumstances } = body;
    if (view === null || states === null || circumstances === undefined) return [];
    return [{ seq, decisions: decide(situationFrom({ view, states, circumstances }, policy)) }];
  });
}

describe.each(NAMES)('the incident %s', (name) => {
  it('has a whole journal', async () => {
    const report = await verifyJournal(join(FOLDER, name));
    expect(report.faults).toEqual([]);
    expect(report.entries).toBeGreaterThan(20);
  });

  it('is decided as it was', async () => {
    const decided = decisionsIn(await entriesOf(name));
    expect(decided.length).toBeGreaterThan(5);
    await expect(`${toJson(decided, 1)}\n`).toMatchFileSnapshot(join(FOLDER, name, 'decisions.json'));
  });

  it('has requests that the look before each of them still allows', async () => {
    const redecide = replayer();
    const rows = (await entriesOf(name)).map(redecide).filter((row) => row !== null);
    const looks = rows.flatMap((row) => (row.kind === 'second-look' ? [row] : []));
    expect(looks.length).toBeGreaterThan(3);
    expect(looks.filter((row) => row.changes.length > 0)).toEqual([]);
    expect(rows.filter(({ kind }) => kind === 'skipped')).toEqual([]);
  });
});
