import { ACTIONS, permitOf } from '../actions/index.js';
import { actionInput, notYet, over, type ActionStep, type Ahead, type Halt } from '../actions/action.js';
import { isOpenPlace, strangeServer, tellableIn } from '../actions/proxy-places.js';
import { stepInput } from '../actions/waits.js';
import { requestsOf } from '../decide/decide.js';
import { nextStep } from '../decide/candidate.js';
import { blocksFor } from '../decide/gates.js';
import { haltAt } from '../decide/second-look.js';
import { NO_CLAIMS, type Claims } from '../ledger/claims.js';
import type { Decision } from '../model/decision.js';
import type { SecondLook } from '../model/entry.js';
import type { Remediation } from '../model/ledger.js';
import type { Plan, Reply, Step } from '../model/plan.js';
import { freshValue } from '../model/reading.js';
import { stepText } from '../words/request.js';
import { keptSituation, type Situation } from '../model/situation.js';
import { stepRemediation } from '../machines/step.js';
import { stepsOf } from '../verify/verdict.js';
import { dispatch, leaveOut } from './dispatch.js';
import { evidenceFor, noteEnd, writeEvidence } from './evidence.js';
import { lookAgain, lookOfPass, type FreshLook } from './fresh-look.js';
import { situationOf } from './situation.js';
import { isEnforcing, type Session } from './session.js';

/** More than this between the end of the look and the request means that we slept in between: nothing is sent. */
const STALE_LOOK_MS = 2_000;

const NO_JOURNAL = 'the journal cannot be written';

/** What became of a plan: the run that began, or why none did. */
export type Begun = { readonly id: string } | { readonly why: string };

/** Acts on the one decision that acts. */
export async function carryOut(session: Session, situation: Situation, decisions: readonly Decision[]): Promise<void> {
  for (const decision of decisions)
    if (decision.kind === 'act') await begin(session, situation, decision.plan, 'problem');
}

/** Intent to verdict of a new run begins here; in dry-run it ends here too, with every request written down and none sent. */
export async function begin(
  session: Session,
  situation: Situation,
  plan: Plan,
  asked: SecondLook['asked'],
): Promise<Begun> {
  const nowMs = session.parts.ports.clock.now();
  const requests = requestsOf(situation, plan);
  const steps = ACTIONS[plan.action].steps(stepInput(situation), plan).length;
  const run: Remediation = {
    id: session.parts.newId(),
    plan,
    phase: 'planned',
    shadow: !isEnforcing(session),
    epoch: session.parts.tenure.facts().epoch ?? '',
    stepIndex: 0,
    steps,
    createdAtMs: nowMs,
    sentAtMs: null,
    deadlineMs: nowMs,
    endedAtMs: null,
    lastReply: null,
    detail: '',
  };
  const why = run.shadow ? await rehearse(session, situation, run, requests) : await sendStep(session, run, asked);
  return why === null ? { id: run.id } : { why };
}

/** Dry-run: the same requests, journaled one by one, and its own ledger counted as if they had gone out. */
async function rehearse(
  session: Session,
  situation: Situation,
  planned: Remediation,
  requests: readonly string[],
): Promise<string | null> {
  const endedAtMs = session.parts.ports.clock.now();
  const run: Remediation = { ...planned, phase: 'succeeded', endedAtMs, detail: 'dry-run: nothing was sent' };
  const claims = claimsOf(session, situation, run);
  const isNoted = await session.books.note({ kind: 'rehearsed', run, claims, requests });
  return isNoted ? null : NO_JOURNAL;
}

/** What becomes ours by its first request; a later one claims nothing new. */
const claimsOf = ({ ledger }: Session, { view, policy }: Situation, run: Remediation): Claims =>
  run.stepIndex > 0 ? NO_CLAIMS : (ACTIONS[run.plan.action].claims?.({ view, ledger, policy }, run) ?? NO_CLAIMS);

/** Whom a request holds is ours from before it leaves, whichever step it is: its end must outlive us. */
const pausesOf = ({ id, plan, sentAtMs }: Remediation, step: Step): Claims =>
  step.port !== 'pooler' || step.verb !== 'pause' || sentAtMs === null
    ? NO_CLAIMS
    : {
        pause: step.poolers.map((pooler) => ({
          pooler,
          leader: plan.target,
          sinceMs: sentAtMs,
          untilMs: sentAtMs + step.forMs,
          remediationId: id,
          ...(step.lasts && { lasts: step.lasts }),
        })),
      };

/**
 * One request: look again, write the intent with that look to the disk, commit it to etcd under our epoch, send once, note what came back.
 * Whatever fails on the way up to the sending means that nothing is sent. Returns why nothing was sent, or null.
 * [design: One risky step, then look again]
 */
export async function sendStep(
  session: Session,
  run: Remediation,
  asked: SecondLook['asked'],
  seen: FreshLook | null = null,
): Promise<string | null> {
  const { clock } = session.parts.ports;
  const isFirst = asked !== 'step';
  const log = evidenceFor(session, run, isFirst);
  const fresh = seen ?? (isFirst ? lookOfPass(session, run.plan) : null) ?? (await lookAgain(session, run.plan));
  const { lookedAtMs } = fresh;
  const { situation, halt } = heldBy(session, run, asked, fresh);
  if (halt !== null) return abandon(session, run, halt, isFirst);
  const actionStep = stepsOf(actionInput(situation), run)[run.stepIndex];
  // An older version made more of the same plan.
  if (actionStep === undefined) return abandon(session, run, over('no step is left'), isFirst);
  const step = toTell(situation, actionStep);
  const strange =
    step.step.port === 'proxies' && step.step.tells.length === 0
      ? step.left.join('; ')
      : strangeServer(situation.view, actionStep);
  if (strange !== null && actionStep.goOnWhenLate !== true) return abandon(session, run, notYet(strange), isFirst);
  if (log !== null) await writeEvidence(session, run, 'before', { ...situation, log });
  const nowMs = clock.now();
  const ahead = aheadOf(session, situation, actionStep);
  const request = [...(ahead === null ? [] : [ahead]), step.step].map(stepText).join('; ');
  const sending: Remediation = {
    ...run,
    phase: stepRemediation('planned', { type: 'SEND' }),
    sentAtMs: nowMs,
    deadlineMs: nowMs + actionStep.withinMs,
    detail: request,
    // What is known of the step before is no answer to this one.
    lastReply: null,
    ...wishBefore(situation, step.step),
  };
  const before = session.ledger;
  const claims = { ...claimsOf(session, situation, sending), ...pausesOf(sending, step.step) };
  const kept = { ...keptSituation(situation, session.inForce.hash), asked };
  session.sentInTick = session.tick;
  if (!(await session.books.note({ kind: 'sending', run: sending, claims, request, look: kept }))) return NO_JOURNAL;
  // What may be done without tenure may be done without etcd: the journal has the intent, and whoever acts beside us changes nothing by it.
  const isAlone = permitOf(run.plan, 'tenure')?.holds(situation, run.plan, !isFirst) === true;
  const isCommitted = isAlone || (await session.books.commit(situation.view));
  const isInTime = isCommitted && clock.monotonic() - lookedAtMs <= STALE_LOOK_MS;
  const text = isInTime
    ? stoppedAtLast(session, situation, run)
    : 'the intent could not be committed in time: nothing was sent';
  if (text !== null) {
    const reply: Reply = { effect: 'none', status: null, text, tookMs: 0 };
    await session.books.note({ kind: 'unsent', run, before, reply });
    return abandon(session, run, notYet(text), isFirst);
  }
  const whyNot = (): string | null =>
    clock.monotonic() - lookedAtMs <= STALE_LOOK_MS ? stoppedAtLast(session, situation, run) : TOO_LATE;
  // A switch on it may have been thrown while the intent was on its way.
  const told = ahead === null ? null : aheadOf(session, situation, actionStep);
  // What only helps is left out there, which is told as a refusal is, and what counts follows.
  if (strange === null) await dispatch(session, sending, step.step, told === null ? null : { told, whyNot });
  else await leaveOut(session, sending, `${strange}: nothing was sent`);
  return null;
}

/** Patroni writes a request for another leader into its key `failover`: as it was before. */
function wishBefore({ view }: Situation, step: Step): Pick<Remediation, 'wishBefore'> {
  if (step.port !== 'patroni' || (step.path !== '/failover' && step.path !== '/switchover')) return {};
  const revision = freshValue(view.dcs.keys)?.failoverRevision;
  return revision === undefined ? {} : { wishBefore: revision };
}

/** Of a step for several proxies what this look shows may be told; any other as it is. */
function toTell(
  { view }: Situation,
  actionStep: ActionStep,
): { readonly step: Step; readonly left: readonly string[] } {
  const { step } = actionStep;
  if (step.port !== 'proxies') return { step, left: [] };
  const { tells, left } = tellableIn(view, actionStep);
  return { step: { ...step, tells }, left };
}

/** What proxies are told just before; null: nothing. A switch that was thrown since the look counts. */
function aheadOf(session: Session, { view, states }: Situation, { ahead }: ActionStep): Ahead['step'] | null {
  if (ahead === undefined || ahead.unless(actionInput(situationOf(session, view, states))) !== null) return null;
  const tells = tellableIn(view, ahead).tells.filter((tell) => {
    const place = ahead.whoseEach[ahead.step.tells.indexOf(tell)]?.place;
    return place !== undefined && isOpenPlace(view, place);
  });
  return tells.length === 0 ? null : { ...ahead.step, tells };
}

const TOO_LATE = 'we stood still while proxies were told: nothing was sent';

/** Who would not have it any more has the last word, also while the intent is on its way to the disk and to etcd. */
function stoppedAtLast(session: Session, { view, states }: Situation, { plan }: Remediation): string | null {
  if (session.isStopping) return 'ekimi is being stopped: nothing was sent';
  const now = blocksFor(situationOf(session, view, states), nextStep(plan));
  const thrown = now.find(({ gate }) => gate === 'kill-switch');
  return thrown === undefined ? null : `${thrown.because}: nothing was sent`;
}

/** The decision must still be the same on a view of this very moment. */
function heldBy(
  session: Session,
  { plan }: Remediation,
  asked: SecondLook['asked'],
  { view, states, stoodStillMs }: FreshLook,
): { readonly situation: Situation; readonly halt: Halt | null } {
  const situation = situationOf(session, view, states);
  if (session.isStopping) return { situation, halt: notYet('ekimi is being stopped: nothing new is sent') };
  // What was read before we stood still is old, however fresh the end of the look is.
  if (stoodStillMs > STALE_LOOK_MS)
    return { situation, halt: notYet(`we stood still for ${Math.round(stoodStillMs)} ms in the middle of the look`) };
  return { situation, halt: haltAt(situation, plan, asked) };
}

async function abandon(session: Session, run: Remediation, halt: Halt, isFirst: boolean): Promise<string> {
  const { why: detail } = halt;
  session.parts.log.info({ action: run.plan.action, member: run.plan.target, detail }, 'not sent');
  // A first step that never left is no try: only later steps have something to end.
  if (isFirst) return detail;
  const nowMs = session.parts.ports.clock.now();
  if (!halt.over && nowMs < run.deadlineMs) {
    await session.books.note({ kind: 'step-due', run: { ...run, detail } });
    return detail;
  }
  const phase = stepRemediation('planned', { type: 'EXPIRED' });
  await noteEnd(session, { ...run, phase, endedAtMs: nowMs, detail });
  return detail;
}
