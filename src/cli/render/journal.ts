import { counted } from '../../words/amounts.js';
import { narrate } from '../../words/narrate.js';
import type { JournalEntry } from '../../model/entry.js';
import { toJson } from '../../model/json.js';
import type { JournalReport } from '../../model/journal-report.js';
import { bold, byLevel, byTone, clean, dim, type Style } from './paint.js';
import { dayText } from '../../words/moments.js';

/** One line an entry: number, time, kind, sentence. */
export function renderEntryLine(entry: JournalEntry, style: Style): string {
  const line = narrate(entry);
  const head = `${String(line.seq).padStart(7)}  ${dayText(line.atMs)}  ${line.kind.padEnd(8)}`;
  return `${dim(style, head)} ${byTone(style, line.tone, clean(line.text))}`;
}

/** The whole entry. JSON escapes control characters itself, but not those that turn the reading direction round. */
export function renderEntry(entry: JournalEntry, style: Style): string {
  const body = toJson(entry.body, 2).split('\n').map(clean).join('\n');
  return [
    renderEntryLine(entry, style),
    dim(style, `scope ${clean(entry.scope)}, hash ${clean(entry.hash)}, after ${clean(entry.prev)}`),
    body,
  ].join('\n');
}

/** `ekimi journal verify`. */
export function renderJournalReport(report: JournalReport, style: Style): string {
  const span = report.firstSeq === null ? '' : ` (${report.firstSeq} to ${report.lastSeq ?? report.firstSeq})`;
  const torn = report.torn === 0 ? '' : `, ${counted(report.torn, 'torn line')} that nothing relied on`;
  // A journal in memory has entries and no files.
  const files = report.files === 0 && report.entries > 0 ? '' : ` in ${counted(report.files, 'file')}`;
  const all = `${counted(report.entries, 'entry', 'entries')}${span}${files}${torn}`;
  if (report.faults.length === 0) return `${byLevel(style, 'ok', 'whole')}: ${all}, every link of the chain holds`;
  return [
    `${byLevel(style, 'critical', 'BROKEN')}: ${all}, ${counted(report.faults.length, 'fault')}`,
    ...report.faults.map((fault) => `  ${bold(style, clean(fault.where))}: ${clean(fault.why)}`),
  ].join('\n');
}
