import type { ProblemCode } from '../model/problem.js';

/** What a fault costs a client that writes, without Ekimi. `most` null: for as long as the fault lasts. */
export interface StockCost {
  readonly leastMs: number;
  readonly mostMs: number | null;
  /** What was measured, and where it is told. */
  readonly source: string;
}

/** Patroni alone on the lab (`ttl` 30, `loop_wait` 10), of the causes for which there is a figure. */
export const STOCK_COSTS: Readonly<Partial<Record<ProblemCode, StockCost>>> = {
  'leader-down': { leastMs: 28_400, mostMs: 32_100, source: 'the leader killed, docs/outage.md' },
  'leader-frozen': { leastMs: 10_400, mostMs: 16_300, source: 'Patroni on the leader frozen, docs/outage.md' },
  'dcs-quorum-lost': { leastMs: 0, mostMs: null, source: 'two of three etcd members killed, docs/outage.md' },
};
