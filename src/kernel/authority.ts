import { refusesWrites } from '../assess/dcs.js';
import { lacksMajority } from '../assess/stores.js';
import { FRESH_MEMORY } from '../machines/memory.js';
import { isPaused } from '../model/pooler.js';
import { lastValue } from '../model/reading.js';
import { tellTakenOver } from './incidents.js';
import { write } from './record.js';
import { isEnforcing, type Session } from './session.js';
import { mustStandBack, standBack } from './stand-back.js';

const REFRESH_MS = 5_000;
/** While a pooler is paused: whether it is one of us who holds it, and until when, is only in the ledger. */
const HELD_REFRESH_MS = 250;

/**
 * Tenure in enforce, a ledger in every mode. A new tenure starts with the ledger that the last holder left, and with a grace; without
 * tenure the ledger is read now and then so that we explain the same state as the one who acts.
 */
export async function keepTenure(session: Session): Promise<void> {
  const { books, sending } = session;
  if (!isEnforcing(session)) {
    if (!books.isLoaded) await books.load(sending);
    return;
  }
  // Whoever cannot end a pass, or sees nothing, leaves it to another one.
  if (mustStandBack(session)) return standBack(session);
  const { tenure, log, ports } = session.parts;
  // Nobody can confirm it: to ask would cost the pass the time in which etcd could be brought back. What we hold runs out by the clock.
  const isInVain = session.view !== null && lacksMajority(session.view);
  const changed = isInVain ? null : await tenure.keep();
  const { state, owner, epoch } = tenure.facts();
  if (changed !== null) {
    log.info({ state, owner, epoch }, 'tenure');
    const detail = state === 'held' ? `epoch ${epoch ?? ''}` : (owner ?? whyNone(session));
    await write(session, { kind: 'tenure', change: state === 'not-needed' ? 'released' : state, detail });
  }
  if (state === 'held' && (changed === 'held' || !books.isLoaded)) {
    // Whatever memory holds is of another tenure, or another's document stands in its place: it may be written nowhere.
    books.forget();
    await books.load(sending);
    await tellTakenOver(session);
    startGrace(session, changed === 'held' ? 'just took tenure' : 'the ledger was read anew');
  } else if (
    state === 'other' &&
    !isInVain &&
    ports.clock.now() - (refreshed.get(session) ?? -Infinity) >=
      (isHeldSomewhere(session) ? HELD_REFRESH_MS : REFRESH_MS)
  ) {
    refreshed.set(session, ports.clock.now());
    await books.load(sending);
  }
}

const isHeldSomewhere = ({ view }: Session): boolean =>
  (view?.poolers ?? []).some(({ seen }) => {
    const report = lastValue(seen);
    return report !== null && isPaused(report);
  });

const whyNone = ({ view }: Session): string => (view === null ? null : refusesWrites(view)) ?? 'etcd does not answer';

/** When a watcher read the ledger last. */
const refreshed = new WeakMap<Session, number>();

/** Several clean passes before anything is sent: after a takeover, a reload that widened our rights, a return from the dead. */
export function startGrace(session: Session, graceReason: string): void {
  const { seen } = session;
  const memory = { ...FRESH_MEMORY, ...seen.states.memory, cleanPasses: 0, cleanSinceMs: null, graceReason };
  session.seen = { ...seen, states: { ...seen.states, memory } };
}
