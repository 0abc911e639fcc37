import picocolors from 'picocolors';
import type { Tone } from '../../api/narrate.js';
import type { Level } from '../../api/overview.js';

/** How to write: `nowMs` is what ages are counted to, `columns` the width that a table may take. */
export interface Style {
  readonly color: boolean;
  readonly columns: number;
  readonly nowMs: number;
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

/**
 * Text from a cluster, safe to print: without what a terminal takes as a command (control characters) and without what turns
 * the reading direction round. One line.
 */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
export const clean = (text: string): string => text.replace(UNSAFE, '\ufffd');

/** Two units at most: 3 d 4 h, 12 min 34 s, 0.4 s. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** 1 entry, 2 entries. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** UTC, because a journal is read on several machines: 2026-11-22 09:30:00Z. */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;

export const untilText = (style: Style, ms: number): string =>
  ms > style.nowMs ? `in ${durationText(ms - style.nowMs)}` : 'now';

/** A title and its lines, or nothing at all where there are none. */
export const section = (style: Style, title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', bold(style, title), ...lines.map((line) => `  ${line}`)];
