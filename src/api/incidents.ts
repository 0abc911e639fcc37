import { z } from 'zod';
import { isIn } from '../ledger/incident-of.js';
import { isOpen, type Incident } from '../model/incident.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { incidentOverview, type IncidentOverview } from '../words/incident.js';
import { narrate } from '../words/narrate.js';
import { snapshotOf, type Answer, type Call, type Context, type Route } from './context.js';
import { ApiError } from './errors.js';
import { PAGE_BYTES } from './journal.js';
import { readSpan } from './paced.js';
import { snapshotAsked } from './past.js';
import { timeOf } from './validation.js';

/** The open ones, then those that ended, the newest first. */
const incidentsIn = ({ ledger, atMs }: ClusterSnapshot): readonly IncidentOverview[] =>
  sorted(ledger.incidents ?? []).map((one) => incidentOverview(one, atMs));

const sorted = (rows: readonly Incident[]): readonly Incident[] =>
  [...rows].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || b.openedAtMs - a.openedAtMs);

const MOST_LINES = 1000;
const MOST_DAYS = 400;
const DAY_MS = 24 * 3_600_000;
/** Told of an incident after its end: that a page is over, or a late verdict. */
const AFTERMATH_MS = 3_600_000;

export const INCIDENT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/incidents',
    access: 'viewer',
    summary:
      'Open incidents, then the last ones that ended: cause, problems, actions, pages, time without writes. ?since=TIME (milliseconds or ISO 8601): all that were open from then on, those that only the journal has among them.',
    schema: { querystring: z.strictObject({ since: z.string().max(40).optional() }) },
    handle: incidents,
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope/incidents/:id',
    access: 'viewer',
    summary:
      'One incident, however old, and as `lines` what the journal of this instance has of it, a sentence each, oldest first; `more`: there are earlier ones, which ?before=SEQ with the `before` of the answer asks for. The beginning of an id is enough. With ?time=TIME (milliseconds or ISO 8601) as it was then.',
    schema: {
      querystring: z.strictObject({
        before: z.coerce.number().int().min(1).optional(),
        time: z.string().min(1).max(40).optional(),
      }),
    },
    handle: incident,
  },
];

async function incidents(context: Context, call: Call): Promise<Answer> {
  const snapshot = snapshotOf(context, call);
  const { since } = call.query;
  if (since === undefined) return { body: { incidents: incidentsIn(snapshot) } };
  const sinceMs = timeOf('since', since);
  const days = (context.now() - sinceMs) / DAY_MS;
  if (days > MOST_DAYS)
    throw new ApiError('bad-request', `since is ${Math.ceil(days)} days ago; expected ${MOST_DAYS} at most`);
  const written = await writtenIncidents(context, snapshot.scope, { sinceMs });
  const rows = [...together(written, snapshot)].filter(({ endedAtMs }) => (endedAtMs ?? sinceMs) >= sinceMs);
  return { body: { incidents: sorted(rows).map((one) => incidentOverview(one, snapshot.atMs)) } };
}

/** What the journal has of each incident, the last of it; what does not end is written once, at its beginning. */
async function writtenIncidents(
  context: Context,
  scope: string,
  span: { readonly sinceMs?: number },
): Promise<readonly Incident[]> {
  const byId = new Map<string, Incident>();
  await readSpan(context, scope, { ...span, kinds: ['incident'] }, ({ body }) => {
    if (body.kind === 'incident') byId.set(body.of.id, body.of);
  });
  return [...byId.values()];
}

/** The ledger knows more of those that it has. */
const together = (written: readonly Incident[], { ledger }: ClusterSnapshot): Iterable<Incident> =>
  new Map([...written, ...(ledger.incidents ?? [])].map((one) => [one.id, one])).values();

/** Of a past moment nothing that came after it; of what is over nothing that was told long after. */
function untilOf({ endedAtMs }: Incident, time: string | number | undefined): { readonly untilMs?: number } {
  if (time !== undefined) return { untilMs: timeOf('time', String(time)) };
  return endedAtMs === null ? {} : { untilMs: endedAtMs + AFTERMATH_MS };
}

async function incident(context: Context, call: Call): Promise<Answer> {
  const snapshot = await snapshotAsked(context, call);
  const one = await incidentNamed(context, snapshot, call.params['id'] ?? '');
  const { scope } = snapshot;
  const { before, time } = call.query;
  const page = await context.journalReads.pass(() =>
    context.controller.journal({
      scope,
      sinceMs: one.openedAtMs,
      ...untilOf(one, time),
      ...(before === undefined ? {} : { beforeSeq: Number(before) }),
      limit: MOST_LINES,
      maxBytes: PAGE_BYTES,
    }),
  );
  const read = [...page.entries].sort((a, b) => a.seq - b.seq);
  const lines = read.filter(({ body }) => isIn(body, one.id)).map(narrate);
  return { body: { incident: one, lines, more: page.more, before: page.more ? (read[0]?.seq ?? null) : null } };
}

/** Of the ledger, else of the journal. Throws `unknown-incident`, or `bad-request` where several begin so. */
async function incidentNamed(context: Context, snapshot: ClusterSnapshot, id: string): Promise<IncidentOverview> {
  const among = (rows: readonly Incident[]): IncidentOverview | null => {
    const found = rows.filter((one) => one.id.startsWith(id));
    if (found.length > 1)
      throw new ApiError('bad-request', `id ${id} is the beginning of ${found.map((row) => row.id).join(', ')}`);
    return found[0] === undefined ? null : incidentOverview(found[0], snapshot.atMs);
  };
  const one = among(snapshot.ledger.incidents ?? []) ?? among(await writtenIncidents(context, snapshot.scope, {}));
  if (one !== null) return one;
  throw new ApiError('unknown-incident', `neither the ledger nor the journal of this instance has an incident ${id}`);
}
