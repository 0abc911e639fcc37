import { isApproval, isPlan, isRemediation } from '../ledger/codec.js';
import type { EntryBody, JournalEntry } from '../model/entry.js';
import type { Ledger } from '../model/ledger.js';

/** A row is the same object in each situation in which it stands as it was. */
const read = new WeakSet();

/**
 * Why this version could decide nothing by this entry: a plan in it, or in the ledger that it was decided with, is of no action that is known
 * here, or bound to something else than that action binds. null: it can. A journal is text that anybody may have written.
 */
export function whyUnreadable({ body }: JournalEntry): string | null {
  if (body.kind === 'intent' && !isKnown(body.plan, isPlan)) return `it is about ${told(body.plan)}`;
  const ledger: Partial<Ledger> = ledgerIn(body) ?? {};
  const run = (ledger.remediations ?? []).find((row) => !isKnown(row, isRemediation));
  const asked = (ledger.approvals ?? []).find((row) => !isKnown(row, isApproval));
  const row = run ?? asked;
  return row === undefined ? null : `its ledger has ${told(row.plan)}`;
}

function isKnown(row: object, isRight: (row: unknown) => boolean): boolean {
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
