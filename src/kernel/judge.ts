import { blocksToContinue } from '../decide/gates.js';
import { undoneDrains, withoutDrain, withoutFence, withRemediation } from '../ledger/after-pass.js';
import { isInFlight, type Ending, type Remediation } from '../model/ledger.js';
import { stepRemediation } from '../machines/step.js';
import { actionInput, type ActionInput } from '../actions/action.js';
import { stepsOf, verdictOf } from '../verify/verdict.js';
import { noteAppointments } from './appointments.js';
import { sendStep } from './send.js';
import { writeVerdict } from './evidence.js';
import { write } from './record.js';
import { situationOf } from './situation.js';
import { isEnforcing, type Session } from './session.js';

/** Judges what is in flight by what the cluster shows, takes the next step of what has several, and notes drains that somebody undid. */
export async function followUp(session: Session): Promise<void> {
  // What another instance has in flight is its own to judge: we explain it from the ledger.
  if (isEnforcing(session) && session.parts.tenure.facts().state === 'other') return;
  await noteUndoneDrains(session);
  await noteAppointments(session);
  for (const remediation of session.ledger.remediations.filter(isInFlight)) {
    if (remediation.phase === 'sending') continue;
    if (remediation.phase === 'planned') await continueWith(session, remediation);
    else await judge(session, remediation);
  }
}

async function judge(session: Session, remediation: Remediation): Promise<void> {
  const { view } = session;
  if (view === null) return;
  const nowMs = session.parts.ports.clock.now();
  const { states, ledger, policy } = session;
  const input = actionInput({ view, states, ledger, policy });
  const verdict = verdictOf(input, remediation, nowMs);
  switch (verdict.kind) {
    case 'pending':
      return;
    case 'step-met': {
      const stepIndex = remediation.stepIndex + 1;
      const phase = stepRemediation(remediation.phase, { type: 'NEXT_STEP' });
      return due(session, { ...remediation, phase, stepIndex, detail: verdict.text }, input);
    }
    case 'undone': {
      const phase = stepRemediation(remediation.phase, { type: 'UNDONE' });
      return due(session, { ...remediation, phase, sentAgain: true, detail: verdict.text }, input);
    }
    case 'met':
      return end(session, remediation, 'MET', verdict);
    case 'expired':
      return end(session, remediation, 'EXPIRED', verdict);
    default:
      return verdict satisfies never;
  }
}

/** How long a later step may be held before the procedure is given up half done. */
const HELD_MS = 5_000;

/** A step that may be sent now. It may wait a little from here on: whoever takes over finds the time of the one before long past. */
async function due(session: Session, remediation: Remediation, input: ActionInput): Promise<void> {
  const step = stepsOf(input, remediation)[remediation.stepIndex];
  const sight = step?.unlessSeen === true ? step.expect(input) : null;
  if (sight?.kind === 'met' && remediation.stepIndex + 1 === remediation.steps)
    return end(session, remediation, 'MET', sight);
  const deadlineMs = session.parts.ports.clock.now() + HELD_MS;
  const next: Remediation = { ...remediation, deadlineMs };
  session.ledger = withRemediation(session.ledger, next);
  return continueWith(session, next);
}

/** A later step needs our authority anew; a switch thrown in between stops the procedure where it is until its time runs out. */
async function continueWith(session: Session, remediation: Remediation): Promise<void> {
  const { view } = session;
  if (view === null) return;
  if (!isEnforcing(session)) return end(session, remediation, 'ABANDON', { text: 'the mode is no longer enforce' });
  const blocks = blocksToContinue(situationOf(session, view), remediation.plan);
  if (blocks.length === 0) {
    await sendStep(session, remediation, 'step');
    return;
  }
  if (session.parts.ports.clock.now() < remediation.deadlineMs) return;
  const text = `held by ${blocks.map((block) => `${block.gate} (${block.because})`).join(', ')}`;
  await end(session, remediation, 'EXPIRED', { text });
}

async function end(
  session: Session,
  remediation: Remediation,
  type: 'MET' | 'EXPIRED' | 'ABANDON',
  { text: detail, ending }: { readonly text: string; readonly ending?: Ending },
): Promise<void> {
  const phase = stepRemediation(remediation.phase, { type });
  const endedAtMs = session.parts.ports.clock.now();
  const ended: Remediation = { ...remediation, phase, endedAtMs, detail, ...(ending && { ending }) };
  session.ledger = withRemediation(session.ledger, ended);
  if (phase === 'succeeded' && ended.plan.action === 'undrain-replica')
    session.ledger = withoutDrain(session.ledger, ended.plan.target);
  if (phase === 'succeeded' && ended.plan.action === 'open-traffic')
    session.ledger = withoutFence(session.ledger, ended.plan.target);
  session.parts.log.info(
    { action: ended.plan.action, member: ended.plan.target, phase, detail, id: ended.id },
    'remediation ended',
  );
  await writeVerdict(session, ended);
}

const UNDONE = {
  overridden: (member: string) => `overridden: ${member} was put back into rotation by somebody else`,
  forgotten: (member: string) => `forgotten: the proxy restarted and lost the drain of ${member}`,
};

/** Ours on paper, gone in fact: a person put the member back, or the proxy restarted and forgot. */
async function noteUndoneDrains(session: Session): Promise<void> {
  const { view } = session;
  if (view === null) return;
  const { byHand, forgotten } = undoneDrains(session.ledger, view);
  for (const member of [...byHand, ...forgotten]) {
    const drain = session.ledger.remediations.findLast(
      (row) => row.plan.action === 'drain-replica' && row.plan.target === member,
    );
    session.ledger = withoutDrain(session.ledger, member);
    if (drain?.phase !== 'succeeded') continue;
    const ending = byHand.includes(member) ? 'overridden' : 'forgotten';
    const endedAtMs = session.parts.ports.clock.now();
    const detail = UNDONE[ending](member);
    const ended: Remediation = { ...drain, phase: 'abandoned', endedAtMs, detail, ending };
    session.ledger = withRemediation(session.ledger, ended);
    await write(session, { kind: 'verdict', id: ended.id, remediation: ended });
  }
}
