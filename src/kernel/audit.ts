import type { ApiChange } from '../model/entry.js';
import { presentId } from '../ledger/incident-of.js';
import { write } from './record.js';
import type { Session } from './session.js';

const OF_AN_INCIDENT = /\/incidents\/([^/]+)\//;

/** The one that a request is about, by the id under which it goes now; none where the ledger has no such incident. */
function incidentIn({ ledger: { incidents = [] } }: Session, path: string): { readonly incident?: string } {
  const asked = OF_AN_INCIDENT.exec(path)?.[1];
  return asked !== undefined && incidents.some(({ id }) => id === asked)
    ? { incident: presentId(incidents, asked) }
    : {};
}

/** Written at the head of the next pass, after what it tells of: an answer, that of a kill switch above all, waits for no journal. */
export function noteChange(session: Session, change: ApiChange): void {
  session.inbox.put(async () => {
    await write(session, { kind: 'api-change', ...change, ...incidentIn(session, change.path) });
  });
  session.wake();
}
