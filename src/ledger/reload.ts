import { stepRemediation } from '../machines/step.js';
import type { Ledger, Remediation } from '../model/ledger.js';
import { withoutUnsent, type Unsent } from './unsent.js';

/** What a stored ledger means to whoever reads it now: nothing of it is being sent unless the answer is still awaited here. */
export const asLoaded = (
  stored: Ledger,
  unsent: ReadonlyMap<string, Unsent>,
  sending: ReadonlyMap<string, unknown>,
): Ledger => afterCrash([...unsent.values()].reduce(withoutUnsent, stored), sending);

/** With runs of ours that no store ever took: they count as tries all the same. Who has seen the end of one knows more. */
export function withOwn(stored: Ledger, own: readonly Remediation[]): Ledger {
  if (own.length === 0) return stored;
  const ended = new Set(stored.remediations.filter((row) => row.endedAtMs !== null).map(({ id }) => id));
  const kept = own.filter(({ id }) => !ended.has(id));
  const others = stored.remediations.filter((row) => !kept.some(({ id }) => id === row.id));
  return { ...stored, remediations: [...others, ...kept] };
}

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
