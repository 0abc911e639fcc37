import { unreadableParts } from '../words/foreign.js';
import { passText } from '../words/decision.js';
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
    policyHash: session.inForce.hash,
    policyError: session.policyError,
    ...(session.recovery.fault === null ? {} : { recoveryFault: session.recovery.fault }),
    windows: session.seen.windows,
    view: session.view,
    states: session.states,
    decisions: session.decisions,
    ledger: { ...session.ledger, switches: switchesInForce(session, session.view) },
    sentence: passText({
      scope: parts.target.scope,
      state: session.states.cluster.state,
      decisions: session.decisions,
      view: session.view,
    }),
    ...(parts.ports.notifications && { notifications: parts.ports.notifications.health() }),
    impaired: [
      ...impairments(session),
      ...unreadableParts(session.ledger),
      ...(session.configError === null ? [] : [session.configError]),
    ],
  };
}

export function publish(session: Session, tookMs: number): void {
  const { mean } = session.passMs;
  session.passMs = {
    last: tookMs,
    mean: session.tick <= 1 ? tookMs : mean + (tookMs - mean) / Math.min(session.tick, 100),
  };
  if (session.listeners.size > 0) emit(session, { kind: 'snapshot', snapshot: snapshotOf(session) });
}
