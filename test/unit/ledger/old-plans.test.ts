import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ledgerFrom, ledgerText } from '../../../src/ledger/codec.js';
import type { Circumstances } from '../../../src/model/situation.js';
import { fromJson } from '../../../src/model/json.js';

const INCIDENTS = fileURLToPath(new URL('../../incidents/', import.meta.url));

interface Line {
  readonly body: { readonly kind: string; readonly circumstances?: Circumstances };
}

/** The ledgers that stood in a journal of the lab, as the version before wrote them. */
const ledgersIn = (name: string): readonly Circumstances['ledger'][] =>
  readFileSync(`${INCIDENTS}${name}/journal-000001.jsonl`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => fromJson(line) as Line)
    .flatMap(({ body }) => (body.circumstances === undefined ? [] : [body.circumstances.ledger]));

const names = readdirSync(INCIDENTS, { withFileTypes: true }).flatMap((row) => (row.isDirectory() ? [row.name] : []));

describe('the ledgers of real incidents', () => {
  it.each(names)('%s: read whole, every run with what it is bound to, and none as work of another version', (name) => {
    const ledgers = ledgersIn(name);
    expect(ledgers.some(({ remediations }) => remediations.length > 0)).toBe(true);
    for (const ledger of ledgers) {
      const read = ledgerFrom(ledgerText(ledger));
      expect(read?.foreign ?? []).toEqual([]);
      expect(read?.remediations).toEqual(ledger.remediations);
    }
  });

  it('what a run is bound to in another shape is set apart, and holds what is risky', () => {
    const ledger = names.flatMap(ledgersIn).find(({ remediations }) => remediations.length > 0);
    const [run] = ledger?.remediations ?? [];
    if (ledger === undefined || run === undefined) throw new Error('no run in any incident');
    const strange = { ...run, phase: 'verifying' as const, endedAtMs: null, plan: { ...run.plan, params: { id: 7 } } };
    const read = ledgerFrom(ledgerText({ ...ledger, remediations: [strange] }));
    expect(read?.remediations).toEqual([]);
    expect(read?.foreign).toMatchObject([{ list: 'remediations', action: run.plan.action, inFlight: true }]);
  });
});
