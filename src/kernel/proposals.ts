import { EKIMI } from '../model/names.js';
import { askOf, isHeldBack, proposalOf, withdrawnFor } from '../decide/proposals.js';
import { newRun } from '../decide/new-run.js';
import { isOffer, markOf, openRun, type ProcedureRun } from '../model/procedure-run.js';
import type { Change } from '../model/snapshot.js';
import type { Situation } from '../model/situation.js';
import { ended, noteRun, told } from './run-notes.js';
import type { Session } from './session.js';

/** Nothing is looked at while the policy lets nothing be proposed. */
export const proposes = ({ policy }: Session): boolean =>
  Object.values(policy.procedures ?? {}).some(({ mode }) => mode !== 'off');

/** A problem that calls for a procedure: a person is asked, or it begins, as the policy says. What cannot begin now is not proposed. */
export async function propose(session: Session, situation: Situation): Promise<void> {
  const proposal = proposalOf(situation);
  if (proposal === null) return;
  const made = newRun(situation, proposal.ask, EKIMI, session.parts.newId());
  const [first] = made.kind === 'run' ? made.stages : [];
  if (made.kind !== 'run' || first === undefined) return;
  const { run } = made;
  if (proposal.kind === 'begin') {
    // What a gate holds now would be held with the run for a quarter of an hour; the next pass asks again.
    if (first.held.length > 0 || isHeldBack(situation, run, proposal.problem)) return;
    const text = `${run.reason}: ${run.agreed.join(', ')}`;
    const begun = { ...run, proposed: { ...proposal.problem, word: 'accepted' as const } };
    await noteRun(session, begun, told('started', EKIMI, text));
    return;
  }
  const detail = `proposed for ${run.reason}: ${run.agreed.join(', ')}; ${answersTo(run)}`;
  const proposed = { ...proposal.problem, word: 'asked' as const };
  await noteRun(session, { ...run, phase: 'held', detail, asking: 'begin', proposed }, told('proposed', EKIMI, detail));
}

const answersTo = ({ id, agreed }: ProcedureRun): string =>
  `yes: ekimi procedures continue ${id} --seen ${markOf(agreed)} --reason TEXT; no: ekimi procedures abort ${id} --reason TEXT`;

/** What was offered and is not called for any more, or would be something else by now, is taken back. */
export async function withdraw(session: Session, situation: Situation, run: ProcedureRun): Promise<void> {
  const gone = withdrawnFor(situation, run);
  const anew = gone === null ? remade(situation, run) : null;
  const why = gone ?? (anew === null || sameList(anew, run) ? null : 'what it would do is something else by now');
  if (why !== null) await takeBack(session, run, EKIMI, why);
}

const sameList = (one: ProcedureRun, other: ProcedureRun): boolean => markOf(one.agreed) === markOf(other.agreed);

async function takeBack(session: Session, run: ProcedureRun, by: string, why: string): Promise<void> {
  const { proposed } = run;
  const gone = proposed === undefined ? {} : { proposed: { ...proposed, word: 'gone' as const } };
  await noteRun(session, { ...ended(session, run, 'aborted', why), ...gone, asking: null }, told('aborted', by, why));
}

/** A person begins something of their own: what was only offered makes room. */
export async function makeRoom(session: Session, by: string): Promise<void> {
  const open = openRun(session.ledger.procedures);
  if (open !== null && isOffer(open)) await takeBack(session, open, by, `${by} began another procedure`);
}

/** The same, bound to what is there now; null: it could not begin. */
function remade(situation: Situation, { name, proposed, id, by }: ProcedureRun): ProcedureRun | null {
  if (proposed === undefined) return null;
  const made = newRun(situation, askOf(name, proposed), by, id);
  return made.kind === 'run' ? made.run : null;
}

const refusal = (text: string): Change => ({ ok: false, status: 409, text });

/** A person agrees to what was offered: it begins as it would be now, if that is the list that they saw. */
export async function accept(
  session: Session,
  situation: Situation,
  run: ProcedureRun,
  { by, reason, seen }: { readonly by: string; readonly reason: string; readonly seen: string | null },
): Promise<Change> {
  const made = newRun(situation, { ...askOf(run.name, run.proposed ?? NOBODYS), reason }, by, run.id);
  if (made.kind === 'refused') return refusal(made.text);
  const { agreed } = made.run;
  if (seen !== markOf(agreed)) return refusal(`what it would do now: ${agreed.join(', ')}; ${answersTo(made.run)}`);
  const proposed = { ...(run.proposed ?? NOBODYS), word: 'accepted' as const };
  await noteRun(session, { ...made.run, proposed }, told('started', by, `${reason}: ${agreed.join(', ')}`));
  return { ok: true, text: `started: ${agreed.join(', ')}` };
}

const NOBODYS = { code: 'procedure-held', subject: '' } as const;
