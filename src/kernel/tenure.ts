import type { TenureFacts } from '../model/situation.js';
import type { Clock } from '../ports/clock.js';
import { guarded } from './guarded.js';
import type { DcsPort, TenureGrant } from '../ports/dcs.js';

/** Our own right to act, kept alive and believed in only for as long as the lease certainly lasts. */
export interface TenureKeeper {
  /**
   * Takes, renews or learns who holds it. Returns what changed since the last call, null when nothing did. A tenure of another epoch is
   * another tenure, also if it follows on one of ours: somebody else may have worked in between.
   */
  keep(): Promise<TenureFacts['state'] | null>;
  facts(): TenureFacts;
  grant(): TenureGrant | null;
  /** etcd said that our grant does not stand: nothing is believed until it has been asked again. */
  doubt(): void;
  release(): Promise<void>;
}

/** Renewal this many times within one lease. */
const RENEWALS = 3;

/**
 * etcd frees the key when the lease runs out; we stop believing before that, by the monotonic clock, counted from before the request that
 * confirmed it: a paused process wakes up without tenure. [style: etcd3 hazard 2]
 */
export function tenureKeeper(port: DcsPort, clock: Clock, owner: string, ttlMs: number): TenureKeeper {
  const dcs = guarded('etcd', port, clock);
  const marginMs = ttlMs / RENEWALS;
  let grant: TenureGrant | null = null;
  let other: string | null = null;
  let confirmedAtMs = -Infinity;
  let askedAtMs = -Infinity;
  let told: Pick<TenureFacts, 'state' | 'epoch'> | null = null;

  const holds = (): boolean => grant !== null && clock.monotonic() - confirmedAtMs < ttlMs - marginMs;
  const facts = (): TenureFacts => {
    if (grant !== null && holds()) return { state: 'held', owner, epoch: grant.epoch };
    return other === null
      ? { state: 'unknown', owner: null, epoch: null }
      : { state: 'other', owner: other, epoch: null };
  };
  return {
    facts,
    grant: () => (holds() ? grant : null),
    async keep() {
      const nowMs = clock.monotonic();
      if (nowMs - askedAtMs >= ttlMs / (RENEWALS + 1) || !holds()) {
        askedAtMs = nowMs;
        const answer = await dcs.holdTenure(owner, ttlMs);
        if (answer.kind === 'held') {
          grant = answer.grant;
          confirmedAtMs = nowMs;
          other = null;
        } else if (answer.kind === 'other') {
          grant = null;
          other = answer.owner;
        }
      }
      const { state, epoch } = facts();
      if (state === told?.state && epoch === told.epoch) return null;
      told = { state, epoch };
      return state;
    },
    doubt() {
      confirmedAtMs = -Infinity;
    },
    async release() {
      if (grant !== null) await dcs.releaseTenure(grant);
      grant = null;
    },
  };
}
