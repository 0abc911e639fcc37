import type { ClusterSnapshot } from '../../model/snapshot.js';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Unit = 'bytes' | 'seconds';

/**
 * One metric that is read from a snapshot at scrape time. `scope` is on every one and not repeated in `labels`; a sample may lack a label, which
 * Prometheus takes for an empty one.
 */
export interface MetricRow {
  readonly name: string;
  readonly help: string;
  /** Absent: a gauge. `counter`: it has been counted since the start of the process. */
  readonly type?: 'counter';
  /** Absent: a number without a unit, a share or 0 and 1. */
  readonly unit?: Unit;
  readonly labels: readonly string[];
  readonly samples: (snapshot: ClusterSnapshot) => readonly Sample[];
}

export const one = (value: number | boolean): Sample[] => [{ labels: {}, value: Number(value) }];

/** One series per possible state, 1 for the present one, so that an alert can name a state without knowing the others. */
export const stateSet = (
  states: readonly string[],
  now: string,
  labels: Readonly<Record<string, string>> = {},
): Sample[] => states.map((state) => ({ labels: { ...labels, state }, value: Number(state === now) }));

/** How many there are of each value, with a zero for each value that nobody has: `rate` and `== 0` see a series from the start. */
export const countBy = (label: string, values: readonly string[], found: readonly string[]): Sample[] =>
  values.map((value) => ({ labels: { [label]: value }, value: found.filter((each) => each === value).length }));

/** The samples of what is known; nothing is not zero. */
export const known = (labels: Readonly<Record<string, string>>, value: number | null | undefined): Sample[] =>
  value === null || value === undefined ? [] : [{ labels, value }];
