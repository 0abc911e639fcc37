import type { PatroniMetrics } from '../../model/patroni.js';

/**
 * Parts of a sample line, each tried at one position only: a pattern over the whole line tries every split of a long run of blanks or quotes,
 * and a body of 100 kB then holds up the event loop for seconds.
 */
const NAME = /[A-Za-z_:][\w:]*/y;
const BLANKS = /[ \t]*/y;
const LABELS = /\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}/y;
const FIGURE = /[^\s]+/y;
const LABEL = /[,\s]*(\w+)="((?:[^"\\]|\\.)*)"/y;

/** Longer lines are no sample of Patroni's. */
const MAX_LINE_CHARS = 4_000;

interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly figure: string;
}

/** Early 3.x and 4.0.0 print a space before `{`: legal, and what breaks the usual pattern. */
function sampleIn(line: string): Sample | null {
  let at = 0;
  const take = (part: RegExp): string | null => {
    part.lastIndex = at;
    const found = part.exec(line)?.[0] ?? null;
    at += found?.length ?? 0;
    return found;
  };
  if (line.length > MAX_LINE_CHARS) return null;
  const name = take(NAME);
  if (name === null) return null;
  const before = take(BLANKS) ?? '';
  const labels = take(LABELS);
  const between = take(BLANKS) ?? '';
  const figure = before + between === '' ? null : take(FIGURE);
  return figure === null ? null : { name, labels: labels?.slice(1) ?? '', figure };
}

function* labelsIn(text: string): Generator<readonly [name: string, content: string]> {
  LABEL.lastIndex = 0;
  for (let at = 0, label = LABEL.exec(text); label !== null; label = LABEL.exec(text)) {
    at = LABEL.lastIndex;
    yield [label[1] ?? '', label[2] ?? ''];
    LABEL.lastIndex = at;
  }
}

export interface ParsedMetrics {
  readonly metrics: PatroniMetrics;
  /** From the labels; the name only on 3.2 and newer. */
  readonly scope: string | null;
  readonly name: string | null;
}

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['+Inf', Infinity],
  ['-Inf', -Infinity],
  ['Inf', Infinity],
  ['NaN', NaN],
]);

/** `GET /metrics`, the text format. Null when there is not one sample in it. Where a name comes with several label sets, the last counts. */
export function metricsFrom(text: string): ParsedMetrics | null {
  const values = new Map<string, number>();
  let scope: string | null = null;
  let name: string | null = null;
  for (const line of text.split('\n')) {
    const sample = sampleIn(line);
    if (sample === null) continue;
    const { figure } = sample;
    const value = NUMBERS.get(figure) ?? Number(figure);
    if (Number.isNaN(value) && figure !== 'NaN') continue;
    values.set(sample.name, value);
    for (const [label, content] of labelsIn(sample.labels)) {
      if (label === 'scope') scope ??= content;
      // Only the standard figures name their own member; `patroni_failsafe_member` names the others.
      if (label === 'name' && sample.name === 'patroni_version') name = content;
    }
  }
  return values.size === 0 ? null : { metrics: { values: Object.fromEntries(values) }, scope, name };
}
