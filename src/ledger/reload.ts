import { stepRemediation } from '../machines/step.js';
import type { Ledger } from '../model/ledger.js';
import { withoutUnsent, type Unsent } from './unsent.js';

/** What a stored ledger means to whoever reads it now: nothing of it is being sent unless the answer is still awaited here. */
export const asLoaded = (
  stored: Ledger,
  unsent: ReadonlyMap<string, Unsent>,
  sending: ReadonlyMap<string, unknown>,
): Ledger => afterCrash([...unsent.values()].reduce(withoutUnsent, stored), sending);

/** What was being sent when its sender ended may have happened: it is watched, not repeated. */
const afterCrash = (ledger: Ledger, sending: ReadonlyMap<string, unknown>): Ledger => ({
  ...ledger,
  remediations: ledger.remediations.map((row) =>
    row.phase === 'sending' && !sending.has(row.id)
      ? {
          ...row,
          phase: stepRemediation(row.phase, { type: 'LOST' }),
          detail: 'we ended before the answer: it may have happened',
        }
      : row,
  ),
});
