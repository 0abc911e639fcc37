import { checkAgainstCluster } from '../config/cluster-rules.js';
import { errorText } from '../config/config-error.js';
import type { States } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { holdAgainstCluster } from './books.js';
import { followIncidents } from './incidents.js';
import { isEnforcing, type Session } from './session.js';

interface Look {
  readonly view: ClusterView;
  readonly states: States;
  readonly began: NonNullable<Session['lastPass']>;
}

/** What was seen becomes what the cluster is from now on, and counts in the ledger. */
export async function takeIn(session: Session, { view, states, began }: Look): Promise<void> {
  // Also where something below throws: a clock that was set must not be made up for twice.
  session.lastPass = began;
  holdPolicyAgainstCluster(session, view);
  await holdAgainstCluster(session.books, view);
  const { policy, states: before } = session;
  // What another instance keeps is its own to write.
  const isOurs = !isEnforcing(session) || session.parts.tenure.facts().state !== 'other';
  await session.books.note({ kind: 'pass-seen', pass: { view, before, after: states, policy }, isOurs });
  await followIncidents(session, { view, states, lastPassMs: session.view?.atMs ?? null });
  session.seen = { view, states, windows: session.parts.windowsAt(policy, view.atMs) };
}

/** A policy may be valid and still contradict this very cluster's ttl and loop_wait: then nothing is sent under it. */
function holdPolicyAgainstCluster(session: Session, view: ClusterView): void {
  if (view.config.kind !== 'fresh') return;
  const { policy, locator } = session.inForce;
  const errors = checkAgainstCluster(policy, view.config.value, locator).filter((row) => row.severity === 'error');
  const why = errors.length === 0 ? null : errors.map(errorText).join('; ');
  session.impaired = { ...session.impaired, policy: why };
}
