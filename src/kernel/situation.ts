import type { Situation } from '../model/situation.js';
import type { States } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { impairments, isEnforcing, type Session } from './session.js';
import { vetoRows } from './veto.js';
import { areSwitchesDenied, switchesInForce } from './switches.js';

const DENIED = 'etcd does not let us read the kill switches';

/** The input of `decide` as of now; another view may be put in its place for the look just before a request. */
export function situationOf(session: Session, view: ClusterView, states: States = session.states): Situation {
  const nowMs = session.parts.ports.clock.now();
  return {
    view,
    states,
    ledger: { ...session.ledger, switches: switchesInForce(session, view) },
    policy: session.policy,
    windows: session.seen.windows,
    tenure: isEnforcing(session) ? session.parts.tenure.facts() : { state: 'not-needed', owner: null, epoch: null },
    nowMs,
    unshared: session.books.fault,
    ...(session.parts.veto && { veto: { rows: vetoRows(session) } }),
    impaired: [...impairments(session), ...(isEnforcing(session) && areSwitchesDenied(view) ? [DENIED] : [])],
  };
}
