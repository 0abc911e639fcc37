import { narrate } from '../../words/narrate.js';
import type { JournalEntry } from '../../model/entry.js';
import { bold, byTone, clean, dim, type Style } from './paint.js';

/** What `ekimi demo` says before the story begins. */
export const demoHead = (url: string, style: Style): string =>
  [
    `${bold(style, 'ekimi demo')}: a simulated cluster, the real controller. Nothing outside this process is touched.`,
    `Dashboard: ${bold(style, url)}   token: ${bold(style, 'demo')}   ${dim(style, 'end with Ctrl-C')}`,
  ].join('\n');

/** What the tour itself says, set apart from what the controller does. */
export const demoSay = (text: string, atMs: number, startedAtMs: number, style: Style): string =>
  `\n${dim(style, since(atMs, startedAtMs))}  ${bold(style, clean(text))}`;

const since = (atMs: number, startedAtMs: number): string =>
  `+${((atMs - startedAtMs) / 1000).toFixed(1).padStart(7)} s`;

/** One entry of the story, by the simulated time since it began: `+   84.0 s  drain-replica patroni2 …`. */
export function demoLine(entry: JournalEntry, startedAtMs: number, style: Style): string {
  const line = narrate(entry);
  return `${dim(style, since(line.atMs, startedAtMs))}  ${byTone(style, line.tone, clean(line.text))}`;
}
