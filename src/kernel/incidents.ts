import { clockSetMs } from '../assess/observer.js';
import { incidentsAfter, incidentsKnown, incidentNews } from '../ledger/incidents.js';
import { livedIncident } from '../ledger/lived.js';
import { isOpen } from '../model/incident.js';
import type { States } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { incidentName } from '../words/incident.js';
import { isEnforcing, type Session } from './session.js';

/**
 * Carries the incidents over one more pass. Who may write the ledger keeps them; while nobody can confirm tenure, whoever held it goes on with
 * those that it opened itself. Any other instance shows what it reads.
 */
export async function followIncidents(
  session: Session,
  pass: { readonly view: ClusterView; readonly states: States; readonly lastPassMs: number | null },
): Promise<void> {
  const { parts, policy } = session;
  const { state } = parts.tenure.facts();
  const isHolder = !isEnforcing(session) || state === 'held';
  if (!isHolder && !(state === 'unknown' && session.pageMemory.wasHolder)) {
    session.ownIncidents = [];
    return;
  }
  const byMs = clockSetMs(pass.view);
  const own = session.ownIncidents.map((one) => livedIncident(one, byMs));
  const before = incidentsKnown(session.ledger.incidents ?? [], own);
  const after = incidentsAfter(before, {
    view: pass.view,
    states: pass.states,
    ledger: session.ledger,
    canTell: pass.states.memory.cleanPasses >= Math.max(1, policy.startGrace.passes),
    // What our own passes saw while another one kept them was counted by nobody.
    lastPassMs: pass.lastPassMs === null || !session.pageMemory.wasHolder ? null : pass.lastPassMs + byMs,
    calmMs: policy.poll.intervalMs,
    instance: parts.instance,
    newId: parts.newId,
  });
  session.ownIncidents = after.filter((one) => isOpen(one) && one.by === parts.instance);
  const news = incidentNews(before, after);
  for (const { change, incident } of news)
    parts.log.info({ id: incident.id, incident: incidentName(incident), change }, 'incident');
  if (news.length > 0 || (after.length > 0 && after !== session.ledger.incidents))
    await session.books.note({ kind: 'incidents-followed', incidents: after, news });
}
