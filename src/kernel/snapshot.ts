import { unreadableParts } from '../model/foreign.js';
import { sentence } from '../model/decision.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { switchesInForce } from './switches.js';
import { situationOf } from './situation.js';
import { emit, impairments, type Session } from './session.js';

/** What the outside may see of this pass; one value, replaced as a whole. */
export function snapshotOf(session: Session): ClusterSnapshot {
  const { parts } = session;
  const tenure =
    session.view === null
      ? { state: 'unknown' as const, owner: null, epoch: null }
      : situationOf(session, session.view).tenure;
  return {
    scope: parts.target.scope,
    version: parts.version,
    instance: parts.instance,
    ...(parts.demo === true ? { demo: true as const } : {}),
    startedAtMs: session.startedAtMs,
    atMs: session.view?.atMs ?? session.startedAtMs,
    tick: session.tick,
    passMs: { ...session.passMs },
    tenure,
    policy: session.policy,
    policyHash: session.policyHash,
    policyError: session.policyError,
    windows: session.windows,
    view: session.view,
    states: session.states,
    decisions: session.decisions,
    ledger: { ...session.ledger, switches: switchesInForce(session, session.view) },
    sentence: sentenceOf(session),
    impaired: [...impairments(session), ...unreadableParts(session.ledger)],
  };
}

/** One plain sentence per pass, so that the log reads as a diary. */
function sentenceOf(session: Session): string {
  const first =
    session.decisions.find((decision) => decision.kind === 'act') ??
    session.decisions.find((decision) => decision.kind === 'held') ??
    session.decisions[0];
  if (first !== undefined) return sentence(first);
  return `${session.parts.target.scope} is ${session.states.cluster.state}: nothing to do`;
}

export function publish(session: Session, tookMs: number): void {
  const { mean } = session.passMs;
  session.passMs = {
    last: tookMs,
    mean: session.tick <= 1 ? tookMs : mean + (tookMs - mean) / Math.min(session.tick, 100),
  };
  if (session.listeners.size > 0) emit(session, { kind: 'snapshot', snapshot: snapshotOf(session) });
}
