import { refusesWrites } from '../assess/dcs.js';
import { FRESH_MEMORY } from '../machines/memory.js';
import { errorText } from '../config/config-error.js';
import { checkAgainstCluster } from '../config/cluster-rules.js';
import type { ClusterView } from '../model/view.js';
import { loadLedger } from './books.js';
import { write } from './record.js';
import { isEnforcing, type Session } from './session.js';
import { mustStandBack, standBack } from './stand-back.js';

const REFRESH_MS = 5_000;

/**
 * Tenure in enforce, a ledger in every mode. A new tenure starts with the ledger that the last holder left, and with a grace; without
 * tenure the ledger is read now and then so that we explain the same state as the one who acts.
 */
export async function keepTenure(session: Session): Promise<void> {
  if (!isEnforcing(session)) {
    if (!session.ledgerLoaded) await loadLedger(session);
    return;
  }
  // Whoever cannot end a pass, or sees nothing, leaves it to another one.
  if (mustStandBack(session)) return standBack(session);
  const changed = await session.parts.tenure.keep();
  const { state, owner, epoch } = session.parts.tenure.facts();
  if (changed !== null) {
    session.parts.log.info({ state, owner, epoch }, 'tenure');
    const detail = state === 'held' ? `epoch ${epoch ?? ''}` : (owner ?? whyNone(session));
    await write(session, { kind: 'tenure', change: state === 'not-needed' ? 'released' : state, detail });
  }
  if (state === 'held' && (changed === 'held' || !session.ledgerLoaded)) {
    // Whatever memory holds is of another tenure, or another's document stands in its place: it may be written nowhere.
    session.ledgerLoaded = false;
    await loadLedger(session);
    startGrace(session, changed === 'held' ? 'just took tenure' : 'the ledger was read anew');
  } else if (state === 'other' && session.parts.ports.clock.now() - lastRefresh(session) >= REFRESH_MS) {
    refreshed.set(session, session.parts.ports.clock.now());
    await loadLedger(session);
  }
}

const whyNone = ({ view }: Session): string => (view === null ? null : refusesWrites(view)) ?? 'etcd does not answer';

const refreshed = new WeakMap<Session, number>();
const lastRefresh = (session: Session): number => refreshed.get(session) ?? -Infinity;

/** Several clean passes before anything is sent: after a takeover, a reload that widened our rights, a return from the dead. */
export function startGrace(session: Session, graceReason: string): void {
  const memory = { ...FRESH_MEMORY, ...session.states.memory, cleanPasses: 0, cleanSinceMs: null, graceReason };
  session.states = { ...session.states, memory };
}

/** A policy may be valid and still contradict this very cluster's ttl and loop_wait: then nothing is sent under it. */
export function holdPolicyAgainstCluster(session: Session, view: ClusterView): void {
  if (view.config.kind !== 'fresh') return;
  const rows = checkAgainstCluster(session.policy, view.config.value, session.policyLocator);
  const errors = rows.filter((row) => row.severity === 'error');
  session.impaired.policy = errors.length === 0 ? null : errors.map(errorText).join('; ');
}
