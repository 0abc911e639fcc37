import type { EntryBody, JournalEntry } from '../model/entry.js';
import { narrate, type Tone } from '../words/narrate.js';

/** Something that happened, as it is marked on the axis of a plot. */
export interface Mark {
  readonly atMs: number;
  readonly kind: 'incident-begin' | 'incident-end' | 'request' | 'verdict' | 'page' | 'switch';
  /** The incident that it is part of. */
  readonly incident?: string;
  readonly text: string;
  readonly tone: Tone;
}

/** null: nothing to mark. */
export function markOf(entry: JournalEntry): Mark | null {
  const at = kindOf(entry.body);
  if (at === null) return null;
  const { text, tone } = narrate(entry);
  const [incident] = [entry.body.incident ?? []].flat();
  const mark = { atMs: entry.atMs, text, tone, ...(incident === undefined ? {} : { incident }), ...at };
  return Number.isFinite(mark.atMs) ? mark : null;
}

/** Its kind, and what of it stands elsewhere than in other entries: an incident counts from its first sight to its end. */
function kindOf(body: EntryBody): Pick<Mark, 'kind'> | null {
  switch (body.kind) {
    case 'incident':
      return incidentMark(body);
    case 'intent':
      return { kind: 'request' };
    case 'verdict':
    case 'switch':
      return { kind: body.kind };
    case 'page':
      return body.change === 'ended' || body.change === 'acknowledged' ? null : { kind: 'page' };
    default:
      return null;
  }
}

function incidentMark({
  change,
  of,
}: Extract<EntryBody, { kind: 'incident' }>): (Pick<Mark, 'kind'> & Partial<Mark>) | null {
  if (change === 'opened') return { kind: 'incident-begin', incident: of.id, atMs: of.openedAtMs };
  if (change === 'ended' && of.endedAtMs !== null) return { kind: 'incident-end', incident: of.id, atMs: of.endedAtMs };
  return null;
}
