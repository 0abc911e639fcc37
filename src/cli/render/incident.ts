import type { Incident } from '../../model/incident.js';
import { counted, spanText } from '../../words/amounts.js';
import { incidentName, incidentText } from '../../words/incident.js';
import { clockText, dayText } from '../../words/moments.js';
import type { Line } from '../../words/narrate.js';
import { toldOnce } from '../../words/once.js';
import { wrap } from './wrap.js';
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

/** `ekimi incident ID`: its story, from first sight to end, each thing once. */
export function renderIncident(one: Incident, all: readonly Line[], style: Style): string {
  const sinceOpened = (atMs: number): string => `+${((atMs - one.openedAtMs) / 1000).toFixed(1)} s`.padStart(10);
  // Two columns stand before each line of a section; what goes on stands under the sentence.
  const within = (text: string, indent: number): readonly string[] => wrap(text, style.columns - 2, ' '.repeat(indent));
  const { lines, leftOut } = toldOnce(all);
  return [
    ...wrap(bold(style, clean(incidentName(one))), style.columns, '  '),
    ...wrap(`first seen at ${dayText(one.openedAtMs)}; ${clean(incidentText(one, style.nowMs))}`, style.columns, '  '),
    ...section(
      style,
      'PROBLEMS',
      [...one.problems]
        .sort((a, b) => a.firstSeenMs - b.firstSeenMs)
        .flatMap(({ code, subject, level, firstSeenMs, endedAtMs }) => {
          const span = endedAtMs === null ? 'stands' : `stood for ${spanText(endedAtMs - firstSeenMs)}`;
          return within(
            `${dim(style, sinceOpened(firstSeenMs))}  ${byLevel(style, level, code)} ${clean(subject)}, ${span}`,
            12,
          );
        }),
    ),
    ...section(style, 'WHAT HAPPENED', [
      ...lines.flatMap((line) =>
        within(
          `${dim(style, `${clockText(line.atMs)} ${sinceOpened(line.atMs)}`)}  ${byTone(style, line.tone, clean(line.text))}`,
          22,
        ),
      ),
      ...(leftOut === 0
        ? []
        : within(
            dim(style, `left out: ${counted(leftOut, 'pass', 'passes')} that said nothing new; --json has them`),
            2,
          )),
    ]),
  ].join('\n');
}
