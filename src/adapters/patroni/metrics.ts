import type { PatroniMetrics } from '../../model/patroni.js';

/** A sample line. Early 3.x and 4.0.0 print a space before `{`: legal, and what breaks the usual pattern. */
const SAMPLE = /^([A-Za-z_:][\w:]*)[ \t]*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?[ \t]+(\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export interface ParsedMetrics {
  readonly metrics: PatroniMetrics;
  /** From the labels; the name only on 3.2 and newer. */
  readonly scope: string | null;
  readonly name: string | null;
}

const NUMBERS: Readonly<Record<string, number>> = { '+Inf': Infinity, '-Inf': -Infinity, Inf: Infinity, NaN };

/** `GET /metrics`, the text format. Null when there is not one sample in it. Where a name comes with several label sets, the last counts. */
export function metricsFrom(text: string): ParsedMetrics | null {
  const values: Record<string, number> = {};
  let scope: string | null = null;
  let name: string | null = null;
  for (const line of text.split('\n')) {
    const sample = SAMPLE.exec(line);
    const figure = sample?.[3] ?? '';
    const value = NUMBERS[figure] ?? Number(figure);
    if (sample?.[1] === undefined || (Number.isNaN(value) && figure !== 'NaN')) continue;
    values[sample[1]] = value;
    for (const [, label, content] of (sample[2] ?? '').matchAll(LABEL)) {
      if (label === 'scope') scope ??= content ?? null;
      // Only the standard figures name their own member; `patroni_failsafe_member` names the others.
      if (label === 'name' && sample[1] === 'patroni_version') name = content ?? null;
    }
  }
  return Object.keys(values).length === 0 ? null : { metrics: { values }, scope, name };
}
