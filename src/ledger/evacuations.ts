import type { Evacuation, Ledger } from '../model/ledger.js';
import type { ProcedureRun } from '../model/procedure-run.js';
import { isStaged, STAGED_ROWS, type Custody } from '../model/staged.js';

/** Whose member it is: taken out by a person, who gives it back. Null: nobody took it. */
export const evacuationOf = ({ evacuations }: Pick<Ledger, 'evacuations'>, member: string): Evacuation | null =>
  evacuations?.find((row) => row.member === member) ?? null;

/** Its run had to make room for a recovery in the middle: nobody ended it, and whoever asks for the same again goes on where it was. */
export const isHalfway = ({ procedures }: Pick<Ledger, 'procedures'>, { run }: Evacuation): boolean =>
  procedures?.find(({ id }) => id === run)?.displaced === true;

/**
 * What a run makes of it: one that takes a member out holds every ladder from its beginning on, for what it has stopped must not be started in
 * between. It ends by a person's word alone: who aborts that very run, or begins one that gives it back. What another run holds stays its own,
 * but for a member that was removed: it belongs to nobody any more, and whoever adds it again has it.
 */
export function withCustody(ledger: Ledger, run: ProcedureRun): Ledger {
  const custody = isStaged(run.name) ? STAGED_ROWS[run.name].custody : undefined;
  const { member } = run.goal;
  if (custody === undefined || typeof member !== 'string') return ledger;
  const { evacuations = [], ...rest } = ledger;
  const others = evacuations.filter((row) => row.member !== member);
  const held = evacuationOf(ledger, member);
  const isOwn = held?.run === run.id;
  if (custody === 'returns') return held === null ? ledger : withRows(rest, others);
  if (isEnded(custody, run)) return isOwn ? withRows(rest, others) : ledger;
  if (held !== null && !isOwn && !isFree(ledger, custody, held)) return ledger;
  const { by, reason, startedAtMs: sinceMs, id } = run;
  const row: Evacuation = { member, by, reason, sinceMs, run: id };
  return withRows(rest, [...others, custody === 'removes' ? { ...row, removed: true } : row]);
}

/** Who was removed belongs to nobody: it may be added again, or be removed to the end. */
const isFree = (ledger: Ledger, custody: Custody, held: Evacuation): boolean =>
  (held.removed === true && custody !== 'takes') || (custody !== 'lends' && isHalfway(ledger, held));

/** A run that had to make room for a recovery was ended by nobody who spoke of its member. */
const isEnded = (custody: Custody, { phase, displaced }: ProcedureRun): boolean =>
  custody === 'lends' ? phase === 'aborted' || phase === 'succeeded' : phase === 'aborted' && displaced !== true;

const withRows = (rest: Omit<Ledger, 'evacuations'>, rows: readonly Evacuation[]): Ledger =>
  rows.length === 0 ? rest : { ...rest, evacuations: rows };
