import type { DcsAlarm, DcsEndpoint, DcsKeys, DcsMembership } from '../model/dcs.js';
import type { KillSwitch } from '../model/ledger.js';
import type { Reply, Step } from '../model/plan.js';
import type { Reading } from '../model/reading.js';
import type { RightSeen } from '../model/rights.js';

/** What holds our own right to act: the create revision of our key, which no other instance can have. */
export interface TenureGrant {
  readonly epoch: string;
  readonly owner: string;
}

/** Who holds tenure, and of which cluster that is, by one read of this moment. */
export interface TenureSeen {
  /** Null: nobody. */
  readonly holder: TenureGrant | null;
  /** PostgreSQL's, from Patroni's key; null: there is none. */
  readonly systemIdentifier: string | null;
}

export type TenureAnswer =
  | { readonly kind: 'held'; readonly grant: TenureGrant }
  | { readonly kind: 'other'; readonly owner: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * `unread`: the document in etcd is not the one that was last read or written through this port, so writing over it could lose what somebody
 * else put there; nothing was written. `unknown`: the answer was lost, so it may have been.
 */
export type CommitAnswer = 'committed' | 'not-ours' | 'unread' | 'unknown';

/** `written: false`: etcd refused or did not answer, so it may be written all the same. */
export type SwitchWrite = { readonly written: true } | { readonly written: false; readonly why: string };

/** etcd as Patroni uses it, and the small corner of it that is ours (`/ekimi/SCOPE/`). Every call has a deadline; reads never throw. */
export interface DcsPort {
  /**
   * All of Patroni's keys of the scope, and our kill switches, in one linearizable transaction: without quorum this is `unknown`, never old. The life that the
   * leader's lease has left is a second request: without `closely: false` always asked, else now and then, and the last answer is handed on.
   */
  keys(closely?: boolean): Promise<Reading<DcsKeys>>;
  /** One row per configured endpoint, asked separately. */
  endpoints(): Promise<readonly { readonly name: string; readonly status: Reading<DcsEndpoint> }[]>;
  membership(): Promise<Reading<DcsMembership>>;
  alarms(): Promise<Reading<readonly DcsAlarm[]>>;
  /** Takes or confirms tenure for `owner` with a lease of `ttlMs`. Confirming renews the lease. */
  holdTenure(owner: string, ttlMs: number): Promise<TenureAnswer>;
  /**
   * Who holds tenure, by a linearizable read that takes a second at most: for whoever is asked to act by another instance. Absent: nobody
   * can be asked.
   */
  seenTenure?(): Promise<Reading<TenureSeen>>;
  releaseTenure(grant: TenureGrant): Promise<void>;
  /** Our shared ledger document as JSON text, null when there is none yet. */
  loadLedger(): Promise<Reading<string | null>>;
  /** Writes the ledger only if `grant` still stands and the document is the one that we read last (one transaction). */
  commitLedger(grant: TenureGrant, json: string): Promise<CommitAnswer>;
  /**
   * Writes a kill switch under its own key, whoever holds tenure: it only ever restricts. Safe to repeat with the same id. One with an end
   * leaves etcd by itself some time after it.
   */
  putSwitch(id: string, killSwitch: KillSwitch): Promise<SwitchWrite>;
  /** Removes the kill switches of these ids; those that are gone already are no fault. */
  removeSwitches(ids: readonly string[]): Promise<SwitchWrite>;
  /** Deletes Patroni's leader key only if holder and mod revision still match: one transaction, sent once. `none`: it did not match. */
  send(step: Extract<Step, { port: 'dcs' }>, grant: TenureGrant): Promise<Reply>;
  /** Upkeep of etcd itself, by one of its members; safe to repeat, and bound to no tenure: it may be what keeps everybody from having one. */
  maintain?(step: Extract<Step, { port: 'store' }>): Promise<Reply>;
  /** What we may do, asked without doing it. For the doctor alone; absent where nobody can be asked. */
  rights?(): Promise<readonly RightSeen[]>;
  /** Calls back when the leader key changes. A wake-up only: the next pass reads the truth. Returns the way to stop. */
  onLeaderChange(wake: () => void): () => void;
  close(): Promise<void>;
}
