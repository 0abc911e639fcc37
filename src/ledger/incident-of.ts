import type { EntryBody } from '../model/entry.js';
import { isOpen, type Incident } from '../model/incident.js';
import type { Remediation } from '../model/ledger.js';
import { holds } from './incident-links.js';

/** The incident of which this is a problem: the open one, else the last that ended; null: of none. */
export const incidentOf = (
  incidents: readonly Incident[],
  about: { readonly code: string; readonly subject: string },
): Incident | null =>
  incidents.findLast((one) => isOpen(one) && holds(one, about)) ??
  incidents.findLast((one) => one.joinedTo === undefined && holds(one, about)) ??
  null;

/** All ids by which one incident has gone: its own, what was joined to it, what it was joined to. */
export function idsOf(incidents: readonly Incident[], id: string): ReadonlySet<string> {
  const ids = new Set([id]);
  let before = 0;
  while (before < ids.size) {
    before = ids.size;
    for (const { id: one, joinedTo } of incidents)
      if (joinedTo !== undefined && (ids.has(one) || ids.has(joinedTo))) ids.add(one).add(joinedTo);
  }
  return ids;
}

/** The id by which it goes now: what it was joined to, and that to. */
export function presentId(incidents: readonly Incident[], id: string): string {
  const next = incidents.find((one) => one.id === id)?.joinedTo;
  // Never in a circle, whatever a ledger says.
  return next === undefined
    ? id
    : presentId(
        incidents.filter((one) => one.id !== id),
        next,
      );
}

/** The incident for whose sake this was tried. A person's own request belongs to none. */
const incidentOfWork = (
  incidents: readonly Incident[],
  { id, plan }: { readonly id: string; readonly plan: Pick<Remediation['plan'], 'because'> | null },
): Incident | null =>
  incidents.findLast(({ remediations }) => remediations.some((row) => row.id === id)) ??
  (plan === null ? null : incidentOf(incidents, plan.because));

/** The incident that an entry is part of; a pass may be part of several, and names all that are open. */
export function incidentOfEntry(body: EntryBody, incidents: readonly Incident[]): string | readonly string[] | null {
  switch (body.kind) {
    case 'pass':
      return incidents.filter(isOpen).map(({ id }) => id);
    case 'page':
      return incidentOf(incidents, body)?.id ?? null;
    case 'approval':
      return incidentOf(incidents, body.plan.because)?.id ?? null;
    case 'intent':
    case 'evidence':
      return incidentOfWork(incidents, body)?.id ?? null;
    case 'outcome':
      return incidentOfWork(incidents, { id: body.id, plan: null })?.id ?? null;
    case 'verdict':
      return incidentOfWork(incidents, body.remediation)?.id ?? null;
    default:
      return null;
  }
}

/** Is an entry of the journal part of this incident? */
export const isIn = ({ incident }: EntryBody, id: string): boolean =>
  typeof incident === 'string' ? incident === id : incident?.includes(id) === true;
