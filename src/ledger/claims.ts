import type { DrainRecord, FenceRecord, Ledger } from '../model/ledger.js';

/** What a run makes ours before its first request leaves: a crash in between must leave no orphan that nobody undoes. */
export interface Claims {
  readonly drain?: DrainRecord;
  readonly fence?: FenceRecord;
}

export type ClaimKind = keyof Claims;

export const NO_CLAIMS: Claims = {};

const others = <R extends { readonly member: string }>(rows: readonly R[], member: string): readonly R[] =>
  rows.filter((row) => row.member !== member);

/** One claim of a kind for a member: the newest. */
export const withClaims = (ledger: Ledger, { drain, fence }: Claims): Ledger => ({
  ...ledger,
  ...(drain === undefined ? {} : { drains: [...others(ledger.drains, drain.member), drain] }),
  ...(fence === undefined ? {} : { fences: [...others(ledger.fences, fence.member), fence] }),
});

/** Given back, or undone by somebody else. */
export const withoutClaim = (ledger: Ledger, kind: ClaimKind, member: string): Ledger =>
  kind === 'drain'
    ? { ...ledger, drains: others(ledger.drains, member) }
    : { ...ledger, fences: others(ledger.fences, member) };

/** Given back in part: the rest of it stays ours. A tag is of the member, and given back with the first part. */
export function withLess(ledger: Ledger, kind: ClaimKind, member: string, kept: Pick<DrainRecord, 'at'>): Ledger {
  const isIts = (row: { readonly member: string }): boolean => row.member === member;
  return kind === 'drain'
    ? {
        ...ledger,
        drains: ledger.drains.map((row) => (isIts(row) ? { ...row, ...kept, actuators: ['proxy'] as const } : row)),
      }
    : { ...ledger, fences: ledger.fences.map((row) => (isIts(row) ? { ...row, ...kept } : row)) };
}

/** Of a run whose very first request was refused: nothing happened, so there is nothing to undo. */
export const withoutClaimsOf = (ledger: Ledger, remediationId: string): Ledger => ({
  ...ledger,
  drains: ledger.drains.filter((row) => row.remediationId !== remediationId),
  fences: ledger.fences.filter((row) => row.remediationId !== remediationId),
});
