import { EKIMI } from '../model/names.js';
import { askOf, isHeldBack, proposalsOf, withdrawnFor, type Proposal } from '../decide/proposals.js';
import { newRun, wouldStand, type NewRun } from '../decide/new-run.js';
import { isOffer, markOf, openRun, type PlannedStage, type ProcedureRun } from '../model/procedure-run.js';
import type { Change } from '../model/snapshot.js';
import type { Situation } from '../model/situation.js';
import { conflicting } from './between.js';
import { ended, keepHere, noteRun, told } from './run-notes.js';
import type { Session } from './session.js';
import { isUnshared } from './without-etcd.js';

/** A run as it would begin. */
type Made = Extract<NewRun, { kind: 'run' }>;

/** Nothing is looked at while the policy lets nothing be proposed. */
export const proposes = ({ policy }: Session): boolean =>
  Object.values(policy.procedures ?? {}).some(({ mode }) => mode !== 'off');

/**
 * Problems that call for a procedure: a person is asked, or it begins, as the policy says. What cannot begin now is not proposed, and keeps no other
 * one. What the policy lets begin and itself keeps from its end is told like a question, and begins once that is mended. `standing`: an offer that nobody has answered. It makes room for what begins by itself, and, where nobody could answer it now, for another one.
 */
export async function propose(
  session: Session,
  situation: Situation,
  standing: ProcedureRun | null = null,
): Promise<void> {
  const isAnswerable = standing !== null && remade(situation, standing)?.against === null;
  for (const proposal of proposalsOf(situation)) {
    const isStanding = standing !== null && isFor(standing, proposal);
    if (isStanding || (isAnswerable && proposal.kind === 'ask')) continue;
    const made = newRun(situation, proposal.ask, EKIMI, session.parts.newId());
    const [first] = made.kind === 'run' ? made.stages : [];
    if (made.kind !== 'run' || first === undefined) continue;
    // Told where nothing else is: one that could begin goes before it, and it takes the place of none.
    if (made.against !== null && standing !== null) continue;
    const begins = proposal.kind === 'begin' && made.against === null;
    if (begins && cannotBegin(situation, made.run, first, proposal)) continue;
    // Who switched it off knows that it does not begin.
    if (proposal.kind === 'begin' && !begins && isHeldBack(situation, made.run, proposal.problem)) continue;
    if (begins && isUnshared(session, made.run.name) && (await keepHere(session, made.run)) !== null) continue;
    if (standing !== null)
      await takeBack(session, standing, EKIMI, `${made.run.name} for ${made.run.reason} goes first`);
    if (begins) await beginOwn(session, made.run, proposal.problem);
    else await offer(session, made, proposal.problem);
    return;
  }
}

/** What a gate or the action itself says no to now would be held with the run for a quarter of an hour; the next pass asks again. */
const cannotBegin = (situation: Situation, run: ProcedureRun, first: PlannedStage, { problem }: Proposal): boolean =>
  first.held.length > 0 || isHeldBack(situation, run, problem);

const isFor = ({ name, proposed }: ProcedureRun, { ask, problem }: Proposal): boolean =>
  name === ask.name && proposed?.code === problem.code && proposed.subject === problem.subject;

async function beginOwn(session: Session, run: ProcedureRun, problem: Proposal['problem']): Promise<void> {
  const text = `${run.reason}: ${run.agreed.join(', ')}`;
  const isNoted = await noteRun(
    session,
    { ...run, proposed: { ...problem, word: 'accepted' } },
    told('started', EKIMI, text),
  );
  if (!isNoted && isUnshared(session, run.name)) await session.recovery.drop();
}

async function offer(session: Session, { run, against }: Made, problem: Proposal['problem']): Promise<void> {
  const but = against === null ? '' : `when it was proposed it could not have begun: ${against}; `;
  const detail = `proposed for ${run.reason}: ${run.agreed.join(', ')}; ${but}${answersTo(run)}`;
  const proposed = { ...problem, word: 'asked' as const };
  await noteRun(session, { ...run, phase: 'held', detail, asking: 'begin', proposed }, told('proposed', EKIMI, detail));
}

const answersTo = ({ id, agreed }: ProcedureRun): string =>
  `yes: ekimi procedures continue ${id} --seen ${markOf(agreed)} --reason TEXT; no: ekimi procedures abort ${id} --reason TEXT`;

/** What was offered and is not called for any more, or would be something else by now, is taken back: true. */
export async function withdraw(session: Session, situation: Situation, run: ProcedureRun): Promise<boolean> {
  const anew = remade(situation, run);
  const gone = withdrawnFor(situation, run, anew !== null && anew.against !== null);
  const why =
    gone ?? (anew === null || isSameOffer(anew.run, run) ? null : 'what it would do is something else by now');
  if (why !== null) await takeBack(session, run, EKIMI, why);
  return why !== null;
}

/** Which of two replicas is further behind may change from pass to pass: the same stages in another order are the same offer. */
const isSameOffer = (one: ProcedureRun, other: ProcedureRun): boolean =>
  markOf([...one.agreed].sort()) === markOf([...other.agreed].sort());

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
function remade(situation: Situation, { name, proposed, id, by }: ProcedureRun): Made | null {
  if (proposed === undefined) return null;
  const made = newRun(situation, askOf(name, proposed), by, id);
  return made.kind === 'run' ? made : null;
}

/** A person agrees to what was offered: it begins as it would be now, if that is the list that they saw. */
export async function accept(
  session: Session,
  situation: Situation,
  run: ProcedureRun,
  { by, reason, seen }: { readonly by: string; readonly reason: string; readonly seen: string | null },
): Promise<Change> {
  const made = newRun(situation, { ...askOf(run.name, run.proposed ?? NOBODYS), reason }, by, run.id);
  if (made.kind === 'refused') return conflicting(made.conflict ?? 'not-fit', made.text);
  const { agreed } = made.run;
  const isAgreedTo = seen === markOf(agreed) || (seen === markOf(run.agreed) && isSameOffer(made.run, run));
  if (!isAgreedTo)
    return conflicting('other-list', `what it would do now: ${agreed.join(', ')}; ${answersTo(made.run)}`);
  if (made.against !== null) return conflicting('half-way', wouldStand(made.against));
  const elsewhere = isUnshared(session, run.name) ? await keepHere(session, made.run) : null;
  if (elsewhere !== null) return conflicting('not-kept-here', elsewhere);
  const proposed = { ...(run.proposed ?? NOBODYS), word: 'accepted' as const };
  await noteRun(session, { ...made.run, proposed }, told('started', by, `${reason}: ${agreed.join(', ')}`));
  return { ok: true, text: `started: ${agreed.join(', ')}` };
}

const NOBODYS = { code: 'procedure-held', subject: '' } as const;
