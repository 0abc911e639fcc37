import { isApproval, isPlan, isRemediation } from '../ledger/codec.js';
import type { EntryBody, JournalEntry } from '../model/entry.js';
import type { Ledger } from '../model/ledger.js';
import type { Plan } from '../model/plan.js';

/** A row is the same object in each situation in which it stands as it was. */
const read = new WeakSet();

/**
 * Why this version could decide nothing by this entry: a plan in it, or in the ledger that it was decided with, is of no action that is known
 * here, or bound to something else than that action binds. null: it can. A journal is text that anybody may have written.
 */
export function whyUnreadable({ body }: JournalEntry): string | null {
  if (body.kind === 'intent' && !isKnown(body.plan, isPlan)) return `it is about ${told(body.plan)}`;
  const { remediations = [], approvals = [] }: Partial<Ledger> = ledgerIn(body) ?? {};
  // Of any shape, whatever its type says: it comes from a file.
  if (![remediations, approvals].every((rows: unknown) => Array.isArray(rows)))
    return 'its ledger has rows that are no list';
  const strange = [
    ...remediations.filter((row) => !isKnown(row, isRemediation)),
    ...approvals.filter((row) => !isKnown(row, isApproval)),
  ].map((row: { readonly plan?: Plan } | null) => told(row?.plan));
  return strange[0] === undefined ? null : `its ledger has ${strange[0]}`;
}

function isKnown(row: unknown, isRight: (row: unknown) => boolean): boolean {
  if (typeof row !== 'object' || row === null) return false;
  if (read.has(row)) return true;
  if (!isRight(row)) return false;
  read.add(row);
  return true;
}

const ledgerIn = (body: EntryBody): Ledger | undefined =>
  body.kind === 'pass'
    ? body.circumstances?.ledger
    : body.kind === 'intent'
      ? body.look?.circumstances.ledger
      : undefined;

/** Of a value of any shape. */
const told = (plan: { readonly action?: unknown; readonly target?: unknown } | null | undefined): string =>
  `${String(plan?.action)} ${String(plan?.target)}, with parameters that this version does not know`;
