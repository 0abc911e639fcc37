import { isIn } from '../ledger/incident-of.js';
import { isOpen } from '../model/incident.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { incidentOverview, type IncidentOverview } from '../words/incident.js';
import { narrate } from '../words/narrate.js';
import { known, snapshotOf, type Answer, type Call, type Context, type Route } from './context.js';
import { ApiError } from './errors.js';

/** Those that are open, the oldest first. */
export const openIncidents = ({ ledger, atMs }: ClusterSnapshot): readonly IncidentOverview[] =>
  (ledger.incidents ?? []).filter(isOpen).map((one) => incidentOverview(one, atMs));

/** The open ones, then those that ended, the newest first. */
const incidentsIn = ({ ledger, atMs }: ClusterSnapshot): readonly IncidentOverview[] =>
  [...(ledger.incidents ?? [])]
    .sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || b.openedAtMs - a.openedAtMs)
    .map((one) => incidentOverview(one, atMs));

const MOST_LINES = 1000;
const PAGE_BYTES = 8 * 1024 * 1024;

export const INCIDENT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/incidents',
    access: 'viewer',
    summary: 'Open incidents, then the last ones that ended: cause, problems, actions, pages, time without writes.',
    handle: (context, call) => ({ body: { incidents: incidentsIn(snapshotOf(context, call)) } }),
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope/incidents/:id',
    access: 'viewer',
    summary:
      'One incident and, as `lines`, what the journal of this instance has of it, a sentence each, oldest first; `more`: there are earlier ones, which only `ekimi incident ID --journal DIR` shows. The beginning of an id is enough.',
    handle: incident,
  },
];

async function incident(context: Context, call: Call): Promise<Answer> {
  const scope = known(context, call);
  const id = call.params['id'] ?? '';
  const found = incidentsIn(snapshotOf(context, call)).filter((one) => one.id.startsWith(id));
  const [one] = found;
  if (one === undefined || found.length > 1)
    throw new ApiError(
      'unknown-incident',
      found.length > 1 ? `${id} begins ${found.map((row) => row.id).join(', ')}` : `no incident ${id} is kept`,
    );
  const page = await context.journalReads.pass(() =>
    context.controller.journal({ scope, sinceMs: one.openedAtMs, limit: MOST_LINES, maxBytes: PAGE_BYTES }),
  );
  const entries = page.entries.filter(({ body }) => isIn(body, one.id)).sort((a, b) => a.seq - b.seq);
  return { body: { incident: one, lines: entries.map(narrate), more: page.more } };
}
