import type { Incident } from '../../model/incident.js';
import { spanText } from '../../words/amounts.js';
import { incidentName, incidentText } from '../../words/incident.js';
import { clockText, dayText } from '../../words/moments.js';
import type { Line } from '../../words/narrate.js';
import { bold, byLevel, byTone, clean, dim, section, type Style } from './paint.js';

const levelOf = ({ level, endedAtMs }: Incident): Incident['level'] | 'ok' => (endedAtMs === null ? level : 'ok');

/** One line: id, cause, how long, how long nobody could write. */
export const incidentLine = (one: Incident, style: Style): string =>
  `${bold(style, clean(one.id))}  ${byLevel(style, levelOf(one), one.cause)} ${clean(one.subject)}: ${clean(incidentText(one, style.nowMs))}`;

/** `ekimi incident`: the open ones, then those that ended. */
export const renderIncidents = (scope: string, incidents: readonly Incident[], style: Style): string =>
  incidents.length === 0
    ? `${bold(style, clean(scope))}  no incident is open, and none ended of late`
    : [bold(style, clean(scope)), ...incidents.map((one) => `  ${incidentLine(one, style)}`)].join('\n');

/** `ekimi incident ID`: its story, from first sight to end. `before`: lines are missing before these, and that command shows them. */
export function renderIncident(
  one: Incident,
  lines: readonly Line[],
  style: Style,
  before: string | null = null,
): string {
  const sinceOpened = (atMs: number): string => `+${((atMs - one.openedAtMs) / 1000).toFixed(1)} s`.padStart(10);
  return [
    bold(style, clean(incidentName(one))),
    `first seen at ${dayText(one.openedAtMs)}; ${clean(incidentText(one, style.nowMs))}`,
    ...section(
      style,
      'PROBLEMS',
      one.problems.map(({ code, subject, level, firstSeenMs, endedAtMs }) => {
        const span = endedAtMs === null ? 'stands' : `stood for ${spanText(endedAtMs - firstSeenMs)}`;
        return `${dim(style, sinceOpened(firstSeenMs))}  ${byLevel(style, level, code)} ${clean(subject)}, ${span}`;
      }),
    ),
    ...section(style, 'WHAT HAPPENED', [
      ...(before === null
        ? []
        : [`there is more before this; all of it, where the daemon runs: ${bold(style, clean(before))}`]),
      ...lines.map(
        (line) =>
          `${dim(style, `${clockText(line.atMs)} ${sinceOpened(line.atMs)}`)}  ${byTone(style, line.tone, clean(line.text))}`,
      ),
    ]),
  ].join('\n');
}
