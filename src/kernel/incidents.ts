import { clockSetMs } from '../assess/observer.js';
import {
  incidentsAfter,
  incidentsKnown,
  incidentNews,
  stillOwn,
  takenOver,
  type IncidentInput,
  type IncidentNews,
} from '../ledger/incidents.js';
import { livedIncident } from '../ledger/lived.js';
import { isOpen, type Incident } from '../model/incident.js';
import type { States } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { incidentName } from '../words/incident.js';
import { write } from './record.js';
import { isEnforcing, type Session } from './session.js';

interface PassSeen {
  readonly view: ClusterView;
  readonly states: States;
  readonly lastPassMs: number | null;
}

/**
 * Carries the incidents over one more pass. Who may write the ledger keeps them; while nobody can confirm tenure, whoever held it goes on with
 * those that it opened itself. Any other instance shows what it reads.
 */
export async function followIncidents(session: Session, pass: PassSeen): Promise<void> {
  const { parts } = session;
  const { state } = parts.tenure.facts();
  const isHolder = !isEnforcing(session) || state === 'held';
  if (!isHolder && !(state === 'unknown' && session.pageMemory.wasHolder)) return tellOwnEnds(session, pass);
  const byMs = clockSetMs(pass.view);
  const own = session.ownIncidents.map((one) => livedIncident(one, byMs));
  const before = incidentsKnown(session.ledger.incidents ?? [], own);
  // What our own passes saw while another one kept them was counted by nobody.
  const after = incidentsAfter(before, inputOf(session, pass, session.pageMemory.wasHolder));
  session.ownIncidents = after.filter((one) => isOpen(one) && one.by === parts.instance);
  const news = incidentNews(before, after);
  for (const { change, incident } of news) logNews(session, incident, change);
  if (news.length > 0 || (after.length > 0 && after !== session.ledger.incidents))
    await session.books.note({ kind: 'incidents-followed', incidents: after, news });
}

const inputOf = (session: Session, { view, states, lastPassMs }: PassSeen, isCounted: boolean): IncidentInput => ({
  view,
  states,
  ledger: session.ledger,
  canTell: states.memory.cleanPasses >= Math.max(1, session.policy.startGrace.passes),
  lastPassMs: lastPassMs === null || !isCounted ? null : lastPassMs + clockSetMs(view),
  calmMs: session.policy.poll.intervalMs,
  instance: session.parts.instance,
  newId: session.parts.newId,
});

/**
 * Another instance keeps the incidents now. What we opened while nobody could write the ledger it never read: our journal tells that it began,
 * so it tells that it ended, or whose it is by now.
 */
async function tellOwnEnds(session: Session, pass: PassSeen): Promise<void> {
  // Until the ledger is read anew, what is in memory may be what we could not write.
  if (session.ownIncidents.length === 0 || !session.books.isLoaded) return;
  await tellTakenOver(session);
  const shared = new Set((session.ledger.incidents ?? []).map(({ id }) => id));
  const before = session.ownIncidents
    .filter(({ id }) => !shared.has(id))
    .map((one) => livedIncident(one, clockSetMs(pass.view)));
  // What it would open is not ours to open.
  const after = incidentsAfter(before, inputOf(session, pass, true)).filter(({ id }) =>
    before.some((one) => one.id === id),
  );
  for (const { incident, change } of incidentNews(before, after)) await tell(session, incident, change);
  session.ownIncidents = after.filter(isOpen);
}

/** With the ledger just read: what we opened and it never had goes on as its own where it tells the same trouble. */
export async function tellTakenOver(session: Session): Promise<void> {
  const { ownIncidents: own, parts } = session;
  const shared = session.ledger.incidents ?? [];
  session.ownIncidents = stillOwn(own, shared);
  for (const one of takenOver(own, shared, parts.ports.clock.now())) await tell(session, one, 'joined');
}

async function tell(session: Session, incident: Incident, change: IncidentNews['change']): Promise<void> {
  logNews(session, incident, change);
  await write(session, { kind: 'incident', change, of: incident, incident: incident.id });
}

const logNews = ({ parts }: Session, incident: Incident, change: IncidentNews['change']): void => {
  parts.log.info({ id: incident.id, incident: incidentName(incident), change }, 'incident');
};
