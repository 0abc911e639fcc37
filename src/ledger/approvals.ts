import type { Decision } from '../model/decision.js';
import type { Approval, Ledger } from '../model/ledger.js';
import { type Loss } from '../model/loss.js';
import { lossText } from '../words/loss.js';
import { fingerprint, type Plan } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import type { States } from '../model/states.js';
import { ACTIONS } from '../actions/index.js';
import { coversLoss, personsFor, starterOf } from './consent.js';

const KEEP_MS = 24 * 60 * 60_000;

/** The ledger is one value in etcd, 1.5 MiB at most: a query a minute that somebody is asked about must not fill it. The journal has all. */
const KEEP_ENDED = 200;

/** It still counts: it may be answered, or it may let something begin. */
const isLive = ({ state }: Approval): boolean => state === 'waiting' || state === 'approved';

const ended = (row: Approval, why: string, nowMs: number): Approval => ({
  ...row,
  state: 'expired',
  ended: why,
  decidedAtMs: row.decidedAtMs ?? nowMs,
});

/**
 * What a pass makes of them: those of yesterday go, and what was asked or agreed to ends with its time or with its problem. A word that was
 * given for one incident must not serve the next one.
 */
export function keepApprovals(
  rows: readonly Approval[],
  at: { readonly nowMs: number; readonly states: States; readonly policy: Policy },
): readonly Approval[] {
  return newest(rows, at.nowMs)
    .filter((row) => at.nowMs - row.requestedAtMs < KEEP_MS)
    .map((row) => {
      if (!isLive(row)) return row;
      if (row.expiresAtMs <= at.nowMs)
        return ended(row, row.state === 'waiting' ? 'nobody decided in time' : 'it was not used in time', at.nowMs);
      return hasCleared(row, at) ? ended(row, `${problemOf(row)} has cleared`, at.nowMs) : row;
    });
}

/** All that count, and the last of those that do not. They are in the order in which they were asked for. */
function newest(rows: readonly Approval[], nowMs: number): readonly Approval[] {
  const counts = (row: Approval): boolean => isLive(row) || (row.state === 'rejected' && row.expiresAtMs > nowMs);
  const surplus = rows.filter((row) => !counts(row)).length - KEEP_ENDED;
  if (surplus <= 0) return rows;
  let dropped = 0;
  return rows.filter((row) => counts(row) || (dropped += 1) > surplus);
}

const problemOf = ({ plan: { because } }: Approval): string => `${because.code} ${because.subject}`;

/** Not seen any more, by passes of which we are sure: after a start, and while we are blind, nothing is seen and nothing has cleared. */
function hasCleared(
  { plan: { because } }: Approval,
  { states, policy }: { readonly states: States; readonly policy: Policy },
): boolean {
  // What a person started answers no problem.
  if (because.code === 'operator') return false;
  if (states.memory.cleanPasses < policy.startGrace.passes) return false;
  return !states.problems.some((problem) => problem.code === because.code && problem.subject === because.subject);
}

/** Held only for want of a person's word: what an approval should be asked for. */
export function wantsApproval(decision: Decision): decision is Extract<Decision, { kind: 'held' }> {
  if (decision.kind !== 'held') return false;
  return decision.blocks.every(
    (block) =>
      block.gate === 'approval' ||
      block.gate === 'data-loss' ||
      (block.gate === 'patroni-pause' && ACTIONS[decision.plan.action].permits?.['patroni-pause']?.byApproval === true),
  );
}

/** What a word on an approval comes to: `first` of two, `decided`, or refused with the reason. `isSamePerson`: it takes another one. */
export type Word =
  | { readonly kind: 'first' | 'decided' }
  | { readonly kind: 'refused'; readonly text: string; readonly isSamePerson?: true };

/** A person's word on it. Where two persons are needed, nobody is both of them, and who started it is one. */
export function wordOn(
  row: Approval,
  { state, by }: { readonly state: 'approved' | 'rejected'; readonly by: string },
  policy: Policy,
): Word {
  if (row.state !== 'waiting')
    return {
      kind: 'refused',
      text: `approval ${row.id} is ${row.state}${row.ended === undefined ? '' : `: ${row.ended}`}`,
    };
  if (state === 'rejected' || personsFor(policy, row.plan) === 1) return { kind: 'decided' };
  const starter = starterOf(row.plan);
  const before = starter ?? row.first?.by ?? null;
  if (before === null) return { kind: 'first' };
  if (before !== by) return { kind: 'decided' };
  const did = starter === null ? 'approved' : 'started';
  const text = `${by} ${did} it already: a person with another token must approve it`;
  return { kind: 'refused', text, isSamePerson: true };
}

/** What a person is asked. */
export interface ApprovalRequest {
  readonly plan: Plan;
  readonly why: string;
  readonly loss: Loss | null;
  readonly nowMs: number;
  readonly id: string;
  readonly expiresMs: number;
}

/**
 * Asks for an approval of this plan unless one is waiting, was given or was refused and has not expired. What was asked for a smaller loss
 * than there is by now ends, and it is asked anew.
 */
export function requestApproval(ledger: Ledger, { plan, why, loss, nowMs, id, expiresMs }: ApprovalRequest): Ledger {
  const wanted = fingerprint(plan);
  const standing = ledger.approvals.filter((row) => row.fingerprint === wanted && row.expiresAtMs > nowMs);
  if (standing.some((row) => row.state === 'rejected' || (isLive(row) && coversLoss(row, loss)))) return ledger;
  const agreed = loss === null ? null : { bytes: loss.bytes, seconds: loss.seconds };
  const approval: Approval = {
    id,
    fingerprint: wanted,
    plan,
    why,
    loss: agreed,
    requestedAtMs: nowMs,
    expiresAtMs: nowMs + expiresMs,
    state: 'waiting',
    by: null,
    reason: null,
    decidedAtMs: null,
  };
  const approvals = ledger.approvals.map((row) =>
    standing.includes(row) && isLive(row) ? ended(row, outgrown(row, loss), nowMs) : row,
  );
  return { ...ledger, approvals: [...approvals, approval] };
}

function outgrown(row: Approval, loss: Loss | null): string {
  const asked = row.loss == null ? 'no loss' : lossText(row.loss, loss);
  return `it was asked for ${asked}; by now it is ${loss === null ? 'none' : lossText(loss, row.loss ?? null)}`;
}

/** An approval is for one run: used once, it is gone. */
export const useApproval = (ledger: Ledger, plan: Plan): Ledger => ({
  ...ledger,
  approvals: ledger.approvals.map((row) =>
    row.state === 'approved' && row.fingerprint === fingerprint(plan) ? { ...row, state: 'used' as const } : row,
  ),
});
