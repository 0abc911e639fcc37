import picocolors from 'picocolors';
import { clean } from '../../words/clean.js';
import { withAsked, withScope, type Asked } from '../../words/scoped.js';
import { spanText } from '../../words/amounts.js';
import type { Tone } from '../../words/narrate.js';
import type { Level } from '../../api/overview.js';

/** How to write: `nowMs` is what ages are counted to, `columns` the width that a table may take. */
export interface Style {
  readonly color: boolean;
  readonly columns: number;
  readonly nowMs: number;
  /** In which its times are shown where lines are folded here; absent or null: UTC, or whoever prints it sees to it. */
  readonly zone?: string | null;
  /** The daemon has several clusters: a command that is printed names the one that is meant. */
  readonly several?: boolean;
  /** What was said of where the daemon is: a command that is printed says it again. */
  readonly asked?: Asked;
}

type Paint = (text: string) => string;

const colors = { on: picocolors.createColors(true), off: picocolors.createColors(false) };
const paintsOf = (style: Style) => (style.color ? colors.on : colors.off);

export const bold = (style: Style, text: string): string => paintsOf(style).bold(text);
export const dim = (style: Style, text: string): string => paintsOf(style).dim(text);

export function byLevel(style: Style, level: Level | 'info', text: string): string {
  const paint = paintsOf(style);
  const row: Readonly<Record<Level | 'info', Paint>> = {
    ok: paint.green,
    warning: paint.yellow,
    critical: paint.red,
    unknown: paint.magenta,
    info: paint.cyan,
  };
  // A newer daemon may have a level that we have no colour for.
  return Object.hasOwn(row, level) ? row[level](text) : text;
}

export function byTone(style: Style, tone: Tone, text: string): string {
  const paint = paintsOf(style);
  const row: Readonly<Record<Tone, Paint>> = {
    good: paint.green,
    plain: (same) => same,
    quiet: paint.dim,
    warn: paint.yellow,
    bad: paint.red,
  };
  return Object.hasOwn(row, tone) ? row[tone](text) : text;
}

/** A text about that cluster, its commands as they can be typed. */
export const typed = ({ several, asked = {} }: Style, text: string, scope: string | null): string =>
  withAsked(several === true && scope !== null ? withScope(text, clean(scope)) : text, asked);

export { clean } from '../../words/clean.js';

export const untilText = (style: Style, ms: number): string =>
  ms > style.nowMs ? `in ${spanText(ms - style.nowMs)}` : 'now';

/** A title and its lines, or nothing at all where there are none. */
export const section = (style: Style, title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', bold(style, title), ...lines.map((line) => `  ${line}`)];
