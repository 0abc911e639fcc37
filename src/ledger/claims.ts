import type { ClusterPause, DrainRecord, FenceRecord, Ledger, PauseRecord } from '../model/ledger.js';

/** What a run makes ours before its first request leaves: a crash in between must leave no orphan that nobody undoes. */
export interface Claims {
  readonly drain?: DrainRecord;
  readonly fence?: FenceRecord;
  readonly pause?: readonly PauseRecord[];
  readonly clusterPause?: ClusterPause;
}

export type ClaimKind = keyof Claims;

export const NO_CLAIMS: Claims = {};

const others = <R extends { readonly member: string }>(rows: readonly R[], member: string): readonly R[] =>
  rows.filter((row) => row.member !== member);

/** One claim of a kind for a member: the newest. */
export const withClaims = (ledger: Ledger, { drain, fence, pause, clusterPause }: Claims): Ledger => ({
  ...ledger,
  ...(drain === undefined ? {} : { drains: [...others(ledger.drains, drain.member), drain] }),
  ...(fence === undefined ? {} : { fences: [...others(ledger.fences, fence.member), fence] }),
  ...(clusterPause === undefined ? {} : { clusterPause }),
  ...(pause === undefined ? {} : { pauses: withPauses(ledger.pauses ?? [], pause) }),
});

/** One for a pooler: the newest. */
const withPauses = (rows: readonly PauseRecord[], added: readonly PauseRecord[]): readonly PauseRecord[] => [
  ...rows.filter(({ pooler }) => !added.some((row) => row.pooler === pooler)),
  ...added,
];

/** Those that are left; none is no field, as in the ledger of an older version. */
export const withPausesLeft = (ledger: Ledger, isLeft: (row: PauseRecord) => boolean): Ledger => {
  const { pauses, ...rest } = ledger;
  if (pauses === undefined || pauses.every(isLeft)) return ledger;
  const left = pauses.filter(isLeft);
  return left.length === 0 ? rest : { ...rest, pauses: left };
};

/** Patroni's pause is over, or never was; none is no field, as in the ledger of an older version. */
export function withoutClusterPause(ledger: Ledger): Ledger {
  const { clusterPause, ...rest } = ledger;
  return clusterPause === undefined ? ledger : rest;
}

/** Given back, or undone by somebody else. `name`: the member, or the pooler. */
export function withoutClaim(ledger: Ledger, kind: ClaimKind, name: string): Ledger {
  switch (kind) {
    case 'drain':
      return { ...ledger, drains: others(ledger.drains, name) };
    case 'fence':
      return { ...ledger, fences: others(ledger.fences, name) };
    case 'pause':
      return withPausesLeft(ledger, ({ pooler }) => pooler !== name);
    case 'clusterPause':
      return withoutClusterPause(ledger);
  }
}

/** Given back in part: the rest of it stays ours. A tag is of the member, and given back with the first part. */
export function withLess(
  ledger: Ledger,
  kind: Exclude<ClaimKind, 'pause' | 'clusterPause'>,
  member: string,
  kept: Pick<DrainRecord, 'at'>,
): Ledger {
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
  ...withPausesLeft(
    ledger.clusterPause?.remediationId === remediationId ? withoutClusterPause(ledger) : ledger,
    (row) => row.remediationId !== remediationId,
  ),
  drains: ledger.drains.filter((row) => row.remediationId !== remediationId),
  fences: ledger.fences.filter((row) => row.remediationId !== remediationId),
});
