import type { Grace, Policy } from '../model/policy.js';
import type { Finding, ProblemCode, ProblemLevel } from '../model/problem.js';
import { CAUSE_ROWS } from './catalogue-causes.js';
import { CERTIFICATE_ROWS } from './catalogue-certificates.js';
import { CHANNEL_ROWS } from './catalogue-channels.js';
import { HARM_ROWS } from './catalogue-harm.js';
import { HUNG_ROWS } from './catalogue-hung.js';
import { LEADER_ROWS } from './catalogue-leader.js';
import { LEADERSHIP_ROWS } from './catalogue-leadership.js';
import { LEFTOVER_ROWS } from './catalogue-leftovers.js';
import { PLACES_ROWS } from './catalogue-places.js';
import { PLATFORM_ROWS } from './catalogue-platform.js';
import { POOLER_ROWS } from './catalogue-poolers.js';
import { REPLICA_ROWS } from './catalogue-replicas.js';
import { STANDING_ROWS } from './catalogue-standing.js';
import { WATCH_ROWS } from './catalogue-watch.js';
import { WRITES_ROWS } from './catalogue-writes.js';
import type { ProblemRow, Waits } from './problem-row.js';

export type { ProblemRow, Rung, Waits } from './problem-row.js';

/** The catalogue, in the order of its documentation. Snapshot-tested: a changed row is a reviewed row. */
export const CATALOGUE: readonly ProblemRow[] = [
  ...LEADERSHIP_ROWS,
  ...LEADER_ROWS,
  ...HUNG_ROWS,
  ...REPLICA_ROWS,
  ...HARM_ROWS,
  ...WATCH_ROWS,
  ...CAUSE_ROWS,
  ...STANDING_ROWS,
  ...CHANNEL_ROWS,
  ...PLACES_ROWS,
  ...LEFTOVER_ROWS,
  ...PLATFORM_ROWS,
  ...WRITES_ROWS,
  ...CERTIFICATE_ROWS,
  ...POOLER_ROWS,
];

const ROWS = new Map(CATALOGUE.map((row) => [row.code, row]));

/** Throws for a code without a row: a defect, since every code has one (tested). */
export function problemRow(code: ProblemCode): ProblemRow {
  const row = ROWS.get(code);
  if (row === undefined) throw new Error(`problem ${code} has no row in the catalogue`);
  return row;
}

type Facts = Finding['facts'];

/** Which form of the problem these facts show: the row itself, or its milder one. */
function formOf(code: ProblemCode, facts: Facts): ProblemRow | NonNullable<ProblemRow['milder']> {
  const row = problemRow(code);
  return row.milder?.when(facts) === true ? row.milder : row;
}

export const levelOf = (code: ProblemCode, facts: Facts): ProblemLevel => formOf(code, facts).level;

/** Does this form of it page? */
export const pageOf = (code: ProblemCode, facts: Facts): ProblemRow['page'] =>
  formOf(code, facts).page ?? problemRow(code).page;

/** The catalogue's grace with the operator's overrides on top; these count for both forms of a problem, except where the milder is what is not proven yet. */
export function graceOf(code: ProblemCode, policy: Policy, waits: Waits, facts: Facts = {}): Grace {
  const form = formOf(code, facts);
  const grace = form.grace(policy, waits);
  return 'isUnproven' in form && form.isUnproven ? grace : { ...grace, ...policy.grace[code] };
}
