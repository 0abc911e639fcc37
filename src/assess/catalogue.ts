import type { Grace, Policy } from '../model/policy.js';
import type { ProblemCode } from '../model/problem.js';
import { LEADERSHIP_ROWS } from './catalogue-leadership.js';
import { REPLICA_ROWS } from './catalogue-replicas.js';
import { WATCH_ROWS } from './catalogue-watch.js';
import type { ProblemRow, Waits } from './problem-row.js';

export type { ProblemRow, Rung, Waits } from './problem-row.js';

/** The catalogue, in the order of its documentation. Snapshot-tested: a changed row is a reviewed row. */
export const CATALOGUE: readonly ProblemRow[] = [...LEADERSHIP_ROWS, ...REPLICA_ROWS, ...WATCH_ROWS];

const ROWS = new Map(CATALOGUE.map((row) => [row.code, row]));

/** Throws for a code without a row: a defect, since every code has one (tested). */
export function problemRow(code: ProblemCode): ProblemRow {
  const row = ROWS.get(code);
  if (row === undefined) throw new Error(`problem ${code} has no row in the catalogue`);
  return row;
}

/** The catalogue's grace with the operator's overrides on top. */
export function graceOf(code: ProblemCode, policy: Policy, waits: Waits): Grace {
  return { ...problemRow(code).grace(policy, waits), ...policy.grace[code] };
}
