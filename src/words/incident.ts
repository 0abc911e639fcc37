import type { EntryBody } from '../model/entry.js';
import { withoutWritesMs, type Incident } from '../model/incident.js';
import { counted, spanText } from './amounts.js';
import { clockText } from './moments.js';

/** `incident 7f3a19c2: leader-down patroni1`. */
export const incidentName = ({ id, cause, subject }: Incident): string => `incident ${id}: ${cause} ${subject}`;

/** `8 s without writes (±2 s)`, as far as passes saw. */
function withoutWritesText(incident: Incident, nowMs: number): string {
  const ms = withoutWritesMs(incident, nowMs);
  const { unsureMs, sinceMs } = incident.withoutWrites;
  if (ms === 0 && sinceMs === null) return 'no time without writes was seen';
  const goesOn = sinceMs === null ? '' : ' until now';
  return `${spanText(ms)} without writes${goesOn}${unsureMs === 0 ? '' : ` (±${spanText(unsureMs)})`}`;
}

/** What became of it so far, in one clause: how long, how long nobody could write, how much there is of it. */
export function incidentText(incident: Incident, nowMs: number): string {
  const { openedAtMs, endedAtMs, problems, remediations, pages } = incident;
  const rehearsed = remediations.filter(({ shadow }) => shadow === true).length;
  const time =
    endedAtMs === null
      ? `open for ${spanText(nowMs - openedAtMs)}`
      : `over after ${spanText(endedAtMs - openedAtMs)}, at ${clockText(endedAtMs)}`;
  const parts = [
    counted(problems.length, 'problem'),
    counted(remediations.length - rehearsed, 'action'),
    ...(rehearsed === 0 ? [] : [`${counted(rehearsed, 'rehearsal')} (nothing sent)`]),
    counted(pages.length, 'page'),
  ];
  return `${time}; ${withoutWritesText(incident, endedAtMs ?? nowMs)}; ${parts.join(', ')}`;
}

/** An incident with its figures as of a moment, and told in two clauses. */
export interface IncidentOverview extends Incident {
  readonly name: string;
  readonly text: string;
  readonly withoutWritesMs: number;
}

/** As the API, the dashboard and the command line show it. `nowMs`: of the snapshot, or of the reader. */
export const incidentOverview = (incident: Incident, nowMs: number): IncidentOverview => ({
  ...incident,
  name: incidentName(incident),
  text: incidentText(incident, nowMs),
  withoutWritesMs: withoutWritesMs(incident, incident.endedAtMs ?? nowMs),
});

/** An entry of the journal about an incident as a whole. */
export function incidentNewsText(
  { change, of }: Pick<Extract<EntryBody, { kind: 'incident' }>, 'change' | 'of'>,
  nowMs: number,
): string {
  switch (change) {
    case 'opened':
      return `${incidentName(of)}, first seen at ${clockText(of.openedAtMs)}`;
    case 'joined':
      return `${incidentName(of)} turned out to be part of incident ${of.joinedTo ?? 'unknown'}`;
    case 'ended':
      return `${incidentName(of)} is ${incidentText(of, nowMs)}`;
    default:
      return `${incidentName(of)}: ${String(change satisfies never)}`;
  }
}
