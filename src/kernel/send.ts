import { actionInput, notYet, type Halt } from '../actions/action.js';
import { requestsOf } from '../decide/decide.js';
import { haltAt } from '../decide/second-look.js';
import { withDrain, withFence, withoutFence, withoutDrain, withRemediation } from '../ledger/after-pass.js';
import { useApproval } from '../ledger/approvals.js';
import type { Decision } from '../model/decision.js';
import type { SecondLook } from '../model/entry.js';
import type { Ledger, Remediation } from '../model/ledger.js';
import { type Plan, type Reply } from '../model/plan.js';
import { stepText } from '../words/request.js';
import { keptSituation, type Situation } from '../model/situation.js';
import type { ClusterView } from '../model/view.js';
import { stepRemediation } from '../machines/step.js';
import { stepsOf } from '../verify/verdict.js';
import { whileAwake } from './stall.js';
import { dispatch } from './dispatch.js';
import { evidenceFor, writeEvidence, writeVerdict } from './evidence.js';
import { commitLedger } from './books.js';
import { advanceWith, look, touchedBy } from './look.js';
import { write } from './record.js';
import { situationOf } from './situation.js';
import { isEnforcing, type Session } from './session.js';

/** More than this between the end of the look and the request means that we slept in between: nothing is sent. */
const STALE_LOOK_MS = 2_000;

/** Acts on the one decision that acts. */
export async function carryOut(session: Session, decisions: readonly Decision[]): Promise<void> {
  for (const decision of decisions) {
    if (decision.kind === 'act') await begin(session, decision.plan, 'problem');
  }
}

/**
 * Intent to verdict of a new remediation begins here; in dry-run it ends here too, with every request written down and none sent. Returns
 * its id, or why it came to nothing.
 */
export async function begin(
  session: Session,
  plan: Plan,
  asked: SecondLook['asked'],
): Promise<{ readonly id: string } | { readonly why: string }> {
  const { ports, newId } = session.parts;
  const shadow = !isEnforcing(session);
  const nowMs = ports.clock.now();
  const view = session.view;
  if (view === null) return { why: 'no pass has ended yet' };
  const remediation: Remediation = {
    id: newId(),
    plan,
    phase: 'planned',
    shadow,
    epoch: session.parts.tenure.facts().epoch ?? '',
    stepIndex: 0,
    steps: requestsOf({ policy: session.policy, view }, plan).length,
    createdAtMs: nowMs,
    sentAtMs: null,
    deadlineMs: nowMs,
    endedAtMs: null,
    lastReply: null,
    detail: '',
  };
  const why = shadow ? await rehearse(session, remediation) : await sendStep(session, remediation, asked);
  return why === null ? { id: remediation.id } : { why };
}

/** Dry-run: the same requests, journaled one by one, and its own ledger counted as if they had gone out. */
async function rehearse(session: Session, remediation: Remediation): Promise<string | null> {
  const { view } = session;
  if (view === null) return 'no pass has ended yet';
  for (const [step, request] of requestsOf({ policy: session.policy, view }, remediation.plan).entries()) {
    const written = await write(session, {
      kind: 'intent',
      id: remediation.id,
      plan: remediation.plan,
      step,
      request,
      shadow: true,
      epoch: '',
    });
    if (written === null) return NO_JOURNAL;
  }
  const done: Remediation = {
    ...remediation,
    phase: 'succeeded',
    endedAtMs: session.parts.ports.clock.now(),
    detail: 'dry-run: nothing was sent',
  };
  session.ledger = owned(session, done, view.proxy);
  if (done.plan.action === 'undrain-replica') session.ledger = withoutDrain(session.ledger, done.plan.target);
  if (done.plan.action === 'open-traffic') session.ledger = withoutFence(session.ledger, done.plan.target);
  await write(session, { kind: 'verdict', id: done.id, remediation: done });
  return null;
}

const NO_JOURNAL = 'the journal cannot be written';

/**
 * One request: look again, write the intent with that look to the disk, commit it to etcd under our epoch, send once, note what came back.
 * Whatever fails on the way up to the sending means that nothing is sent. Returns why nothing was sent, or null.
 * [design: One risky step, then look again]
 */
export async function sendStep(
  session: Session,
  remediation: Remediation,
  asked: SecondLook['asked'],
): Promise<string | null> {
  const { clock } = session.parts.ports;
  const isFirst = asked !== 'step';
  const log = evidenceFor(session, remediation, isFirst);
  const { situation, halt } = await lookAgain(session, remediation, asked);
  const lookedAtMs = clock.monotonic();
  if (halt !== null) return abandon(session, remediation, halt, isFirst);
  const actionStep = stepsOf(actionInput(situation), remediation)[remediation.stepIndex];
  if (actionStep === undefined) return 'no step is left';
  if (log !== null) await writeEvidence(session, remediation, 'before', { ...situation, log: await log });
  const intent = await write(session, {
    kind: 'intent',
    id: remediation.id,
    plan: remediation.plan,
    step: remediation.stepIndex,
    request: stepText(actionStep.step),
    shadow: false,
    epoch: remediation.epoch,
    look: { ...keptSituation(situation, session.policyHash), asked },
  });
  if (intent === null) return NO_JOURNAL;
  const nowMs = clock.now();
  const sending: Remediation = {
    ...remediation,
    phase: stepRemediation('planned', { type: 'SEND' }),
    sentAtMs: nowMs,
    deadlineMs: nowMs + actionStep.withinMs,
    detail: stepText(actionStep.step),
  };
  const before = session.ledger;
  session.ledger = owned(session, sending, situation.view.proxy);
  if (!(await commitLedger(session)) || clock.monotonic() - lookedAtMs > STALE_LOOK_MS || session.isStopping) {
    session.ledger = before;
    session.unsent = new Map([...session.unsent, [remediation.id, { row: remediation, before }]]);
    const text = session.isStopping
      ? 'ekimi is being stopped: nothing was sent'
      : 'the intent could not be committed in time: nothing was sent';
    const reply: Reply = { effect: 'none', status: null, text, tookMs: 0 };
    await write(session, { kind: 'outcome', id: remediation.id, step: remediation.stepIndex, reply, shadow: false });
    return abandon(session, remediation, notYet(text), isFirst);
  }
  await dispatch(session, sending, actionStep.step);
  return null;
}

/** What is about to be sent is ours from now on: the run, the approval that it used, the drain or fence that it makes. */
const owned = (session: Session, remediation: Remediation, proxy: ClusterView['proxy']): Ledger => {
  const used = useApproval(session.ledger, remediation.plan);
  return withRemediation(withFence(withDrain(used, remediation, session.policy, proxy), remediation), remediation);
};

/**
 * The second look is a situation of its own: what the pass saw and made of it stays as it is. The decision must still be the same on a view
 * of this very moment.
 */
async function lookAgain(
  session: Session,
  { plan }: Remediation,
  asked: SecondLook['asked'],
): Promise<{ readonly situation: Situation; readonly halt: Halt | null }> {
  const { value: view, stoodStillMs } = await whileAwake(session.parts.ports.clock, () =>
    look(session, touchedBy(session, plan)),
  );
  const situation = situationOf(session, view, advanceWith(session, view));
  if (session.isStopping) return { situation, halt: notYet('ekimi is being stopped: nothing new is sent') };
  // What was read before we stood still is old, however fresh the end of the look is.
  if (stoodStillMs > STALE_LOOK_MS)
    return { situation, halt: notYet(`we stood still for ${Math.round(stoodStillMs)} ms in the middle of the look`) };
  return { situation, halt: haltAt(situation, plan, asked) };
}

async function abandon(session: Session, remediation: Remediation, halt: Halt, isFirst: boolean): Promise<string> {
  const detail = halt.why;
  session.parts.log.info({ action: remediation.plan.action, member: remediation.plan.target, detail }, 'not sent');
  // A first step that never left is no try: only later steps have something to end.
  if (isFirst) return detail;
  const nowMs = session.parts.ports.clock.now();
  const expired = halt.over || nowMs >= remediation.deadlineMs;
  const phase = expired ? stepRemediation('planned', { type: 'EXPIRED' }) : 'planned';
  const kept: Remediation = { ...remediation, phase, endedAtMs: expired ? nowMs : null, detail };
  session.ledger = withRemediation(session.ledger, kept);
  if (expired) await writeVerdict(session, kept);
  return detail;
}
