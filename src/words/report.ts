import type { Afterwards } from '../history/rehearsed.js';
import type { ActionRow, CauseRow, Report, Spread } from '../history/report.js';
import { unsureMs, withoutWritesMs } from '../model/incident.js';
import type { ReportDocument, ReportSection } from '../model/report-document.js';
import { counted, spanText } from './amounts.js';
import { dayText } from './moments.js';

const AFTERWARDS: Readonly<Record<Afterwards, string>> = {
  person: 'a person had the same done',
  lost: 'the cluster went on without writes',
  worse: 'it got worse',
  stood: 'it stood for over 5 min',
  healed: 'it was over within 5 min (by itself, by Patroni or by a person)',
  unknown: 'unknown',
};

/** A report as tables of plain text, in one order for every form. Not escaped: that is the form's own work. */
export function reportDocument(report: Report): ReportDocument {
  return {
    title: `Report of ${report.scope}, ${dayText(report.sinceMs)} to ${dayText(report.untilMs)}`,
    summary: summaryOf(report),
    sections: [
      causes(report),
      incidents(report),
      done(report),
      rehearsed(report),
      evidence(report),
      times(report),
      operators(report),
    ].filter(({ rows }) => rows.length > 0),
  };
}

const NOT_WRITTEN = 'problems stood, and the version that wrote the journal then (0.1.0) wrote no incidents';

function summaryOf({
  incidents,
  withoutIncidents,
  withoutWrites: { ms, unsureMs },
  pages,
  watchedMs,
  sinceMs,
  untilMs,
}: Report): readonly string[] {
  const open = incidents.filter(({ endedAtMs }) => endedAtMs === null).length;
  return [
    ...(withoutIncidents?.untilMs === null
      ? [`How many incidents there were is not known: ${NOT_WRITTEN}. ${counted(pages, 'page')}.`]
      : [
          `${counted(incidents.length, 'incident')}, ${open === 0 ? 'none open' : `${open} open`}; ${counted(pages, 'page')}.`,
        ]),
    ...(withoutIncidents == null || withoutIncidents.untilMs === null
      ? []
      : [`Before ${dayText(withoutIncidents.untilMs)} incidents are not counted: ${NOT_WRITTEN}.`]),
    `${lostText(ms)}${unsureMs === 0 ? '' : `; nobody could tell for ${spanText(unsureMs)}`}.`,
    `The cluster was watched for ${spanText(watchedMs)} of ${spanText(untilMs - sinceMs)}.`,
  ];
}

/** That none was seen does not say that there was none. */
const lostText = (ms: number): string =>
  ms === 0 ? 'No time without writes was seen' : `${msText(ms)} without writes, as far as passes saw`;

const lostCell = (ms: number, unsureMs: number): string =>
  `${ms === 0 ? 'none seen' : spanText(ms)}${unsureMs === 0 ? '' : ` (±${spanText(unsureMs)})`}`;

/** Of a list in a chat no more than these. */
const MOST_IN_CHAT = 5;

/** For a chat: a few lines, one a cause and one for what was done. */
export function reportBrief(report: Report): string {
  const { causes: rows, actions } = report;
  const named = rows
    .slice(0, MOST_IN_CHAT)
    .map(
      ({ cause, count, withoutWritesMs: ms }) =>
        `- ${cause}: ${counted(count, 'incident')}, ${ms === 0 ? 'no time without writes was seen' : `${msText(ms)} without writes`}`,
    );
  const more = rows.length - named.length;
  const sent = actions.flatMap(({ action, did }) =>
    Object.entries(did).map(([phase, count]) => `${action} ${phase} ${count}x`),
  );
  const would = actions.flatMap(({ action, would: after }) => {
    const count = sum(Object.values(after));
    return count === 0 ? [] : [`${action} ${count}x`];
  });
  return [
    ...summaryOf(report),
    ...named,
    ...(more > 0 ? [`- ${more} more`] : []),
    ...(sent.length === 0 ? [] : [`Done: ${sent.join(', ')}.`]),
    ...(would.length === 0 ? [] : [`Would have been done (dry-run): ${would.join(', ')}.`]),
  ].join('\n');
}

const stockText = ({ stock, count }: CauseRow): string => {
  if (stock === null) return 'no figure';
  if (stock.mostMs === null) return `as long as it lasts (${stock.source})`;
  return `${spanText(count * stock.leastMs)} to ${spanText(count * stock.mostMs)} (${stock.source})`;
};

const causes = ({ causes: rows }: Report): ReportSection => ({
  title: 'Incidents by cause',
  note: 'Stock is what Patroni alone took on the lab for as many faults of that kind; it is no measurement of this cluster.',
  head: ['cause', 'incidents', 'open', 'without writes', 'stock'],
  rows: rows.map((row) => [
    row.cause,
    String(row.count),
    String(row.open),
    lostCell(row.withoutWritesMs, row.unsureMs),
    stockText(row),
  ]),
});

const incidents = ({ incidents: rows, untilMs }: Report): ReportSection => ({
  title: 'Incidents',
  note: '`ekimi incident ID` tells the story of one.',
  head: ['id', 'first seen', 'cause', 'subject', 'lasted', 'without writes'],
  rows: rows.map((one) => [
    one.id,
    dayText(one.openedAtMs),
    one.cause,
    one.subject,
    one.endedAtMs === null
      ? `open for ${spanText(untilMs - one.openedAtMs)}`
      : spanText(one.endedAtMs - one.openedAtMs),
    lostCell(withoutWritesMs(one, one.endedAtMs ?? untilMs), unsureMs(one, one.endedAtMs ?? untilMs)),
  ]),
});

const done = ({ actions }: Report): ReportSection => ({
  title: 'What was done',
  note: 'Really sent, by what the cluster showed in the end.',
  head: ['action', 'outcome', 'times'],
  rows: actions.flatMap(({ action, did }) =>
    Object.entries(did).map(([phase, count]) => [action, phase, String(count)]),
  ),
});

const rehearsed = ({ actions }: Report): ReportSection => ({
  title: 'What would have been done',
  note: 'In dry-run nothing was sent; this is what happened then. Without writes is counted from the moment of the deed on.',
  head: ['action', 'afterwards', 'times'],
  rows: actions.flatMap(({ action, would, lostMs }) =>
    (Object.keys(AFTERWARDS) as Afterwards[]).flatMap((after) => {
      const forLong = after === 'lost' ? ` for ${msText(lostMs)}${(would.lost ?? 0) > 1 ? ' in all' : ''}` : '';
      return would[after] === undefined ? [] : [[action, `${AFTERWARDS[after]}${forLong}`, String(would[after])]];
    }),
  ),
});

const sum = (figures: readonly (number | undefined)[]): number =>
  figures.reduce<number>((total, one) => total + (one ?? 0), 0);

/** How often it was right to act, not needed, not known: for whoever decides whether to let it act alone. */
function evidenceOf({ action, did, would }: ActionRow): readonly string[] {
  const all = sum(Object.values(did)) + sum(Object.values(would));
  const right = sum([did['succeeded'], would.person, would.lost, would.worse, would.stood]);
  const wrong = sum([did['failed'], did['ineffective'], would.healed]);
  return [action, String(all), String(right), String(wrong), String(all - right - wrong)];
}

const evidence = ({ actions }: Report): ReportSection => ({
  title: 'Ready for auto?',
  note: 'Right: it succeeded; or without it the trouble stayed, or nobody could write meanwhile. Wrong: it failed, or was not needed: the trouble was over within 5 min.',
  head: ['action', 'acted or would have', 'right', 'wrong', 'unknown'],
  rows: actions.map(evidenceOf),
});

const msText = (ms: number | null): string =>
  ms === null ? '-' : ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : spanText(ms);

const times = ({ times: { detect, act, verify } }: Report): ReportSection => ({
  title: 'Times',
  note: 'Times that were measured; p99 of fewer than 100 is the longest.',
  head: ['from ... to', 'times', 'p50', 'p99'],
  rows: (
    [
      ['first sight, to counting as a problem', detect],
      ['first sight, to the first request', act],
      ['first request, to the verdict "succeeded"', verify],
    ] satisfies readonly [string, Spread][]
  ).flatMap(([what, { count, p50Ms, p99Ms }]) =>
    count === 0 ? [] : [[what, String(count), msText(p50Ms), msText(p99Ms)]],
  ),
});

const operators = ({ operators: rows }: Report): ReportSection => ({
  title: 'What persons changed',
  note: 'By the names of their tokens.',
  head: ['by', 'what', 'times'],
  rows: rows.map(({ by, what, count }) => [by, what, String(count)]),
});
