import { ACTIONS } from '../actions/index.js';
import { actionInput, type ActionInput } from '../actions/action.js';
import { nextStep } from '../decide/candidate.js';
import { blocksFor } from '../decide/gates.js';
import { undoneDrains } from '../ledger/after-pass.js';
import { isInFlight, type Ending, type Remediation, type RemediationPhase } from '../model/ledger.js';
import type { ClusterView } from '../model/view.js';
import { stepRemediation } from '../machines/step.js';
import { stepsOf, verdictOf } from '../verify/verdict.js';
import { noteEnd } from './evidence.js';
import { runsClientsWaitFor } from './period.js';
import { lookAgain, type FreshLook } from './fresh-look.js';
import { sendStep } from './send.js';
import { isEnforcing, type Session } from './session.js';
import { situationOf } from './situation.js';

/** Judges what is in flight by what the cluster shows, takes the next step of what has several, and notes what others undid or kept. */
export async function judge(session: Session, view: ClusterView): Promise<void> {
  // What another instance has in flight is its own to judge: we explain it from the ledger.
  const isElsewhere = isEnforcing(session) && session.parts.tenure.facts().state === 'other';
  if (!isElsewhere) {
    await noteUndoneDrains(session, view);
    await noteAppointments(session, view);
  }
  for (const run of session.ledger.remediations.filter(isInFlight)) {
    // But for what we began ourselves, without tenure.
    if (isElsewhere && run.epoch !== '') continue;
    if ((await isGivenUp(session, view, run)) || run.phase === 'sending' || isEarly(session, run)) continue;
    if (run.phase === 'planned') await continueWith(session, view, run);
    else await judgeRun(session, view, run);
  }
}

/** What was refused a moment ago waits for its next try. */
const isEarly = ({ parts }: Session, { phase, retryAtMs = 0, deadlineMs }: Remediation): boolean =>
  phase === 'planned' && parts.ports.clock.now() < Math.min(retryAtMs, deadlineMs);

/** Of what waits for its next try, or only prepares: what it was begun for may be gone before, and it is in the way of what comes instead. */
async function isGivenUp(session: Session, view: ClusterView, run: Remediation): Promise<boolean> {
  const { states, ledger, policy } = session;
  const input = actionInput({ view, states, ledger, policy });
  const waits = run.phase === 'planned' && run.retryAtMs !== undefined;
  if (!waits && (run.phase === 'planned' || stepsOf(input, run)[run.stepIndex]?.goOnWhenRefused !== true)) return false;
  const halt = ACTIONS[run.plan.action].refuseLater?.(input, run.plan) ?? null;
  if (halt?.over !== true) return false;
  await end(session, run, run.phase === 'sending' ? 'ABANDON' : 'EXPIRED', { text: halt.why });
  return true;
}

async function judgeRun(session: Session, view: ClusterView, run: Remediation): Promise<void> {
  const { states, ledger, policy } = session;
  const input = actionInput({ view, states, ledger, policy });
  const { ports, tenure } = session.parts;
  // Under another tenure it may have been sent by another machine, and by its clock.
  const isByOurClock = run.epoch === '' || run.epoch === tenure.facts().epoch;
  const verdict = verdictOf(input, run, ports.clock.now(), isByOurClock);
  switch (verdict.kind) {
    case 'pending':
      return;
    case 'step-met':
      return goOn(session, view, run, verdict.text, input);
    case 'undone': {
      const phase = stepRemediation(run.phase, { type: 'UNDONE' });
      return due(session, view, { ...run, phase, sentAgain: true, detail: verdict.text }, input, null);
    }
    case 'met':
      return end(session, run, 'MET', verdict);
    case 'expired':
      return end(session, run, 'EXPIRED', verdict);
    default:
      return verdict satisfies never;
  }
}

/** From a step that took to the next one. */
function goOn(
  session: Session,
  view: ClusterView,
  run: Remediation,
  detail: string,
  input: ActionInput,
  seen: FreshLook | null = null,
): Promise<void> {
  const stepIndex = run.stepIndex + 1;
  const phase = stepRemediation(run.phase, { type: 'NEXT_STEP' });
  const unanswered = run.phase === 'unknown' ? { unanswered: true as const } : {};
  return due(session, view, { ...run, phase, stepIndex, detail, ...unanswered }, input, seen);
}

/** How long a later step may be held before the run is given up half done. */
const HELD_MS = 5_000;

/** A step that may be sent now. It may wait a little from here on: whoever takes over finds the time of the one before long past. */
async function due(
  session: Session,
  view: ClusterView,
  run: Remediation,
  input: ActionInput,
  seen: FreshLook | null,
): Promise<void> {
  const step = stepsOf(input, run)[run.stepIndex];
  const sight = step?.unlessSeen === true ? step.expect(input) : null;
  if (sight?.kind === 'met' && run.stepIndex + 1 === run.steps) return end(session, run, 'MET', sight);
  const waiting: Remediation = { ...run, deadlineMs: session.parts.ports.clock.now() + HELD_MS };
  await session.books.note({ kind: 'step-due', run: waiting });
  return continueWith(session, view, waiting, seen);
}

/** A later step needs our authority anew; a switch thrown in between stops the run where it is until its time runs out. */
async function continueWith(
  session: Session,
  view: ClusterView,
  run: Remediation,
  seen: FreshLook | null = null,
): Promise<void> {
  if (!isEnforcing(session)) return end(session, run, 'ABANDON', { text: 'the mode is no longer enforce' });
  const blocks = blocksFor(situationOf(session, view), nextStep(run.plan));
  if (blocks.length === 0) {
    if ((await sendStep(session, run, 'step', seen)) === null && seen === null) await goOnForClients(session, run.id);
    return;
  }
  if (session.parts.ports.clock.now() < run.deadlineMs) return;
  const text = `held by ${blocks.map((block) => `${block.gate} (${block.because})`).join(', ')}`;
  await end(session, run, 'EXPIRED', { text });
}

/**
 * Clients wait since this answer: the look before the next request says as well whether the one before took, and no pass lies in between. Only what
 * was done by its own answer, and is seen to be, is gone on from; anything else is for the next pass to judge.
 */
async function goOnForClients(session: Session, id: string): Promise<void> {
  const run = session.ledger.remediations.find((row) => row.id === id && isInFlight(row));
  if (run?.lastReply?.effect !== 'done' || session.isStopping || !runsClientsWaitFor(session).has(id)) return;
  if (run.stepIndex + 1 >= run.steps) return;
  const seen = await lookAgain(session, run.plan);
  const { policy, ledger } = session;
  const input = actionInput({ view: seen.view, states: seen.states, ledger, policy });
  const verdict = verdictOf(input, run, session.parts.ports.clock.now(), true);
  if (verdict.kind === 'step-met') await goOn(session, seen.view, run, verdict.text, input, seen);
}

async function end(
  session: Session,
  run: Remediation,
  type: 'MET' | 'EXPIRED' | 'ABANDON',
  { text: detail, ending }: { readonly text: string; readonly ending?: Ending },
): Promise<void> {
  const phase = stepRemediation(run.phase, { type });
  const endedAtMs = session.parts.ports.clock.now();
  const ended: Remediation = { ...run, phase, endedAtMs, detail, ...(ending && { ending }) };
  const { action, target: member } = ended.plan;
  session.parts.log.info({ action, member, phase, detail, id: ended.id }, 'remediation ended');
  await noteEnd(session, ended);
}

/** Ours on paper, gone in fact: a person put the member back, or the proxy restarted and forgot. */
async function noteUndoneDrains(session: Session, view: ClusterView): Promise<void> {
  const { byHand, forgotten } = undoneDrains(session.ledger, view);
  const atMs = session.parts.ports.clock.now();
  for (const member of byHand) await session.books.note({ kind: 'drain-undone', member, ending: 'overridden', atMs });
  for (const member of forgotten) await session.books.note({ kind: 'drain-undone', member, ending: 'forgotten', atMs });
}

const END = { kept: 'succeeded', withdrawn: 'abandoned', missed: 'ineffective' } as const satisfies Record<
  string,
  RemediationPhase
>;

/** From the verdict on the request until the verdict on what it arranged. */
const isArranged = ({ phase, shadow, ending }: Remediation): boolean =>
  !shadow && phase === 'succeeded' && ending === 'scheduled';

/**
 * What was only arranged (a switchover at a time) is Patroni's from then on: it neither occupies us nor depends on us. What became of it is
 * written down once.
 */
async function noteAppointments(session: Session, view: ClusterView): Promise<void> {
  const { policy } = session;
  for (const run of session.ledger.remediations.filter(isArranged)) {
    const appointment = ACTIONS[run.plan.action].appointment?.({ view, policy }, run.plan) ?? null;
    if (appointment === null || appointment.kind === 'waiting') continue;
    const { ending: _, ...rest } = run;
    const phase = END[appointment.kind];
    const endedAtMs = session.parts.ports.clock.now();
    await session.books.note({ kind: 'ended', run: { ...rest, phase, endedAtMs, detail: appointment.text } });
  }
}
