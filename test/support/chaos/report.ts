import { storyText } from '../../../src/simulator/stories/story.js';
import type { Verdict } from './verdict.js';
import type { Told } from './tell.js';

const at = (seconds: number): string => seconds.toFixed(1).padStart(7);

const lines = (told: Told): readonly string[] =>
  [
    ...told.events.map(({ atSeconds, text }) => ({ atSeconds, text })),
    ...told.requests.map(({ atSeconds, text, by }) => ({ atSeconds, text: `>> ${by} sends ${text}` })),
    ...told.pages.map(({ atSeconds, code, subject, by, text }) => ({
      atSeconds,
      text: `!! ${by} pages ${code} of ${subject}: ${text}`,
    })),
  ]
    .sort((one, other) => one.atSeconds - other.atSeconds)
    .map(({ atSeconds, text }) => `${at(atSeconds)}  ${text}`);

/** A failed story as a timeline, with and without Ekimi. */
export function failureText({ story, stock, ekimi, faults, unlucky, leftOut }: Verdict): string {
  return [
    ...storyText(story),
    ...leftOut.map(({ atSeconds, what }) => `left out, since it met something else: ${at(atSeconds)} ${what}`),
    ...faults.map(({ kind, text }) => `FAULT ${kind}: ${text}`),
    ...unlucky.map(({ kind, text }) => `by chance ${kind}: ${text}`),
    '--- with Ekimi',
    ...lines(ekimi),
    '--- without',
    ...lines(stock),
  ].join('\n');
}

/** One line of figures of a verdict, small enough to keep thousands of them. */
export interface Figures {
  readonly seed: number;
  readonly stockMs: number;
  readonly ekimiMs: number;
  readonly requests: readonly string[];
  readonly pages: readonly string[];
  readonly unlucky: readonly string[];
  /** Events that were left out, since they met something else in the two tellings. */
  readonly leftOut: readonly string[];
  readonly faults: readonly string[];
}

const ACTION =
  /^(POST|DELETE|PATCH) (\/\S+)|^(haproxy> set server \S+\/)\S+( .*)|^(etcd: delete the leader key)|^(\w+)/;

/** What a request does, without its target. */
export function kindOf(text: string): string {
  const found = ACTION.exec(text);
  if (found === null) return text;
  const [, verb, path, server, state, key, word] = found;
  if (path !== undefined) return `${verb ?? ''} ${path}`;
  return server === undefined ? (key ?? word ?? text) : `${server}...${state ?? ''}`;
}

/** A page that only says that something is over is counted by itself. */
export const pageKind = ({ code, text }: Told['pages'][number]): string =>
  text.startsWith('over: ') ? `${code}: over` : code;

export const figuresOf = ({ story, stock, ekimi, faults, unlucky, leftOut }: Verdict): Figures => ({
  seed: story.seed,
  stockMs: stock.outageMs,
  ekimiMs: ekimi.outageMs,
  requests: ekimi.requests.map(({ text }) => kindOf(text)),
  pages: ekimi.pages.map(pageKind),
  unlucky: unlucky.map(({ kind }) => kind),
  leftOut: leftOut.map(({ what }) => what),
  faults: faults.map(({ kind }) => kind),
});

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const s = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export function counted(values: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .sort((one, other) => other[1] - one[1])
    .map(([value, count]) => `${String(count).padStart(6)}  ${value}`);
}

const named = (all: readonly Figures[], of: 'faults' | 'unlucky' | 'leftOut'): string =>
  all
    .filter((row) => row[of].length > 0)
    .map((row) => `${row.seed} (${[...new Set(row[of])].join(', ')})`)
    .join(', ') || 'none';

export function summary(all: readonly Figures[]): string {
  const hit = all.filter(({ stockMs, ekimiMs }) => stockMs + ekimiMs > 0);
  const failed = all.filter(({ faults }) => faults.length > 0);
  return [
    `${all.length} stories, ${hit.length} with an outage: median ${s(median(hit.map((row) => row.stockMs)))} without Ekimi, ` +
      `${s(median(hit.map((row) => row.ekimiMs)))} with it; sum ${s(sum(all.map((row) => row.stockMs)))} and ${s(sum(all.map((row) => row.ekimiMs)))}`,
    'requests:',
    ...counted(all.flatMap(({ requests }) => requests)),
    'pages:',
    ...counted(all.flatMap(({ pages }) => pages)),
    `compared without what met something else in the two tellings: ${named(all, 'leftOut')}`,
    `worse by chance, in too few of eight draws: ${named(all, 'unlucky')}`,
    `${failed.length} failed: ${named(all, 'faults')}`,
  ].join('\n');
}
